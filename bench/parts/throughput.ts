/**
 * What the throughput parts share: PUSH to PULL between two processes, by transport, size of the body and style of
 * receiving.
 *
 * The sender sends as fast as it can until the receiver's time is over; the clock starts at the first message received.
 */
import type { Environment } from "../support/environment.ts";
import type { Case, Contestant, Implementation, Metric, Metrics } from "../support/part.ts";
import { type Report, withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";

export const STYLES = ["batches()", "drain()", "for await", "await receive()"] as const;

export const METRICS: readonly Metric[] = [
  { name: "rate", unit: "msg/s", better: "higher" },
  { name: "volume", unit: "MB/s", better: "higher", derived: true },
];

/** One case per size: ours in the given styles, then libzmq, then npm zeromq. */
export function casesOf(transport: "tcp" | "ipc", sizes: readonly number[], styles: readonly string[]): Case[] {
  return sizes.map((size) => {
    const contestant = (implementation: Implementation, style: string): Contestant => ({
      implementation,
      style,
      run: (environment) => run(environment, { implementation, style, transport, size }),
    });
    return {
      name: sizeName(size),
      contestants: [...styles.map((style) => contestant("zmtp", style)), contestant("libzmq", ""), contestant("zeromq", "")],
    };
  });
}

/** The metrics of these parts, from what a receiving peer reports. */
export function metricsOf(report: Report, size: number): Metrics {
  const rate = Number(report.messages) / Number(report.seconds);
  return { rate, volume: (rate * size) / 1e6 };
}

interface Run {
  readonly implementation: Implementation;
  readonly style: string;
  readonly transport: "tcp" | "ipc";
  readonly size: number;
}

function run(environment: Environment, { implementation, style, transport, size }: Run): Promise<Metrics> {
  return withPeers(async (start) => {
    const command = environment.command(implementation, "throughput");
    const { seconds } = environment;
    const receiver = start(command, { role: "pull", endpoint: environment.endpoint(transport), style, size, seconds });
    const { endpoint } = await receiver.next();
    start(command, { role: "push", endpoint, size });
    return metricsOf(await receiver.next(), size);
  });
}
