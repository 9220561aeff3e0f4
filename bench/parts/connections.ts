/**
 * Connections over tcp, each side in a process of its own: how fast they are made (until each has carried a message),
 * what an idle one adds to the memory of either side, and the CPU time of idling. A PULL, and PUSH
 * sockets that connect up to 1000 times each; ours also with a PUSH for each connection.
 */
import type { Case, Contestant, Floor, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";

const IDLE_SECONDS = 1;
/** The peers make so many connections at a time. */
const BATCH = 1000;
/** Files that a process has open besides its connections. */
const OTHER_FILES = 100;

/** A Node.js process that only waits uses about 0.1 % of a core: below this is nothing. */
const NOTHING = 0.5;

function contestant(implementation: Implementation, style: string, count: number): Contestant {
  return {
    implementation,
    style,
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "connections");
        const settings = { count, seconds: IDLE_SECONDS };
        const hub = start(command, { role: "hub", endpoint: environment.endpoint("tcp"), ...settings });
        const { endpoint } = await hub.next();
        const spokes = start(command, { role: "spokes", style, endpoint, ...settings });
        const began = Number((await spokes.next()).at);
        let complete = 0;
        for (let left = count; left > 0; left -= BATCH) {
          complete = Number((await hub.next()).at);
          spokes.go();
        }
        const [bound, connected] = await Promise.all([hub.next(), spokes.next()]);
        return {
          made: count / (complete - began),
          bound: Number(bound.memory) / 1000,
          connected: Number(connected.memory) / 1000,
          "bound cpu": Number(bound.cpu),
          "connected cpu": Number(connected.cpu),
        };
      }),
  };
}

const nameOf = (count: number): string => count.toLocaleString("en");
const MANY = nameOf(10_000);
const most = (metric: string, limit: number, against?: Implementation): Floor => ({
  case: MANY,
  contestant: "zmtp",
  metric,
  most: limit,
  ...(against === undefined ? {} : { against }),
});

export const connections: Part = {
  name: "connections",
  title: `connections over tcp, idle for ${IDLE_SECONDS} s`,
  metrics: [
    { name: "made", unit: "connections/s", better: "higher", against: ["libzmq", "node:net"] },
    { name: "bound", unit: "kB of memory each", better: "lower", against: ["libzmq", "node:net"] },
    { name: "connected", unit: "kB of memory each", better: "lower", against: ["libzmq", "node:net"] },
    { name: "bound cpu", unit: "% of a core", better: "lower", against: [] },
    { name: "connected cpu", unit: "% of a core", better: "lower", against: [] },
  ],
  cases: [100, 1000, 10_000].map(
    (count): Case => ({
      name: nameOf(count),
      scale: count,
      quick: count === 1000,
      openFiles: count + OTHER_FILES,
      contestants: [
        contestant("zmtp", "", count),
        contestant("zmtp", "a socket each", count),
        contestant("libzmq", "", count),
        contestant("zeromq", "", count),
        contestant("node:net", "", count),
      ],
    }),
  ),
  floors: [
    most("bound", 2, "node:net"),
    most("connected", 2, "node:net"),
    most("bound cpu", NOTHING),
    most("connected cpu", NOTHING),
  ],
  rounds: 2,
  growth: { of: "connections", metrics: ["made", "bound", "connected"] },
};
