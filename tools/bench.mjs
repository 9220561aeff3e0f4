// @ts-check
// `npm run bench -- ARGUMENTS`: builds what is stale and runs bench/main.ts with the arguments given.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { root, run } from "./common.mjs";
import { compile } from "./compile.mjs";

const BENCH = "build/bench/main.js";

async function main() {
  const code = (await buildIfStale()) || (await compile());
  if (code !== 0) return code;
  if (!existsSync(join(root, BENCH))) {
    console.error("bench: there is no bench/main.ts");
    return 1;
  }
  return run(process.execPath, ["--expose-gc", BENCH, ...process.argv.slice(2)]);
}

process.exitCode = await main();
