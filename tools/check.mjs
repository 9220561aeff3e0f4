// @ts-check
// `npm run check`: everything that judges the code without running it. All checks run, so that one failure does not
// hide the next; the exit code is 1 if any failed.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { isMain, root, run, runBin } from "./common.mjs";

/** @returns {Promise<number>} */
export async function check() {
  /** @type {[name: string, work: () => Promise<number>][]} */
  const checks = [
    ["format and lint", () => runBin("@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."])],
    ["types", () => runBin("typescript/bin/tsc", ["--noEmit", "-p", "tsconfig.json"])],
    ["floors", () => run(process.execPath, ["tools/floors.mjs"])],
  ];
  if (existsSync(join(root, "tools/generate-docs.mjs"))) {
    checks.push(["generated docs", () => run(process.execPath, ["tools/generate-docs.mjs", "--check"])]);
  }
  const failed = [];
  for (const [name, work] of checks) {
    if ((await work()) !== 0) failed.push(name);
  }
  console.log(failed.length === 0 ? "check: all is well" : `check: failed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) process.exitCode = await check();
