/**
 * Memory of a message that waits, 100 B, 100,000 of them over 1, 1000 and 10,000 connections: at a PUSH whose peers are
 * not there, and at a PULL that does not read what has come over tcp.
 */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";

const SIZE = 100;
const OTHER_FILES = 100;
/** Nobody listens there. */
const NOBODY = "tcp://127.0.0.1:1";

function contestant(implementation: Implementation, count: number): Contestant {
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "connections");
        const settings = { count, size: SIZE };
        const { octets: sending } = await start(command, { role: "sending", endpoint: NOBODY, ...settings }).next();
        const reader = start(command, { role: "unread", endpoint: environment.endpoint("tcp"), ...settings });
        const { endpoint } = await reader.next();
        const sender = start(command, { role: "sender", endpoint, ...settings });
        await reader.next();
        sender.go();
        await sender.next();
        reader.go();
        const { octets: unread } = await reader.next();
        return { sending: Number(sending), unread: Number(unread) };
      }),
  };
}

export const queued: Part = {
  name: "queued",
  title: `memory of a message of ${SIZE} B that waits, 100,000 of them`,
  metrics: [
    { name: "sending", unit: "B", better: "lower" },
    { name: "unread", unit: "B", better: "lower" },
  ],
  cases: [1, 1000, 10_000].map(
    (count): Case => ({
      name: `${count.toLocaleString("en")} connection${count === 1 ? "" : "s"}`,
      scale: count,
      quick: count === 1000,
      openFiles: count + OTHER_FILES,
      contestants: (["zmtp", "libzmq", "zeromq"] as const).map((implementation) => contestant(implementation, count)),
    }),
  ),
  floors: [],
  rounds: 1,
  growth: { of: "connections", metrics: ["sending", "unread"] },
};
