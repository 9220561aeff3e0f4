/**
 * The collector, for tests that measure what is held: asked for, whatever runs the tests and with what flags.
 *
 * `--expose-gc` does not reach them everywhere: Node.js 24.7 and later 24 do not hand flags of V8 on to the processes of
 * `node --test` (nodejs/node#60986), and `bun test` does not know it. A measure that silently collects nothing counts garbage.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

interface Collecting {
  readonly gc?: () => void;
  readonly Bun?: { gc(synchronous: boolean): void };
}

function findCollector(): () => void {
  const { gc, Bun } = globalThis as Collecting;
  if (gc !== undefined) return gc;
  if (Bun !== undefined) return () => Bun.gc(true);
  // Of V8: a context that is made after the flag was set has the function.
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

let collector: (() => void) | undefined;

/** What is on its way at the end of a load, such as an answer or a close, arrives meanwhile. */
const PAUSE_MS = 5;

/** One whole collection, done when it returns; memory outside of the heap is given back a little later. */
export function collectGarbage(): void {
  collector ??= findCollector();
  collector();
}

/** The bytes that something still needs, in the heap and outside of it (buffers, WebAssembly). */
export async function heldBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await sleep(PAUSE_MS);
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  // JavaScriptCore's heap counts what lies outside of it, too.
  return process.versions.bun === undefined ? heapUsed + external : heapUsed;
}
