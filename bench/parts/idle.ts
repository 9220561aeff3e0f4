/**
 * CPU time of connections that have nothing to do: a ROUTER and its DEALERs, each side in a process of its own, for a
 * few seconds.
 */
import type { Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";

const CONNECTIONS = 200;
const SECONDS = 3;

/** A Node.js process that only waits uses about 0.1 % of a core: below this is nothing. */
const NOTHING = 0.5;

function contestant(implementation: Implementation): Contestant {
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "idle");
        const settings = { count: CONNECTIONS, seconds: SECONDS };
        const hub = start(command, { role: "hub", endpoint: environment.endpoint("tcp"), ...settings });
        const { endpoint } = await hub.next();
        const spokes = start(command, { role: "spokes", endpoint, ...settings });
        const [bound, connected] = await Promise.all([hub.next(), spokes.next()]);
        return { bound: (Number(bound.cpu) / SECONDS) * 100, connected: (Number(connected.cpu) / SECONDS) * 100 };
      }),
  };
}

const name = `${CONNECTIONS} connections`;

export const idle: Part = {
  name: "idle",
  title: `CPU used by ${CONNECTIONS} idle connections over tcp, in ${SECONDS} s`,
  metrics: [
    { name: "bound", unit: "% of a core", better: "lower" },
    { name: "connected", unit: "% of a core", better: "lower" },
  ],
  cases: [{ name, contestants: [contestant("zmtp"), contestant("libzmq"), contestant("zeromq")] }],
  floors: [
    { case: name, contestant: "zmtp", metric: "bound", most: NOTHING },
    { case: name, contestant: "zmtp", metric: "connected", most: NOTHING },
  ],
};
