// How long to wait before connecting again (libzmq 4.3.5).

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { Backoff } from "../../../src/core/backoff.ts";
import { defaultSettings } from "../../../src/core/options.ts";

function backoff(reconnectInterval: number, reconnectMaxInterval = 0, random = seededRandom(1)): Backoff {
  return new Backoff({ ...defaultSettings(), reconnectInterval, reconnectMaxInterval }, random);
}

const take = (each: Backoff, count: number): (number | undefined)[] => Array.from({ length: count }, () => each.next());

describe("Backoff", () => {
  it("without a maximum: the interval and up to as much again at random, the same base each time", () => {
    const waits = take(backoff(100), 1000) as number[];
    assert.ok(waits.every((wait) => wait >= 100 && wait <= 199));
    assert.ok(new Set(waits).size > 50, "they differ");
    assert.ok(waits.includes(100) && waits.includes(199));
  });

  it("is what the random port makes it", () => {
    const fixed = { next: (below: number) => below - 1 };
    assert.deepEqual(take(backoff(100, 0, fixed), 3), [199, 199, 199]);
    assert.deepEqual(take(backoff(1, 0, fixed), 2), [1, 1]);
  });

  it("with a maximum: doubled each time up to it, without chance", () => {
    assert.deepEqual(take(backoff(100, 1000), 6), [100, 200, 400, 800, 1000, 1000]);
  });

  it("a maximum below the interval is the wait", () => {
    assert.deepEqual(take(backoff(100, 50), 3), [50, 50, 50]);
  });

  it("begins anew when a connection was made", () => {
    const each = backoff(100, 1000);
    take(each, 3);
    each.reset();
    assert.deepEqual(take(each, 2), [100, 200]);
  });

  it("-1 and 0 never try again", () => {
    assert.deepEqual([...take(backoff(-1), 2), ...take(backoff(0), 2), ...take(backoff(-1, 1000), 1)], Array(5).fill(undefined));
  });
});
