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
import type { Locks, Port } from "./exchange.ts";
import { Joining } from "./joining.ts";
import type { LateThreads } from "./late-threads.ts";

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

/** What a worker gets from whoever lets it join. */
export interface Welcome {
  readonly id: number;
  /** The name of the Web Lock that it is to hold while it lives. */
  readonly lock: string;
  /** To the centre. */
  readonly port: Port;
  /** The directory in shared memory; undefined where all goes through ports. */
  readonly inherited: unknown;
}

/** A thread that has joined others can let more of them join. */
export interface Joined {
  /** The thread with this id has the other end of `port`. */
  admit(id: number, lock: string, port: Port): void;
  /** What it inherits; undefined where all goes through ports. */
  readonly inheritance: unknown;
}

/** Two versions of the library that cannot talk with each other have different ones. */
const VERSION = 2;
const ID_LIMIT = 0x7fffffff;

type Said =
  | { readonly kind: "call" | "joined" }
  | { readonly kind: "ask"; readonly rings: boolean }
  | { readonly kind: "refuse"; readonly text: string }
  | ({ readonly kind: "welcome" } & Welcome);
type Note = { readonly zmtp: number } & Said;

/** This thread's part in joining: it asks its parent once, and calls its workers. */
export class Joiner {
  readonly #environment: JoinEnvironment;
  readonly #late: LateThreads;
  readonly #called = new WeakMap<ThreadEnd, Promise<void>>();
  // From the first join on: by our parent's welcome, or as the centre.
  #joined: Promise<Joined> | null = null;
  #asked: Promise<void> | null = null;
  #isWelcome = false;

  constructor(environment: JoinEnvironment, late: LateThreads) {
    this.#environment = environment;
    this.#late = late;
  }

  /** In a worker: joins those that its parent is joined to. Resolves when it is done; rejects when it is refused. */
  ask(parent: ThreadEnd): Promise<void> {
    if (this.#asked !== null) return this.#asked;
    if (this.#joined !== null)
      throw new ZmqError(
        "invalid-argument",
        "This worker has joined workers of its own already: call joinThreads(self) before joinThreads(worker)",
      );
    const { rings } = this.#environment;
    const joined = new Promise<Joined>((resolve, reject) => {
      listen(parent, (note) => {
        if (note.kind === "call" && !this.#isWelcome) say(parent, { kind: "ask", rings });
        else if (note.kind === "refuse") reject(new ZmqError("not-offered", note.text));
        else if (note.kind === "welcome") {
          this.#isWelcome = true;
          load()
            .then(({ joinAsSpoke }) => joinAsSpoke(this.#environment, this.#late, note))
            .then(resolve, reject);
        }
      });
    });
    this.#asked = this.#join(joined).then(() => say(parent, { kind: "joined" }));
    say(parent, { kind: "ask", rings });
    return this.#asked;
  }

  /** Lets a worker join. Resolves when it has; rejects when it cannot. */
  call(worker: ThreadEnd): Promise<void> {
    const before = this.#called.get(worker);
    if (before !== undefined) return before;
    // A worker that asked to join waits for that: its workers belong to the same page.
    const joined = this.#joined ?? this.#join(load().then(({ joinAsCentre }) => joinAsCentre(this.#environment, this.#late)));
    const called = new Promise<void>((resolve, reject) => {
      joined.catch(reject);
      let answered = false;
      listen(worker, (note) => {
        if (note.kind === "joined") resolve();
        if (note.kind !== "ask" || answered) return;
        answered = true;
        joined.then((ours) => this.#answer(worker, note.zmtp, note.rings, ours)).catch(reject);
      });
      say(worker, { kind: "call" });
    });
    this.#called.set(worker, called);
    return called;
  }

  // Until it is done names that are bound wait; whether it can be done is told by `joinThreads`.
  #join(joined: Promise<Joined>): Promise<Joined> {
    this.#joined = joined;
    const settled = joined.then(
      () => undefined,
      () => undefined,
    );
    this.#late.others = new Joining(this.#late, settled);
    return joined;
  }

  #answer(worker: ThreadEnd, version: number, rings: boolean, { admit, inheritance }: Joined): void {
    const why = whyNot(version, rings || inheritance === undefined);
    if (why !== null) {
      say(worker, { kind: "refuse", text: why });
      throw new ZmqError("not-offered", why);
    }
    const { port1, port2 } = new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port };
    const id = 1 + Math.floor(Math.random() * ID_LIMIT);
    const lock = `zmtp.thread.${id}.${Math.random()}`;
    admit(id, lock, port1);
    say(worker, { kind: "welcome", id, lock, port: port2, inherited: inheritance }, port2);
  }
}

function load(): Promise<typeof import("./joined-threads.ts")> {
  return import("./joined-threads.ts");
}

function whyNot(version: number, canShare: boolean): string | null {
  if (version !== VERSION) return "joinThreads: the worker has another version of the library than the thread that calls it";
  if (canShare) return null;
  return "joinThreads: the page is cross-origin isolated and the worker is not; its script needs the header Cross-Origin-Embedder-Policy too";
}

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
