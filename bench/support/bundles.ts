/**
 * What a program that imports an entry of the package carries: the entry bundled and minified with what it imports at
 * once, by the octet and gzipped. Packages loaded on first use are not in it.
 *
 * A new entry is a row of the table. The bench prints them, and a test compares them with what was recorded.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface Bundle {
  /** As tables call it. */
  readonly name: string;
  /** In the repository. */
  readonly entry: string;
  readonly platform: "node" | "browser";
  /** What the program imports of it; everything when absent. */
  readonly names?: readonly string[];
}

export const BUNDLES: readonly Bundle[] = [
  { name: "zmtp", entry: "src/node.ts", platform: "node" },
  // Of the built files, which are what pages get.
  { name: "zmtp/browser", entry: "dist/browser.js", platform: "browser" },
  { name: "zmtp/browser, one socket type", entry: "dist/browser.js", platform: "browser", names: ["Subscriber"] },
  { name: "zmtp/browser, the largest socket type", entry: "dist/browser.js", platform: "browser", names: ["XPublisher"] },
  { name: "zmtp/wire", entry: "src/wire.ts", platform: "node" },
];

/** The repository: bench/support in the build folder is three floors above it. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export async function sizeOf({ entry, platform, names }: Bundle): Promise<{ raw: number; gzip: number }> {
  const from = JSON.stringify(`./${entry}`);
  const what = names === undefined ? `export * from ${from};` : `import { ${names} } from ${from}; console.log(${names});`;
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    stdin: { contents: what, resolveDir: ROOT, sourcefile: "program.js" },
    outdir: "out",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform,
    packages: "external",
    logLevel: "silent",
  });
  // The program and what it imports at once.
  const loaded = new Set(Object.keys(metafile.outputs).filter((path) => metafile.outputs[path].entryPoint === "program.js"));
  for (const path of loaded)
    for (const { path: other, kind } of metafile.outputs[path].imports)
      if (kind === "import-statement" && other in metafile.outputs) loaded.add(other);
  const contents = outputFiles.filter(({ path }) => [...loaded].some((each) => path.replaceAll("\\", "/").endsWith(each)));
  const sizes = contents.map((file) => ({ raw: file.contents.length, gzip: gzipSync(file.contents, { level: 9 }).length }));
  return { raw: sizes.reduce((sum, { raw }) => sum + raw, 0), gzip: sizes.reduce((sum, { gzip }) => sum + gzip, 0) };
}
