/**
 * What the package weighs: as it is installed (unpacked, and as the registry sends it), and each entry bundled into a
 * program (minified, and gzipped).
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { BUNDLES, ROOT, sizeOf } from "../support/bundles.ts";
import type { Contestant, Metrics, Part } from "../support/part.ts";

/** What npm would publish from a folder, by its own account. */
async function packed(folder: string): Promise<Metrics> {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts", folder];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT, shell: process.platform === "win32" });
  const [{ size, unpackedSize }] = JSON.parse(stdout) as [{ size: number; unpackedSize: number }];
  return { raw: unpackedSize / 1000, gzip: size / 1000 };
}

const ours: Contestant = { implementation: "zmtp", style: "", run: () => packed(".") };

const native: Contestant = {
  implementation: "zeromq",
  style: "",
  run: () => packed(dirname(createRequire(import.meta.url).resolve("zeromq/package.json"))),
};

export const packageSize: Part = {
  name: "package-size",
  title: "the package as npm packs it, and its entries bundled and minified",
  metrics: [
    { name: "raw", unit: "kB", better: "lower" },
    { name: "gzip", unit: "kB", better: "lower" },
  ],
  cases: [
    { name: "tarball", quick: true, contestants: [ours, native] },
    ...BUNDLES.map((bundle) => ({
      name: `bundle of ${bundle.name}`,
      quick: true,
      contestants: [
        {
          implementation: "zmtp" as const,
          style: "",
          run: async (): Promise<Metrics> => {
            const { raw, gzip } = await sizeOf(bundle);
            return { raw: raw / 1000, gzip: gzip / 1000 };
          },
        },
      ],
    })),
  ],
  floors: [
    { case: "bundle of zmtp/browser", contestant: "zmtp", metric: "gzip", most: 60 },
    { case: "bundle of zmtp/browser, one socket type", contestant: "zmtp", metric: "gzip", most: 40 },
    { case: "bundle of zmtp/browser, the largest socket type", contestant: "zmtp", metric: "gzip", most: 40 },
  ],
  rounds: 1,
};
