/**
 * The ring between two threads: one writes records, one reads them, neither ever waits for the other's lock.
 *
 *     writer:  claim … claim, commit (or abort)      tail moves only in `commit` and `publish`: all that was claimed, or nothing
 *     reader:  next … next, release                  head moves only in `release` and `giveBack`
 *              next, lend … release … giveBack       a record that is lent keeps its room, and that of all behind it
 *
 * A thread may be ended at any instruction: what it had claimed and not committed was never there. A reader goes to sleep by
 * a bit in the word that it waits for, only if that has not changed, so each commit sees whether somebody awaits it. A writer
 * announces first that it sleeps and looks afterwards, the reader does it the other way round; no wake-up is missed (the
 * model check of the tests tries all orders). Does not own: who is woken and how (`wakeup.ts`), what a record means
 * (`message-writer.ts`, `message-reader.ts`).
 * Invariants: head <= read <= tail <= head + capacity; only the writer moves tail, only the reader stores head and read; plain
 * reads and writes of data lie between the atomic ones that hand it over.
 */
import { Fifo } from "../base/fifo.ts";
import {
  HEAD,
  headBytes,
  READ,
  READ_INSIDE,
  RECORD_ALIGN,
  type RingMemory,
  ROOM_WANTED,
  recordBytes,
  SKIP,
  TAIL,
  TAIL_AWAITED,
} from "./layout.ts";

/** A connection that is kept empty uses only so much of its ring, and the rest of the memory is never touched. */
const LOW_BYTES = 64 * 1024;
/** It goes back to the beginning only where so many times what is ahead fits before: else two threads would share the room of one message. */
const LOW_TIMES = 8;

