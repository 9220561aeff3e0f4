// Tables and trie together: against a plain model, with hostile topics, and what becomes of memory.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import { Subscriptions, type Topic } from "../../../src/patterns/subscriptions.ts";
import { text } from "../../support/bytes.ts";
import { printSeed, seed } from "../../support/seed.ts";

type Made = Subscriptions<string>;

printSeed();

const make = (random: Random = seededRandom(1)): Made => new Subscriptions(random);

/** A hash that is nothing but the sum (xor) of all octets: who knows it makes topics that meet. */
const blindHash: Random = { next: () => 0 };

function match(of: Made, data: Uint8Array): string[] {
  const holders: string[] = [];
  of.match(data, (holder) => holders.push(holder));
  return holders.sort();
}

const all = (of: Made): string[] => [...of.all()].map((topic) => Buffer.from(topic).toString("latin1")).sort();

describe("Subscriptions", () => {
  it("the empty topic matches everything, and counts", () => {
    const made = make();
    const every = made.add(text(""), "p");
    made.add(text(""), "p");
    made.add(text(""), "q");
    assert.deepEqual([match(made, text("")), match(made, text("abc")), made.topics], [["p", "q"], ["p", "q"], 1]);
    assert.deepEqual([made.remove(every, "p"), made.remove(every, "p"), made.remove(every, "q")], [1, 0, 0]);
    assert.deepEqual([made.matches(text("abc")), made.topics, every.holders], [false, 0, null]);
  });

  it("topics on both sides of the longest that tables take", () => {
    const long = Buffer.alloc(600, "x");
    const made = make();
    const lengths = [0, 1, 254, 255, 256, 257, 600];
    for (const length of lengths) made.add(long.subarray(0, length), String(length));
    for (const length of [0, 1, 2, 254, 255, 256, 257, 599, 600]) {
      const expected = lengths.filter((each) => each <= length).map(String);
      assert.deepEqual(match(made, long.subarray(0, length)), expected.sort());
    }
    assert.deepEqual(
      all(made).map(({ length }) => length),
      lengths,
    );
    for (const length of lengths) {
      const topic = made.find(long.subarray(0, length)) as Topic<string>;
      assert.deepEqual(Buffer.from(made.bytesOf(topic)), long.subarray(0, length));
      assert.equal(made.remove(topic, String(length)), 0);
      assert.equal(made.find(long.subarray(0, length)), undefined);
    }
    assert.deepEqual([made.topics, made.tableBytes], [0, 0]);
  });

  it("a topic stays the same object while others come and go", () => {
    const made = make();
    const held = made.add(text("held"), "p");
    for (let i = 0; i < 3000; i++) made.add(text(`t${i}`.padEnd(4, "_")), "q");
    for (let i = 0; i < 3000; i++) {
      const topic = made.find(text(`t${i}`.padEnd(4, "_"))) as Topic<string>;
      made.remove(topic, "q");
      assert.equal(made.find(text("held")), held);
    }
    assert.equal(String(Buffer.from(made.bytesOf(held))), "held");
    assert.equal(made.topics, 1);
  });

  it("copies what it is given and gives copies", () => {
    const made = make();
    const topic = Buffer.from("abc");
    made.add(topic, "p");
    topic.fill(0);
    for (const each of made.all()) each.fill(0x7a);
    assert.deepEqual(all(made), ["abc"]);
  });

  it("topics made to meet: all are found, told and removed, and the tables stay small", () => {
    const made = make(blindHash);
    // Two octets and their xor: the blind hash of each is 0.
    const topics = Array.from({ length: 4000 }, (_, i) => Buffer.from([i >> 6, i & 63, (i >> 6) ^ (i & 63)]));
    for (const topic of topics) made.add(topic, topic.toString("hex"));
    assert.equal(made.topics, 4000);
    assert.ok(made.tableBytes < 8192, `${made.tableBytes} bytes of tables: the colliding rest is in the trie`);
    for (const topic of topics) assert.deepEqual(match(made, Buffer.concat([topic, topic])), [topic.toString("hex")]);
    assert.deepEqual(all(made), topics.map((topic) => topic.toString("latin1")).sort());
    // Twice, so that places in the table are free while topics of their hash are in the trie.
    for (const topic of topics.slice(0, 32)) made.remove(made.find(topic) as Topic<string>, topic.toString("hex"));
    for (const topic of topics.slice(32)) {
      const held = made.find(topic) as Topic<string>;
      assert.equal(made.add(topic, "again"), held);
      assert.deepEqual(match(made, topic), [topic.toString("hex"), "again"].sort());
      made.remove(held, topic.toString("hex"));
      assert.equal(made.remove(held, "again"), 0);
    }
    assert.deepEqual([made.topics, made.tableBytes], [0, 0]);
  });

  it("a topic of each length from nothing to a thousand: 256 tables, the rest in the trie", () => {
    const made = make();
    const long = Buffer.alloc(1000, "y");
    for (let length = 0; length <= 1000; length++) made.add(long.subarray(0, length), "p");
    const bytes = made.tableBytes;
    // Tables of one topic each: at most 64 octets of slots and 4 rows.
    assert.ok(bytes <= 256 * 64 + 4 * (255 * 128), String(bytes));
    assert.equal(match(made, long).length, 1001);
    for (let length = 0; length <= 1000; length++) made.remove(made.find(long.subarray(0, length)) as Topic<string>, "p");
    assert.deepEqual([made.topics, made.tableBytes], [0, 0]);
  });

  it("the memory of a hundred thousand topics is theirs, and is given back", () => {
    const made = make();
    const topic = (i: number): Uint8Array => text(`t/${String(i).padStart(6, "0")}`);
    for (let i = 0; i < 100_000; i++) made.add(topic(i), "p");
    assert.equal(made.topics, 100_000);
    assert.ok(made.tableBytes <= 100_000 * 48, `${made.tableBytes} bytes`);
    for (let i = 0; i < 99_900; i++) made.remove(made.find(topic(i)) as Topic<string>, "p");
    assert.ok(made.tableBytes <= 100 * 128, `${made.tableBytes} bytes for a hundred`);
    for (let i = 99_900; i < 100_000; i++) assert.deepEqual(match(made, topic(i)), ["p"]);
  });
});

