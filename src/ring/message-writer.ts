/**
 * Messages into a ring: each frame is a record, encoded straight into the shared memory; a message is handed over whole.
 *
 *     small     all frames claimed, then committed by the caller: the reader sees the message or nothing
 *     large     frames above a limit go as FRAME_START, FRAME_PARTs and FRAME_END, handed over as room comes; the reader keeps
 *               the message back until its last part is there
 *
 * Does not own: when to commit, whom to wake.
 * Invariant: while `busy`, no other message is begun.
 */
import { viewOf } from "../base/bytes.ts";
import { FRAME, FRAME_END, FRAME_PART, FRAME_START, recordBytes } from "./layout.ts";
import { copyShared } from "./shared-copy.ts";
import type { RingWriter } from "./spsc-ring.ts";

/** Up to this size a loop copies faster than `set` (docs/performance.md). */
const LOOP_BYTES = 16;

/** So many octets are written before they are handed over, and read before their room is given: both threads copy at a time. */
export const SHARE_BYTES = 128 * 1024;

const MORE = 1 << 31;
/** Octets before the first octets of a frame that comes in parts: its length, the lower and the upper 32 bits. */
export const START_BYTES = 8;

export class MessageWriter {
  #ring: RingWriter;
  #partBytes: number;
  #wholeBytes: number;
  // The large message on its way: its frames, which of them is next, and how many of its octets are written.
  #frames: Uint8Array[] | null = null;
  #index = 0;
  #written = 0;

  /**
   * Frames above `wholeBytes` go in parts of `partBytes`, by default a share, or a quarter of a small ring. Neither is more than a record
   * can have.
   */
  constructor(ring: RingWriter, partBytes = Math.min(SHARE_BYTES, ring.bytes.length / 4), wholeBytes = partBytes) {
    this.#ring = ring;
    this.#partBytes = Math.min(partBytes, ring.maxBodyBytes - START_BYTES);
    this.#wholeBytes = Math.min(wholeBytes, ring.maxBodyBytes);
  }

  /** A large message is on its way. */
  get busy(): boolean {
    return this.#frames !== null;
  }

  /**
   * Writes a message; or only takes a large one, which `resume` writes and whose frames must not change until it is no longer `busy`.
   * False: there is no room, nothing was done.
   */
  write(frames: Uint8Array[]): boolean {
    if (frames.length === 1 && frames[0].length <= this.#wholeBytes) return this.#put(frames[0], 0);
    let size = 0;
    for (const frame of frames) size += recordBytes(frame.length);
    if (size > this.#partBytes) {
      this.#frames = frames;
      this.#index = 0;
      this.#written = 0;
      return true;
    }
    const before = this.#ring.claimed;
    const last = frames.length - 1;
    for (let i = 0; i <= last; i++) {
      if (this.#put(frames[i], i === last ? 0 : MORE, size)) continue;
      this.#ring.abort(before);
      return false;
    }
    return true;
  }

  /** Writes the next record of the large message on its way, if there is one. False: there is no room. */
  resume(): boolean {
    const frames = this.#frames;
    if (frames === null) return true;
    const frame = frames[this.#index];
    const last = this.#index === frames.length - 1;
    const more = last ? 0 : MORE;
    if (frame.length <= this.#wholeBytes) {
      if (!this.#put(frame, more)) return false;
    } else {
      if (!this.#putPart(frame, more)) return false;
      if (this.#written < frame.length) return true;
      this.#written = 0;
    }
    this.#index++;
    if (last) this.#frames = null;
    return true;
  }

  /** Forgets what is left of a large message, and gives the message. */
  giveUp(): Uint8Array[] | null {
    const frames = this.#frames;
    this.#frames = null;
    return frames;
  }

  #put(body: Uint8Array, more: number, ahead?: number): boolean {
    const ring = this.#ring;
    const at = ring.claim(more | (FRAME << 28), body.length, ahead);
    if (at < 0) return false;
    if (body.length <= LOOP_BYTES) {
      const { bytes } = ring;
      for (let i = 0; i < body.length; i++) bytes[at + i] = body[i];
    } else copyShared(ring.bytes, body, at);
    return true;
  }

  #putPart(frame: Uint8Array, more: number): boolean {
    const ring = this.#ring;
    const first = this.#written === 0;
    const prefix = first ? START_BYTES : 0;
    const count = Math.min(frame.length - this.#written, this.#partBytes);
    const last = this.#written + count === frame.length;
    const kind = first ? FRAME_START : last ? FRAME_END : FRAME_PART;
    const at = ring.claim(more | (kind << 28), count + prefix);
    if (at < 0) return false;
    if (first) {
      ring.words[at >> 2] = frame.length | 0;
      ring.words[(at >> 2) + 1] = Math.floor(frame.length / 0x100000000);
    }
    copyShared(ring.bytes, viewOf(frame.buffer, frame.byteOffset + this.#written, count), at + prefix);
    this.#written += count;
    return true;
  }
}
