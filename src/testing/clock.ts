/**
 * The clock of a simulation: time that moves from event to event, and for each process a view of it that can die.
 *
 * Owns: the order of events (by time, then by making), the end-of-turn queue, what each process holds and has armed.
 * Does not own: promises. `Simulation` lets them settle between two steps, as a runtime does between two macrotasks.
 * Invariant: one step runs one callback.
 */
import type { Clock, Timer } from "../base/clock.ts";

interface Task {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | null;
}

/** Common time; `VirtualClock` (base/clock) is its little brother for tests without promises. */
export class SimulatedClock {
  #now = 0;
  #order = 0;
  // A binary heap: the next task first.
  #heap: Task[] = [];
  #deferred: (() => void)[] = [];
  #deferredAt = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): Timer {
    return this.at(this.#now + Math.max(0, ms), callback);
  }

  /** Calls back at a time; two of the same time in the order they were made. */
  at(ms: number, callback: () => void): Timer {
    const task: Task = { at: ms, order: this.#order++, callback };
    this.#push(task);
    return {
      cancel() {
        task.callback = null;
      },
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Runs the next callback that is due by `end`; false when there is none, and then it is `end`. */
  step(end: number): boolean {
    if (this.#deferredAt < this.#deferred.length) {
      this.#deferred[this.#deferredAt++]();
      return true;
    }
    this.#deferred = [];
    this.#deferredAt = 0;
    for (let task = this.#heap[0]; task !== undefined && task.at <= end; task = this.#heap[0]) {
      this.#pop();
      const { callback } = task;
      if (callback === null) continue;
      task.callback = null;
      this.#now = task.at;
      callback();
      return true;
    }
    if (end > this.#now && end !== Number.POSITIVE_INFINITY) this.#now = end;
    return false;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(task, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Task;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** One process's view: what it armed is forgotten when it dies. */
export class ProcessClock implements Clock {
  /** Whether the library would keep the process alive now. */
  held = false;
  #clock: SimulatedClock;
  #alive = true;
  #armed = 0;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  /** Timers that are neither fired nor cancelled. */
  get armed(): number {
    return this.#armed;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): Timer {
    let armed = true;
    this.#armed++;
    const done = (): void => {
      if (!armed) return;
      armed = false;
      this.#armed--;
    };
    const timer = this.#clock.after(ms, () => {
      done();
      if (this.#alive) callback();
    });
    return {
      cancel() {
        done();
        timer.cancel();
      },
    };
  }

  defer(callback: () => void): void {
    this.#clock.defer(() => {
      if (this.#alive) callback();
    });
  }

  hold(on: boolean): void {
    this.held = on && this.#alive;
  }

  /** The process is no more: nothing of it runs again. */
  kill(): void {
    this.#alive = false;
    this.#armed = 0;
    this.held = false;
  }
}
