/**
 * `npm run bench`: measures this library side by side with libzmq (C) and npm zeromq in one run. See `--help`.
 *
 * Owns the list of parts and the order of a run. A part is a file in `parts/`, its peer programs are in `peers/`.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg } from "node:os";
import { version } from "zmtp";
import { idle } from "./parts/idle.ts";
import { inprocThroughput } from "./parts/inproc-throughput.ts";
import { ipcThroughput } from "./parts/ipc-throughput.ts";
import { tcpRoundTrip } from "./parts/tcp-round-trip.ts";
import { tcpThroughput } from "./parts/tcp-throughput.ts";
import { ws } from "./parts/ws.ts";
import { type Arguments, HELP, parse, UsageError } from "./support/arguments.ts";
import { Environment } from "./support/environment.ts";
import { judge, type Verdict } from "./support/floors.ts";
import { compileLibzmq, type LibzmqPrograms } from "./support/libzmq.ts";
import type { Case, Implementation, Part } from "./support/part.ts";
import { Progress } from "./support/progress.ts";
import { printCase, printHeading, printVerdicts } from "./support/report.ts";
import { type CaseResult, runCase } from "./support/runner.ts";

const PARTS: readonly Part[] = [tcpThroughput, ipcThroughput, inprocThroughput, tcpRoundTrip, ws, idle];

/** What is measured against on this machine, and what is missing. */
interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly versions: Readonly<Record<Implementation, string | undefined>>;
  readonly missing: readonly string[];
}

/** The chosen parts, with the cases and contestants that can run here. */
function plan(options: Arguments, machine: Machine): Part[] {
  const unknown = options.parts.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0)
    throw new UsageError(`there is no part "${unknown[0]}"; the parts are ${PARTS.map((part) => part.name).join(", ")}`);
  const chosen = PARTS.filter((part) => options.parts.length === 0 || options.parts.includes(part.name));
  const able = (each: Case): Case => ({
    ...each,
    contestants: each.contestants.filter((contestant) => machine.versions[contestant.implementation] !== undefined),
  });
  const parts = chosen.map((part) => ({
    ...part,
    cases: part.cases.filter((each) => options.case === undefined || each.name === options.case).map(able),
  }));
  if (parts.every((part) => part.cases.length === 0)) throw new UsageError(`no case is named "${options.case}"`);
  return parts.filter((part) => part.cases.length > 0);
}

function survey(libzmq: LibzmqPrograms): Machine {
  const missing: string[] = [];
  if (libzmq.missing !== undefined) missing.push(`libzmq (C) is not measured: ${libzmq.missing}`);
  const versionOf = (name: string): string | undefined => {
    try {
      const path = createRequire(import.meta.url).resolve(`${name}/package.json`);
      return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    } catch {
      missing.push(`npm ${name} is not measured: it is not installed (npm ci)`);
      return undefined;
    }
  };
  return {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    versions: {
      zmtp: version,
      libzmq: libzmq.version,
      zeromq: versionOf("zeromq"),
      ws: versionOf("ws"),
      jszmq: versionOf("jszmq"),
    },
    missing,
  };
}

async function measure(parts: readonly Part[], options: Arguments, environment: Environment) {
  const runs = parts.flatMap((part) => part.cases).reduce((sum, { contestants }) => sum + contestants.length, 0);
  const progress = new Progress(runs * options.rounds);
  const results: { part: Part; cases: CaseResult[] }[] = [];
  for (const part of parts) {
    const cases: CaseResult[] = [];
    for (const [i, each] of part.cases.entries()) {
      const result = await runCase(part, each, options.rounds, environment, progress);
      progress.clear();
      cases.push(result);
      if (options.json) continue;
      if (i === 0) printHeading(part);
      printCase(part, result);
    }
    results.push({ part, cases });
  }
  return results;
}

async function main(): Promise<number> {
  const options = parse(process.argv.slice(2));
  if (options.help) {
    console.log(`${HELP}\n\nParts:\n${PARTS.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join("\n")}`);
    return 0;
  }
  const libzmq = compileLibzmq();
  const machine = survey(libzmq);
  const parts = plan(options, machine);
  const { libzmq: native, zeromq } = machine.versions;
  if (!options.json) {
    console.log(
      `Node.js ${machine.node}, ${machine.cores} x ${machine.cpu}; libzmq ${native ?? "missing"}, npm zeromq ${zeromq ?? "missing"}`,
    );
    console.log(
      `Medians of ${options.rounds} rounds; ± is the spread, (most - least) / median; ratios are medians of each round's.`,
    );
    const [load] = loadavg();
    if (load > machine.cores / 4) console.log(`The machine has other work (load ${load.toFixed(1)}): expect a large spread.`);
  }
  for (const text of machine.missing) console.error(text);

  const environment = new Environment(options.seconds, libzmq);
  process.once("SIGINT", () => {
    environment.close();
    process.exit(130); // The peers see their stdin end, and end too.
  });
  try {
    const results = await measure(parts, options, environment);
    const verdicts: Verdict[] = results.flatMap(({ part, cases }) => judge(part, cases));
    if (options.json) {
      const body = results.map(({ part, cases }) => ({ name: part.name, title: part.title, metrics: part.metrics, cases }));
      console.log(
        JSON.stringify({ machine, rounds: options.rounds, seconds: options.seconds, parts: body, floors: verdicts }, null, 2),
      );
    } else printVerdicts(verdicts);
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
