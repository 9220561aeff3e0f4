/** How long the package takes to load, in a fresh process each time; the time that Node.js itself needs is not in it. */
import type { Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { median } from "../support/statistics.ts";

const TIMES = 5;

function contestant(implementation: Implementation, style: string): Contestant {
  return {
    implementation,
    style,
    run: async (environment) => {
      const times: number[] = [];
      for (let i = 0; i < TIMES; i++) {
        const settings = { module: implementation, how: style };
        const { milliseconds } = await withPeers((start) => start(environment.script("import-time"), settings).next());
        times.push(Number(milliseconds));
      }
      return { time: median(times) };
    },
  };
}

const name = "package";

export const importTime: Part = {
  name: "import-time",
  title: `loading the package in a fresh process, median of ${TIMES}`,
  metrics: [{ name: "time", unit: "ms", better: "lower" }],
  cases: [{ name, contestants: [contestant("zmtp", "import"), contestant("zmtp", "require()"), contestant("zeromq", "")] }],
  floors: [
    { case: name, contestant: "zmtp import", metric: "time", most: 40 },
    { case: name, contestant: "zmtp require()", metric: "time", most: 40 },
  ],
};
