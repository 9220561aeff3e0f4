// @ts-check
// Builds the entry for pages: one file with everything that a page needs at once, and a file for each part that is loaded on first use.
//
//     browser.js ──▶ browser-core.js ◀── security-provider.js, sodium.js, joined-threads.js …     loaded later
//          └───────▶ x25519.js                                                                  left out by bundlers where not used
//
// esbuild's own splitting would make a file of each set of modules that the same parts share: seven small files on the way of every
// page, which together weigh more and come one after the other. Here whatever the core has is the core's, and parts import it from there.

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { root } from "./common.mjs";

const ENTRY = "src/browser.ts";
const CORE = "browser-core";
/** Loaded on first use, by `import()`. */
const LATE = ["src/devices/security-provider.ts", "src/security/sodium.ts", "src/transports/joined-threads.ts"];
/** Needed at once where it is used, and left out by bundlers where it is not. */
const APART = { x25519: "src/security/portable-x25519.ts" };

/**
 * What no page can reach, by the end of its path: networks without connections. The browser build has something in its place that says
 * so, should it ever be used.
 */
const NOT_IN_PAGES = [
  { file: /core[\\/]attachment\.ts$/, contents: "export class Attachment { constructor() { throw new Error('no network'); } }" },
];

/** @type {import("esbuild").Plugin} */
const FOR_PAGES = {
  name: "for-pages",
  setup({ onLoad }) {
    for (const { file, contents } of NOT_IN_PAGES) onLoad({ filter: file }, () => ({ contents, loader: "js" }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: ["es2022"],
  minify: false,
  sourcemap: true,
  charset: "utf8",
  logLevel: "warning",
};

/** @param {string} path absolute */
const inRoot = (path) => relative(root, path).replaceAll("\\", "/");

/** @param {string} source */
const nameOf = (source) => /** @type {RegExpExecArray} */ (/([^/]+)\.ts$/.exec(source))[1];

/**
 * Resolves imports of our sources as `answer` says for the file that is meant; as ever where it says nothing.
 * @param {string} name
 * @param {(source: string) => import("esbuild").OnResolveResult | undefined} answer
 * @returns {import("esbuild").Plugin}
 */
function resolving(name, answer) {
  return {
    name,
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.ts$/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === name || kind === "entry-point") return undefined;
        const found = await resolve(path, { kind, resolveDir, pluginData: name });
        return answer(inRoot(found.path));
      });
    },
  };
}

/**
 * The core: the entry, and beside it what the parts need, by `more` statements.
 * @param {readonly string[]} more
 * @param {boolean} write
 */
async function buildCore(more, write) {
  const { metafile } = await build({
    ...OPTIONS,
    stdin: {
      contents: [`export * from "./${ENTRY}";`, ...more].join("\n"),
      resolveDir: root,
      sourcefile: "core.ts",
      loader: "ts",
    },
    outfile: `dist/${CORE}.js`,
    plugins: [
      resolving("parts-outside", (source) => {
        const [apart] = Object.entries(APART).find(([, file]) => file === source) ?? [];
        if (apart !== undefined) return { path: `./${apart}.js`, external: true, sideEffects: false };
        return LATE.includes(source) ? { path: `./${nameOf(source)}.js`, external: true } : undefined;
      }),
      FOR_PAGES,
    ],
    metafile: true,
    write,
  });
  return metafile;
}

/**
 * The parts. What the core has they import from it; the result is the names, by the modules that may have them.
 * @param {readonly string[]} inCore
 */
async function buildParts(inCore) {
  /** @type {Set<string>} */
  const modules = new Set();
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: Object.fromEntries([...LATE.map((source) => [nameOf(source), source]), ...Object.entries(APART)]),
    outdir: "dist",
    splitting: true,
    chunkNames: "[name]-[hash]",
    plugins: [
      resolving("core-is-there", (source) => {
        if (!inCore.includes(source)) return undefined;
        modules.add(source);
        return { path: `./${CORE}.js`, external: true, sideEffects: false };
      }),
      FOR_PAGES,
    ],
    metafile: true,
  });
  const scripts = Object.keys(metafile.outputs).filter((path) => path.endsWith(".js"));
  const imports = new RegExp(`import \\{([^}]*)\\} from "\\./${CORE}\\.js"`, "g");
  const names = scripts.flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(imports)].flatMap(([, list]) =>
      list.split(",").map((each) => each.trim().split(" as ")[0]),
    ),
  );
  return { modules: [...modules].sort(), names: [...new Set(names)].sort() };
}

/**
 * What each module exports at run time.
 * @param {readonly string[]} modules
 * @returns {Promise<[module: string, names: string[]][]>}
 */
async function exportsOf(modules) {
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: [...modules],
    bundle: false,
    sourcemap: false,
    outdir: "dist",
    outbase: root,
    write: false,
    metafile: true,
  });
  return Object.values(metafile.outputs).map((output) => [/** @type {string} */ (output.entryPoint), output.exports]);
}

/** Builds dist/browser.js and what it imports, at once and later. */
export async function buildBrowser() {
  const metafile = await buildCore([], false);
  const [{ inputs, exports: api }] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
  const inCore = Object.keys(inputs).filter((path) => path.startsWith("src/") && inputs[path].bytesInOutput > 0);
  const { modules, names } = await buildParts(inCore);
  const exported = await exportsOf(modules);
  const more = names.map((name) => {
    const having = exported.filter(([, all]) => all.includes(name)).map(([module]) => module);
    // Should it ever be two, rename one: the core has one export of a name.
    if (having.length !== 1) throw new Error(`build: a part of the browser build needs "${name}" of ${having.join(" or ")}`);
    return `export { ${name} } from "./${having[0]}";`;
  });
  await buildCore(more, true);
  writeFileSync(join(root, "dist/browser.js"), `export {\n  ${api.join(",\n  ")},\n} from "./${CORE}.js";\n`);
}
