/**
 * Messages out of a ring: records become frames with memory of their own, frames become whole messages.
 *
 * Small bodies are copied into a slab that many share, as the frame decoder does; larger ones, and those that come in
 * parts, get memory of their own. For a `Lender` a large body in one record becomes a view of the ring instead, whose room is kept.
 * Does not own: when to release what was read, when a loan is over.
 * Invariants: a message is given whole or not at all; what a writer that is gone had begun is never given; a message whose
 * end is not there yet keeps no room, for its end may need it.
 */
import { allocate, allocateOwn, viewOf } from "../base/bytes.ts";
import { FRAME, FRAME_END, FRAME_START, HELLO } from "./layout.ts";
import { START_BYTES } from "./message-writer.ts";
import { copyShared } from "./shared-copy.ts";
import type { Loan, RingReader } from "./spsc-ring.ts";

/** Whoever gives views of the ring to a program. */
export interface Lender {
  /** A frame shows the ring until the loan is given back. */
  lend(frame: Uint8Array, loan: Loan): void;
  /** Frames that are lent get memory of their own after all, and their loans are over. */
  reclaim(frames: Uint8Array[]): void;
}

/** Bodies up to this size share a slab. */
const COPY_BYTES = 64;
const SLAB_BYTES = 8192;
/** Larger ones count as `largeBytes`. */
const LARGE_BYTES = 65536;
/** From this size on a body is lent, if anybody wants to borrow: below, a copy costs less than a loan (docs/performance.md). */
const LEND_BYTES = 1024;
const MORE_BIT = 8;
const KIND_BITS = 7;

export class MessageReader {
  /** Octets that were copied into memory of their own, for whoever counts them. */
  largeBytes = 0;
  #ring: RingReader;
  #lender: Lender | null;
  #lendBytes: number;
  // The frames of a message whose last one is not there yet.
  #frames: Uint8Array[] | null = null;
  // A frame that comes in parts, and how many of its octets are there.
  #body: Uint8Array | null = null;
  #filled = 0;
  #slabWords: Int32Array = new Int32Array(0);
  #slabBuffer: ArrayBufferLike = this.#slabWords.buffer;
  #slabStart = 0;
  // Full, so that the first body makes one.
  #slabUsed = SLAB_BYTES + 1;

  /** Begins with the next whole message: of one that another reader had begun the rest is passed over. */
  constructor(ring: RingReader, lender: Lender | null = null) {
    this.#ring = ring;
    this.#lender = lender;
    this.#lendBytes = lender === null ? Number.POSITIVE_INFINITY : LEND_BYTES;
    if (!ring.beganInside) return;
    while (ring.next()) {
      const kind = ring.flags & KIND_BITS;
      if ((kind === FRAME || kind === FRAME_END) && (ring.flags & MORE_BIT) === 0) return;
    }
  }

  /** Whether a message has begun whose end is not there yet. */
  get isInside(): boolean {
    return this.#frames !== null || this.#body !== null;
  }

  /** The next message, the caller's; undefined when there is none yet, or so many octets of it were read that their room is to be given first. */
  read(shareBytes = Number.POSITIVE_INFINITY): Uint8Array[] | undefined {
    const ring = this.#ring;
    while (ring.next()) {
      const { flags } = ring;
      if (flags === FRAME && this.#frames === null) return [this.#copy()];
      const frame = this.#frameOf(flags & KIND_BITS);
      if (frame === null) {
        if (ring.unreleased >= shareBytes) return undefined;
        continue;
      }
      this.#frames ??= [];
      this.#frames.push(frame);
      if ((flags & MORE_BIT) !== 0) continue;
      const frames = this.#frames;
      this.#frames = null;
      return frames;
    }
    if (this.#frames !== null) this.#lender?.reclaim(this.#frames);
    return undefined;
  }

  // The frame that this record completes.
  #frameOf(kind: number): Uint8Array | null {
    if (kind === FRAME) return this.#copy();
    if (kind === HELLO) return null; // Whoever joined the sides has read it.
    const { words, at, bodyBytes } = this.#ring;
    const prefix = kind === FRAME_START ? START_BYTES : 0;
    if (kind === FRAME_START) {
      this.#body = allocateOwn((words[at >> 2] >>> 0) + words[(at >> 2) + 1] * 0x100000000);
      this.largeBytes += this.#body.length;
      this.#filled = 0;
    }
    const body = this.#body as Uint8Array;
    this.#copyTo(body, this.#filled, at + prefix, bodyBytes - prefix);
    this.#filled += bodyBytes - prefix;
    if (kind !== FRAME_END) return null;
    this.#body = null;
    return body;
  }

  #copy(): Uint8Array {
    const { at, bodyBytes } = this.#ring;
    if (bodyBytes > COPY_BYTES) {
      if (bodyBytes >= this.#lendBytes) return this.#lend(at, bodyBytes);
      if (bodyBytes > LARGE_BYTES) this.largeBytes += bodyBytes;
      return this.#copyOwn(at, bodyBytes);
    }
    if (this.#slabUsed + bodyBytes > SLAB_BYTES) this.#newSlab();
    // Records and shares of the slab begin at multiples of four: words are copied, the last one with some padding.
    const to = this.#slabUsed >> 2;
    const from = at >> 2;
    const { words } = this.#ring;
    const target = this.#slabWords;
    const count = (bodyBytes + 3) >> 2;
    for (let i = 0; i < count; i++) target[to + i] = words[from + i];
    const frame = viewOf(this.#slabBuffer, this.#slabStart + this.#slabUsed, bodyBytes);
    this.#slabUsed += count << 2;
    return frame;
  }

  #lend(at: number, length: number): Uint8Array {
    const { bytes } = this.#ring;
    const frame = viewOf(bytes.buffer, bytes.byteOffset + at, length);
    this.#lender?.lend(frame, this.#ring.lend());
    return frame;
  }

  #copyOwn(at: number, length: number): Uint8Array {
    const frame = allocate(length);
    this.#copyTo(frame, 0, at, length);
    return frame;
  }

  #copyTo(target: Uint8Array, to: number, at: number, length: number): void {
    const { bytes } = this.#ring;
    copyShared(target, viewOf(bytes.buffer, bytes.byteOffset + at, length), to);
  }

  #newSlab(): void {
    const slab = allocateOwn(SLAB_BYTES);
    this.#slabBuffer = slab.buffer;
    this.#slabStart = slab.byteOffset;
    this.#slabWords = new Int32Array(this.#slabBuffer, this.#slabStart, SLAB_BYTES / 4);
    this.#slabUsed = 0;
  }
}
