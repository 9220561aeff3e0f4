/**
 * PUSH to PULL over inproc in one process: ours and npm zeromq in one thread, as their users have it; libzmq between
 * two threads, as its users have it.
 */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { GROWTH, METRICS, metricsOf, SIZES } from "./throughput.ts";

/** What each style of receiving is called; ours sends by `trySend` in all of them. */
const STYLES = { "drain()": "trySend(), drain()", "for await": "for await", "await receive()": "await receive()" } as const;

function contestant(implementation: Implementation, label: string, style: string, size: number): Contestant {
  return {
    implementation,
    style: label,
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "inproc");
        const peer = start(command, { role: "inproc", style, size, seconds: environment.seconds });
        await peer.next();
        return metricsOf(await peer.next(), size);
      }),
  };
}

function caseOf(size: number): Case {
  const ours = Object.entries(STYLES).map(([style, label]) => contestant("zmtp", label, style, size));
  const others = (["libzmq", "zeromq"] as const).map((implementation) => contestant(implementation, "", "", size));
  return { name: sizeName(size), scale: size, quick: size === 10, contestants: [...ours, ...others] };
}

export const inprocThroughput: Part = {
  name: "inproc-throughput",
  title: "PUSH to PULL over inproc, one process",
  metrics: METRICS,
  cases: SIZES.map(caseOf),
  floors: [
    { case: "10 B", contestant: "zmtp trySend(), drain()", metric: "rate", against: "libzmq", least: 1.5 },
    ...[10, 100, 1000].map((size) => ({
      case: sizeName(size),
      contestant: "zmtp trySend(), drain()",
      metric: "rate",
      against: "zeromq",
      least: 10,
    })),
  ],
  growth: GROWTH,
};
