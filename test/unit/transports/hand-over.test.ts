/** When a reader that sleeps is woken for what is in its ring. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { direction, FRAME, pairBytes } from "../../../src/ring/layout.ts";
import { RingReader, RingWriter } from "../../../src/ring/spsc-ring.ts";
import { HandOver } from "../../../src/transports/hand-over.ts";

class Side {
  wakes = 0;
  readonly #turn: (() => void)[] = [];
  readonly #memory = direction(new SharedArrayBuffer(pairBytes(1 << 21)), 0);
  readonly #reader = new RingReader(this.#memory);
  readonly #writer = new RingWriter(this.#memory);
  readonly handOver = new HandOver(this.#writer, {
    defer: (callback) => void this.#turn.push(callback),
    ask: () => void this.wakes++,
  });

  constructor() {
    this.sleep();
  }

  /** The reader takes everything, and sleeps; how many records it took. */
  sleep(): number {
    let count = 0;
    do while (this.#reader.next()) count++;
    while (this.#reader.sleep());
    this.#reader.release();
    return count;
  }

  write(bytes: number): void {
    assert.ok(this.#writer.claim(FRAME << 28, bytes) >= 0);
    this.handOver.commit();
  }

  endTurn(): void {
    for (const callback of this.#turn.splice(0)) callback();
  }
}

test("little wakes at once, each time", () => {
  const side = new Side();
  for (let i = 1; i <= 3; i++) {
    side.write(1000);
    assert.equal(side.wakes, i);
    assert.equal(side.sleep(), 1);
  }
  side.endTurn();
  assert.equal(side.wakes, 3);
});

test("of much the first of a turn wakes, then half a MiB; the rest is there for a reader that is awake, and wakes at the turn's end", () => {
  const side = new Side();
  side.write(100_000);
  assert.equal(side.wakes, 1);
  assert.equal(side.sleep(), 1);
  for (let i = 0; i < 5; i++) side.write(100_000);
  assert.equal(side.wakes, 1);
  side.write(100_000);
  assert.equal(side.wakes, 2);
  assert.equal(side.sleep(), 6);
  side.write(100_000);
  assert.equal(side.wakes, 2);
  side.endTurn();
  assert.equal(side.wakes, 3);
  assert.equal(side.sleep(), 1);
});

test("the first of each turn wakes, and a turn's end nobody when nothing is left to be heard of", () => {
  const side = new Side();
  for (let i = 1; i <= 3; i++) {
    side.write(100_000);
    assert.equal(side.sleep(), 1);
    assert.equal(side.wakes, i);
    side.endTurn();
    assert.equal(side.wakes, i);
  }
});

test("a reader that went on by itself is not woken at the turn's end", () => {
  const side = new Side();
  side.write(100_000);
  side.write(100_000);
  assert.equal(side.wakes, 1);
  side.endTurn();
  side.write(100_000);
  assert.equal(side.wakes, 1, "it has not slept since");
});

test("little behind much wakes at once", () => {
  const side = new Side();
  side.write(100_000);
  side.sleep();
  side.write(100_000);
  side.write(10);
  assert.equal(side.wakes, 2);
});

test("the end of the turn asks nothing of a ring that is over", () => {
  const side = new Side();
  side.write(100_000);
  side.sleep();
  side.write(100_000);
  side.handOver.end();
  side.endTurn();
  assert.equal(side.wakes, 1);
});
