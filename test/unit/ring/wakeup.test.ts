/** The doorbell: who is woken and how, and when a thread looks for an answer instead of sleeping. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BellTurns, Doorbell, ring } from "../../../src/ring/wakeup.ts";

/** A writer that sends no more. */
const SENT = { claimed: 8 };

/** Turns that the test gives. */
class Turns implements BellTurns {
  readonly soons: (() => void)[] = [];
  readonly defers: (() => void)[] = [];
  soon = (callback: () => void): unknown => this.soons.push(callback);
  defer = (callback: () => void): unknown => this.defers.push(callback);
}

function bell(turns: BellTurns): { words: Int32Array; rung: number[]; bell: Doorbell } {
  const words = new Int32Array(new SharedArrayBuffer(64 * 4));
  const rung: number[] = [];
  // Woken by messages only: nothing here happens by itself.
  return { words, rung, bell: new Doorbell(words, 0, (bit) => rung.push(bit), turns, false) };
}

test("one that sleeps is to be woken once, however many ring", () => {
  const { words, rung, bell: own } = bell(new Turns());
  own.listen();
  assert.deepEqual([ring(words, 0, 3), ring(words, 0, 40), ring(words, 0, 3)], [true, false, false]);
  assert.deepEqual(rung, []);
  own.wake();
  assert.deepEqual(rung, [3, 40]);
  assert.equal(ring(words, 0, 5), true, "it sleeps again");
});

test("what was rung before it slept is answered without a message", () => {
  const turns = new Turns();
  const { words, rung, bell: own } = bell(turns);
  assert.equal(ring(words, 0, 7), false);
  own.listen();
  turns.defers.shift()?.();
  assert.deepEqual(rung, [7]);
  own.wake();
  assert.equal(ring(words, 0, 8), true);
});

test("one whose waker was ended before it woke is woken surely, or looks by itself", () => {
  const { words, rung, bell: own } = bell(new Turns());
  own.listen();
  for (let i = 0; i < 2; i++) {
    assert.equal(ring(words, 0, 3), true, "and no message is sent: this one is ended");
    assert.equal(ring(words, 0, 4), false);
    if (i === 0) {
      assert.equal(ring(words, 0, 0, true), true);
      own.wake();
    } else own.recheck();
    assert.deepEqual(rung.splice(0), i === 0 ? [0, 3, 4] : [3, 4]);
  }
  assert.equal(ring(words, 0, 5), true, "it sleeps again");
});

test("one that has rung another looks for the answer, and need not be woken", () => {
  const turns = new Turns();
  const { words, rung, bell: own } = bell(turns);
  own.listen();
  own.expect(SENT);
  own.expect(SENT);
  assert.equal(turns.soons.length, 1);
  ring(words, 0, 9);
  turns.soons.shift()?.();
  assert.deepEqual(rung, [9]);
  assert.equal(ring(words, 0, 10), true, "it sleeps again");
});

test("one that goes on sending does not look", () => {
  const turns = new Turns();
  const { words, rung, bell: own } = bell(turns);
  const sent = { claimed: 8 };
  own.listen();
  own.expect(sent);
  sent.claimed = 16;
  ring(words, 0, 9);
  turns.soons.shift()?.();
  assert.deepEqual(rung, []);
  own.wake();
  assert.deepEqual(rung, [9]);
});

test("the event loop has its turn after 64 answers", () => {
  const turns = new Turns();
  const { words, rung, bell: own } = bell(turns);
  own.listen();
  for (let i = 0; i < 64; i++) {
    own.expect(SENT);
    ring(words, 0, 1);
    turns.soons.shift()?.();
  }
  own.expect(SENT);
  assert.deepEqual([turns.soons.length, turns.defers.length, rung.length], [0, 1, 64]);
  ring(words, 0, 1);
  turns.defers.shift()?.();
  own.expect(SENT);
  assert.deepEqual([turns.soons.length, rung.length], [1, 65]);
});

test("after looking in vain it sleeps, and looks less and less often", () => {
  const turns = new Turns();
  const { words, bell: own } = bell(turns);
  own.listen();
  const gaps: number[] = [];
  for (let gap = 0; gaps.length < 8; gap++) {
    own.expect(SENT);
    const look = turns.soons.shift();
    if (look === undefined) continue;
    gaps.push(gap);
    gap = -1;
    look();
    assert.equal(ring(words, 0, 2), true, "it sleeps");
    own.wake();
  }
  assert.deepEqual(gaps, [0, 1, 4, 16, 64, 256, 1024, 1024]);
});

test("without a turn behind the program's it never looks", () => {
  const turns = new Turns();
  const { bell: own } = bell({ defer: turns.defer });
  own.expect(SENT);
  assert.equal(turns.defers.length, 0);
});
