/**
 * Messages that many links are sent alike: each is encoded once, and a link's batch holds ranges of the run instead of copies.
 *
 *     run      [ message message message message │ free ]      one slab
 *     link A   └───────────── one range ────────┘              one write, of memory that all links have in common
 *     link B           └───── one range ────────┘
 *
 * Owns the slab of now. Does not own: what a link does with a message that does not follow upon its last (it copies it).
 * Invariants: what is written is never written over while somebody holds the slab; a slab goes back to the pool with its last
 * holder, so a publisher that has nothing under way has none.
 */
import { EMPTY } from "../base/bytes.ts";
import { FLAG_MORE, MAX_HEADER_BYTES } from "../zmtp/frame-encoder.ts";
import type { Frame } from "./message.ts";
import { COPY_BYTES, GATHER_BYTES, putFrame, RUN_BYTES, type SlabPool } from "./slab.ts";

/** Longer messages are copied, or referenced, by each link: so much always fits behind what makes a write. */
const MOST_BYTES = RUN_BYTES - GATHER_BYTES;

/** A slab that a run writes to and batches refer to. */
export class SharedSlab {
  readonly bytes: Uint8Array;
  #pool: SlabPool | null;
  #holders = 0;

  constructor(pool: SlabPool | null) {
    this.#pool = pool;
    this.bytes = pool === null ? EMPTY : pool.takeFor(RUN_BYTES);
  }

  /** Nobody refers to it: its memory is somebody else's. */
  get free(): boolean {
    return this.#holders === 0;
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.#pool?.give(this.bytes);
  }
}

const NO_SLAB = new SharedSlab(null);

export class SharedRun {
  /** Where the message of now lies, from `begin` to `end`. */
  slab = NO_SLAB;
  from = 0;
  to = 0;

  #pool: SlabPool;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Encodes a message, which stays there until `end` and as long as batches refer to it. False: it is too large for that. */
  begin(frames: readonly Frame[]): boolean {
    let bytes = 0;
    for (let i = 0; i < frames.length; i++) {
      const size = frames[i].length;
      if (size > COPY_BYTES) return false;
      bytes += MAX_HEADER_BYTES + size;
    }
    if (bytes > MOST_BYTES) return false;
    if (this.slab.free || this.to >= GATHER_BYTES) {
      this.slab = new SharedSlab(this.#pool);
      this.to = 0;
    }
    const slab = this.slab.hold().bytes;
    this.from = this.to;
    const last = frames.length - 1;
    for (let i = 0; i < last; i++) this.to = putFrame(slab, this.to, FLAG_MORE, frames[i]);
    this.to = putFrame(slab, this.to, 0, frames[last]);
    return true;
  }

  /** All links have had it. */
  end(): void {
    this.slab.release();
  }
}
