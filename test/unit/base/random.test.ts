// The random port: range, and that a seed repeats itself.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { platformRandom, seededRandom } from "../../../src/base/random.ts";

describe("random", () => {
  it("a seed gives the same sequence each time, another seed another", () => {
    const take = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random.next(1_000_000));
    };
    assert.deepEqual(take(42), take(42));
    assert.notDeepEqual(take(42), take(43));
  });

  it("the first numbers of seed 1 are those of mulberry32", () => {
    const random = seededRandom(1);
    assert.deepEqual([random.next(2 ** 32), random.next(2 ** 32), random.next(2 ** 32)], [2693262067, 11749833, 2265367787]);
  });

  it("numbers are whole and from 0 to below", () => {
    for (const random of [platformRandom, seededRandom(7)]) {
      for (const below of [1, 2, 3, 100, 2 ** 32]) {
        for (let i = 0; i < 200; i++) {
          const value = random.next(below);
          assert.ok(Number.isInteger(value) && value >= 0 && value < below);
        }
      }
    }
  });

  it("every value of a small range comes", () => {
    for (const random of [platformRandom, seededRandom(3)]) {
      const seen = new Set<number>();
      for (let i = 0; i < 1000; i++) seen.add(random.next(6));
      assert.equal(seen.size, 6);
    }
  });
});
