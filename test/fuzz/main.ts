/**
 * `npm run fuzz`: the coverage-led fuzzer on every target, or on those named, until told to stop.
 *
 *     npm run fuzz -- [TARGET …] [--seconds=N] [--seed=N]
 *
 * What was worth keeping lies in .fuzz/TARGET/ and is taken up by the next run. A finding is printed as hexadecimal digits, to become a line of
 * test/vectors/fuzz.json, and ends the run with 1.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "../../src/base/random.ts";
import { loadSodium } from "../support/curve.ts";
import { guide } from "./guided.ts";
import { type FuzzTarget, TARGETS } from "./targets.ts";

/** Each target's turn; the next begins where the last one stopped. */
const TURN_MS = 5000;
const FOLDER = ".fuzz";

function kept(folder: string): Uint8Array[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

function turn(target: FuzzTarget, seed: number, ms: number): boolean {
  const folder = join(FOLDER, target.name);
  const until = performance.now() + ms;
  const { runs, blocks, corpus, findings } = guide(target, seededRandom(seed), () => performance.now() > until, kept(folder));
  for (const input of corpus) writeFileSync(join(folder, createHash("sha256").update(input).digest("hex").slice(0, 16)), input);
  console.log(`${target.name}: ${runs} inputs, ${blocks} blocks, ${corpus.length} kept (seed ${seed})`);
  for (const { input, error } of findings) console.error(`FOUND ${target.name} ${Buffer.from(input).toString("hex")}\n`, error);
  return findings.length === 0;
}

async function main(): Promise<number> {
  const options = { seconds: { type: "string" }, seed: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const unknown = positionals.find((name) => TARGETS.every((target) => target.name !== name));
  if (unknown !== undefined) {
    console.error(`fuzz: there is no target "${unknown}"; the targets are ${TARGETS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  await loadSodium();
  const chosen = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const until = performance.now() + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  let seed = Number(values.seed ?? Date.now() >>> 0);
  for (;;) {
    for (const target of chosen) {
      const ms = Math.min(TURN_MS, until - performance.now());
      if (ms <= 0) return 0;
      if (!turn(target, seed++, ms)) return 1;
    }
  }
}

process.exitCode = await main();
