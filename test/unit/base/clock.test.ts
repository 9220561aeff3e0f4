// The clock port: the virtual clock's order, and what the real one promises.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { realClock, VirtualClock } from "../../../src/base/clock.ts";

describe("VirtualClock", () => {
  it("stands still until it is moved", () => {
    const clock = new VirtualClock();
    assert.equal(clock.now(), 0);
    clock.advance(5);
    clock.advance(0.5);
    assert.equal(clock.now(), 5.5);
  });

  it("fires a timer at its own time, not before, once", () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.now()));
    clock.advance(9.9);
    assert.deepEqual(fired, []);
    clock.advance(100);
    assert.deepEqual(fired, [10]);
    clock.advance(100);
    assert.deepEqual(fired, [10]);
  });

  it("fires in the order of time, then of making", () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push("c"));
    clock.after(10, () => fired.push("a"));
    clock.after(10, () => fired.push("b"));
    clock.after(0, () => fired.push("first"));
    clock.advance(20);
    assert.deepEqual(fired, ["first", "a", "b", "c"]);
  });

  it("never calls back at once, not even after 0 ms", () => {
    const clock = new VirtualClock();
    let fired = false;
    clock.after(0, () => {
      fired = true;
    });
    assert.equal(fired, false);
    clock.advance(0);
    assert.equal(fired, true);
  });

  it("a timer made by a timer fires in the same advance when its time is in it", () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    assert.deepEqual(fired, [10, 20, 30]);
    assert.equal(clock.now(), 35);
  });

  it("a cancelled timer does not fire; cancelling again, or after it fired, is harmless", () => {
    const clock = new VirtualClock();
    let fired = 0;
    const timer = clock.after(10, () => fired++);
    const other = clock.after(10, () => {
      fired += 10;
      timer.cancel();
      other.cancel();
    });
    timer.cancel();
    timer.cancel();
    clock.advance(10);
    assert.equal(fired, 10);
  });

  it("a callback may cancel one that is due at the same time", () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(10, () => {
      fired.push("first");
      second.cancel();
    });
    const second = clock.after(10, () => fired.push("second"));
    clock.advance(10);
    assert.deepEqual(fired, ["first"]);
  });

  it("defer runs at the next turn, in order; what is deferred meanwhile waits for the turn after", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.defer(() => {
      ran.push("a");
      clock.defer(() => ran.push("c"));
    });
    clock.defer(() => ran.push("b"));
    assert.deepEqual(ran, []);
    assert.equal(clock.turn(), true);
    assert.deepEqual(ran, ["a", "b"]);
    assert.equal(clock.turn(), true);
    assert.deepEqual(ran, ["a", "b", "c"]);
    assert.equal(clock.turn(), false);
  });

  it("advance turns before and between timers", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.defer(() => ran.push("turn"));
    clock.after(10, () => {
      ran.push("timer");
      clock.defer(() => ran.push("turn of the timer"));
    });
    clock.after(10, () => ran.push("next timer"));
    clock.advance(10);
    assert.deepEqual(ran, ["turn", "timer", "turn of the timer", "next timer"]);
  });

  it("hold is only noted", () => {
    const clock = new VirtualClock();
    clock.hold(true);
    assert.equal(clock.held, true);
    clock.hold(false);
    assert.equal(clock.held, false);
  });
});

describe("realClock", () => {
  const clock = realClock();

  /** What this process is kept alive by must not be the library's timers; a test has to hold it itself. */
  async function held<T>(promise: Promise<T>): Promise<T> {
    const holder = setInterval(() => undefined, 1000);
    try {
      return await promise;
    } finally {
      clearInterval(holder);
    }
  }

  it("never goes back", () => {
    let last = clock.now();
    for (let i = 0; i < 1000; i++) {
      const now = clock.now();
      assert.ok(now >= last);
      last = now;
    }
  });

  it("fires at or after its time, never early", async () => {
    for (const ms of [1, 1.2, 3.7, 5]) {
      const start = clock.now();
      await held(new Promise<void>((resolve) => clock.after(ms, resolve)));
      assert.ok(clock.now() - start >= ms, `${clock.now() - start} of ${ms}`);
    }
  });

  it("fires at or after its time, never early, at whatever part of a millisecond it was armed", async () => {
    for (let i = 0; i < 60; i++) {
      const busyUntil = clock.now() + i * 0.05;
      while (clock.now() < busyUntil);
      const ms = i % 2 === 0 ? 2 : 1.95;
      const start = clock.now();
      await held(new Promise<void>((resolve) => clock.after(ms, resolve)));
      assert.ok(clock.now() - start >= ms, `${clock.now() - start} of ${ms}`);
    }
  });

  it("a cancelled timer does not fire", async () => {
    let fired = false;
    clock
      .after(1, () => {
        fired = true;
      })
      .cancel();
    await held(new Promise<void>((resolve) => clock.after(5, resolve)));
    assert.equal(fired, false);
  });

  it("a timer of more than 2^31 ms does not fire at once", async () => {
    let fired = false;
    const timer = clock.after(2 ** 40, () => {
      fired = true;
    });
    await held(new Promise<void>((resolve) => clock.after(5, resolve)));
    timer.cancel();
    assert.equal(fired, false);
  });

  it("defer comes after the microtasks, before long", async () => {
    const ran: string[] = [];
    clock.defer(() => ran.push("deferred"));
    queueMicrotask(() => ran.push("microtask"));
    await held(new Promise<void>((resolve) => clock.defer(resolve)));
    assert.deepEqual(ran, ["microtask", "deferred"]);
  });

  it("hold may be switched again and again", () => {
    for (const on of [true, true, false, false, true, false]) clock.hold(on);
  });
});
