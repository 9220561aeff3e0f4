// Calls that wait: order, timeouts, abort, and that timers, listeners and the hold on the process go with them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../../src/base/clock.ts";
import { Hold } from "../../../src/core/hold.ts";
import { WaitQueue } from "../../../src/core/wait-queue.ts";

class LateError extends Error {}

interface Scene {
  readonly clock: VirtualClock;
  readonly queue: WaitQueue<string, number>;
  /** Adds a call; what comes of it is written to `outcomes`. */
  wait(job: string, timeoutMs?: number, signal?: AbortSignal): void;
  readonly outcomes: string[];
}

function scene(): Scene {
  const clock = new VirtualClock();
  const queue = new WaitQueue<string, number>(clock, new Hold(clock));
  const outcomes: string[] = [];
  return {
    clock,
    queue,
    outcomes,
    wait(job, timeoutMs = -1, signal) {
      queue.wait(job, { signal, timeoutMs, timeoutError: () => new LateError("late") }).then(
        (value) => outcomes.push(`${job}=${value}`),
        (error) => outcomes.push(`${job}!${error instanceof Error ? error.message : String(error)}`),
      );
    },
  };
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  await new Promise(setImmediate);
}

describe("WaitQueue", () => {
  it("serves calls in the order they were made", async () => {
    const { queue, wait, outcomes } = scene();
    for (const job of ["a", "b", "c"]) wait(job);
    assert.deepEqual([queue.length, queue.peek()?.job], [3, "a"]);
    queue.resolveFirst(1);
    queue.resolveFirst(2);
    await settle();
    assert.deepEqual([outcomes, queue.length, queue.peek()?.job], [["a=1", "b=2"], 1, "c"]);
  });

  it("peek leaves the call in its place", () => {
    const { queue, wait } = scene();
    assert.equal(queue.peek(), undefined);
    wait("a");
    assert.equal(queue.peek(), queue.peek());
    assert.equal(queue.length, 1);
  });

  it("a timeout rejects with its own error, at its time, and leaves the others", async () => {
    const { clock, queue, wait, outcomes } = scene();
    wait("a", 100);
    wait("b");
    wait("c", 50);
    clock.advance(49);
    await settle();
    assert.deepEqual(outcomes, []);
    clock.advance(1);
    await settle();
    assert.deepEqual([outcomes, queue.length], [["c!late"], 2]);
    clock.advance(50);
    await settle();
    assert.deepEqual([outcomes, queue.length, queue.peek()?.job], [["c!late", "a!late"], 1, "b"]);
    queue.resolveFirst(1);
    await settle();
    assert.deepEqual(outcomes, ["c!late", "a!late", "b=1"]);
  });

  it("timeout -1 waits for ever", async () => {
    const { clock, queue, wait, outcomes } = scene();
    wait("a", -1);
    clock.advance(1e9);
    await settle();
    assert.deepEqual([outcomes, queue.length], [[], 1]);
  });

  it("a fulfilled call does not time out later", async () => {
    const { clock, queue, wait, outcomes } = scene();
    wait("a", 100);
    queue.resolveFirst(1);
    clock.advance(1000);
    await settle();
    assert.deepEqual(outcomes, ["a=1"]);
  });

  it("abort rejects with the signal's reason and takes the call out, wherever it stands", async () => {
    const { queue, wait, outcomes } = scene();
    const controller = new AbortController();
    wait("a");
    wait("b", -1, controller.signal);
    wait("c");
    controller.abort(new Error("enough"));
    await settle();
    assert.deepEqual([outcomes, queue.length], [["b!enough"], 2]);
    queue.resolveFirst(1);
    queue.resolveFirst(2);
    await settle();
    assert.deepEqual(outcomes, ["b!enough", "a=1", "c=2"]);
  });

  it("a signal that is aborted already rejects at once, whatever the reason is", async () => {
    const { queue, wait, outcomes } = scene();
    wait("a", -1, AbortSignal.abort("a reason of text"));
    wait("b", -1, AbortSignal.abort());
    assert.equal(queue.length, 0);
    await settle();
    assert.deepEqual(outcomes, ["a!a reason of text", "b!This operation was aborted"]);
  });

  it("an abort after the call was served does nothing", async () => {
    const { queue, wait, outcomes } = scene();
    const controller = new AbortController();
    wait("a", 100, controller.signal);
    queue.resolveFirst(1);
    controller.abort();
    await settle();
    assert.deepEqual(outcomes, ["a=1"]);
  });

  it("one signal may give up many calls", async () => {
    const { queue, wait, outcomes } = scene();
    const controller = new AbortController();
    for (let i = 0; i < 20; i++) wait(String(i), 1000, controller.signal);
    controller.abort(new Error("all"));
    await settle();
    assert.deepEqual([outcomes.length, queue.length, queue.peek()], [20, 0, undefined]);
  });

  it("leaves no listener on a signal", async () => {
    const { queue, wait, clock } = scene();
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    wait("resolved", 100, signal);
    wait("rejected", 100, signal);
    wait("late", 100, signal);
    assert.ok(listeners >= 1);
    queue.resolveFirst(1);
    queue.rejectFirst(new Error("no"));
    clock.advance(100);
    await settle();
    assert.equal(listeners, 0);
  });

  it("leaves no timer behind", async () => {
    const clock = new VirtualClock();
    let timers = 0;
    const counting = {
      now: () => clock.now(),
      defer: (callback: () => void) => clock.defer(callback),
      hold: (on: boolean) => clock.hold(on),
      after(ms: number, callback: () => void) {
        timers++;
        const timer = clock.after(ms, callback);
        return {
          cancel() {
            timers--;
            timer.cancel();
          },
        };
      },
    };
    const queue = new WaitQueue<string, number>(counting, new Hold(counting));
    const options = { timeoutMs: 100, timeoutError: () => new LateError("late") };
    const calls = [queue.wait("a", options), queue.wait("b", options)];
    assert.equal(timers, 2);
    queue.resolveFirst(1);
    queue.rejectFirst(new Error("no"));
    assert.deepEqual(
      (await Promise.allSettled(calls)).map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    assert.equal(timers, 0);
  });

  it("resolveIf fulfils those that pass, in order, and leaves the others", async () => {
    const { queue, wait, outcomes } = scene();
    for (const job of ["a", "bb", "c", "dd"]) wait(job);
    queue.resolveIf((job) => job.length === 2, 7);
    await settle();
    assert.deepEqual([outcomes, queue.length, queue.peek()?.job], [["bb=7", "dd=7"], 2, "a"]);
  });

  it("rejectAll rejects all, each with an error of its own", async () => {
    const { queue, wait, outcomes } = scene();
    for (const job of ["a", "b"]) wait(job, 100);
    let count = 0;
    queue.rejectAll(() => new Error(`closed ${++count}`));
    await settle();
    assert.deepEqual([outcomes, queue.length], [["a!closed 1", "b!closed 2"], 0]);
  });

  it("holds the process exactly while a call waits", async () => {
    const { clock, queue, wait } = scene();
    assert.equal(clock.held, false);
    wait("a", 100);
    wait("b");
    assert.equal(clock.held, true);
    clock.advance(100);
    assert.equal(clock.held, true);
    queue.resolveFirst(1);
    assert.equal(clock.held, false);
    const controller = new AbortController();
    wait("c", -1, controller.signal);
    assert.equal(clock.held, true);
    controller.abort();
    assert.equal(clock.held, false);
    await settle();
  });
});

describe("Hold", () => {
  it("counts reasons; one release too many is a bug", () => {
    const clock = new VirtualClock();
    const hold = new Hold(clock);
    hold.take();
    hold.take();
    hold.release();
    assert.equal(clock.held, true);
    hold.release();
    assert.equal(clock.held, false);
    assert.throws(() => hold.release(), /invariant/);
  });
});
