/**
 * Worker threads for tests: each runs one function, given as its text, so it may use nothing but its parameter. What it tells is
 * read in order; it ends with its test.
 */
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import type * as Zmtp from "../../src/node.ts";

/** What a thread's program gets. */
export interface Inside<Argument> {
  readonly zmtp: typeof Zmtp;
  readonly argument: Argument;
  /** Sends a value to the test. */
  readonly tell: (value: unknown) => void;
}

export type ThreadProgram<Argument> = (inside: Inside<Argument>) => Promise<void>;

/** A worker of a test. */
export class Thread {
  readonly worker: Worker;
  /** Resolves with the exit code when the thread is over. */
  readonly ended: Promise<number>;
  #told: unknown[] = [];
  #waiting: ((value: unknown) => void)[] = [];

  constructor(worker: Worker) {
    this.worker = worker;
    worker.on("message", (value) => {
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#told.push(value);
      else waiter(value);
    });
    this.ended = new Promise((resolve, reject) => {
      worker.once("exit", resolve);
      worker.once("error", reject);
    });
    this.ended.catch(() => undefined); // Whoever waits for it hears of it.
  }

  /** The next value that it told. */
  async told<Value = unknown>(): Promise<Value> {
    if (this.#told.length > 0) return this.#told.shift() as Value;
    const next = new Promise<unknown>((resolve) => this.#waiting.push(resolve));
    const end = this.ended.then((code) => {
      throw new Error(`the thread ended with ${code} before it told what was waited for`);
    });
    return (await Promise.race([next, end])) as Value;
  }

  /** Ends it at once, wherever it is. */
  async kill(): Promise<void> {
    await this.worker.terminate();
  }
}

/** Starts a thread; it is ended with the test. */
export function thread<Argument>(t: TestContext, program: ThreadProgram<Argument>, argument: Argument): Thread {
  const text = program.toString();
  const started = new Thread(new Worker(new URL("./thread-main.js", import.meta.url), { workerData: { text, argument } }));
  t.after(() => started.kill());
  return started;
}
