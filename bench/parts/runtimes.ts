/** PUSH to PULL over tcp between two processes of each runtime: how much of Node.js's speed Bun and Deno keep. */
import { fileURLToPath } from "node:url";
import { runtime } from "../../tools/runtimes.mjs";
import type { Case, Contestant, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { METRICS, meterWith, metricsOf } from "./throughput.ts";

const RUNTIMES = [
  ["node", "Node.js"],
  ["bun", "Bun"],
  ["deno", "Deno"],
] as const;
const SIZES = [10, 1000, 100_000] as const;
const PEER = fileURLToPath(new URL("../peers/ours.js", import.meta.url));

function contestant(name: string, title: string, size: number): Contestant {
  return {
    implementation: "zmtp",
    style: title,
    async run(environment) {
      const { file, args } = await runtime(name);
      const command = { file, args: [...args, PEER] };
      return withPeers(async (start) => {
        const { seconds } = environment;
        const endpoint = environment.endpoint("tcp");
        const receiver = start(command, { role: "pull", endpoint, style: "batches()", size, seconds });
        const { endpoint: bound } = await receiver.next();
        const sender = start(command, { role: "push", endpoint: bound, size });
        const [report, cpu] = await meterWith(receiver, [sender]);
        return metricsOf(report, size, cpu);
      });
    },
  };
}

function caseOf(size: number): Case {
  const contestants = RUNTIMES.map(([name, title]) => contestant(name, title, size));
  return { name: sizeName(size), scale: size, quick: size === 10, contestants };
}

export const runtimes: Part = {
  name: "runtimes",
  title: "PUSH to PULL over tcp, two processes, on each runtime",
  metrics: METRICS.map(({ against: _, ...metric }) => metric),
  cases: SIZES.map(caseOf),
  floors: [],
};
