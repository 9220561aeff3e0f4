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

const RECOVERY_MS = 1000;
/** In kbit/s: higher than anybody gets without loss; and what libzmq's receiver still keeps up with when 5 % are lost. */
const RATES = { 0: 1_000_000, 5: 100_000 } as const;

export function multicastCommand(environment: Environment, implementation: Implementation): Command {
  const command = environment.command(implementation, "multicast");
  if (implementation !== "zmtp") return command;
  return { file: command.file, args: ["--expose-gc", fileURLToPath(new URL("../peers/multicast.js", import.meta.url))] };
}

function contestant(implementation: Implementation, size: number, lost: keyof typeof RATES): Contestant {
  return { implementation, style: "", run: (environment) => run(environment, implementation, size, lost) };
}

function run(environment: Environment, implementation: Implementation, size: number, lost: keyof typeof RATES): Promise<Metrics> {
  return withHosts(lost, (hosts) =>
    withPeers(async (start) => {
      const command = multicastCommand(environment, implementation);
      const settings = { size, seconds: environment.seconds, rate: RATES[lost], recovery: RECOVERY_MS };
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

const cases: Case[] = ([0, 5] as const).flatMap((lost) =>
  [100, 1000].map((size) => ({
    name: lost === 0 ? sizeName(size) : `${sizeName(size)}, ${lost} % lost`,
    contestants: [
      contestant("zmtp", size, lost),
      contestant("libzmq", size, lost),
      // What is lost nobody repairs there.
      ...(lost === 0 ? [contestant("node:dgram", size, lost)] : []),
    ],
  })),
);

// Without loss the first floor is beyond what bare datagrams reach, in C too: one system call for each is most of a sender's
// time. How near to them we are is the second.
const floors: Floor[] = cases.flatMap(({ name }) => {
  const floor = { case: name, contestant: "zmtp", metric: "rate" };
  if (name.includes("lost")) return [{ ...floor, against: "libzmq", least: 1.5 }];
  return [
    { ...floor, against: "libzmq", least: 5 },
    { ...floor, against: "node:dgram", least: name === sizeName(100) ? 0.6 : 0.8 },
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
