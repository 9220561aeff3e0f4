// Subscriptions by prefix: the cases of libzmq's unittest_mtrie and unittest_radix_tree, and random operations against a plain list.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { SubscriptionTrie, type TopicNode, topicOf } from "../../../src/patterns/subscription-trie.ts";
import { text, toHexText } from "../../support/bytes.ts";

type Trie = SubscriptionTrie<string>;

function trie(...topics: string[]): Trie {
  const made: Trie = new SubscriptionTrie();
  for (const topic of topics) made.add(text(topic), "p");
  return made;
}

function remove(from: Trie, topic: string, holder = "p"): number | undefined {
  const node = from.find(text(topic));
  return node?.holders?.has(holder) ? from.remove(node, holder) : undefined;
}

/** Who is told of a message, each as often as it is told. */
function match(of: Trie, data: string): string[] {
  const holders: string[] = [];
  of.match(text(data), (holder) => holders.push(holder));
  return holders.sort();
}

const all = (of: Trie): string[] => [...of.all()].map(String).sort();

/** Checks what the header promises of the nodes, by way of those that can be reached. */
function checkNodes(of: Trie): void {
  for (const topic of of.all()) {
    let node: TopicNode<string> | null = of.find(topic) ?? null;
    assert.ok(node !== null);
    assert.equal(toHexText(topicOf(node)), toHexText(topic));
    for (; node !== null; node = node.parent) {
      if (node.parent === null) continue;
      assert.ok(node.label.length > 0, "a label is never empty but at the root");
      assert.equal(node.parent.children?.get(node.label[0]), node, "a parent knows its child by its first octet");
      assert.ok(node.holders !== null || (node.children?.size ?? 0) >= 2, "an inner node has holders or two children");
      assert.notEqual(node.holders?.size, 0);
    }
  }
}

describe("SubscriptionTrie: the cases of unittest_mtrie", () => {
  it("empty: nothing matches, nothing is found", () => {
    const empty = trie();
    assert.deepEqual(
      [match(empty, "foo"), empty.matches(text("")), empty.find(text("")), empty.topics, all(empty)],
      [[], false, undefined, 0, []],
    );
  });

  it("one topic: found exactly, matched by every message that begins with it", () => {
    const one = trie("foo");
    for (const [data, yes] of [
      ["foo", true],
      ["foobar", true],
      ["fo", false],
      ["f", false],
      ["", false],
      ["fox", false],
      ["xfoo", false],
    ] as const) {
      assert.deepEqual(match(one, data), yes ? ["p"] : [], data);
      assert.equal(one.matches(text(data)), yes, data);
      assert.equal(one.find(text(data)) !== undefined, data === "foo", data);
    }
  });

  it("the empty topic matches everything", () => {
    const every = trie("");
    for (const data of ["", "a", "anything"]) assert.deepEqual(match(every, data), ["p"]);
  });

  it("the same topic twice by one holder: counted, matched once", () => {
    const twice = trie("foo", "foo");
    assert.deepEqual([match(twice, "foo"), twice.topics], [["p"], 1]);
    assert.equal(remove(twice, "foo"), 1);
    assert.deepEqual(match(twice, "foo"), ["p"]);
    assert.equal(remove(twice, "foo"), 0);
    assert.deepEqual([match(twice, "foo"), twice.topics], [[], 0]);
  });

  it("two holders of one topic: both are told; one leaves, the other stays", () => {
    const both = trie("foo");
    both.add(text("foo"), "q");
    assert.deepEqual([match(both, "foo"), both.topics], [["p", "q"], 1]);
    remove(both, "foo");
    assert.deepEqual([match(both, "foo"), both.topics], [["q"], 1]);
  });

  it("prefixes of each other: a holder is told once per topic that matches", () => {
    const nested = trie("", "f", "foo", "foobar");
    assert.deepEqual(match(nested, "foobarbaz").length, 4);
    assert.deepEqual(match(nested, "foob").length, 3);
    assert.deepEqual(match(nested, "fa").length, 2);
    assert.deepEqual(match(nested, "x").length, 1);
  });

  it("removing a prefix leaves the longer topic, and the other way round", () => {
    const longer = trie("foo", "foobar");
    remove(longer, "foo");
    assert.deepEqual([match(longer, "foobar"), match(longer, "foo")], [["p"], []]);
    const shorter = trie("foo", "foobar");
    remove(shorter, "foobar");
    assert.deepEqual([match(shorter, "foobar"), match(shorter, "foo")], [["p"], ["p"]]);
    checkNodes(longer);
    checkNodes(shorter);
  });

  it("siblings: removing one leaves the others", () => {
    const topics = ["fooa", "foob", "fooc", "fa", "g"];
    for (const gone of topics) {
      const made = trie(...topics);
      assert.equal(remove(made, gone), 0);
      assert.deepEqual(all(made), topics.filter((each) => each !== gone).sort());
      checkNodes(made);
    }
  });

  it("what is not there cannot be removed", () => {
    const made = trie("foo");
    for (const topic of ["", "f", "fo", "fooo", "bar"]) assert.equal(remove(made, topic), undefined, topic);
    assert.equal(remove(made, "foo", "q"), undefined);
    assert.deepEqual(all(made), ["foo"]);
  });
});

