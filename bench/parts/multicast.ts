/**
 * PUB to SUB over epgm between two hosts made of namespaces, with nothing lost and with 5 % of the packets lost.
 *
 * Both sides have the same high rate; `noDrop` makes the publisher wait instead of losing messages at its mark. CPU
 * time is that of a million messages, sender and receiver apart.
 */
import { fileURLToPath } from "node:url";
import type { Command, Environment } from "../support/environment.ts";
import { withHosts } from "../support/hosts.ts";
import type { Case, Contestant, Floor, Implementation, Metrics, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { meterWith } from "./throughput.ts";

/**
 * `rate` in kbit/s: higher than anybody gets without loss, a bare socket too (1 Gbit/s, 83 thousand packets a second, is less
 * than two quiet cores send); and what libzmq's receiver still keeps up with when 5 % are lost. `recovery` in milliseconds.
 */
const LIMITS = { 0: { rate: 4_000_000, recovery: 250 }, 5: { rate: 100_000, recovery: 1000 } } as const;

export function multicastCommand(environment: Environment, implementation: Implementation): Command {
  const command = environment.command(implementation, "multicast");
  if (implementation !== "zmtp") return command;
  return { file: command.file, args: ["--expose-gc", fileURLToPath(new URL("../peers/multicast.js", import.meta.url))] };
}

/** What of a packet of 1500 octets is data: IP, UDP, the room for options, PGM's header and the offset are not. */
const DATA_SHARE = (1500 - 28 - 20 - 24 - 2) / 1500;

/** Messages a second that `rate` lets through when nothing is repaired; a frame has a header of 2 octets, from 254 on of 10. */
function mostMessages(rate: number, size: number): number {
  return ((rate * 1000) / 8) * (DATA_SHARE / (size + (size < 254 ? 2 : 10)));
}

function contestant(implementation: Implementation, size: number, lost: keyof typeof LIMITS): Contestant {
  return { implementation, style: "", run: (environment) => run(environment, implementation, size, lost) };
}

function run(
  environment: Environment,
  implementation: Implementation,
  size: number,
  lost: keyof typeof LIMITS,
): Promise<Metrics> {
  return withHosts(lost, (hosts) =>
    withPeers(async (start) => {
      const command = multicastCommand(environment, implementation);
      const settings = { size, seconds: environment.seconds, ...LIMITS[lost] };
      const receiver = start(hosts.on(1, command), { role: "sub", endpoint: hosts.endpoint(1), ...settings });
      await receiver.next();
      const sender = start(hosts.on(0, command), { role: "pub", endpoint: hosts.endpoint(0), ...settings });
      await sender.next();
      const [report, senderCpu] = await meterWith(receiver, [sender]);
      const messages = Number(report.messages) / 1e6;
      return {
        rate: (messages * 1e6) / Number(report.seconds),
        senderCpu: senderCpu / messages,
        receiverCpu: Number(report.cpu) / messages,
      };
    }),
  );
}

const SIZES = [100, 1000];

const nameOf = (size: number, lost: number): string => (lost === 0 ? sizeName(size) : `${sizeName(size)}, ${lost} % lost`);

const cases: Case[] = ([0, 5] as const).flatMap((lost) =>
  SIZES.map((size) => ({
    name: nameOf(size, lost),
    contestants: [
      contestant("zmtp", size, lost),
      contestant("libzmq", size, lost),
      // What is lost nobody repairs there.
      ...(lost === 0 ? [contestant("node:dgram", size, lost)] : []),
    ],
  })),
);

// Without loss the first floor is beyond what bare datagrams reach, in C too: one system call for each is most of a sender's
// time. How near to them we are is the second. With loss `rate` is the limit, of repairs as well: the ratio to libzmq is
// bounded by what libzmq leaves of it, and how much of it we use is the second.
const floors: Floor[] = SIZES.flatMap((size) => {
  const floor = { case: nameOf(size, 0), contestant: "zmtp", metric: "rate" };
  const lossy = { ...floor, case: nameOf(size, 5) };
  return [
    { ...floor, against: "libzmq", least: 5 },
    { ...floor, against: "node:dgram", least: size === 100 ? 0.6 : 0.8 },
    { ...lossy, against: "libzmq", least: 1.5 },
    { ...lossy, least: Math.round(0.8 * mostMessages(LIMITS[5].rate, size)) },
  ];
});

export const multicast: Part = {
  name: "multicast",
  title: "PUB to SUB over epgm, two hosts; CPU time of a million messages",
  metrics: [
    { name: "rate", unit: "msg/s", better: "higher" },
    { name: "senderCpu", unit: "s", better: "lower" },
    { name: "receiverCpu", unit: "s", better: "lower" },
  ],
  cases,
  floors,
};
