/**
 * Slabs: the memory in which frames are gathered before they are written, and how a frame is put there.
 *
 * Owns the sizes, the slabs of a context that are free, and at which size a body is copied. Does not own: when something is
 * written, and when a slab is free again (the outbox, and the run that many outboxes share).
 */
import { allocateOwn, setBytes } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import type { Frame } from "../zmtp/frame-decoder.ts";
import { MAX_HEADER_BYTES, writeHeader } from "../zmtp/frame-encoder.ts";

/** A write is made when this much is gathered, and no more than this waits behind one: the bound of what a break can lose. */
export const GATHER_BYTES = 65536;
/** Bodies up to this are copied into the slab; above, a reference costs less. Measured: docs/performance.md. */
export const COPY_BYTES = 2000;
/** Bodies up to this are copied by a loop; above, by `set`, whose call costs more than a few bytes. */
const LOOP_BYTES = 8;

/** Slabs grow with what a link sends in a turn, so that ten thousand quiet links do not hold 64 KiB each. */
export const SLAB_BYTES = [4096, 16384, GATHER_BYTES] as const;
/** What goes to many links has all of a write in one slab, and what goes over it. */
export const RUN_BYTES = GATHER_BYTES + 4096;
/** A batch of small or middling messages in another form needs no more. */
const FORM_BYTES = 160 * 1024;
const POOLED_BYTES: readonly number[] = [...SLAB_BYTES, RUN_BYTES, FORM_BYTES];
// Whatever is copied must fit into any slab.
assert(COPY_BYTES + MAX_HEADER_BYTES <= SLAB_BYTES[0], "the smallest slab takes the largest copy");
/** Free slabs kept of each size. */
const FREE_SLABS = 32;

/** Lends slabs to the outboxes of one context. */
export class SlabPool {
  #free: Uint8Array[][] = POOLED_BYTES.map(() => []);

  take(level: number): Uint8Array {
    return this.#free[level].pop() ?? allocateOwn(POOLED_BYTES[level]);
  }

  /** At least so many octets. */
  takeFor(bytes: number): Uint8Array {
    const level = POOLED_BYTES.findIndex((size) => size >= bytes);
    return level < 0 ? allocateOwn(bytes) : this.take(level);
  }

  give(slab: Uint8Array): void {
    const level = POOLED_BYTES.indexOf(slab.length);
    if (level < 0) return;
    const free = this.#free[level];
    if (free.length < FREE_SLABS) free.push(slab);
  }
}

/** Writes a frame `at` there, of one that is not to be copied the header alone; returns the offset after it. */
export function putFrame(slab: Uint8Array, at: number, flags: number, body: Frame): number {
  const size = body.length;
  if (size <= 255) {
    slab[at] = flags;
    slab[at + 1] = size;
    at += 2;
  } else at = writeHeader(slab, at, flags, size);
  if (size <= LOOP_BYTES) {
    for (let i = 0; i < size; i++) slab[at++] = body[i];
    return at;
  }
  if (size > COPY_BYTES) return at;
  setBytes.call(slab, body, at);
  return at + size;
}
