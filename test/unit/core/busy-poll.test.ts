import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../../src/base/clock.ts";
import { BusyPoll } from "../../../src/core/busy-poll.ts";

/** An event loop that looks for input each time it is turned. */
class PollingClock extends VirtualClock {
  looks = 0;
  #waiting: (() => void)[] = [];

  readonly poll = (callback: () => void): void => {
    this.#waiting.push(callback);
  };

  /** Whether the loop would look instead of sleeping. */
  get awake(): boolean {
    return this.#waiting.length > 0;
  }

  /** Looks every so many microseconds, until it may sleep. */
  sleepLess(us: number): void {
    while (this.awake) {
      this.advance(us / 1000);
      this.look();
    }
  }

  look(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.looks++;
    for (const callback of waiting) callback();
  }
}

describe("busy polling", () => {
  it("looks for as long as it is told after something was sent, then sleeps", () => {
    const clock = new PollingClock();
    const busy = new BusyPoll(clock, false);
    assert.equal(clock.awake, false);
    busy.sent(50);
    clock.sleepLess(10);
    assert.equal(clock.looks, 5);
  });

  it("ends with what comes in, and goes on when that is answered, with one look at a time", () => {
    const clock = new PollingClock();
    const busy = new BusyPoll(clock, false);
    busy.sent(50);
    clock.look();
    busy.heard(50);
    busy.sent(50);
    busy.sent(50);
    clock.look();
    assert.equal(clock.awake, true);
    busy.heard(50);
    clock.look();
    assert.equal(clock.awake, false);
    assert.equal(clock.looks, 3);
  });

  it("what is sent while it looks makes it look longer", () => {
    const clock = new PollingClock();
    const busy = new BusyPoll(clock, false);
    busy.sent(50);
    clock.advance(0.04);
    busy.sent(50);
    clock.advance(0.04);
    clock.look();
    assert.equal(clock.awake, true);
  });

  it("after looking in vain it leaves out 1, 4, 16, … up to 1024 times; half as many after an answer", () => {
    const clock = new PollingClock();
    const busy = new BusyPoll(clock, false);
    const leftOut = (): number => {
      for (let count = 0; ; count++) {
        busy.sent(50);
        if (clock.awake) return count;
      }
    };
    const counts: number[] = [];
    for (let i = 0; i < 8; i++) {
      counts.push(leftOut());
      clock.sleepLess(10);
    }
    assert.deepEqual(counts, [0, 1, 4, 16, 64, 256, 1024, 1024]);
    assert.equal(leftOut(), 1024);
    busy.heard(50);
    clock.look();
    assert.equal(leftOut(), 0);
    clock.sleepLess(10);
    assert.equal(leftOut(), 512);
  });

  it("of a socket that only receives, looks after what came in and not after what was sent", () => {
    const clock = new PollingClock();
    const busy = new BusyPoll(clock, true);
    busy.sent(50);
    assert.equal(clock.awake, false);
    busy.heard(50);
    clock.look();
    assert.equal(clock.awake, true);
    busy.heard(50);
    clock.sleepLess(10);
    assert.equal(clock.looks, 6);
  });

  it("ends when its socket is closed, and begins no more", () => {
    for (const follows of [false, true]) {
      const clock = new PollingClock();
      const busy = new BusyPoll(clock, follows);
      const begin = (): void => {
        busy.sent(50);
        busy.heard(50);
        busy.sent(50);
      };
      begin();
      assert.equal(clock.awake, true);
      busy.close();
      clock.look();
      assert.equal(clock.awake, false);
      begin();
      assert.equal(clock.awake, false);
    }
  });

  it("never looks where it is told 0, or the platform cannot", () => {
    const clock = new PollingClock();
    new BusyPoll(clock, false).sent(0);
    new BusyPoll(clock, true).heard(0);
    assert.equal(clock.awake, false);
    const poor = new VirtualClock();
    new BusyPoll(poor, false).sent(50);
    assert.equal(poor.turn(), false);
  });
});