interface Step {
  readonly add: boolean;
  readonly topic: string;
  readonly holder: string;
}

const word = fc.oneof(
  { weight: 5, arbitrary: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 5 }).map((letters) => letters.join("")) },
  { weight: 1, arbitrary: fc.integer({ min: 250, max: 260 }).map((length) => "a".repeat(length)) },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ add: fc.boolean(), topic: word, holder: fc.constantFrom("p", "q", "r") }),
  { maxLength: 150, size: "max" },
);

describe("Subscriptions: any operations against a plain model", () => {
  for (const [name, random] of [
    ["a seeded hash", seededRandom(9)],
    ["a hash that makes topics meet", blindHash],
  ] as const) {
    it(name, () => {
      fc.assert(
        fc.property(steps, fc.array(word, { minLength: 1, maxLength: 5 }), (run, messages) => {
          const made = make(random);
          const model = new Map<string, Map<string, number>>();
          for (const step of run) apply(made, model, step);
          assert.deepEqual(all(made), [...model.keys()].sort());
          assert.equal(made.topics, model.size);
          for (const message of [...messages, messages.join("")]) {
            const told = [...model].filter(([topic]) => message.startsWith(topic)).flatMap(([, held]) => [...held.keys()]);
            assert.deepEqual(match(made, text(message)), told.sort());
            assert.equal(made.matches(text(message)), told.length > 0);
          }
        }),
        { seed, numRuns: 150 },
      );
    });
  }
});

function apply(made: Made, model: Map<string, Map<string, number>>, { add, topic, holder }: Step): void {
  const held = model.get(topic);
  const count = held?.get(holder) ?? 0;
  if (add) {
    model.set(topic, (held ?? new Map<string, number>()).set(holder, count + 1));
    assert.equal(made.add(text(topic), holder).holders?.get(holder), count + 1);
    return;
  }
  const found = made.find(text(topic));
  assert.equal(found !== undefined, held !== undefined);
  assert.equal(found?.holders?.has(holder) ?? false, count > 0);
  if (found === undefined || held === undefined || count === 0) return;
  assert.equal(made.remove(found, holder), count - 1);
  if (count > 1) held.set(holder, count - 1);
  else held.delete(holder);
  if (held.size === 0) model.delete(topic);
  assert.equal(found.holders?.size ?? 0, held.size);
}
