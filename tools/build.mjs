// @ts-check
// Builds dist/: one bundled ES module per entry (many small ones cost ten times as long to import), its
// declarations, and a shim through which CommonJS loads the same module. There is one instance of the library in
// a process however it is loaded.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { buildBrowser } from "./build-browser.mjs";
import { isMain, listFiles, root, runBin, unlessFresh } from "./common.mjs";

/** The public entries: src/NAME.ts becomes dist/NAME.js. package.json's `exports` has a row for each. */
const ENTRIES = ["node", "testing", "wire", "draft", "mongrel2"];

/** The command: a program, which nobody imports. */
const PROGRAMS = ["cli"];

/** The entries of the drop-in, which share their classes in a module of their own. */
const DROP_IN = ["zeromq", "zeromq-draft", "zeromq-v5-compat"];
/** The entry for browsers (build-browser.mjs). */
const BROWSER = "browser";
/** An entry that stands on another imports its module, so that there is one `Context` and one `ZmqError`. */
/** @type {import("esbuild").Plugin} */
const ONE_INSTANCE = {
  name: "one-instance",
  setup(build) {
    build.onResolve({ filter: /\/(node|wire)\.ts$/ }, ({ kind, path }) =>
      kind === "entry-point" ? undefined : { path: `./${path.includes("wire") ? "wire" : "node"}.js`, external: true },
    );
  },
};

/** @type {import("esbuild").BuildOptions} */
const OPTIONS = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  plugins: [ONE_INSTANCE],
  minify: false,
  sourcemap: true,
  charset: "utf8",
  logLevel: "warning",
};

/** A class that is declared, in a source or in a bundle: `class A`, `export abstract class A`, `var A = class`. */
const CLASS = /^(?:export )?(?:default )?(?:abstract )?(?:(?:var|let|const) ([\w$]+) = )?class\b(?: (?!extends\b)([\w$]+))?/gm;

/** @param {string} file */
function classNames(file) {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(CLASS)].map((match) => match[1] ?? match[2]);
}

/**
 * Classes that the bundle calls otherwise than the source, because two files have one of that name. A user would see
 * it in traces and `constructor.name`. esbuild's `keepNames` would mend it, but at the price of a call of
 * Object.defineProperty for each closure that has a name: 300 ns instead of 10 each time it is made.
 */
function renamedClasses() {
  const known = new Set(listFiles("src").flatMap(classNames));
  const bundles = listFiles("dist").filter((file) => file.endsWith(".js"));
  return bundles.flatMap(classNames).filter((name) => !known.has(name));
}

/**
 * What CommonJS loads: the module's names, or, where it has one, the object of its default export.
 * @param {string} entry
 */
function shim(entry) {
  if (entry === BROWSER || ENTRIES.includes(entry)) return `module.exports = require('./${entry}.js');\n`;
  // Where Node.js knows the export "module.exports", `require` gives that object already.
  return `const loaded = require('./${entry}.js');\nmodule.exports = loaded.default ?? loaded;\n`;
}

/** Builds dist/ from nothing. Returns the exit code; what is wrong has then been printed. */
export async function build() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  try {
    await bundle({ ...OPTIONS, entryPoints: [...ENTRIES, ...PROGRAMS].map((entry) => `src/${entry}.ts`) });
    await bundle({
      ...OPTIONS,
      entryPoints: DROP_IN.map((entry) => `src/${entry}.ts`),
      splitting: true,
      chunkNames: "[name]-[hash]",
    });
    await buildBrowser();
  } catch (error) {
    if (!(error instanceof Error && "errors" in error)) throw error;
    return 1; // esbuild has printed the errors
  }
  const renamed = renamedClasses();
  if (renamed.length > 0) {
    console.error(`build: classes of the same name in two files; one became ${renamed.join(", ")}`);
    return 1;
  }
  for (const entry of [...ENTRIES, ...DROP_IN, BROWSER]) {
    writeFileSync(join(root, `dist/${entry}.cjs`), shim(entry));
    writeFileSync(join(root, `dist/${entry}.d.cts`), `export * from './types/${entry}.js';\n`);
  }
  return runBin("typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
}

/** Builds dist/ if a source changed since it was last built. */
export function buildIfStale() {
  return unlessFresh(
    "build/.dist-stamp",
    () => [
      ...listFiles("src"),
      "tools/build.mjs",
      "tools/build-browser.mjs",
      "tsconfig.json",
      "tsconfig.build.json",
      "package-lock.json",
    ],
    build,
    [...ENTRIES, ...PROGRAMS, ...DROP_IN, BROWSER].flatMap((entry) => [`dist/${entry}.js`, `dist/types/${entry}.d.ts`]),
  );
}

if (isMain(import.meta.url)) process.exitCode = await build();
