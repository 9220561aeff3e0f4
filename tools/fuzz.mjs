// @ts-check
// `npm run fuzz -- ARGUMENTS`: compiles and runs test/fuzz/main.ts with the arguments given.

import { buildIfStale } from "./build.mjs";
import { run } from "./common.mjs";
import { compile } from "./compile.mjs";

const code = (await buildIfStale()) || (await compile());
process.exitCode =
  code === 0 ? await run(process.execPath, ["--enable-source-maps", "build/test/fuzz/main.js", ...process.argv.slice(2)]) : code;
