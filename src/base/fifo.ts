/**
 * A first-in first-out queue in a ring of power-of-two size, for any values but undefined.
 *
 *     slots   [ . . A B C . . . ]        mask = slots - 1
 *                   ^head   ^tail        length = (tail - head) & mask
 *
 * Invariant: the ring is never full (it doubles when head would meet tail), so head === tail always means empty; a slot outside
 * head..tail holds undefined, so nothing stays reachable after it was taken. All operations are O(1), growth amortised.
 */
/** A queue's first slots come with its first value: of ten thousand idle connections most queues never hold one. */
const FIRST_SLOTS = 2;
/** The ring of every queue that has held nothing; it is read from, never written to. */
const NO_SLOTS: readonly never[] = [];

export class Fifo<T> {
  #slots: (T | undefined)[] = NO_SLOTS as unknown as (T | undefined)[];
  #mask = 0;
  #head = 0;
  #tail = 0;

  get length(): number {
    return (this.#tail - this.#head) & this.#mask;
  }

  push(value: T): void {
    if (this.#mask === 0) this.#begin();
    this.#slots[this.#tail] = value;
    this.#tail = (this.#tail + 1) & this.#mask;
    if (this.#tail === this.#head) this.#grow();
  }

  /** The oldest value, removed; undefined when empty. */
  shift(): T | undefined {
    const head = this.#head;
    if (head === this.#tail) return undefined;
    const value = this.#slots[head];
    this.#slots[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    return value;
  }

  /** Puts a value in front of the oldest. */
  unshift(value: T): void {
    if (this.#mask === 0) this.#begin();
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = value;
    if (this.#tail === this.#head) this.#grow();
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  clear(): void {
    this.#slots = NO_SLOTS as unknown as (T | undefined)[];
    this.#mask = 0;
    this.#head = 0;
    this.#tail = 0;
  }

  /** Oldest first; the queue must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = this.#head; i !== this.#tail; i = (i + 1) & this.#mask) yield this.#slots[i] as T;
  }

  #begin(): void {
    this.#slots = new Array<T | undefined>(FIRST_SLOTS).fill(undefined);
    this.#mask = FIRST_SLOTS - 1;
  }

  // Called when the last free slot was just used: head === tail, the ring is full.
  #grow(): void {
    const size = this.#slots.length;
    const slots = new Array<T | undefined>(size * 2).fill(undefined);
    for (let i = 0; i < size; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask];
    this.#slots = slots;
    this.#head = 0;
    this.#tail = size;
    this.#mask = size * 2 - 1;
  }
}
