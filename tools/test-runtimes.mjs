// @ts-check
// `npm run test:runtimes`: the socket, spec, transport, threads and interop suites on every runtime, and a table of what holds where.
// `npm run test:runtimes -- bun deno transport spec/pair`: only these runtimes, only these tests.
// `npm run test:runtimes -- --write bun`: writes the rows of what ran into docs/runtimes.md, and all known gaps.
// `npm run test:runtimes -- deno interop --part=2/5`: the second fifth of these files. What ran is remembered until a source or test changes; a
// suite's cell is written when all of its files ran, in however many parts.
//
// The column «package» says whether the packed package, installed into an empty project, runs there (package-runs.mjs).
//
// Gaps of a runtime that are known are in GAPS, each with its reason; they are printed, not hidden. One that is closed is
// told, so that the list stays true. Fails when a test fails that is in no gap.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { isMain, listFiles, root } from "./common.mjs";
import { compile } from "./compile.mjs";
import { installPackage } from "./package-runs.mjs";
import { NAMES, runtime } from "./runtimes.mjs";

const SUITES = ["api", "spec", "transport", "threads", "interop"];
const FILE_TIMEOUT_MS = 180_000;
/** The same for the files below test/long/, which run when they are named. */
const LONG_TIMEOUT_MS = 3_600_000;
const PAGE = join(root, "docs/runtimes.md");
/** @type {Readonly<Record<string, string>>} */
const TITLES = {
  "node-20": "Node.js 20",
  "node-22": "Node.js 22",
  "node-24": "Node.js 24",
  "node-26": "Node.js 26",
  bun: "Bun",
  deno: "Deno",
};
/** In the table where not all files of a suite ran. */
const NOT_RUN = "-";
const HEAD = ["runtime", "version", ...SUITES, "package"];

/**
 * What a runtime cannot do: tests by the beginning of their path and title, and why.
 * @type {readonly { runtime: string, file: RegExp, title: RegExp, where: string, reason: string }[]}
 */
const GAPS = [
  {
    runtime: "bun",
    file: /spec\/websocket/,
    title: /lets nobody in/,
    where: "wss as a server",
    reason:
      "its https.Server has no tlsClientError (its tls.Server has): nobody is told of a client that does not trust the certificate",
  },
  {
    runtime: "deno",
    file: /interop\/multicast/,
    title: /./,
    where: "epgm",
    reason:
      "its node:dgram takes half a millisecond of CPU for each datagram received: at the tests' rates nearly all come by repair",
  },
  {
    runtime: "bun",
    file: /api\/observer/,
    title: /^a listener that throws/,
    where: "its test runner",
    reason: "an uncaught error is the test's failure, whoever waits for it",
  },
  {
    runtime: "bun",
    file: /interop\/mongrel2-serve/,
    title: /^(what Fetch cannot express|text that is no UTF-8)/,
    where: "Mongrel2",
    reason:
      "its Request takes methods that Fetch refuses, so the handler is asked; and the second test writes through internals of `ws` that Bun has not",
  },
  {
    runtime: "deno",
    file: /spec\/fairness/,
    title: /^a flood on one connection/,
    where: "connections beside a flood",
    reason:
      "while immediates wait, its loop looks at sockets in every 61st turn only (`event_interval` of tokio; Node.js does in each), so a peer beside one that floods a socket is heard after as many turns; each turn is as short as elsewhere (decision 0085)",
  },
];

/** @typedef {{ file: string, title: string, state: "passed" | "failed" | "skipped", message: string }} Outcome */

/**
 * How a runtime runs one compiled test file and where it writes its report (JUnit).
 * @param {string} name
 * @param {string} file
 * @param {string} report
 */
function argumentsOf(name, file, report) {
  if (name === "bun") return ["test", "--timeout", "60000", "--reporter=junit", `--reporter-outfile=${report}`, `./${file}`];
  if (name === "deno") return ["test", "--allow-all", "--no-check", `--junit-path=${report}`, file];
  return ["--test", "--test-reporter=junit", `--test-reporter-destination=${report}`, file];
}

/**
 * @param {string} name of the runtime
 * @param {string} program
 * @param {string} file
 * @param {string} folder for the report
 * @returns {Promise<Outcome[]>}
 */
