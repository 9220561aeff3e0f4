/**
 * The topics of one length: an open-addressing table (linear probing) over rows of octets.
 *
 *     slots   [hash, row + 1] [0, 0] [hash, row + 1] …    a power of two, at least twice the topics; row + 1 = 0: empty
 *     bytes   topic topic topic …                         row n at n * topicLength
 *     topics  who holds each row
 *
 * Rows have no gaps: the last one moves into the place of one that goes; slots and bytes shrink with them.
 * Invariants: a topic's slot is less than MAX_PROBES slots after its hash's own, so a look-up has a bound whatever the
 * topics are (what has no slot there is refused, and the caller keeps it elsewhere); no slot between the two is empty.
 */
import { copyBytes } from "../base/bytes.ts";
import type { Frame } from "../core/message.ts";
import { finishHash, type TopicHash } from "./topic-hash.ts";
import { TopicHolders } from "./topic-holders.ts";

/** Half-full tables of a million topics hardly ever need as many. */
const MAX_PROBES = 64;
const MIN_SLOTS = 8;
const MIN_ROWS = 4;

/** A topic that is held; the same object as long as anybody holds it. */
export class TableTopic<Holder> extends TopicHolders<Holder> {
  readonly table: TopicTable<Holder>;
  row: number;

  constructor(table: TopicTable<Holder>, row: number) {
    super();
    this.table = table;
    this.row = row;
  }

  get holders(): TopicHolders<Holder> | null {
    return this.size > 0 ? this : null;
  }
}

export class TopicTable<Holder> {
  readonly topicLength: number;
  readonly #hash: TopicHash;
  #slots = new Int32Array(2 * MIN_SLOTS);
  #bytes: Uint8Array;
  #topics: TableTopic<Holder>[] = [];

  constructor(topicLength: number, hash: TopicHash) {
    this.topicLength = topicLength;
    this.#hash = hash;
    this.#bytes = new Uint8Array(MIN_ROWS * topicLength);
  }

  get size(): number {
    return this.#topics.length;
  }

  get topics(): readonly TableTopic<Holder>[] {
    return this.#topics;
  }

  /** Memory for slots and octets, in bytes. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#bytes.byteLength;
  }

  /** The topic that `data` begins with; `hash` is that of its first octets. */
  find(data: Frame, hash: number): TableTopic<Holder> | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const row = slots[slot + 1] - 1;
      if (row < 0) return undefined;
      if (slots[slot] === hash && this.#isAt(row, data)) return this.#topics[row];
      slot = (slot + 2) & mask;
    }
    return undefined;
  }

  /** Adds a topic that is not there, without a holder; undefined: it has no place here. */
  insert(topic: Frame, hash: number): TableTopic<Holder> | undefined {
    const row = this.#topics.length;
    if (4 * (row + 1) > this.#slots.length) this.#resize(2 * this.#slots.length);
    if (!place(this.#slots, hash, row)) return undefined;
    const { topicLength } = this;
    if ((row + 1) * topicLength > this.#bytes.length) this.#moveBytes(2 * row);
    for (let i = 0, at = row * topicLength; i < topicLength; i++) this.#bytes[at + i] = topic[i];
    const added = new TableTopic(this, row);
    this.#topics.push(added);
    return added;
  }

  /** Removes a topic that is there. */
  remove(topic: TableTopic<Holder>): void {
    const { row } = topic;
    const { topicLength } = this;
    const lastRow = this.#topics.length - 1;
    this.#vacate(this.#slotOf(row));
    const last = this.#topics.pop() as TableTopic<Holder>;
    if (last !== topic) {
      this.#slots[this.#slotOf(lastRow) + 1] = row + 1;
      this.#bytes.copyWithin(row * topicLength, lastRow * topicLength, (lastRow + 1) * topicLength);
      last.row = row;
      this.#topics[row] = last;
    }
    if (this.#slots.length > 2 * MIN_SLOTS && 16 * lastRow <= this.#slots.length) this.#resize(this.#slots.length / 2);
    const rows = topicLength === 0 ? 0 : this.#bytes.length / topicLength;
    if (rows > MIN_ROWS && 4 * lastRow <= rows) this.#moveBytes(rows / 2);
  }

  /** A copy of a topic's octets. */
  bytesOf({ row }: TableTopic<Holder>): Uint8Array {
    return copyBytes(this.#bytes, row * this.topicLength, (row + 1) * this.topicLength);
  }

  #isAt(row: number, data: Frame): boolean {
    const bytes = this.#bytes;
    const { topicLength } = this;
    for (let i = 0, at = row * topicLength; i < topicLength; i++) if (bytes[at + i] !== data[i]) return false;
    return true;
  }

  #slotOf(row: number): number {
    const { seed } = this.#hash;
    const mask = this.#slots.length - 1;
    const state = this.#hash.roll(seed, this.#bytes, row * this.topicLength, (row + 1) * this.topicLength);
    let slot = (finishHash(state) << 1) & mask;
    while (this.#slots[slot + 1] !== row + 1) slot = (slot + 2) & mask;
    return slot;
  }

  // Empties a slot and moves those behind it up, for a search ends at an empty slot.
  #vacate(from: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = from;
    for (let slot = (gap + 2) & mask; slots[slot + 1] !== 0; slot = (slot + 2) & mask) {
      const displacement = (slot - (slots[slot] << 1)) & mask;
      if (displacement < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot];
      slots[gap + 1] = slots[slot + 1];
      gap = slot;
    }
    slots[gap] = 0;
    slots[gap + 1] = 0;
  }

  // Taken in the order of their slots, from behind an empty one, topics come no further from their place in a larger
  // table. In a smaller one they may; then the table stays as it is.
  #resize(length: number): void {
    const old = this.#slots;
    const slots = new Int32Array(length);
    let start = 0;
    while (old[start + 1] !== 0) start += 2;
    for (let i = 2; i < old.length; i += 2) {
      const slot = (start + i) & (old.length - 1);
      if (old[slot + 1] !== 0 && !place(slots, old[slot], old[slot + 1] - 1)) return;
    }
    this.#slots = slots;
  }

  #moveBytes(rows: number): void {
    const bytes = new Uint8Array(rows * this.topicLength);
    bytes.set(this.#bytes.subarray(0, Math.min(bytes.length, this.#topics.length * this.topicLength)));
    this.#bytes = bytes;
  }
}

// Puts a row into the first empty slot that a search would come by.
function place(slots: Int32Array, hash: number, row: number): boolean {
  const mask = slots.length - 1;
  let slot = (hash << 1) & mask;
  for (let probe = 0; probe < MAX_PROBES; probe++) {
    if (slots[slot + 1] === 0) {
      slots[slot] = hash;
      slots[slot + 1] = row + 1;
      return true;
    }
    slot = (slot + 2) & mask;
  }
  return false;
}
