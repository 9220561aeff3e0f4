// The line of a socket's connections: in order, not past the program's share of a turn, and never stuck.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VirtualClock } from "../../../src/base/clock.ts";
import { type HeldInput, Intake } from "../../../src/core/intake.ts";
import { Turn } from "../../../src/core/turn.ts";

function setUp(): { clock: VirtualClock; intake: Intake; went: string[]; input: (name: string, helpings?: number) => HeldInput } {
  const clock = new VirtualClock();
  const intake = new Intake(new Turn(clock));
  const went: string[] = [];
  // Stands in line again until its helpings are through.
  const input = (name: string, helpings = 1): HeldInput => ({
    admit() {
      went.push(name);
      if (--helpings > 0) intake.hold(this);
    },
  });
  return { clock, intake, went, input };
}

suite("Intake", () => {
  test("is not busy while nobody waits and the program has not had its share", () => {
    const { intake } = setUp();
    assert.equal(intake.busy, false);
    assert.equal(intake.next(), false);
  });

  test("lets those in line go on in turn, a helping each", () => {
    const { intake, went, input } = setUp();
    intake.hold(input("a", 3));
    intake.hold(input("b", 2));
    assert.equal(intake.busy, true);
    while (intake.next());
    assert.deepEqual(went, ["a", "b", "a", "b", "a"]);
    assert.equal(intake.busy, false);
  });

  test("is closed for the rest of the turn in which the program had its share", () => {
    const { clock, intake, went, input } = setUp();
    intake.close();
    intake.hold(input("a"));
    assert.equal(intake.closed, true);
    assert.equal(intake.next(), false);
    clock.turn();
    assert.equal(intake.closed, false);
    assert.deepEqual(went, [], "the program may still take its share of the new turn");
    assert.equal(intake.next(), true);
    assert.deepEqual(went, ["a"]);
  });

  test("keeps the line while the program takes its share turn by turn", () => {
    const { clock, intake, went, input } = setUp();
    intake.close();
    intake.hold(input("a"));
    for (let turn = 0; turn < 5; turn++) {
      clock.turn();
      intake.close();
    }
    assert.deepEqual(went, []);
  });

  test("moves the line by itself when the program takes its share no more", () => {
    const { clock, intake, went, input } = setUp();
    intake.close();
    intake.hold(input("a", 2));
    intake.hold(input("b"));
    clock.turn();
    clock.turn();
    assert.deepEqual(went, ["a", "b", "a"], "as far as their marks");
    clock.turn();
    assert.equal(clock.turn(), false, "nothing is scheduled any more");
  });

  test("moves the line at the end of the turn when the program never had its share", () => {
    const { clock, intake, went, input } = setUp();
    intake.hold(input("a"));
    clock.turn();
    assert.deepEqual(went, ["a"]);
  });
});
