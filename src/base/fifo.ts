/**
 * A first-in first-out queue in a ring of power-of-two size, for any values but undefined.
 *
 *     slots   [ . . A B C . . . ]        mask = slots - 1
 *                   ^head   ^tail        length = (tail - head) & mask
 *
 * Invariant: the ring is never full (it doubles when head would meet tail), so head === tail always means empty; a slot outside
 * head..tail holds undefined, so nothing stays reachable after it was taken. All operations are O(1), growth amortised.
 */
/** A connection has three queues, and most of them never hold more than this. */
const FIRST_SLOTS = 2;

export class Fifo<T> {
  #slots: (T | undefined)[];
  #mask: number;
  #head = 0;
  #tail = 0;

  constructor() {
    this.#slots = new Array<T | undefined>(FIRST_SLOTS).fill(undefined);
    this.#mask = FIRST_SLOTS - 1;
  }

  get length(): number {
    return (this.#tail - this.#head) & this.#mask;
  }

  push(value: T): void {
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
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = value;
    if (this.#tail === this.#head) this.#grow();
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(FIRST_SLOTS).fill(undefined);
    this.#mask = FIRST_SLOTS - 1;
    this.#head = 0;
    this.#tail = 0;
  }

  /** Oldest first; the queue must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = this.#head; i !== this.#tail; i = (i + 1) & this.#mask) yield this.#slots[i] as T;
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