/** A record whose body is looked at after the reader went on. */
export interface Loan {
  /** Where it begins. */
  readonly position: number;
  returned: boolean;
}

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
  // Whether the reader awaited something that was handed over, and nobody was told yet.
  #awaited = false;

  constructor({ header, words, bytes }: RingMemory) {
    this.#header = header;
    this.words = words;
    this.bytes = bytes;
    this.#capacity = bytes.length;
    this.#mask = bytes.length - 1;
    this.maxBodyBytes = bytes.length / 2 - RECORD_ALIGN;
    this.#tail = this.#committed = Atomics.load(header, TAIL) & ~TAIL_AWAITED;
    this.#head = Atomics.load(header, HEAD);
  }

  /**
   * Reserves a record and gives the offset of its body, which the caller fills before `commit`. `ahead`: octets of all records that have to find
   * room before the next commit. -1: there is no room, nothing was done.
   */
  claim(head: number, bodyBytes: number, ahead = recordBytes(bodyBytes)): number {
    const size = recordBytes(bodyBytes);
    let at = this.#tail & this.#mask;
    let skipped = 0;
    if (at + size > this.#capacity || this.#returns(at, ahead)) skipped = this.#capacity - at;
    if (((this.#tail + skipped + size - this.#head) | 0) > this.#capacity) {
      this.#head = Atomics.load(this.#header, HEAD);
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
    this.publish();
    return this.isReaderAsleep();
  }

  /** As `commit`, for a reader that is to be woken later, if it sleeps. */
  publish(): void {
    this.#committed = this.#tail;
    if ((Atomics.exchange(this.#header, TAIL, this.#tail) & TAIL_AWAITED) !== 0) this.#awaited = true;
  }

  /** True, once: the reader slept when something was handed over, and it is the caller's to wake it. */
  isReaderAsleep(): boolean {
    if (!this.#awaited) return false;
    this.#awaited = false;
    return true;
  }

  /** Octets that were claimed since the last commit. */
  get uncommitted(): number {
    return (this.#tail - this.#committed) | 0;
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
    const head = Atomics.load(this.#header, HEAD);
    if (head === this.#head) return false;
    this.#head = head;
    Atomics.store(this.#header, ROOM_WANTED, 0);
    return true;
  }

  /** Whether room is wanted and the reader has not answered yet. */
  get waitsForRoom(): boolean {
    return Atomics.load(this.#header, ROOM_WANTED) === 1;
  }

  /** Whether the reader has released everything that was committed. */
  get drained(): boolean {
    return Atomics.load(this.#header, HEAD) === this.#committed;
  }

  // Whether to go on at the beginning though there is room here: the ring is empty, so nothing is lost by it. What is skipped is
  // taken until the reader has passed it, so all that is ahead must fit before `at`.
  #returns(at: number, ahead: number): boolean {
    if (at < LOW_BYTES || at < LOW_TIMES * ahead || (at & (LOW_BYTES - 1)) >= ahead) return false;
    if (this.#tail !== this.#committed) return false;
    this.#head = Atomics.load(this.#header, HEAD);
    return this.#head === this.#tail;
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
  // The position behind the last record given, what READ and HEAD hold, and the writer's as last seen.
  #next: number;
  #read: number;
  #head: number;
  #tail: number;
  // Oldest first; what was returned behind one that was not is still here.
  #loans = new Fifo<Loan>();

  constructor({ header, words, bytes }: RingMemory) {
    this.#header = header;
    this.words = words;
    this.bytes = bytes;
    this.#capacity = bytes.length;
    this.#mask = bytes.length - 1;
    this.#read = Atomics.load(header, READ);
    this.beganInside = (this.#read & READ_INSIDE) !== 0;
    this.#head = Atomics.load(header, HEAD);
    this.#next = this.#tail = this.#read & ~READ_INSIDE;
  }

  /** Goes on to the next record; false when there is none. Its body stays as it is until `release`, or longer if it is lent. */
  next(): boolean {
    for (;;) {
      if (this.#next === this.#tail) {
        this.#tail = Atomics.load(this.#header, TAIL) & ~TAIL_AWAITED;
        if (this.#next === this.#tail) return false;
      }
      const at = this.#next & this.#mask;
      const head = this.words[at >> 2];
      const bodyBytes = head & 0x0fffffff;
      if (((head >> 28) & 7) === SKIP) {
        this.#next = (this.#next + bodyBytes) | 0;
        continue;
      }
      this.#next = (this.#next + recordBytes(bodyBytes)) | 0;
      this.flags = head >>> 28;
      this.at = at + headBytes(bodyBytes);
      this.bodyBytes = bodyBytes;
      return true;
    }
  }

  /** Octets that were read since the last release. */
  get unreleased(): number {
    return (this.#next - (this.#read & ~READ_INSIDE)) | 0;
  }

  /**
   * Gives the room of all records but the unread and the lent back. `inside`: the last of them was not the end of a message. True: the writer waits for room and now has a good piece of it;
   * it is the caller's to wake it.
   */
  release(inside = false): boolean {
    const read = inside ? this.#next | READ_INSIDE : this.#next;
    if (this.#read === read) return false;
    this.#read = read;
    Atomics.store(this.#header, READ, read);
    return this.#free();
  }

  /** Keeps the room of the record that `next` found until `giveBack`; so long its body stays as it is. */
  lend(): Loan {
    const loan = { position: (this.#next - recordBytes(this.bodyBytes)) | 0, returned: false };
    this.#loans.push(loan);
    return loan;
  }

  /** A loan is over, in whatever order; once for each. Its room is free when all before it are back. True: as `release`. */
  giveBack(loan: Loan): boolean {
    loan.returned = true;
    return this.#free();
  }

  #free(): boolean {
    let oldest = this.#loans.peek();
    while (oldest?.returned) {
      this.#loans.shift();
      oldest = this.#loans.peek();
    }
    // Never beyond READ: whoever takes over what was not read must not find it overwritten.
    const read = this.#read & ~READ_INSIDE;
    const head = oldest !== undefined && ((oldest.position - read) | 0) < 0 ? oldest.position : read;
    if (this.#head === head) return false;
    this.#head = head;
    Atomics.store(this.#header, HEAD, head);
    if (Atomics.load(this.#header, ROOM_WANTED) !== 1) return false;
    const used = ((Atomics.load(this.#header, TAIL) & ~TAIL_AWAITED) - head) | 0;
    if (used > this.#capacity >> 1) return false;
    return Atomics.exchange(this.#header, ROOM_WANTED, 0) === 1;
  }

  /** Says that the next commit shall wake this side. True: something was committed already, go on. */
  sleep(): boolean {
    const next = this.#next;
    return (Atomics.compareExchange(this.#header, TAIL, next, next | TAIL_AWAITED) & ~TAIL_AWAITED) !== next;
  }
}
