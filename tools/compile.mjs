// @ts-check
// Compiles src, test, bench, examples and tools into build/, which mirrors the repository: test/a/b.test.ts runs as
// build/test/a/b.test.js. Files that are not TypeScript (vectors, peers in other languages) are copied along, so
// that `new URL("./peer.py", import.meta.url)` finds them. What no longer has a source is removed: a deleted test
// must not go on passing.

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMain, listFiles, root, runBin, unlessFresh } from "./common.mjs";

const FOLDERS = ["src", "test", "bench", "examples", "tools"];
const COMPILED = /\.(ts|mts|cts|js|mjs|cjs)$/;
const DECLARATION = /\.d\.(ts|mts|cts)$/;

/** Compiles if something changed. Returns the exit code; the compiler has then printed what is wrong. */
export function compile() {
  return unlessFresh(
    "build/.compile-stamp",
    () => [...FOLDERS.flatMap(listFiles), "tsconfig.json", "package.json", "package-lock.json"],
    async () => {
      const sources = FOLDERS.flatMap(listFiles);
      const code = await runBin("typescript/bin/tsc", ["-p", "tsconfig.json"]);
      if (code === 0) mirror(sources);
      return code;
    },
  );
}

/**
 * Copies what the compiler does not write, removes what has no source.
 * @param {readonly string[]} sources
 */
function mirror(sources) {
  const wanted = new Set();
  for (const source of sources) {
    const output = `build/${source}`;
    if (DECLARATION.test(source)) continue;
    if (COMPILED.test(source)) {
      const script = output.replace(/ts$/, "js");
      wanted.add(script).add(`${script}.map`);
    } else {
      wanted.add(output);
      mkdirSync(dirname(join(root, output)), { recursive: true });
      copyFileSync(join(root, source), join(root, output));
    }
  }
  for (const output of FOLDERS.flatMap((folder) => listFiles(`build/${folder}`))) {
    if (!wanted.has(output)) rmSync(join(root, output));
  }
}

if (isMain(import.meta.url)) process.exitCode = await compile();
