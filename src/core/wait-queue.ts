/**
 * Calls that wait: in the order they were made, each with a timeout and an abort signal, holding the process while there is one.
 *
 * Used for waiting sends, waiting receives and readiness. Owns when a call is given up; does not own what fulfils it.
 * Invariant: every waiter is settled exactly once, and its timer and listener are gone afterwards.
 */

import type { Clock, Timer } from "../base/clock.ts";
import { Fifo } from "../base/fifo.ts";
import type { Hold } from "./hold.ts";

/** How a call may be given up. */
export interface WaitOptions {
  /** Aborting rejects the call with `signal.reason`; what it had not begun does not happen. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; -1: no limit. */
  readonly timeoutMs: number;
  /** The error of a timeout. */
  readonly timeoutError: () => Error;
}

export interface Waiter<Job, Value> {
  readonly job: Job;
  /** Fulfilled, rejected or given up. */
  readonly settled: boolean;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

interface Entry<Job, Value> extends Waiter<Job, Value> {
  settled: boolean;
  timer: Timer | null;
  signal: AbortSignal | undefined;
}

/** What hangs on one signal: one listener, however many calls share it (Node.js warns from eleven on). */
interface Watch<Job, Value> {
  readonly entries: Set<Entry<Job, Value>>;
  readonly listener: () => void;
}

/** Given-up calls that may lie between waiting ones before the queue is packed. */
const SETTLED_ENTRIES = 32;

export class WaitQueue<Job, Value> {
  #entries = new Fifo<Entry<Job, Value>>();
  #watches = new Map<AbortSignal, Watch<Job, Value>>();
  #live = 0;
  #clock: Clock;
  #hold: Hold;

  constructor(clock: Clock, hold: Hold) {
    this.#clock = clock;
    this.#hold = hold;
  }

  /** Calls that wait. */
  get length(): number {
    return this.#live;
  }

  /** Adds a call; the promise is what its maker gets. */
  wait(job: Job, options: WaitOptions): Promise<Value> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<Value>((resolve, reject) => {
      const entry: Entry<Job, Value> = {
        job,
        resolve,
        reject,
        settled: false,
        timer: null,
        signal,
      };
      if (options.timeoutMs >= 0)
        entry.timer = this.#clock.after(options.timeoutMs, () => this.#giveUp(entry, options.timeoutError()));
      if (signal !== undefined) this.#watch(signal, entry);
      if (this.#live++ === 0) this.#hold.take();
      this.#entries.push(entry);
    });
  }

  /** The oldest waiting call, left in its place. */
  peek(): Waiter<Job, Value> | undefined {
    for (;;) {
      const entry = this.#entries.peek();
      if (entry === undefined || !entry.settled) return entry;
      this.#entries.shift();
    }
  }

  /** Fulfils the oldest waiting call. */
  resolveFirst(value: Value): void {
    const entry = this.peek() as Entry<Job, Value>;
    this.#entries.shift();
    this.#settle(entry);
    entry.resolve(value);
  }

  /** Rejects the oldest waiting call. */
  rejectFirst(error: unknown): void {
    const entry = this.peek() as Entry<Job, Value>;
    this.#entries.shift();
    this.#giveUp(entry, error);
  }

  /** Fulfils each call that `test` says yes to, in order. */
  resolveIf(test: (job: Job) => boolean, value: Value): void {
    for (const entry of [...this.#entries]) {
      if (entry.settled || !test(entry.job)) continue;
      this.#settle(entry);
      entry.resolve(value);
    }
    this.peek();
  }

  /** Rejects all that wait. */
  rejectAll(error: () => unknown): void {
    while (this.peek() !== undefined) this.rejectFirst(error());
  }

  #giveUp(entry: Entry<Job, Value>, error: unknown): void {
    if (entry.settled) return;
    this.#settle(entry);
    entry.reject(error);
    this.#pack();
  }

  #watch(signal: AbortSignal, entry: Entry<Job, Value>): void {
    let watch = this.#watches.get(signal);
    if (watch === undefined) {
      const entries = new Set<Entry<Job, Value>>();
      const listener = (): void => {
        for (const each of [...entries]) this.#giveUp(each, signal.reason);
      };
      watch = { entries, listener };
      this.#watches.set(signal, watch);
      signal.addEventListener("abort", listener);
    }
    watch.entries.add(entry);
  }

  #unwatch(signal: AbortSignal, entry: Entry<Job, Value>): void {
    const watch = this.#watches.get(signal);
    if (watch === undefined || !watch.entries.delete(entry) || watch.entries.size > 0) return;
    this.#watches.delete(signal);
    signal.removeEventListener("abort", watch.listener);
  }

  // Calls that were given up lie in the queue until they are at its head; many of them are taken out at once.
  #pack(): void {
    this.peek();
    const settled = this.#entries.length - this.#live;
    if (settled <= SETTLED_ENTRIES || settled <= this.#live) return;
    const waiting = [...this.#entries].filter((entry) => !entry.settled);
    this.#entries.clear();
    for (const entry of waiting) this.#entries.push(entry);
  }

  #settle(entry: Entry<Job, Value>): void {
    entry.settled = true;
    entry.timer?.cancel();
    if (entry.signal !== undefined) this.#unwatch(entry.signal, entry);
    if (--this.#live === 0) this.#hold.release();
  }
}
