/**
 * Subscriptions by topic prefix, for many holders: one table per length of topic, and a trie for the rest.
 *
 *     message "t/000042…" ──▶ the hash rolls over it once; at each length that is in use, one look-up:
 *         table of length 0 ── table of length 2 ── table of length 8 ── … at most one for each length to 255
 *     trie: topics above 255 octets, and those that a table has no place for
 *
 * A holder is a pipe (XPUB: each topic at most once per pipe) or the socket itself (XSUB: a count per topic).
 * Invariants: a topic is in one place only; a match costs at most 256 look-ups of bounded length and a walk along the
 * message, however many topics there are and whoever chose them; no table is empty (that of length 0 is the one topic
 * that matches everything); a topic keeps its identity until its last holder is removed, so holders may remember it.
 */
import type { Random } from "../base/random.ts";
import type { Frame } from "../core/message.ts";
import { SubscriptionTrie, type TopicNode, topicOf } from "./subscription-trie.ts";
import { finishHash, TopicHash } from "./topic-hash.ts";
import { TableTopic, TopicTable } from "./topic-table.ts";

/** A peer could have a table made for each length; longer topics share the trie. */
const MAX_TABLE_TOPIC_BYTES = 255;

/** A topic that somebody holds, wherever it is kept. */
export type Topic<Holder> = TableTopic<Holder> | TopicNode<Holder>;

export class Subscriptions<Holder> {
  readonly #hash: TopicHash;
  // In the order of their lengths.
  readonly #tables: TopicTable<Holder>[] = [];
  readonly #trie = new SubscriptionTrie<Holder>();
  #inTables = 0;

  /** `random` seeds the hash. */
  constructor(random: Random) {
    this.#hash = new TopicHash(random);
  }

  /** Distinct topics. */
  get topics(): number {
    return this.#inTables + this.#trie.topics;
  }

  /** Memory of the tables' slots and octets, in bytes; the trie and the holders are not counted. */
  get tableBytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.byteLength, 0);
  }

  /** Counts a subscription of `holder`; the topic is copied. */
  add(topic: Frame, holder: Holder): Topic<Holder> {
    const hash = this.#hashOf(topic);
    const found = this.#find(topic, hash);
    if (found !== undefined && !(found instanceof TableTopic)) return this.#trie.add(topic, holder);
    const held = found ?? this.#insert(topic, hash);
    if (held === undefined) return this.#trie.add(topic, holder);
    held.add(holder);
    return held;
  }

  /** Exactly this topic, if anybody holds it. */
  find(topic: Frame): Topic<Holder> | undefined {
    return this.#find(topic, this.#hashOf(topic));
  }

  /** Takes back one subscription of `holder`, who must hold the topic; returns the count it has left. */
  remove(topic: Topic<Holder>, holder: Holder): number {
    if (!(topic instanceof TableTopic)) return this.#trie.remove(topic, holder);
    const left = topic.remove(holder);
    if (topic.size === 0) {
      const { table } = topic;
      table.remove(topic);
      this.#inTables--;
      if (table.size === 0) this.#tables.splice(this.#tables.indexOf(table), 1);
    }
    return left;
  }

  /** Calls back for each holder of a prefix of `data`, once per topic that matches. */
  match(data: Frame, onHolder: (holder: Holder) => void): void {
    const tables = this.#tables;
    let state = this.#hash.seed;
    let at = 0;
    for (let i = 0; i < tables.length; i++) {
      const table = tables[i];
      const { topicLength } = table;
      if (topicLength > data.length) break;
      state = this.#hash.roll(state, data, at, topicLength);
      at = topicLength;
      const topic = topicLength === 0 ? table.topics[0] : table.find(data, finishHash(state));
      topic?.each(onHolder);
    }
    if (this.#trie.topics > 0) this.#trie.match(data, onHolder);
  }

  /** Whether a prefix of `data` is held by anybody. */
  matches(data: Frame): boolean {
    const tables = this.#tables;
    let state = this.#hash.seed;
    let at = 0;
    for (let i = 0; i < tables.length; i++) {
      const table = tables[i];
      const { topicLength } = table;
      if (topicLength > data.length) break;
      state = this.#hash.roll(state, data, at, topicLength);
      at = topicLength;
      if (topicLength === 0 || table.find(data, finishHash(state)) !== undefined) return true;
    }
    return this.#trie.topics > 0 && this.#trie.matches(data);
  }

  /** Every topic that is held, once; the arrays are copies. Nothing may be added or removed on the way. */
  *all(): Generator<Uint8Array> {
    for (const table of this.#tables) for (const topic of table.topics) yield table.bytesOf(topic);
    yield* this.#trie.all();
  }

  /** A copy of the octets of a topic that is held. */
  bytesOf(topic: Topic<Holder>): Uint8Array {
    return topic instanceof TableTopic ? topic.table.bytesOf(topic) : topicOf(topic);
  }

  #find(topic: Frame, hash: number): Topic<Holder> | undefined {
    const found = this.#tableOf(topic.length)?.find(topic, hash);
    return found === undefined && this.#trie.topics > 0 ? this.#trie.find(topic) : found;
  }

  #insert(topic: Frame, hash: number): TableTopic<Holder> | undefined {
    if (topic.length > MAX_TABLE_TOPIC_BYTES) return undefined;
    const table = this.#tableOf(topic.length) ?? this.#newTable(topic.length);
    const inserted = table.insert(topic, hash);
    if (inserted !== undefined) this.#inTables++;
    return inserted;
  }

  #tableOf(length: number): TopicTable<Holder> | undefined {
    const tables = this.#tables;
    for (let i = 0; i < tables.length; i++) if (tables[i].topicLength === length) return tables[i];
    return undefined;
  }

  #newTable(length: number): TopicTable<Holder> {
    const table = new TopicTable<Holder>(length, this.#hash);
    const after = this.#tables.findIndex(({ topicLength }) => topicLength > length);
    this.#tables.splice(after < 0 ? this.#tables.length : after, 0, table);
    return table;
  }

  // Of a topic that no table takes it does not matter.
  #hashOf(topic: Frame): number {
    if (topic.length > MAX_TABLE_TOPIC_BYTES) return 0;
    return finishHash(this.#hash.roll(this.#hash.seed, topic, 0, topic.length));
  }
}