async function runFile(name, program, file, folder) {
  const report = join(folder, `${file.replaceAll("/", "-")}.xml`);
  const child = spawn(program, argumentsOf(name, file, report), {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    // The peers of the interop tests are programs of Node.js, whatever runs the tests.
    env: { ...process.env, ZMTP_PEER_NODE: process.execPath, NO_COLOR: "1" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const timer = setTimeout(() => child.kill("SIGKILL"), file.includes("/long/") ? LONG_TIMEOUT_MS : FILE_TIMEOUT_MS);
  const code = await new Promise((resolve) => child.once("close", (exit, signal) => resolve(exit ?? signal)));
  clearTimeout(timer);
  const outcomes = readReport(report, file);
  const ok = outcomes.every((each) => each.state !== "failed");
  if (code !== 0 && ok)
    outcomes.push({ file, title: "(the file)", state: "failed", message: `exit ${code}: ${output.slice(-300)}` });
  if (outcomes.length === 0) outcomes.push({ file, title: "(the file)", state: "failed", message: "no test ran" });
  return outcomes;
}

/**
 * @param {string} report
 * @param {string} file
 * @returns {Outcome[]}
 */
function readReport(report, file) {
  let xml;
  try {
    xml = readFileSync(report, "utf8");
  } catch {
    return [];
  }
  return [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(([, attributes, body = ""]) => {
    const title = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    const state = /<(failure|error)\b/.test(body) ? "failed" : /<skipped\b/.test(body) ? "skipped" : "passed";
    return { file, title, state, message: unescapeXml(/message="([^"]*)"/.exec(body)?.[1] ?? "").slice(0, 200) };
  });
}

/** @param {string} text */
function unescapeXml(text) {
  /** @type {Record<string, string>} */
  const names = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&#10;/g, " ").replace(/&(\w+);/g, (whole, name) => names[name] ?? whole);
}

/**
 * Runs all files on one runtime, a few at a time.
 * @param {string} name
 * @param {readonly string[]} files
 */
async function runAll(name, files) {
  const { file: program, args, version } = await runtime(name);
  const installed = await installPackage();
  const problems = await installed.problems(program, args);
  installed.remove();
  const folder = mkdtempSync(join(tmpdir(), "zmtp-runtimes-"));
  const waiting = [...files];
  /** @type {Outcome[]} */
  const outcomes = [];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      outcomes.push(...(await runFile(name, program, file, folder)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  rmSync(folder, { recursive: true, force: true });
  return { version, outcomes, problems };
}

/** What was run is remembered for these sources and tests only. */
function stampOfSources() {
  const hash = createHash("sha256");
  for (const folder of ["build/src", "build/test"])
    for (const path of listFiles(folder)) if (path.endsWith(".js")) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

/**
 * The outcomes of all files that ran on a runtime with these sources, the latest of each, those of now among them.
 * @param {string} name
 * @param {string} version
 * @param {readonly Outcome[]} outcomes
 * @returns {Outcome[]}
 */
function remember(name, version, outcomes) {
  const folder = join(root, "build/runtimes");
  const file = join(folder, `${name}.json`);
  const key = `${version} ${stampOfSources()}`;
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { key: "", outcomes: [] };
  const earlier = /** @type {Outcome[]} */ (kept.key === key ? kept.outcomes : []);
  const all = [...earlier.filter((each) => !outcomes.some((now) => now.file === each.file)), ...outcomes];
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ key, outcomes: all }));
  return all;
}

/** @param {string} suite */
function filesOf(suite) {
  return listFiles(`build/test/${suite}`).filter((path) => path.endsWith(".test.js"));
}

/**
 * Prints what one runtime did and returns its row.
 * @param {string} name
 * @param {Awaited<ReturnType<typeof runAll>>} result
 */
function judge(name, { version, outcomes, problems }) {
  const remembered = remember(name, version, outcomes);
  const known = GAPS.filter((gap) => gap.runtime === name);
  /** @type {(outcome: Outcome) => boolean} */
  const isGap = ({ file, title }) => known.some((gap) => gap.file.test(file) && gap.title.test(title));
  const failed = outcomes.filter((each) => each.state === "failed");
  const unexpected = failed.filter((each) => !isGap(each));
  for (const { file, title, message } of unexpected) {
    console.log(`  ${name}: FAILED ${file.replace("build/test/", "")}: ${title}: ${message.split("\n")[0]}`);
  }
  for (const gap of known) {
    if (!outcomes.some(({ file }) => gap.file.test(file))) continue;
    const count = failed.filter(({ file, title }) => gap.file.test(file) && gap.title.test(title)).length;
    console.log(`  ${name}: ${count === 0 ? "a gap is closed" : `gap (${count} tests)`}: ${gap.reason}`);
  }
  /** @type {(suite: string) => string} */
  const cell = (suite) => {
    const own = remembered.filter(({ file }) => file.startsWith(`build/test/${suite}/`));
    if (!filesOf(suite).every((path) => own.some(({ file }) => file === path))) return NOT_RUN;
    const passed = own.filter((each) => each.state === "passed").length;
    const wrong = own.filter((each) => each.state === "failed").length;
    const skipped = own.length - passed - wrong;
    return `${passed}${wrong > 0 ? `, ${wrong} failed` : ""}${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  };
  for (const problem of problems) console.log(`  ${name}: FAILED the installed package: ${problem}`);
  const installed = problems.length === 0 ? "runs" : "FAILED";
  return {
    row: [TITLES[name] ?? name, version, ...SUITES.map(cell), installed],
    unexpected: unexpected.length + problems.length,
  };
}

/** @param {readonly (readonly string[])[]} rows */
function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) console.log(`| ${row.map((text, column) => text.padEnd(widths[column])).join(" | ")} |`);
}

/**
 * Writes the page: rows that were measured now take the place of older ones.
 * @param {readonly (readonly string[])[]} rows without the head
 */
export function writePage(rows) {
  const before = new Map();
  try {
    for (const line of readFileSync(PAGE, "utf8").split("\n")) {
      const cells = line.split("|").map((cell) => cell.trim());
      if (Object.values(TITLES).includes(cells[1])) before.set(cells[1], cells.slice(1, -1));
    }
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
  }
  for (const row of rows) {
    const old = before.get(row[0]);
    before.set(
      row[0],
      row.map((cell, column) => (cell === NOT_RUN ? (old?.[column] ?? NOT_RUN) : cell)),
    );
  }
  const table = [
    HEAD,
    HEAD.map(() => "---"),
    ...Object.values(TITLES).flatMap((title) => (before.has(title) ? [before.get(title)] : [])),
  ];
  const gaps = GAPS.map((gap) => `- ${TITLES[gap.runtime]}, ${gap.where}: ${gap.reason}.`);
  writeFileSync(
    PAGE,
    `# What holds where

Written by \`npm run test:runtimes -- --write\`, which runs the suites on each runtime (versions in \`tools/runtimes.mjs\`) and counts their tests. «skipped» are tests that name
their reason, such as a peer that is not installed. «package»: the packed package, installed with \`--ignore-scripts\` into an empty project, is imported and required by a program there that
talks over tcp, ws, inproc and CURVE.

${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}

## Known gaps

A failed test that belongs to one of these is counted above, and is no failure of the run. One that closes is told by the script. A cell is written when all
files of its suite ran, so one may be older than another.

${gaps.join("\n")}

What looked like gaps and is in the tools: on Deno 2.9 \`ChildProcess.kill\` sends one signal only (after SIGSTOP neither SIGCONT nor SIGKILL, denoland/deno#36643, mended since, but not in 2.9.6), \`t.after\` of a test
inside \`describe\` is never called (a handler of one test took the requests of the next), and npm \`zeromq\` loads but never receives, with or without a proxy. The tests signal by process id, undo by \`afterEach\`, and have
libzmq in a process of its own; breaks, heartbeats, SOCKS5 and restarts of Mongrel2 hold on Deno, and SOCKS5 on Bun. \`--expose-gc\` does not reach the tests since Node.js 24.7 (not on 26; \`node --test\` hands no flag of V8 on to
its processes, nodejs/node#60986) nor under \`bun test\`, so measures of what is held counted garbage: 27 and 32 MB, where under 6 are held. The tests find the collector by themselves (\`test/support/garbage.ts\`).

What differs between threads on these runtimes is in [guide/threads.md](guide/threads.md). Not in this table: browsers, which have tests of their own in \`test/browser\`, in Chromium.

## Electron

Electron refuses memory that a native addon has allocated outside of V8's heap (external buffers). Nothing here has any: there is no native code, and \`sodium-native\`, which is used for large CURVE frames
when a program has installed it, is given buffers of ours and gives none. A test reads the sources for it (\`unit/tools/external-memory\`). The package was not run in Electron itself: the package \`electron\` of npm
has no program in it, which its install script fetches from elsewhere.
`,
  );
}

async function main() {
  const writes = process.argv.includes("--write");
  const [part = 1, parts = 1] = (process.argv.find((each) => each.startsWith("--part="))?.slice(7) ?? "1/1")
    .split("/")
    .map(Number);
  const given = process.argv.slice(2).filter((each) => !each.startsWith("--"));
  const names = given.filter((each) => NAMES.includes(each));
  const filters = given.filter((each) => !NAMES.includes(each));
  if ((await buildIfStale()) !== 0 || (await compile()) !== 0) return 1;
  const wanted = filters.length > 0 ? filters : SUITES;
  const files = listFiles("build/test")
    .filter((path) => path.endsWith(".test.js"))
    .filter((path) => wanted.some((each) => path.startsWith(`build/test/${each}/`) || path === `build/test/${each}.test.js`))
    .filter((_, i) => i % parts === part - 1);
  if (files.length === 0) {
    console.error(`test:runtimes: no test matches ${wanted.join(", ")}`);
    return 1;
  }
  /** @type {string[][]} */
  const rows = [HEAD];
  let unexpected = 0;
  for (const name of names.length > 0 ? names : NAMES) {
    console.log(`${name}: ${files.length} files`);
    const verdict = judge(name, await runAll(name, files));
    rows.push(verdict.row);
    unexpected += verdict.unexpected;
  }
  console.log("");
  printTable(rows);
  if (writes) writePage(rows.slice(1));
  return unexpected === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) process.exitCode = await main();
