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

  it("of many links that wait writes to sixteen a turn, but to an eighth of them at least, each once and in order", () => {
    const clock = new VirtualClock();
    const turn = new Turn(clock);
    const written: number[] = [];
    const wait = (count: number): void => {
      for (let i = 0; i < count; i++) turn.flushAtEnd({ onTurnEnd: () => void written.push(i) });
    };
    const perTurn = (): number[] => {
      const counts: number[] = [];
      for (let before = 0; clock.turn(); before = written.length) counts.push(written.length - before);
      return counts;
    };
    wait(40);
    assert.deepEqual(perTurn(), [16, 16, 8]);
    assert.deepEqual(
      written.splice(0),
      Array.from({ length: 40 }, (_, i) => i),
    );
    wait(1000);
    const counts = perTurn();
    assert.deepEqual(counts.slice(0, 3), [125, 109, 95]);
    assert.equal(written.length, 1000);
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
