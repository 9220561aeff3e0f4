/**
 * What the throughput parts share: PUSH to PULL between two processes, by transport, size of the body and style of
 * receiving; and what that costs in CPU time of both.
 *
 * The sender sends as fast as it can until the receiver's time is over.
 */
import type { Environment } from "../support/environment.ts";
import type { Case, Contestant, Floor, Implementation, Metric, Metrics } from "../support/part.ts";
import { type PeerProcess, type Report, withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";

export const STYLES = ["batches()", "drain()", "for await", "await receive()"] as const;

export const SIZES = [10, 100, 1000, 10_000, 100_000, 1_000_000] as const;

export const METRICS: readonly Metric[] = [
  { name: "rate", unit: "msg/s", better: "higher" },
  { name: "volume", unit: "MB/s", better: "higher", derived: true },
  { name: "cpu", unit: "CPU seconds of both sides per million messages", better: "lower", against: ["libzmq"] },
];

export const GROWTH = { of: "octets", metrics: ["rate", "cpu"] } as const;

/** One case per size: ours in the given styles, then the others. */
export function casesOf(transport: "tcp" | "ipc", sizes: readonly number[], styles: readonly string[]): Case[] {
  return sizes.map((size) => {
    const contestant = (implementation: Implementation, style: string): Contestant => ({
      implementation,
      style,
      run: (environment) => run(environment, { implementation, style, transport, size }),
    });
    return {
      name: sizeName(size),
      scale: size,
      quick: size === 10 || size === 100_000,
      contestants: [
        ...styles.map((style) => contestant("zmtp", style)),
        contestant("libzmq", ""),
        contestant("zeromq", ""),
        contestant("node:net", ""),
      ],
    };
  });
}

/** What every transport between processes should reach, for the styles that its part measures. */
export function floorsOf(styles: readonly string[]): Floor[] {
  const floors: Floor[] = [];
  const add = (size: number, style: string, against: string, least: number): void => {
    if (!styles.includes(style)) return;
    floors.push({ case: sizeName(size), contestant: `zmtp ${style}`, metric: "rate", against, least });
  };
  for (const size of [10, 100]) {
    for (const style of ["batches()", "drain()"]) add(size, style, "libzmq", 1.5);
    add(size, "for await", "libzmq", 0.7);
    add(size, "await receive()", "libzmq", 0.5);
  }
  for (const size of [1000, 10_000]) {
    add(size, "batches()", "libzmq", 1.5);
    for (const style of ["for await", "await receive()"]) add(size, style, "libzmq", 1);
  }
  for (const size of [100_000, 1_000_000]) {
    for (const style of STYLES) add(size, style, "node:net", 0.9);
    add(size, "batches()", "libzmq", 1);
  }
  for (const size of [10, 100, 1000]) for (const style of STYLES) add(size, style, "zeromq", 10);
  floors.push({ case: "100 B", contestant: "zmtp batches()", metric: "cpu", against: "libzmq", most: 1 });
  return floors;
}

/** The metrics of these parts, from what a receiving peer reports and what the other side used meanwhile. */
export function metricsOf(report: Report, size: number, otherCpu = 0): Metrics {
  const messages = Number(report.messages);
  const rate = messages / Number(report.seconds);
  return { rate, volume: (rate * size) / 1e6, cpu: ((Number(report.cpu) + otherCpu) / messages) * 1e6 };
}

/** Waits until `meter` has begun and is over; its report, and the CPU seconds that `others` used in between. */
export async function meterWith(meter: PeerProcess, others: readonly PeerProcess[]): Promise<[report: Report, cpu: number]> {
  const used = async (): Promise<number> => (await Promise.all(others.map((peer) => peer.cpu()))).reduce((a, b) => a + b, 0);
  await meter.next();
  const before = await used();
  const report = await meter.next();
  return [report, (await used()) - before];
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
    const sender = start(command, { role: "push", endpoint, size });
    const [report, cpu] = await meterWith(receiver, [sender]);
    return metricsOf(report, size, cpu);
  });
}
