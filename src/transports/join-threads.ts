/**
 * How a page and its web workers come to share one inproc: `joinThreads(worker)` here and `joinThreads(self)` there, in
 * either order.
 *
 *     page                              worker
 *     call     ──▶                 ◀──  ask            each may be lost, when the other does not listen yet; an ask
 *     welcome  ──── port, id ──────▶                   answers a call, and a welcome answers the first ask
 *                                  ◀──  joined         it holds its lock, and its names are claimed
 *
 * A worker that has workers is a step on their way only: they get a port to the page itself. Under cross-origin isolation a
 * welcome brings the directory in shared memory, and all goes through rings (threads.ts); else through ports
 * (port-threads.ts). Does not own: what follows the welcome.
 */
import { ZmqError } from "../base/errors.ts";
import { Centre, type Exchange, type Locks, type Port, Spoke } from "./exchange.ts";
import { ExchangeHost } from "./exchange-host.ts";
import type { LateThreads } from "./late-threads.ts";
import { PortThreads } from "./port-threads.ts";
import { Threads } from "./threads.ts";

/** A `Worker`; or, inside a web worker, its own `self`. */
export interface ThreadEnd {
  postMessage(message: unknown, transfer: object[]): void;
  addEventListener(type: "message", listener: (event: ThreadMessage) => void): void;
}

/** What is used of a `MessageEvent`. */
export interface ThreadMessage {
  readonly data: unknown;
  stopImmediatePropagation(): void;
}

/** What the thread that joins has. */
export interface JoinEnvironment {
  /** Whether it shares memory with its workers, and can wait for it without blocking. */
  readonly rings: boolean;
  readonly locks: Locks | undefined;
  /** Runs a callback in a macrotask. */
  defer(callback: () => void): void;
}

/** Two versions of the library that cannot talk with each other have different ones. */
const VERSION = 1;
const ID_LIMIT = 0x7fffffff;

type Note = { readonly zmtp: number } & (
  | { readonly kind: "call" | "joined" }
  | { readonly kind: "ask"; readonly rings: boolean }
  | { readonly kind: "refuse"; readonly text: string }
  | { readonly kind: "welcome"; readonly id: number; readonly lock: string; readonly port: Port; readonly inherited: unknown }
);

/** This thread's part in joining: it asks its parent once, and calls its workers. */
export class Joiner {
  readonly #environment: JoinEnvironment;
  readonly #late: LateThreads;
  readonly #called = new WeakMap<ThreadEnd, Promise<void>>();
  #asked: Promise<void> | null = null;
  // The way to the others, from the first join on; and what those get that are called from here, if there is shared memory.
  #exchange: Exchange | null = null;
  #host: ExchangeHost | null = null;

  constructor(environment: JoinEnvironment, late: LateThreads) {
    this.#environment = environment;
    this.#late = late;
  }

  /** In a worker: joins those that its parent is joined to. Resolves when it is done; rejects when it is refused. */
  ask(parent: ThreadEnd): Promise<void> {
    if (this.#asked !== null) return this.#asked;
    if (this.#exchange !== null)
      throw new ZmqError(
        "invalid-argument",
        "This worker has joined workers of its own already: call joinThreads(self) before joinThreads(worker)",
      );
    const { rings } = this.#environment;
    this.#asked = new Promise((resolve, reject) => {
      listen(parent, (note) => {
        if (note.kind === "call" && this.#exchange === null) say(parent, { kind: "ask", rings });
        else if (note.kind === "refuse") reject(new ZmqError("not-offered", note.text));
        else if (note.kind === "welcome") this.#enter(note, parent).then(resolve, reject);
      });
    });
    // Names that are bound meanwhile wait for the answer; why there is none is told by `joinThreads`.
    this.#late.expect(this.#asked.catch(() => undefined));
    say(parent, { kind: "ask", rings });
    return this.#asked;
  }

  /** Lets a worker join. Resolves when it has; rejects when it cannot. */
  call(worker: ThreadEnd): Promise<void> {
    const before = this.#called.get(worker);
    if (before !== undefined) return before;
    // A worker that joins itself first waits for that: its workers belong to the same page.
    if (this.#exchange === null && this.#asked === null)
      this.#open(new Centre(this.#environment.locks), this.#environment.rings, undefined);
    const called = new Promise<void>((resolve, reject) => {
      let answered = false;
      listen(worker, (note) => {
        if (note.kind === "joined") resolve();
        if (note.kind !== "ask" || answered) return;
        answered = true;
        const error = this.#whyNot(note.zmtp, note.rings);
        if (error !== null) {
          say(worker, { kind: "refuse", text: error.message });
          reject(error);
        } else if (this.#asked === null) this.#welcome(worker);
        else this.#asked.then(() => this.#welcome(worker), reject);
      });
      say(worker, { kind: "call" });
    });
    this.#called.set(worker, called);
    return called;
  }

  #open(exchange: Exchange, rings: boolean, inherited: unknown): void {
    const { defer } = this.#environment;
    const late = this.#late;
    this.#exchange = exchange;
    if (rings) {
      this.#host = new ExchangeHost(exchange, inherited, defer);
      late.adopt(new Threads(this.#host, late.names));
    } else late.adopt(new PortThreads(exchange, late.names, defer));
  }

  #whyNot(version: number, rings: boolean): ZmqError | null {
    if (version !== VERSION)
      return new ZmqError(
        "not-offered",
        "joinThreads: the worker has another version of the library than the thread that calls it",
      );
    if (rings || this.#host === null) return null;
    return new ZmqError(
      "not-offered",
      "joinThreads: the page is cross-origin isolated and the worker is not; its script needs the header Cross-Origin-Embedder-Policy too",
    );
  }

  #welcome(worker: ThreadEnd): void {
    const { port1, port2 } = new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port };
    const id = 1 + Math.floor(Math.random() * ID_LIMIT);
    const lock = `zmtp.thread.${id}.${Math.random()}`;
    this.#exchange?.admit(id, lock, port1);
    say(worker, { kind: "welcome", id, lock, port: port2, inherited: this.#host?.inheritance }, port2);
  }

  async #enter({ id, lock, port, inherited }: Extract<Note, { kind: "welcome" }>, parent: ThreadEnd): Promise<void> {
    const spoke = new Spoke(id, port);
    await spoke.begin(this.#environment.locks, lock);
    this.#open(spoke, inherited !== undefined, inherited);
    say(parent, { kind: "joined" });
  }
}

type Said = Note extends infer Each ? (Each extends Note ? Omit<Each, "zmtp"> : never) : never;

function say(to: ThreadEnd, note: Said, port?: Port): void {
  to.postMessage({ ...note, zmtp: VERSION }, port === undefined ? [] : [port]);
}

// Notes are ours, and not for the program's own listeners, where those come later.
function listen(from: ThreadEnd, onNote: (note: Note) => void): void {
  from.addEventListener("message", (event) => {
    const { data } = event;
    if (typeof data !== "object" || data === null || typeof (data as Partial<Note>).zmtp !== "number") return;
    event.stopImmediatePropagation();
    onNote(data as Note);
  });
}
