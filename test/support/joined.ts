// Threads of a page, all in this one: each has inproc of its own, and ports, locks and messages between a page and its workers are as a
// browser's. What a test kills here only falls silent; the rest must find out by itself.

import type { TestContext } from "node:test";
import type { MessagePort } from "node:worker_threads";
import { realClock } from "../../src/base/clock.ts";
import { installedPlatform } from "../../src/core/platform.ts";
import { Context } from "../../src/node.ts";
import type { Locks } from "../../src/transports/exchange.ts";
import { inprocTransport } from "../../src/transports/inproc.ts";
import { Joiner, type ThreadEnd, type ThreadMessage } from "../../src/transports/join-threads.ts";
import { LateThreads } from "../../src/transports/late-threads.ts";

/** One end of what a page and its worker say to each other: who listens too late hears nothing. */
class End implements ThreadEnd {
  readonly #port: MessagePort;
  readonly #listeners: ((event: ThreadMessage) => void)[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (data: object) => {
      const { port: brought } = data as { port?: MessagePort };
      if (brought !== undefined) ports.push(brought);
      let stopped = false;
      const event = { data, stopImmediatePropagation: () => (stopped = true) };
      for (const listener of this.#listeners) if (!stopped) listener(event);
    });
  }

  postMessage(message: unknown, transfer: object[]): void {
    this.#port.postMessage(message, transfer as MessagePort[]);
  }

  addEventListener(_type: "message", listener: (event: ThreadMessage) => void): void {
    this.#listeners.push(listener);
  }
}

/** Locks that end with their thread. */
class LockManager {
  readonly #held = new Map<string, { readonly owner: object; readonly release: () => void }>();
  readonly #waiting = new Map<string, (() => void)[]>();

  of(owner: object): Locks {
    return {
      request: (name, callback) =>
        new Promise((resolve) => {
          const take = (): void => {
            const release = (): void => {
              this.#held.delete(name);
              this.#waiting.get(name)?.shift()?.();
              resolve(undefined);
            };
            this.#held.set(name, { owner, release });
            void Promise.resolve(callback()).then(release);
          };
          if (!this.#held.has(name)) queueMicrotask(take);
          else this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), take]);
        }),
    };
  }

  end(owner: object): void {
    for (const lock of [...this.#held.values()]) if (lock.owner === owner) lock.release();
  }
}

interface Page {
  readonly threads: FakeThread[];
  readonly locks: LockManager;
  readonly rings: boolean;
}

/** A thread: its sockets are made with its context. */
export class FakeThread {
  readonly context: Context;
  readonly joiner: Joiner;
  readonly late = new LateThreads();
  readonly #page: Page;

  constructor(page: Page, rings = page.rings) {
    this.#page = page;
    page.threads.push(this);
    const { late } = this;
    const platform = installedPlatform();
    this.context = new Context(
      { blocky: false },
      { ...platform, transports: () => [inprocTransport(late.names, late)], waitForThreads: (ms) => late.others?.wait(ms) },
    );
    this.joiner = new Joiner({ rings, locks: page.locks.of(this), defer: realClock().defer }, late);
  }

  /** A new worker of this thread, which nobody has joined, and the two ends of its messages. */
  worker(rings?: boolean): { readonly thread: FakeThread; readonly worker: ThreadEnd; readonly self: ThreadEnd } {
    const { port1, port2 } = new MessageChannel();
    return {
      thread: new FakeThread(this.#page, rings),
      worker: new End(port1 as MessagePort),
      self: new End(port2 as MessagePort),
    };
  }

  /** A new worker that has joined. */
  async joined(): Promise<FakeThread> {
    const { thread, worker, self } = this.worker();
    await Promise.all([thread.joiner.ask(self), this.joiner.call(worker)]);
    return thread;
  }

  /** Ends it as `terminate` does: only its locks are gone. */
  kill(): void {
    this.#page.locks.end(this);
  }
}

// Ports keep the process: those that were made in a test are closed when it is over.
const ports: MessagePort[] = [];
globalThis.MessageChannel = class extends globalThis.MessageChannel {
  constructor() {
    super();
    ports.push(this.port1 as MessagePort, this.port2 as MessagePort);
  }
};

/** The main thread of a page, without or with shared memory. All sockets of its threads are closed, without lingering, with the test. */
export function page(t: TestContext, rings: boolean): FakeThread {
  const threads: FakeThread[] = [];
  t.after(async () => {
    for (const { context } of threads) await context.end();
    for (const port of ports.splice(0)) port.close();
  });
  return new FakeThread({ locks: new LockManager(), rings, threads });
}
