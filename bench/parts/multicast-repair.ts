/**
 * How long messages take over epgm when packets are lost: one message of 100 B a millisecond, from send to receive. What
 * is lost, and what waits behind it, takes as long as its repair; `--draw` makes a picture of it.
 */
import type { Environment } from "../support/environment.ts";
import { withHosts } from "../support/hosts.ts";
import type { Contestant, Implementation, Metrics, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import type { CaseResult } from "../support/runner.ts";
import { drawLines } from "../support/svg.ts";
import { multicastCommand } from "./multicast.ts";

const SETTINGS = { size: 100, rate: 10_000, recovery: 10_000 };
const LOSSES = [0, 1, 2, 5, 10, 20];

function contestant(implementation: Implementation, lost: number): Contestant {
  return { implementation, style: "", run: (environment) => run(environment, implementation, lost) };
}

function run(environment: Environment, implementation: Implementation, lost: number): Promise<Metrics> {
  return withHosts(lost, (hosts) =>
    withPeers(async (start) => {
      const command = multicastCommand(environment, implementation);
      const settings = { ...SETTINGS, seconds: environment.seconds };
      const watcher = start(hosts.on(1, command), { role: "watcher", endpoint: hosts.endpoint(1), ...settings });
      await watcher.next();
      start(hosts.on(0, command), { role: "ticker", endpoint: hosts.endpoint(0), ...settings });
      const { median, p99 } = await watcher.next();
      return { median: Number(median) * 1000, p99: Number(p99) * 1000 };
    }),
  );
}

const nameOf = (lost: number): string => `${lost} % lost`;

export const multicastRepair: Part = {
  name: "multicast-repair",
  title: "Latency over epgm with loss, one message a millisecond",
  metrics: [
    { name: "median", unit: "µs", better: "lower" },
    { name: "p99", unit: "µs", better: "lower" },
  ],
  cases: LOSSES.map((lost) => ({ name: nameOf(lost), contestants: [contestant("zmtp", lost), contestant("libzmq", lost)] })),
  floors: [],
  draw: (results) => ({ file: "multicast-repair.svg", svg: draw(results) }),
};

function draw(results: readonly CaseResult[]): string {
  const points = (label: string, metric: string): [number, number][] =>
    LOSSES.flatMap((lost): [number, number][] => {
      const summary = results.find(({ name }) => name === nameOf(lost))?.contestants.find((each) => each.label === label)
        ?.summaries[metric];
      return summary === undefined ? [] : [[lost, summary.median / 1000]];
    });
  return drawLines({
    title: "Latency of a message over epgm, one a millisecond",
    x: "packets lost, %",
    y: "ms",
    lines: ["zmtp", "libzmq"].flatMap((label) => [
      { name: `${label}, 99 of 100`, points: points(label, "p99") },
      { name: `${label}, median`, points: points(label, "median") },
    ]),
  });
}
