// @ts-check
// `npm start`: builds what is stale and runs the tour of the library, with the arguments given.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { root, run } from "./common.mjs";
import { compile } from "./compile.mjs";

const TOUR = "build/examples/tour/main.js";

async function main() {
  const code = (await buildIfStale()) || (await compile());
  if (code !== 0) return code;
  if (!existsSync(join(root, TOUR))) {
    console.error("start: there is no examples/tour/main.ts");
    return 1;
  }
  return run(process.execPath, ["--enable-source-maps", TOUR, ...process.argv.slice(2)]);
}

process.exitCode = await main();
