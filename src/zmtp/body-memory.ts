/**
 * The memory that received bodies lie in.
 *
 *     small    copied into a slab shared with others
 *     middling a view of the chunk, where that is the decoder's; of a lent chunk a copy, in a slab of such
 *     large    memory of its own, which grows with what really came
 *
 * Owns: the sizes at which one way is cheaper than another (measured: docs/performance.md), the slabs of a thread, and how many
 * decoders may have a chunk ready. Invariant: a slab's octets are given out once.
 */
import { allocateOwn, EMPTY, setBytes, viewOf } from "../base/bytes.ts";

/** Bodies up to this are copied: as cheap as a view, and the chunk they came in is freed. Measured in docs/performance.md. */
export const COPY_BYTES = 64;

/** Small copies share slabs of this size; a kept frame pins at most one. */
const POOL_BYTES = 8192;

/** Copies out of a lent chunk share slabs of this size up to this size; a kept frame pins as much as a chunk would. */
const LENT_POOL_BYTES = 65536;
export const LENT_SHARED_BYTES = 16384;

/** Memory for a body across chunks: at least this, and never more than so many times what has come of it. */
export const FIRST_ROOM_BYTES = 4096;
const ROOM_FACTOR = 16;

/** While reads of at least this size bring bodies worth a view, the next one goes to memory of its own, of which they are views. */
export const CHUNK_BYTES = 65536;
/**
 * So many decoders of a thread may have such memory ready before anything comes; the others copy what came. Of a hundred busy links each
 * would hold its chunk until its turn comes again, and what lives so long is freed only when the whole heap is marked.
 */
const READY_CHUNKS = 8;

/** A loop copies this much as fast as `set` does. */
const LOOP_BYTES = 16;

let pool = allocateOwn(POOL_BYTES);
let poolBuffer = pool.buffer;
let poolAt = 0;
let lentPoolBuffer = EMPTY.buffer;
let lentPoolAt = LENT_POOL_BYTES;
let readyChunks = 0;

/** The memory for a body of `size`, of which so much has come: the announced size itself as soon as that is within bounds. */
export function room(size: number, come: number): number {
  return Math.min(size, Math.max(FIRST_ROOM_BYTES, come * ROOM_FACTOR));
}

/**
 * A copy of a body, which begins `at` in the chunk and `from` in its buffer: a small one goes into a slab shared with others of its kind, one
 * above `shared` into memory of its own.
 */
export function copyOf(
  chunk: Uint8Array,
  buffer: ArrayBufferLike,
  from: number,
  at: number,
  size: number,
  shared: number,
): Uint8Array {
  if (size > COPY_BYTES) {
    const copy = size > shared ? allocateOwn(size) : slabRoom(size);
    setBytes.call(copy, viewOf(buffer, from, size), 0);
    return copy;
  }
  if (poolAt + size > POOL_BYTES) {
    pool = allocateOwn(POOL_BYTES);
    poolBuffer = pool.buffer;
    poolAt = 0;
  }
  const start = poolAt;
  poolAt = start + size;
  if (size <= LOOP_BYTES) for (let i = 0; i < size; i++) pool[start + i] = chunk[at + i];
  else setBytes.call(pool, viewOf(buffer, from, size), start);
  return viewOf(poolBuffer, start, size);
}

/** Room for a body in a slab of those that are not small. */
export function slabRoom(size: number): Uint8Array {
  if (lentPoolAt + size > LENT_POOL_BYTES) {
    lentPoolBuffer = allocateOwn(LENT_POOL_BYTES).buffer;
    lentPoolAt = 0;
  }
  const start = lentPoolAt;
  lentPoolAt = start + size;
  return viewOf(lentPoolBuffer, start, size);
}

/** Memory for the next read, to be given back by `chunkUsed`; null when as many decoders as may have some already. */
export function readyChunk(): Uint8Array | null {
  if (readyChunks === READY_CHUNKS) return null;
  readyChunks++;
  return allocateOwn(CHUNK_BYTES);
}

/** Something was read into a chunk, or nothing will be: another may be had. */
export function chunkUsed(): void {
  readyChunks--;
}
