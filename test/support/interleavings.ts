/**
 * A model checker for code that two threads run on shared memory: tries every order of their steps, on the real code.
 *
 * A step is one access of shared memory: an `Atomics` operation or a plain read or write through a watched array. A thread is a
 * plain function; to take one step more it is run again from its beginning, its earlier steps answered from its log and
 * without effect, and left by an exception behind the new one. So what is in a thread's variables follows from its log, and two
 * histories that come to the same memory and the same logs are one state, visited once.
 */

const SUSPENDED = Symbol("suspended");
const BLOCKED = Symbol("blocked");

/** What one thread does; it must do the same again whenever its steps have the same results. */
export type Program = () => void;

export interface Outcome {
  /** States that were visited. */
  readonly states: number;
  /** Histories that came to the end of both programs. */
  readonly ends: number;
}

export class Interleavings {
  readonly #memory: Int32Array;
  readonly #real = globalThis.Atomics;
  #log: number[] = [];
  #position = 0;
  #stepped = false;

  /** `memory` holds everything that the threads share; it is all zero at the beginning. */
  constructor(memory: Int32Array) {
    this.#memory = memory;
  }

  /** A plain array of the shared memory whose every access is a step. */
  watch<A extends Int32Array | Uint8Array>(array: A): A {
    return new Proxy(array, {
      get: (target, key) => {
        if (typeof key !== "string" || !/^\d+$/.test(key)) return Reflect.get(target, key, target);
        return this.#step(() => target[Number(key)]);
      },
      set: (target, key, value) => {
        this.#step(() => {
          target[Number(key)] = value;
          return 0;
        });
        return true;
      },
    });
  }

  /** Waits until `ready` holds: a step that is not possible before. `then` may change memory in the same step. */
  block(ready: () => boolean, then: () => void): void {
    this.#step(() => {
      if (!ready()) throw BLOCKED;
      then();
      return 0;
    });
  }

  /**
   * Visits every state; throws when some order leaves both threads waiting, `check` throws at an end, or `always` in any state: what
   * is left when both are ended there.
   */
  explore(programs: readonly Program[], check: () => void, always: () => void = () => undefined): Outcome {
    const seen = new Set<string>();
    let ends = 0;
    const initial = programs.map((): number[] => []);
    const stack = [{ memory: this.#memory.slice(), logs: initial }];
    this.#install();
    try {
      for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
        const key = `${state.memory.join()}|${state.logs.map((log) => log.join()).join("|")}`;
        if (seen.has(key)) continue;
        seen.add(key);
        this.#memory.set(state.memory);
        this.#outside(always);
        let over = 0;
        let stuck = 0;
        for (const [index, program] of programs.entries()) {
          this.#memory.set(state.memory);
          const log = [...state.logs[index]];
          const result = this.#advance(program, log);
          if (result === "blocked") stuck++;
          else if (result === "over") over++;
          else stack.push({ memory: this.#memory.slice(), logs: state.logs.map((each, i) => (i === index ? log : each)) });
        }
        if (over === programs.length) {
          ends++;
          this.#memory.set(state.memory);
          this.#outside(check);
        } else if (over + stuck === programs.length) throw new Error(`nobody goes on, ${stuck} wait; logs: ${key}`);
      }
    } finally {
      globalThis.Atomics = this.#real;
    }
    return { states: seen.size, ends };
  }

  #outside(check: () => void): void {
    globalThis.Atomics = this.#real;
    check();
    this.#install();
  }

  // One step more of a program, which appends to its log.
  #advance(program: Program, log: number[]): "stepped" | "blocked" | "over" {
    this.#log = log;
    this.#position = 0;
    this.#stepped = false;
    try {
      program();
    } catch (thrown) {
      if (thrown === SUSPENDED) return "stepped";
      if (thrown === BLOCKED) return "blocked";
      throw thrown;
    }
    return this.#stepped ? "stepped" : "over";
  }

  #step(act: () => number): number {
    const log = this.#log;
    if (this.#position < log.length) return log[this.#position++];
    // The new step is done: the thread is left here, and comes back by its log.
    if (this.#stepped) throw SUSPENDED;
    const result = act();
    this.#stepped = true;
    log.push(result);
    this.#position++;
    return result;
  }

  #install(): void {
    const real = this.#real;
    const step = (act: () => number): number => this.#step(act);
    globalThis.Atomics = {
      ...real,
      load: (array: Int32Array, index: number) => step(() => real.load(array, index)),
      store: (array: Int32Array, index: number, value: number) => step(() => real.store(array, index, value)),
      exchange: (array: Int32Array, index: number, value: number) => step(() => real.exchange(array, index, value)),
      compareExchange: (array: Int32Array, index: number, from: number, to: number) =>
        step(() => real.compareExchange(array, index, from, to)),
      add: (array: Int32Array, index: number, value: number) => step(() => real.add(array, index, value)),
      or: (array: Int32Array, index: number, value: number) => step(() => real.or(array, index, value)),
    } as typeof Atomics;
  }
}
