/**
 * A rolling hash of a message's prefixes: after n octets its state stands for the first n.
 *
 *     state = seed;  for each octet: state = (state ^ octet) * factor, its high bits folded into the low ones
 *
 * Seed and factor are drawn for each set of subscriptions, so nobody can prepare topics that meet in one place of a
 * table. It is no cryptographic hash: who finds collisions all the same is met by the table's bound on probes.
 */
import type { Random } from "../base/random.ts";

export class TopicHash {
  readonly seed: number;
  readonly #factor: number;

  constructor(random: Random) {
    this.seed = random.next(0x100000000) | 0;
    this.#factor = random.next(0x100000000) | 1;
  }

  /** The state after the octets `from` to `to` of `bytes`; `state` is the one before them. */
  roll(state: number, bytes: Uint8Array, from: number, to: number): number {
    const factor = this.#factor;
    let hash = state;
    for (let i = from; i < to; i++) {
      hash = Math.imul(hash ^ bytes[i], factor);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

/** The hash of the octets that led to a state: 32 bits, signed, each of use. */
export function finishHash(state: number): number {
  const hash = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
