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
}

export const BUNDLES: readonly Bundle[] = [
  { name: "zmtp", entry: "src/node.ts", platform: "node" },
  { name: "zmtp/browser", entry: "src/browser.ts", platform: "browser" },
  { name: "zmtp/wire", entry: "src/wire.ts", platform: "node" },
];

/** The repository: bench/support in the build folder is three floors above it. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export async function sizeOf({ entry, platform }: Bundle): Promise<{ raw: number; gzip: number }> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform,
    packages: "external",
    logLevel: "silent",
  });
  const [{ contents }] = outputFiles;
  return { raw: contents.length, gzip: gzipSync(contents, { level: 9 }).length };
}
