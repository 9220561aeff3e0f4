/** The table of threads and names in the long run: what its counters come to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Directory, slotOf } from "../../../src/ring/directory.ts";

/** Threads that ever came, in the header. */
const HEADER_GENERATION = 4;

for (const [text, threads] of [
  ["two million", 2 ** 21 - 4],
  ["2^31", 2 ** 31 - 4],
  ["2^32", 2 ** 32 - 4],
] as const)
  test(`behind ${text} threads keys are as before: each thread has one of its own, and is found by it`, () => {
    const directory = Directory.create(0);
    directory.words[HEADER_GENERATION] = threads;
    const keys = Array.from({ length: 8 }, (_, i) => directory.enter(i, 0));
    assert.equal(new Set(keys).size, 8);
    assert.deepEqual(directory.threads(), keys);
    assert.equal(directory.claim("jobs", keys[7]), "claimed");
    assert.equal(directory.claim("jobs", keys[6]), "taken");
    assert.equal(directory.ownerOf("jobs"), keys[7]);
    // Ended threads and those that come into their slots are not taken for each other.
    for (const key of keys) assert.ok(directory.leave(key));
    const later = directory.enter(8, 0);
    assert.equal(slotOf(later), slotOf(keys[0]));
    assert.equal(directory.isAlive(keys[0]), false);
    assert.equal(directory.ownerOf("jobs"), 0);
  });
