/**
 * PUSH to PULL over inproc in one process: ours and npm zeromq in one thread, as their users have it; libzmq between
 * two threads, as its users have it.
 */
import type { Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { METRICS, metricsOf } from "./throughput.ts";

function contestant(implementation: Implementation, style: string, size: number): Contestant {
  return {
    implementation,
    style,
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "inproc");
        const peer = start(command, { role: "inproc", size, seconds: environment.seconds });
        return metricsOf(await peer.next(), size);
      }),
  };
}

export const inprocThroughput: Part = {
  name: "inproc-throughput",
  title: "PUSH to PULL over inproc, one process",
  metrics: METRICS,
  cases: [10, 1000].map((size) => ({
    name: sizeName(size),
    contestants: [contestant("zmtp", "trySend(), drain()", size), contestant("libzmq", "", size), contestant("zeromq", "", size)],
  })),
  floors: [],
};
