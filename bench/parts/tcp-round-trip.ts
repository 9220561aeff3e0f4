/**
 * REQ and REP over tcp between two processes, one request at a time: the median of the round trips, and what 99 of 100
 * stay below.
 */
import type { Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";

function contestant(implementation: Implementation, style: string, size: number): Contestant {
  return {
    implementation,
    style,
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "round_trip");
        const server = start(command, { role: "reply", endpoint: environment.endpoint("tcp") });
        const { endpoint } = await server.next();
        const client = start(command, { role: "request", endpoint, size, seconds: environment.seconds });
        const { median, p99 } = await client.next();
        return { median: Number(median), p99: Number(p99) };
      }),
  };
}

export const tcpRoundTrip: Part = {
  name: "tcp-round-trip",
  title: "REQ and REP over tcp, two processes, one request at a time",
  metrics: [
    { name: "median", unit: "µs", better: "lower" },
    { name: "p99", unit: "µs", better: "lower" },
  ],
  cases: [10, 1000].map((size) => ({
    name: sizeName(size),
    contestants: [contestant("zmtp", "", size), contestant("libzmq", "", size), contestant("zeromq", "", size)],
  })),
  floors: [],
};
