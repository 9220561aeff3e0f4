/**
 * The picture of one connection's shared memory: a pair of rings, one for each direction, and what both sides tell
 * each other beside the messages. Only positions and widths; the algorithm is in `spsc-ring.ts`.
 *
 *     [ pair header | header 0 | header 1 | data 0 ……… | data 1 ……… ]        direction 0: connector to binder
 *
 *     pair header    the state of the offer; where each side's doorbell is
 *     header         three cache lines, by who writes them, so that the two threads do not take lines from each other:
 *                    writer (tail, where the reader says that it sleeps; closed) | reader (head, read, acknowledged, closed, mark) | writer's sleep
 *     data           records; a position counts octets and wraps at 2^32, position & (capacity - 1) is the offset
 *     record         [ head 4 ][ body ][ padding to 8 ]       head = more 1 bit, kind 3 bits, body's octets 28 bits
 *                    [ head 4 ][ 4 ][ body ][ padding to 8 ]  for bodies above 64 octets
 *
 * Larger bodies begin at a multiple of eight: engines copy shared memory octet by octet when source and target are not
 * aligned alike, which costs ten times as much.
 *
 * A record never wraps: what is left at the end of the data is skipped by a record of kind SKIP. All values are 32-bit
 * words in the machine's order, for no other machine ever sees them.
 */

/** Part of the channels' and the environment's key, so that two versions in one process never meet. */
export const RING_VERSION = 3;

const LINE_WORDS = 16;

/** Words of the pair header. */
export const OFFER_STATE = 0;
/** Slot of each side's thread in the directory, and the bit of the connection there. Side 0 connects, side 1 has bound. */
export const SIDE_SLOT = [1, 3] as const;
export const SIDE_BIT = [2, 4] as const;

/** 1: this side will touch the memory no more. */
export const SIDE_DONE = [5, 6] as const;

/** Values of OFFER_STATE. */
export const OFFERED = 0;
export const ACCEPTED = 1;
export const REFUSED = 2;

// Words of a direction's header.
/**
 * Behind the last record that was handed over. Positions are multiples of eight: the lowest bit is the reader's, which found nothing there
 * and wants to be woken by the next commit.
 */
export const TAIL = 0;
export const TAIL_AWAITED = 1;
export const WRITER_CLOSED = 1;
/** From here on the writer must leave the data alone. */
export const HEAD = LINE_WORDS;
/** Messages that the receiving program took, counted modulo 2^32. */
export const ACKNOWLEDGED = LINE_WORDS + 1;
export const READER_CLOSED = LINE_WORDS + 2;
/** The reading socket's mark plus one, modulo 2^32; 0: as its HELLO said. */
export const READER_MARK = LINE_WORDS + 3;
/**
 * Behind the last record that was read: HEAD, unless records before it are lent. Positions are multiples of eight: the lowest bit
 * of this one says that the reader stands inside a message.
 */
export const READ = LINE_WORDS + 4;
export const READ_INSIDE = 1;
/** 1: the writer found no room and wants to be woken when there is. */
export const ROOM_WANTED = 2 * LINE_WORDS;
/** 1: the writer wants to be woken when ACKNOWLEDGED has come to CREDIT_TARGET. */
export const CREDIT_WANTED = 2 * LINE_WORDS + 1;
export const CREDIT_TARGET = 2 * LINE_WORDS + 2;
const HEADER_WORDS = 3 * LINE_WORDS;

/** Kinds of records. */
export const FRAME = 0;
/** The rest of the data's end is not used. */
export const SKIP = 1;
/** What the sides must know of each other; the first record of each direction. */
export const HELLO = 2;
/** The first part of a frame that comes in several: eight octets of its whole length, then octets of it. */
export const FRAME_START = 3;
/** More octets of such a frame. */
export const FRAME_PART = 4;
/** The last octets of such a frame. */
export const FRAME_END = 5;

export const RECORD_ALIGN = 8;
/** Bodies up to this many octets follow their head at once. */
const CLOSE_BYTES = 64;

/** Octets of a pair with rings of `capacity` octets, a power of two. */
export function pairBytes(capacity: number): number {
  return (LINE_WORDS + 2 * HEADER_WORDS) * 4 + 2 * capacity;
}

/** Makes a used pair as good as new; what lies in the data does not matter. */
export function resetPair(memory: ArrayBufferLike): void {
  new Int32Array(memory, 0, LINE_WORDS + 2 * HEADER_WORDS).fill(0);
}

/** The capacity of a pair's rings. */
function capacityOf(memory: ArrayBufferLike): number {
  return (memory.byteLength - (LINE_WORDS + 2 * HEADER_WORDS) * 4) / 2;
}

/** The views of one direction that a ring works on. */
export interface RingMemory {
  readonly header: Int32Array;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export function pairHeader(memory: ArrayBufferLike): Int32Array {
  return new Int32Array(memory, 0, LINE_WORDS);
}

export function direction(memory: ArrayBufferLike, index: 0 | 1): RingMemory {
  const capacity = capacityOf(memory);
  const headerAt = (LINE_WORDS + index * HEADER_WORDS) * 4;
  const dataAt = (LINE_WORDS + 2 * HEADER_WORDS) * 4 + index * capacity;
  return {
    header: new Int32Array(memory, headerAt, HEADER_WORDS),
    words: new Int32Array(memory, dataAt, capacity / 4),
    bytes: new Uint8Array(memory, dataAt, capacity),
  };
}

/** Octets of a record before its body. */
export function headBytes(bodyBytes: number): number {
  return bodyBytes > CLOSE_BYTES ? 8 : 4;
}

/** Octets that a record with such a body takes. */
export function recordBytes(bodyBytes: number): number {
  return (bodyBytes + headBytes(bodyBytes) + RECORD_ALIGN - 1) & -RECORD_ALIGN;
}
