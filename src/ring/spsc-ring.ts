/**
 * The ring between two threads: one writes records, one reads them, neither ever waits for the other's lock.
 *
 *     writer:  claim … claim, commit (or abort)      tail moves only in `commit`: all that was claimed, or nothing
 *     reader:  next … next, release                  head moves only in `release`
 *
 * A thread may be ended at any instruction: what it had claimed and not committed was never there. Going to sleep is
 * announced first and what one waits for looked at again afterwards, the other side does it the other way round, so no
 * wake-up is missed (the model check of the tests tries all orders). Does not own: who is woken and how
 * (`wakeup.ts`), what a record means (`message-writer.ts`, `message-reader.ts`).
 * Invariants: 0 <= tail - head <= capacity; only the writer stores tail, only the reader stores head; plain reads and
 * writes of data lie between the atomic ones that hand it over.
 */
import {
  HEAD,
  HEAD_INSIDE,
  headBytes,
  READER_ASLEEP,
  RECORD_ALIGN,
  type RingMemory,
  ROOM_WANTED,
  recordBytes,
  SKIP,
  TAIL,
} from "./layout.ts";

/** A connection that is kept empty uses only so much of its ring, and the rest of the memory is never touched. */
const LOW_BYTES = 64 * 1024;

export class RingWriter {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Largest body of one record: half a ring, so that it finds room wherever the tail is. */
  readonly maxBodyBytes: number;
  #header: Int32Array;
  #capacity: number;
  #mask: number;
  // The position behind the last claim, behind the last commit, and the reader's as last seen.
  #tail: number;
  #committed: number;
  #head: number;

  constructor({ header, words, bytes }: RingMemory) {
    this.#header = header;
    this.words = words;
    this.bytes = bytes;
    this.#capacity = bytes.length;
    this.#mask = bytes.length - 1;
    this.maxBodyBytes = bytes.length / 2 - RECORD_ALIGN;
    this.#tail = this.#committed = Atomics.load(header, TAIL);
    this.#head = this.#loadHead();
  }

  /**
   * Reserves a record and gives the offset of its body, which the caller fills before `commit`. -1: there is no room,
   * nothing was done.
   */
  claim(head: number, bodyBytes: number): number {
    const size = recordBytes(bodyBytes);
    let at = this.#tail & this.#mask;
    let skipped = 0;
    if (at + size > this.#capacity || this.#returns(at, size)) skipped = this.#capacity - at;
    if (((this.#tail + skipped + size - this.#head) | 0) > this.#capacity) {
      this.#head = this.#loadHead();
      if (((this.#tail + skipped + size - this.#head) | 0) > this.#capacity) return -1;
    }
    if (skipped > 0) {
      this.words[at >> 2] = (SKIP << 28) | skipped;
      at = 0;
    }
    this.words[at >> 2] = head | bodyBytes;
    this.#tail = (this.#tail + skipped + size) | 0;
    return at + headBytes(bodyBytes);
  }

  /** Hands over everything that was claimed, if there is any. True: the reader sleeps, and it is the caller's to wake it. */
  commit(): boolean {
    if (this.#committed === this.#tail) return false;
    this.#committed = this.#tail;
    Atomics.store(this.#header, TAIL, this.#tail);
    return Atomics.load(this.#header, READER_ASLEEP) === 1 && Atomics.exchange(this.#header, READER_ASLEEP, 0) === 1;
  }

  /** The position behind the last claim, for `abort`. */
  get claimed(): number {
    return this.#tail;
  }

  /** Forgets what was claimed behind a position that is not committed. */
  abort(position: number): void {
    this.#tail = position;
  }

  /** Says that room is wanted: the reader will wake this side. True: there is some already, try again. */
  wantRoom(): boolean {
    Atomics.store(this.#header, ROOM_WANTED, 1);
    const head = this.#loadHead();
    if (head === this.#head) return false;
    this.#head = head;
    Atomics.store(this.#header, ROOM_WANTED, 0);
    return true;
  }

  /** Whether the reader has released everything that was committed. */
  get drained(): boolean {
    return this.#loadHead() === this.#committed;
  }

  // Whether to go on at the beginning though there is room here: the ring is empty, so nothing is lost by it.
  #returns(at: number, size: number): boolean {
    if (at < LOW_BYTES || at < size || (at & (LOW_BYTES - 1)) >= size) return false;
    if (this.#tail !== this.#committed) return false;
    this.#head = this.#loadHead();
    return this.#head === this.#tail;
  }

  #loadHead(): number {
    return Atomics.load(this.#header, HEAD) & ~HEAD_INSIDE;
  }
}

export class RingReader {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** The record that `next` found: its head's upper four bits, where its body is, and how many octets that has. */
  flags = 0;
  at = 0;
  bodyBytes = 0;
  /** Whether whoever read this ring before stood inside a message. */
  readonly beganInside: boolean;
  #header: Int32Array;
  #capacity: number;
  #mask: number;
  // The position behind the last record given, the one last released, and the writer's as last seen.
  #head: number;
  #released: number;
  #tail: number;

  constructor({ header, words, bytes }: RingMemory) {
    this.#header = header;
    this.words = words;
    this.bytes = bytes;
    this.#capacity = bytes.length;
    this.#mask = bytes.length - 1;
    const head = Atomics.load(header, HEAD);
    this.beganInside = (head & HEAD_INSIDE) !== 0;
    this.#released = head;
    this.#head = this.#tail = head & ~HEAD_INSIDE;
  }

  /** Goes on to the next record; false when there is none. Its body stays as it is until `release`. */
  next(): boolean {
    for (;;) {
      if (this.#head === this.#tail) {
        this.#tail = Atomics.load(this.#header, TAIL);
        if (this.#head === this.#tail) return false;
      }
      const at = this.#head & this.#mask;
      const head = this.words[at >> 2];
      const bodyBytes = head & 0x0fffffff;
      if (((head >> 28) & 7) === SKIP) {
        this.#head = (this.#head + bodyBytes) | 0;
        continue;
      }
      this.#head = (this.#head + recordBytes(bodyBytes)) | 0;
      this.flags = head >>> 28;
      this.at = at + headBytes(bodyBytes);
      this.bodyBytes = bodyBytes;
      return true;
    }
  }

  /**
   * Gives the room of all records but the unread back. `inside`: the last of them was not the end of a message. True: the writer waits for room and now has a good piece of it;
   * it is the caller's to wake it.
   */
  release(inside = false): boolean {
    const released = inside ? this.#head | HEAD_INSIDE : this.#head;
    if (this.#released === released) return false;
    this.#released = released;
    Atomics.store(this.#header, HEAD, released);
    if (Atomics.load(this.#header, ROOM_WANTED) !== 1) return false;
    const used = (Atomics.load(this.#header, TAIL) - this.#head) | 0;
    if (used > this.#capacity >> 1) return false;
    return Atomics.exchange(this.#header, ROOM_WANTED, 0) === 1;
  }

  /** Says that the next commit shall wake this side. True: something was committed already, go on. */
  sleep(): boolean {
    Atomics.store(this.#header, READER_ASLEEP, 1);
    if (Atomics.load(this.#header, TAIL) === this.#head) return false;
    Atomics.store(this.#header, READER_ASLEEP, 0);
    return true;
  }
}
