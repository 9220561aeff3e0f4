/**
 * The event-loop turn: one macrotask per turn, shared by everything in a context that wants to act at its end or count within it.
 *
 * Owns the rules of "at most so much per turn": the flush of what a turn gathered, and the budget after which awaited
 * calls let timers and I/O run.
 * Invariant: `id` changes between two macrotasks whenever anybody looked at it in the first, so a comparison of ids
 * tells turns apart.
 */
import type { Clock } from "../base/clock.ts";
import { Fifo } from "../base/fifo.ts";

/** Awaited operations that a socket completes at once per turn; the next one waits for the next turn (as npm `zeromq` has it). */
export const OPERATIONS_PER_TURN = 512;

/**
 * So many links are written to at once in a turn; others wait for its end, when more may be there for them: a write costs more
 * than all the rest of a small message.
 */
const EAGER_FLUSHES = 8;

/**
 * Of many links that wait for a turn's end so many are written to, and more, up to an eighth of them, for half of the time that all else in
 * the turn took; the others in the next turns, when more may be there for them. So a program that sends without end gives each write many
 * messages, and one that computes for long in each turn is not ahead of its links for many turns.
 */
const FLUSHES_PER_TURN = 16;
const FLUSH_SHARE = 0.5;
/** The clock is looked at after so many. */
const FLUSHES_PER_LOOK = 4;

/** An object, so that whoever comes with every turn needs no function for it. */
export interface TurnTask {
  onTurnEnd(): void;
}

export class Turn {
  id = 0;
  #eagerFlushes = 0;
  #clock: Clock;
  #scheduled = false;
  #tasks: TurnTask[] = [];
  #flushes = new Fifo<TurnTask>();
  // The last turn that left links waiting, and when it was done.
  #leftIn = -1;
  #leftAt = 0;
  readonly #end = (): void => {
    this.#scheduled = false;
    this.id++;
    this.#eagerFlushes = 0;
    const tasks = this.#tasks;
    this.#tasks = [];
    this.#flush();
    for (const task of tasks) task.onTurnEnd();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes sure that this turn ends, and gives its id. */
  current(): number {
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#clock.defer(this.#end);
    }
    return this.id;
  }

  /** Whether a link that is written to for the first time in this turn is to be flushed at once. */
  flushesNow(): boolean {
    return this.#flushes.length === 0 && this.#eagerFlushes++ < EAGER_FLUSHES;
  }

  /** Calls back once at the end of this turn or, when many links wait, of one of the next. */
  flushAtEnd(link: TurnTask): void {
    this.#flushes.push(link);
    this.current();
  }

  /** The value, at the end of this turn. */
  over<Value>(value: Value): Promise<Value> {
    return new Promise((resolve) => this.atEnd({ onTurnEnd: () => resolve(value) }));
  }

  /** Calls back once at the end of this turn. */
  atEnd(task: TurnTask): void {
    this.#tasks.push(task);
    this.current();
  }

  #flush(): void {
    const waiting = this.#flushes;
    // Who comes back to the line meanwhile is none of these.
    const { length } = waiting;
    const least = Math.min(FLUSHES_PER_TURN, length);
    const most = Math.max(least, length >> 3);
    const until = most > least ? this.#flushUntil() : 0;
    for (let count = 0; count < most; count++) {
      if (count >= least && count % FLUSHES_PER_LOOK === 0 && this.#clock.now() >= until) break;
      waiting.shift()?.onTurnEnd();
    }
    if (waiting.length === 0) return;
    this.current();
    this.#leftIn = this.id;
    this.#leftAt = this.#clock.now();
  }

  // Half as long from now as since the last turn's writing; that turn has to be the one before.
  #flushUntil(): number {
    const now = this.#clock.now();
    return this.#leftIn === this.id - 1 ? now + (now - this.#leftAt) * FLUSH_SHARE : now;
  }
}
