/**
 * `npm run bench`: measures this library side by side with libzmq (C), npm zeromq and bare `node:net` in one run. See
 * `--help`.
 *
 * Owns the list of parts and the order of a run. A part is a file in `parts/` and a row below; its peer programs are in
 * `peers/`.
 */
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { connections } from "./parts/connections.ts";
import { fanOut } from "./parts/fan-out.ts";
import { importTime } from "./parts/import-time.ts";
import { inprocThroughput } from "./parts/inproc-throughput.ts";
import { ipcThroughput } from "./parts/ipc-throughput.ts";
import { matching } from "./parts/matching.ts";
import { mongrel2 } from "./parts/mongrel2.ts";
import { multicast } from "./parts/multicast.ts";
import { multicastRepair } from "./parts/multicast-repair.ts";
import { packageSize } from "./parts/package-size.ts";
import { pipelined } from "./parts/pipelined.ts";
import { proxies } from "./parts/proxies.ts";
import { queued } from "./parts/queued.ts";
import { routerPeers } from "./parts/router-peers.ts";
import { runtimes } from "./parts/runtimes.ts";
import { security } from "./parts/security.ts";
import { tcpRoundTrip } from "./parts/tcp-round-trip.ts";
import { tcpThroughput } from "./parts/tcp-throughput.ts";
import { threads, threadsRoundTrip } from "./parts/threads.ts";
import { ws } from "./parts/ws.ts";
import { type Arguments, HELP, parse, UsageError } from "./support/arguments.ts";
import { chart } from "./support/chart.ts";
import { Environment } from "./support/environment.ts";
import { judge, type Verdict } from "./support/floors.ts";
import { growthOf } from "./support/growth.ts";
import { compileLibzmq } from "./support/libzmq.ts";
import { type Machine, survey } from "./support/machine.ts";
import type { Part } from "./support/part.ts";
import { plan } from "./support/plan.ts";
import { Progress } from "./support/progress.ts";
import { printCase, printGrowth, printHeading, printList, printVerdicts } from "./support/report.ts";
import { type PartResult, runCase } from "./support/runner.ts";

/** In the order in which they run. One row each. */
const PARTS: readonly Part[] = [
  tcpThroughput, //
  ipcThroughput,
  inprocThroughput,
  threads,
  threadsRoundTrip,
  tcpRoundTrip,
  pipelined,
  fanOut,
  matching,
  routerPeers,
  proxies,
  connections,
  queued,
  runtimes,
  security,
  importTime,
  packageSize,
  ws,
  multicast,
  multicastRepair,
  mongrel2,
];

async function measure(parts: readonly Part[], options: Arguments, environment: Environment): Promise<PartResult[]> {
  const roundsOf = (part: Part): number => Math.min(options.rounds, part.rounds ?? options.rounds);
  const runs = parts.flatMap((part) => part.cases.map(({ contestants }) => contestants.length * roundsOf(part)));
  const progress = new Progress(runs.reduce((sum, count) => sum + count, 0));
  const results: PartResult[] = [];
  for (const part of parts) {
    const cases: PartResult["cases"][number][] = [];
    for (const [i, each] of part.cases.entries()) {
      const result = await runCase(part, each, roundsOf(part), environment, progress);
      progress.clear();
      cases.push(result);
      if (options.json) continue;
      if (i === 0) printHeading(part);
      printCase(part, result);
    }
    results.push({ part, cases });
    if (!options.json) printGrowth(part, growthOf(part, cases));
    if (options.draw !== undefined && part.draw !== undefined) {
      const { file, svg } = part.draw(cases);
      writeFileSync(join(options.draw, file), svg);
    }
  }
  return results;
}

function introduce({ node, cores, cpu, versions, missing }: Machine, options: Arguments): void {
  const { libzmq = "missing", zeromq = "missing" } = versions;
  console.log(`Node.js ${node}, ${cores} x ${cpu}; libzmq ${libzmq}, npm zeromq ${zeromq}`);
  const rounds = options.rounds === 1 ? "One round" : `Medians of ${options.rounds} interleaved rounds`;
  console.log(`${rounds}; ± is the spread, (most - least) / median; ratios are medians of each round's.`);
  const [load] = loadavg();
  if (load > cores / 4) console.log(`The machine has other work (load ${load.toFixed(1)}): expect a large spread.`);
  for (const text of missing) console.error(text);
}

function printJson(machine: Machine, options: Arguments, results: readonly PartResult[], floors: readonly Verdict[]): void {
  const { rounds, seconds } = options;
  const parts = results.map(({ part, cases }) => {
    const { name, title, metrics } = part;
    return { name, title, metrics, cases, growth: growthOf(part, cases) };
  });
  console.log(JSON.stringify({ machine, rounds, seconds, parts, floors }, null, 2));
}

async function main(): Promise<number> {
  const options = parse(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  if (options.list) {
    printList(PARTS);
    return 0;
  }
  const libzmq = compileLibzmq();
  const machine = survey(libzmq);
  const { parts, left } = plan(PARTS, options, machine);
  if (!options.json) introduce(machine, options);
  for (const text of left) console.error(text);

  const environment = new Environment(options.seconds, libzmq);
  process.once("SIGINT", () => {
    environment.close();
    process.exit(130); // The peers see their stdin end, and end too.
  });
  try {
    const results = await measure(parts, options, environment);
    const verdicts = results.flatMap(({ part, cases }) => judge(part, cases));
    if (options.json) printJson(machine, options, results, verdicts);
    else printVerdicts(verdicts);
    if (options.chart !== undefined) writeFileSync(options.chart, chart(machine, results));
    return results.some(({ cases }) => cases.some((each) => each.contestants.some((one) => one.failure !== undefined))) ? 1 : 0;
  } finally {
    environment.close();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof UsageError ? `bench: ${error.message}` : error);
    process.exitCode = 2;
  },
);
