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
