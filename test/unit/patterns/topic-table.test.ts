// The topics of one length: places, rows, and the bound on probes, with hashes chosen to meet.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { finishHash, TopicHash } from "../../../src/patterns/topic-hash.ts";
import { type TableTopic, TopicTable } from "../../../src/patterns/topic-table.ts";

const hash = new TopicHash(seededRandom(7));

function topicOf(number: number): Buffer {
  const topic = Buffer.alloc(4);
  topic.writeUInt32BE(number);
  return topic;
}

const hashOf = (topic: Uint8Array): number => finishHash(hash.roll(hash.seed, topic, 0, topic.length));

function insert(table: TopicTable<string>, number: number): TableTopic<string> {
  const topic = topicOf(number);
  const inserted = table.insert(topic, hashOf(topic));
  assert.ok(inserted !== undefined);
  inserted.add("p");
  return inserted;
}

const find = (table: TopicTable<string>, number: number): TableTopic<string> | undefined =>
  table.find(topicOf(number), hashOf(topicOf(number)));

describe("TopicTable", () => {
  it("rows move up when others go, and each keeps its object and its octets", () => {
    const table = new TopicTable<string>(4, hash);
    const topics = Array.from({ length: 5000 }, (_, number) => insert(table, number));
    const random = seededRandom(3);
    const left = new Set(topics.keys());
    while (left.size > 0) {
      const number = [...left][random.next(Math.min(left.size, 50))];
      table.remove(topics[number]);
      left.delete(number);
      assert.equal(find(table, number), undefined);
      if (left.size % 100 !== 0) continue;
      for (const other of left) {
        assert.equal(find(table, other), topics[other]);
        assert.deepEqual(Buffer.from(table.bytesOf(topics[other])), topicOf(other));
      }
      assert.deepEqual(new Set(table.topics), new Set([...left].map((other) => topics[other])));
    }
    assert.equal(table.size, 0);
  });

  it("its memory follows the number of topics, up and down", () => {
    const table = new TopicTable<string>(4, hash);
    const empty = table.byteLength;
    assert.ok(empty < 200, String(empty));
    const topics = Array.from({ length: 20_000 }, (_, number) => insert(table, number));
    const full = table.byteLength;
    // 8 octets a slot, two to four slots a topic; 4 octets a row, at most half of them unused.
    assert.ok(full >= 20_000 * 20 && full <= 20_000 * 40, String(full));
    for (const topic of topics.slice(1000)) table.remove(topic);
    assert.ok(table.byteLength <= 1000 * (64 + 16), String(table.byteLength));
    for (const topic of topics.slice(0, 1000)) table.remove(topic);
    assert.equal(table.byteLength, empty);
  });

  it("topics whose hashes are equal have 64 places, wherever that is; the next is refused", () => {
    for (const same of [0, 7, -1]) {
      const table = new TopicTable<string>(4, hash);
      for (let number = 0; number < 64; number++) assert.ok(table.insert(topicOf(number), same));
      for (let number = 64; number < 200; number++) assert.equal(table.insert(topicOf(number), same), undefined);
      assert.equal(table.size, 64);
      for (let number = 0; number < 200; number++) {
        const found = table.find(topicOf(number), same);
        assert.equal(found === undefined, number >= 64);
        if (found !== undefined) assert.deepEqual(Buffer.from(table.bytesOf(found)), topicOf(number));
      }
      assert.ok(table.byteLength < 4096, "refused topics do not make it grow");
    }
  });

  it("topics of no octets: one", () => {
    const table = new TopicTable<string>(0, hash);
    const empty = Buffer.alloc(0);
    const topic = table.insert(empty, hashOf(empty));
    assert.ok(topic !== undefined);
    assert.equal(table.find(Buffer.from("any"), hashOf(empty)), topic);
    assert.equal(table.bytesOf(topic).length, 0);
    table.remove(topic);
    assert.equal(table.find(empty, hashOf(empty)), undefined);
  });
});

describe("TopicHash", () => {
  it("rolls: a prefix's hash does not depend on how it was reached", () => {
    const message = Buffer.from("a message of some length");
    let state = hash.seed;
    for (let at = 0; at < message.length; at++) {
      state = hash.roll(state, message, at, at + 1);
      assert.equal(finishHash(state), hashOf(message.subarray(0, at + 1)));
    }
  });

  it("another seed gives other hashes, and each spreads counted topics", () => {
    const firsts = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const seeded = new TopicHash(seededRandom(seed));
      const of = (topic: Buffer): number => finishHash(seeded.roll(seeded.seed, topic, 0, topic.length));
      firsts.add(of(Buffer.from("topic")));
      const slots = new Set<number>();
      for (let number = 0; number < 4096; number++) slots.add(of(Buffer.from(`t/${number}`)) & 4095);
      // 4096 random draws of 4096 leave 37 % of them out.
      assert.ok(slots.size > 2300, `seed ${seed}: ${slots.size} slots used`);
    }
    assert.equal(firsts.size, 20);
  });
});
