// @ts-check
// `npm test`: check, build, compile and every test, which is what CI runs.
// `npm test -- unit/zmtp spec/pair`: only the test files below test/unit/zmtp/ and test/spec/pair/, or named so; no check.
// Arguments that begin with "--" go to node: `npm test -- unit --test-name-pattern=greeting`.
//
// We list the files ourselves: `node --test` of Node 20 has no globs, takes every file below a folder named test for a
// test, and succeeds if there is none.

import { availableParallelism } from "node:os";
import { buildIfStale } from "./build.mjs";
import { check } from "./check.mjs";
import { listFiles, run } from "./common.mjs";
import { compile } from "./compile.mjs";

/** Folders of test/ that run only when named: they take long, or need other runtimes and languages. */
const ON_REQUEST = ["long", "runtimes", "languages"];

/** A file that takes longer is ended and has failed; that includes one that something keeps from ending. */
const FILE_TIMEOUT_MS = 120_000;
/** The same for the files below test/long/. */
const LONG_TIMEOUT_MS = 3_600_000;

const PREFIX = "build/test/";
const SUFFIX = ".test.js";

/**
 * @param {readonly string[]} filters as given; none selects all but ON_REQUEST
 * @returns {string[] | undefined} paths of compiled tests; undefined if a filter or the whole selects nothing
 */
function select(filters) {
  const all = listFiles("build/test").filter((path) => path.endsWith(SUFFIX));
  if (filters.length === 0) {
    const files = all.filter((path) => !ON_REQUEST.some((folder) => path.startsWith(`${PREFIX}${folder}/`)));
    if (files.length > 0) return files;
    console.error("test: there is no test");
    return undefined;
  }
  const selected = new Set();
  let complete = true;
  for (const filter of filters) {
    const name = filter.replace(/^(build\/)?test\//, "").replace(/(\/|\.test\.[jt]s)$/, "");
    const files = all.filter((path) => path.startsWith(`${PREFIX}${name}/`) || path === `${PREFIX}${name}${SUFFIX}`);
    for (const file of files) selected.add(file);
    if (files.length === 0) {
      console.error(`test: no test matches "${filter}"`);
      complete = false;
    }
  }
  return complete ? [...selected].sort() : undefined;
}

/** @returns {Promise<number>} */
async function main() {
  const started = performance.now();
  const options = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
  const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const everything = filters.length === 0 && options.length === 0;

  if (everything && (await check()) !== 0) return 1;
  if ((await buildIfStale()) !== 0 || (await compile()) !== 0) return 1;
  const files = select(filters);
  if (files === undefined) return 1;
  if (
    files.some((path) => path.startsWith(`${PREFIX}interop/`) || path.startsWith(`${PREFIX}browser/`)) &&
    process.platform !== "win32"
  ) {
    if ((await run("bash", ["tools/install-peers.sh"])) !== 0) return 1;
  }

  const code = await run(process.execPath, [
    "--expose-gc",
    "--enable-source-maps",
    "--test",
    // One more than there are cores, for files wait for others' processes now and then; no more than three, for ports and memory.
    `--test-concurrency=${Math.min(3, availableParallelism() + 1)}`,
    `--test-timeout=${files.some((path) => path.startsWith(`${PREFIX}long/`)) ? LONG_TIMEOUT_MS : FILE_TIMEOUT_MS}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./tools/summary-reporter.mjs",
    "--test-reporter-destination=stdout",
    ...options,
    ...files,
  ]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const what = everything ? "check, build and all tests" : "the selected tests";
  console.log(`${what} ${code === 0 ? "passed" : "FAILED"}: ${files.length} files, ${seconds} s`);
  return code;
}

process.exitCode = await main();
