/**
 * Memory for connections, used again and again: engines do not count shared memory when they decide to collect garbage, so
 * what connections that come and go leave behind would pile up.
 *
 * Owns pairs that this thread made and whose connection is over. One is used again when both sides have said that they
 * touch it no more; one whose other side was ended in the middle never says so and is left to the collector.
 */
import { pairBytes, pairHeader, resetPair, SIDE_DONE } from "./layout.ts";

/** Pairs that are kept at most. */
const KEPT = 64;

export class PairPool {
  #capacity: number;
  #retired: SharedArrayBuffer[] = [];

  /** `capacity`: octets of each ring, a power of two. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A pair with nothing in it. */
  take(): SharedArrayBuffer {
    const index = this.#retired.findIndex(isFree);
    if (index < 0) return new SharedArrayBuffer(pairBytes(this.#capacity));
    const [memory] = this.#retired.splice(index, 1);
    resetPair(memory);
    return memory;
  }

  /** The connection over this pair is over here. */
  retire(memory: SharedArrayBuffer): void {
    this.#retired.push(memory);
    if (this.#retired.length > KEPT) this.#retired.shift();
  }
}

function isFree(memory: SharedArrayBuffer): boolean {
  const header = pairHeader(memory);
  return Atomics.load(header, SIDE_DONE[0]) === 1 && Atomics.load(header, SIDE_DONE[1]) === 1;
}
