// The event-loop turn.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../../src/base/clock.ts";
import { Turn, type TurnTask } from "../../../src/core/turn.ts";

describe("Turn", () => {
  it("has one id within a turn and another in the next, when somebody looked", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    const first = turn.current();
    assert.equal(turn.current(), first);
    clock.turn();
    assert.notEqual(turn.current(), first);
  });

  it("schedules one macrotask however often it is asked, and none when nobody asks", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    assert.equal(clock.turn(), false);
    for (let i = 0; i < 10; i++) turn.current();
    turn.atEnd({ onTurnEnd: () => undefined });
    assert.equal(clock.turn(), true);
    assert.equal(clock.turn(), false);
  });

  it("runs tasks at the end of the turn, once, in order; those added meanwhile at the end of the next", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    const ran: string[] = [];
    const task = (name: string, then: () => void = () => undefined): TurnTask => ({
      onTurnEnd() {
        ran.push(name);
        then();
      },
    });
    turn.atEnd(task("a", () => turn.atEnd(task("c"))));
    turn.atEnd(task("b"));
    assert.deepEqual(ran, []);
    clock.turn();
    assert.deepEqual(ran, ["a", "b"]);
    clock.turn();
    assert.deepEqual(ran, ["a", "b", "c"]);
    clock.turn();
    assert.deepEqual(ran, ["a", "b", "c"]);
  });

  /** A turn with `count` links that wait, of which each takes 0.1 ms, and a program that takes `ownMs` of each turn: links written to by turn. */
  function writesPerTurn(count: number, ownMs: number): number[] {
    let now = 0;
    const clock = new (class extends VirtualClock {
      override now(): number {
        return now;
      }
    })();
    const turn = new Turn(clock);
    const written: number[] = [];
    for (let i = 0; i < count; i++) {
      turn.flushAtEnd({
        onTurnEnd: () => {
          written.push(i);
          now += 0.1;
        },
      });
    }
    const counts: number[] = [];
    for (let before = 0; clock.turn(); before = written.length) {
      counts.push(written.length - before);
      now += ownMs;
    }
    assert.deepEqual(
      written,
      Array.from({ length: count }, (_, i) => i),
    );
    return counts;
  }

  it("of many links that wait writes to sixteen a turn, each once and in order", () => {
    assert.deepEqual(writesPerTurn(40, 0), [16, 16, 8]);
    assert.deepEqual(writesPerTurn(1600, 0), Array(100).fill(16));
  });

  it("while the program takes long turns writes to more of them, for half of that time, up to an eighth", () => {
    assert.deepEqual(writesPerTurn(1000, 10).slice(0, 4), [16, 52, 52, 52]);
    assert.deepEqual(writesPerTurn(1000, 1000).slice(0, 4), [16, 123, 107, 94]);
    assert.deepEqual(writesPerTurn(100, 1000).slice(0, 3), [16, 16, 16]);
  });

  it("a link that has more waits behind the others, for a later turn", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    let written = 0;
    const link: TurnTask = {
      onTurnEnd() {
        if (++written < 3) turn.flushAtEnd(link);
      },
    };
    turn.flushAtEnd(link);
    for (let i = 1; i <= 3; i++) {
      clock.turn();
      assert.equal(written, i);
    }
    assert.equal(clock.turn(), false);
  });

  it("while links wait from earlier turns no other is written to at once", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    assert.equal(turn.flushesNow(), true);
    for (let i = 0; i < 17; i++) turn.flushAtEnd({ onTurnEnd: () => undefined });
    clock.turn();
    assert.equal(turn.flushesNow(), false);
    clock.turn();
    assert.equal(turn.flushesNow(), true);
  });

  it("the id seen by a task is the new turn's", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    const before = turn.current();
    let inside = before;
    turn.atEnd({
      onTurnEnd() {
        inside = turn.current();
      },
    });
    clock.turn();
    assert.notEqual(inside, before);
  });
});
