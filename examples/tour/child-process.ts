/**
 * The parent's side of a child process of the tour: starts `child.ts` in a role, keeps the counts it reports, ends it.
 *
 * A child ends when we tell it, and when we are gone (its channel to us closes). It leaves Ctrl-C to us.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Counts } from "./flow.ts";

/** What a child sends. */
export interface ChildReport {
  readonly ready?: boolean;
  readonly counts?: Counts;
  readonly error?: string;
}

/** What we send to a child. */
export type Order = "stop" | "end";

const NONE: Counts = { sent: 0, received: 0, lost: 0, changed: 0 };
const END_MS = 2000;

const running = new Set<Child>();

/** Ends every child there is, also those of an exchange that could not be opened completely. */
export function endChildren(): void {
  for (const child of running) child.end();
}

export class Child {
  counts: Counts = NONE;
  /** Resolves when its sockets are bound or connected; rejects when it fails before. */
  readonly ready: Promise<void>;
  /** Rejects when the child fails or ends too early. */
  readonly failed: Promise<never>;
  #process: ChildProcess;
  #ending = false;

  constructor(role: string, ...args: string[]) {
    this.#process = fork(fileURLToPath(new URL("./child.js", import.meta.url)), [role, ...args]);
    let fail: (error: Error) => void;
    this.failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    running.add(this);
    this.ready = new Promise<void>((resolve, reject) => {
      this.#process.on("message", ({ ready, counts, error }: ChildReport) => {
        if (counts !== undefined) this.counts = counts;
        if (ready) resolve();
        if (error !== undefined) fail(new Error(`${role}: ${error}`));
      });
      this.#process.on("exit", (code, signal) => {
        running.delete(this);
        if (!this.#ending) fail(new Error(`the child process "${role}" ended (${signal ?? code})`));
      });
      this.failed.catch(reject);
    });
    this.ready.catch(() => undefined); // Both are awaited, but not from the first moment.
  }

  /** It shall send no more. */
  stop(): void {
    this.#tell("stop");
  }

  /** Ends it, by force if it does not obey. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#tell("end");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    this.#process.once("exit", () => clearTimeout(timer));
  }

  #tell(order: Order): void {
    if (this.#process.connected) this.#process.send(order, () => undefined);
  }
}
