/**
 * The clock port: time, timers, the end of the event-loop turn, and the hold on the process. Everything above takes it
 * as a parameter, so that whole networks of sockets can run in virtual time.
 *
 * Invariant: no timer of the library keeps a process alive; only `hold` does. Timers fire at or after their time, never early.
 */
export interface Clock {
  /** Milliseconds from an arbitrary origin, monotonic, may have a fraction. */
  now(): number;
  /** Calls back once after `ms` (0 or more) unless cancelled. Never calls back at once. */
  after(ms: number, callback: () => void): Timer;
  /** Calls back once, after the microtasks and I/O callbacks of this turn (a macrotask). Cannot be cancelled. */
  defer(callback: () => void): void;
  /**
   * Calls back when the event loop has looked for input, for which it does not sleep before. Cannot be cancelled. Absent where that is not to
   * be had, or nobody else could work meanwhile.
   */
  readonly poll?: ((callback: () => void) => void) | undefined;
  /** While true, the process stays alive though nothing else would keep it. */
  hold(on: boolean): void;
}

export interface Timer {
  /** Harmless when fired or cancelled already. */
  cancel(): void;
}

/**
 * So many turns until what the system has by now was read. Node.js and Bun look at sockets in each; Deno, while immediates
 * wait, in every 61st (`event_interval` of tokio, beneath it).
 */
const TURNS_TO_READ = "Deno" in globalThis ? 64 : 1;

/**
 * A deadline for something that comes in: calls back after `ms`, but only when what the system had by then was read. A
 * program that blocked its event loop finds its timers due before its input; without this it would give up peers that
 * have long answered.
 */
export function deadline(clock: Clock, ms: number, callback: () => void): Timer {
  let cancelled = false;
  let left = TURNS_TO_READ;
  const turn = (): void => {
    if (cancelled) return;
    if (left-- > 0) clock.defer(turn);
    else callback();
  };
  const timer = clock.after(ms, turn);
  return {
    cancel() {
      cancelled = true;
      timer.cancel();
    },
  };
}

/** A longest timer of the platform: 2^31-1 ms, about 24.8 days. */
const MAX_TIMER_MS = 0x7fffffff;

// What timers of server runtimes have; browsers have no process to hold.
interface Unrefable {
  ref?: () => unknown;
  unref?: () => unknown;
}

/** The platform's clock; setImmediate where there is one. */
export function realClock(): Clock {
  // Kept when it can be unref'd: each call that waits takes the hold and lets it go, and to make a timer costs more than
  // all the rest.
  let holder: ReturnType<typeof setInterval> | undefined;
  return {
    now: () => performance.now(),
    after(ms, callback) {
      // Node counts whole milliseconds, from the one that has begun: it fires up to 1 ms early against performance.now().
      const handle = setTimeout(callback, Math.min(Math.ceil(ms) + 1, MAX_TIMER_MS));
      (handle as Unrefable).unref?.();
      return { cancel: () => clearTimeout(handle) };
    },
    defer: typeof setImmediate === "function" ? (callback) => void setImmediate(callback) : portDefer(),
    hold(on) {
      const kept = holder as Unrefable | undefined;
      if (on) {
        if (kept === undefined) holder = setInterval(() => undefined, MAX_TIMER_MS);
        else kept.ref?.();
      } else if (kept?.unref !== undefined) kept.unref();
      else if (kept !== undefined) {
        clearInterval(holder);
        holder = undefined;
      }
    },
  };
}

// Browsers have no setImmediate, and make a timer that timers made wait 4 ms; a message to ourselves is a macrotask too.
function portDefer(): Clock["defer"] {
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  (port1 as { onmessage?: () => void }).onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(null);
  };
}

interface VirtualTask {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** A clock that stands still until `advance` moves it; callbacks run in the order of their time, then of their making. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: VirtualTask[] = [];
  #deferred: (() => void)[] = [];
  /** Whether the library holds the process at this moment. */
  held = false;

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): Timer {
    const task: VirtualTask = { at: this.#now + ms, order: this.#order++, callback };
    this.#timers.push(task);
    return {
      cancel: () => {
        task.callback = undefined;
      },
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  hold(on: boolean): void {
    this.held = on;
  }

  /** Runs the callbacks deferred so far; true if there were any. */
  turn(): boolean {
    const due = this.#deferred;
    this.#deferred = [];
    for (const callback of due) callback();
    return due.length > 0;
  }

  /**
   * Moves time forward by `ms`, firing each timer at its own time, turns in between. Synchronous: awaited code runs
   * only between calls.
   */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      while (this.turn());
      const next = this.#next(end);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      const { callback } = next;
      next.callback = undefined;
      callback?.();
    }
    this.#now = end;
  }

  #next(end: number): VirtualTask | undefined {
    this.#timers = this.#timers.filter((task) => task.callback !== undefined);
    let best: VirtualTask | undefined;
    for (const task of this.#timers) {
      if (task.at > end) continue;
      if (best === undefined || task.at < best.at || (task.at === best.at && task.order < best.order)) best = task;
    }
    return best;
  }
}
