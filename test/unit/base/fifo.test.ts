// The queue: order over growth and wrap-around, both ends, and that nothing taken stays reachable.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fifo } from "../../../src/base/fifo.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { collectGarbage } from "../../support/garbage.ts";

function filled(...values: number[]): Fifo<number> {
  const fifo = new Fifo<number>();
  for (const value of values) fifo.push(value);
  return fifo;
}

describe("Fifo", () => {
  it("is empty when new", () => {
    const fifo = new Fifo<number>();
    assert.deepEqual([fifo.length, fifo.shift(), fifo.peek(), [...fifo]], [0, undefined, undefined, []]);
  });

  it("gives values in the order they came, over any growth", () => {
    for (const count of [1, 7, 8, 9, 15, 16, 17, 1000]) {
      const values = Array.from({ length: count }, (_, i) => i);
      const fifo = filled(...values);
      assert.equal(fifo.length, count);
      assert.deepEqual([...fifo], values);
      assert.deepEqual(
        values.map(() => fifo.shift()),
        values,
      );
      assert.deepEqual([fifo.length, fifo.shift()], [0, undefined]);
    }
  });

  it("peek leaves the oldest in its place", () => {
    const fifo = filled(1, 2);
    assert.deepEqual([fifo.peek(), fifo.peek(), fifo.length, fifo.shift(), fifo.peek()], [1, 1, 2, 1, 2]);
  });

  it("unshift puts a value in front of the oldest, over growth as well", () => {
    const fifo = filled(5);
    for (let value = 4; value > -20; value--) fifo.unshift(value);
    assert.deepEqual(
      [...fifo],
      Array.from({ length: 25 }, (_, i) => i - 19),
    );
  });

  it("holds falsy values", () => {
    const fifo = new Fifo<number | string | null>();
    for (const value of [0, "", null]) fifo.push(value);
    assert.deepEqual([fifo.length, fifo.shift(), fifo.shift(), fifo.shift()], [3, 0, "", null]);
  });

  it("clear empties it, and it works again", () => {
    const fifo = filled(...Array.from({ length: 100 }, (_, i) => i));
    fifo.clear();
    assert.deepEqual([fifo.length, fifo.peek(), fifo.shift()], [0, undefined, undefined]);
    fifo.push(1);
    assert.deepEqual([...fifo], [1]);
  });

  it("does the same as an array, whatever is done to it", () => {
    const random = seededRandom(1);
    const fifo = new Fifo<number>();
    const model: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const action = random.next(100);
      if (action < 45) {
        fifo.push(i);
        model.push(i);
      } else if (action < 55) {
        fifo.unshift(i);
        model.unshift(i);
      } else if (action < 99) assert.equal(fifo.shift(), model.shift());
      else if (random.next(10) === 0) {
        fifo.clear();
        model.length = 0;
      }
      assert.equal(fifo.length, model.length);
      assert.equal(fifo.peek(), model[0]);
      if (i % 100 === 0) assert.deepEqual([...fifo], model);
    }
  });

  it("keeps nothing that was taken", async () => {
    const fifo = new Fifo<object>();
    const refs: WeakRef<object>[] = [];
    (() => {
      for (let i = 0; i < 20; i++) {
        const value = { i };
        refs.push(new WeakRef(value));
        fifo.push(value);
      }
      for (let i = 0; i < 20; i++) fifo.shift();
    })();
    await new Promise(setImmediate);
    collectGarbage();
    assert.equal(refs.filter((ref) => ref.deref() !== undefined).length, 0);
    assert.equal(fifo.length, 0);
  });
});
