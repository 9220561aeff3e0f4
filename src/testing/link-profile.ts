// What a simulated connection is like.

import type { Random } from "../base/random.ts";

/** What a connection is like. */
export interface LinkProfile {
  /** Delay of each piece: a random number of milliseconds between the two. */
  readonly latencyMs: readonly [least: number, most: number];
  /** What both kernels and the wire hold of one direction, in bytes. */
  readonly bufferBytes: number;
  /** Bytes arrive in pieces of 1 to this many. */
  readonly chunkBytes: number;
}

/** A random delay. */
export function delay(random: Random, [least, most]: readonly [number, number]): number {
  return least + (random.next(1 << 20) / (1 << 20)) * (most - least);
}
