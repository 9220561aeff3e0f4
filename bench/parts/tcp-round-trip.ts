/**
 * Requests and their replies over tcp between two processes, one at a time: the median of the round trips, and what 99
 * of 100 stay below. REQ and REP, then DEALER and ROUTER; the reference sends whole messages back.
 */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";

/** Who asks, who answers, and what the pair is called. */
const PAIRS = [
  { name: "REQ/REP", client: "request", server: "reply" },
  { name: "DEALER/ROUTER", client: "dealer", server: "router" },
] as const;

const SIZES = [10, 1000, 100_000] as const;

type Pair = (typeof PAIRS)[number];

function contestant(implementation: Implementation, pair: Pair, size: number): Contestant {
  // The reference has no types of sockets.
  const { client, server } = implementation === "node:net" ? PAIRS[0] : pair;
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "round_trip");
        const replier = start(command, { role: server, endpoint: environment.endpoint("tcp") });
        const { endpoint } = await replier.next();
        const requester = start(command, { role: client, endpoint, size, seconds: environment.seconds });
        const { median, p99 } = await requester.next();
        return { median: Number(median), p99: Number(p99) };
      }),
  };
}

function caseOf(pair: Pair, size: number): Case {
  return {
    name: `${pair.name} ${sizeName(size)}`,
    family: pair.name,
    scale: size,
    quick: pair.client === "request" && size === 10,
    contestants: (["zmtp", "libzmq", "zeromq", "node:net"] as const).map((each) => contestant(each, pair, size)),
  };
}

export const tcpRoundTrip: Part = {
  name: "tcp-round-trip",
  title: "requests and replies over tcp, two processes, one at a time",
  metrics: [
    { name: "median", unit: "µs", better: "lower" },
    { name: "p99", unit: "µs", better: "lower", against: ["libzmq", "node:net"] },
  ],
  cases: PAIRS.flatMap((pair) => SIZES.map((size) => caseOf(pair, size))),
  floors: [
    { case: "REQ/REP 10 B", contestant: "zmtp", metric: "median", against: "libzmq", most: 0.6 },
    { case: "REQ/REP 10 B", contestant: "zmtp", metric: "median", against: "node:net", most: 1.25 },
  ],
  growth: { of: "octets", metrics: ["median"] },
};