describe("SubscriptionTrie: the cases of unittest_radix_tree", () => {
  it("adds: a new branch, a longer one, a split in the middle, a split at an end", () => {
    const made = trie("test");
    for (const topic of ["tester", "te", "toast", "team", "t", "x"]) {
      made.add(text(topic), "p");
      checkNodes(made);
    }
    assert.deepEqual(all(made), ["t", "te", "team", "test", "tester", "toast", "x"]);
  });

  it("a split alone holds nothing", () => {
    const made = trie("abcd", "abxy");
    assert.deepEqual([made.find(text("ab")), match(made, "ab"), made.topics], [undefined, [], 2]);
  });

  it("removes: a leaf, an inner node with one child, with two, the root's", () => {
    const made = trie("", "a", "ab", "abc", "abd");
    for (const topic of ["abc", "ab", "a", "", "abd"]) {
      assert.equal(remove(made, topic), 0, topic);
      assert.equal(made.find(text(topic)), undefined);
      checkNodes(made);
    }
    assert.equal(made.topics, 0);
  });

  it("finds no part of a label", () => {
    const made = trie("abcdef");
    for (const topic of ["a", "abc", "abcde", "abcdefg", "abcdex"]) assert.equal(made.find(text(topic)), undefined);
  });

  it("children of all 256 octets, and all can go again", () => {
    const made: Trie = new SubscriptionTrie();
    for (let octet = 0; octet < 256; octet++) made.add(Buffer.from([0x61, octet]), String(octet));
    assert.equal(made.topics, 256);
    for (let octet = 0; octet < 256; octet++) {
      const holders: string[] = [];
      made.match(Buffer.from([0x61, octet, 1, 2]), (holder) => holders.push(holder));
      assert.deepEqual(holders, [String(octet)]);
    }
    for (let octet = 255; octet >= 0; octet--) {
      made.remove(made.find(Buffer.from([0x61, octet])) as TopicNode<string>, String(octet));
      checkNodes(made);
    }
    assert.equal(made.topics, 0);
  });

  it("all gives every topic once, as copies", () => {
    const made = trie("b", "a", "ab", "", "a");
    assert.deepEqual(all(made), ["", "a", "ab", "b"]);
    for (const topic of made.all()) topic.fill(0x7a);
    assert.deepEqual(all(made), ["", "a", "ab", "b"]);
  });

  it("copies the topic it is given", () => {
    const made: Trie = new SubscriptionTrie();
    const topic = Buffer.from("abc");
    made.add(topic, "p");
    topic.fill(0);
    assert.deepEqual(all(made), ["abc"]);
  });

  it("a node that is held stays the same object through splits and joins around it", () => {
    const made: Trie = new SubscriptionTrie();
    const node = made.add(text("abcdef"), "p");
    made.add(text("abc"), "q");
    made.add(text("abcdefghi"), "r");
    made.add(text("abcx"), "s");
    assert.equal(made.find(text("abcdef")), node);
    assert.equal(String(topicOf(node)), "abcdef");
    for (const [topic, holder] of [
      ["abc", "q"],
      ["abcx", "s"],
      ["abcdefghi", "r"],
    ]) {
      remove(made, topic, holder);
      assert.equal(made.find(text("abcdef")), node, `without ${topic}`);
      assert.equal(String(topicOf(node)), "abcdef");
    }
  });

  it("a topic of a megabyte is one node, added, found and removed without deep recursion", () => {
    const long = Buffer.alloc(1_000_000, "x");
    const made: Trie = new SubscriptionTrie();
    made.add(long, "p");
    made.add(long.subarray(0, 500_000), "q");
    assert.equal(made.topics, 2);
    assert.equal(made.matches(Buffer.concat([long, long])), true);
    made.remove(made.find(long) as TopicNode<string>, "p");
    assert.equal(made.find(long), undefined);
  });

  it("ten thousand prefixes of each other are walked without deep recursion", () => {
    const long = "x".repeat(10_000);
    const made: Trie = new SubscriptionTrie();
    for (let length = 1; length <= 10_000; length++) made.add(text(long.slice(0, length)), "p");
    assert.equal(match(made, long).length, 10_000);
    assert.equal([...made.all()].length, 10_000);
    for (let length = 1; length <= 10_000; length++) assert.equal(remove(made, long.slice(0, length)), 0);
    assert.equal(made.topics, 0);
  });
});

describe("SubscriptionTrie: random operations against a plain list", () => {
  for (const [alphabet, longest] of [
    ["ab", 6],
    ["abcdef", 4],
    ["a", 12],
  ] as const) {
    it(`topics of up to ${longest} of the letters ${alphabet}`, () => {
      for (let seed = 1; seed <= 6; seed++) {
        const random = seededRandom(seed);
        const made: Trie = new SubscriptionTrie();
        const model = new Map<string, Map<string, number>>();
        const word = (): string =>
          Array.from({ length: random.next(longest + 1) }, () => alphabet[random.next(alphabet.length)]).join("");
        for (let step = 0; step < 1500; step++) {
          const topic = word();
          const holder = "pqr"[random.next(3)];
          const held = model.get(topic);
          if (random.next(2) === 0) {
            const counts = held ?? new Map<string, number>();
            model.set(topic, counts.set(holder, (counts.get(holder) ?? 0) + 1));
            assert.equal(made.add(text(topic), holder).holders?.get(holder), counts.get(holder));
          } else if (held?.has(holder)) {
            const left = (held.get(holder) as number) - 1;
            if (left > 0) held.set(holder, left);
            else held.delete(holder);
            if (held.size === 0) model.delete(topic);
            assert.equal(remove(made, topic, holder), left);
          } else assert.equal(remove(made, topic, holder), undefined);
          const data = word() + word();
          const expected = [...model].filter(([prefix]) => data.startsWith(prefix)).flatMap(([, holders]) => [...holders.keys()]);
          assert.deepEqual(match(made, data), expected.sort(), `seed ${seed}, step ${step}: ${data}`);
          assert.equal(made.matches(text(data)), expected.length > 0);
          assert.equal(made.topics, model.size);
          if (step % 50 === 0) {
            assert.deepEqual(all(made), [...model.keys()].sort());
            checkNodes(made);
          }
        }
      }
    });
  }
});
