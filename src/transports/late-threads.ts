/**
 * The other threads of a page: nobody until `joinThreads` was called, from then on those that it brings.
 *
 * Owns what this thread has bound before it joined the others; it is claimed among them then. Does not own: how threads
 * find each other (join-threads.ts), who has which name then (threads.ts, port-threads.ts).
 * Invariant: nothing here imports what only threads need, so that who never joins does not carry it.
 */
import { ZmqError } from "../base/errors.ts";
import type { Binding, Party } from "../core/transport.ts";
import { InprocNames, nameInUse, type OtherThreads } from "./inproc.ts";
import type { WaitingHold } from "./waiting-connection.ts";

/** The others, once there are any. */
export interface JoinedThreads extends OtherThreads {
  /** Blocks this thread until something happened between threads, at most so many milliseconds. Throws ENOTSUP. */
  wait(ms: number): void;
  /** A call is pending in this thread, or none is any more. */
  watch(on: boolean): void;
}

export class LateThreads implements OtherThreads {
  readonly names = new InprocNames();
  #others: JoinedThreads | null = null;
  // While this thread joins; it never rejects.
  #joining: Promise<void> | null = null;
  readonly #early = new Map<Party, Binding>();
  #held = false;

  get holdsWaiting(): WaitingHold {
    return this.#others?.holdsWaiting ?? "never";
  }

  /** This thread is about to join: until `joining` has resolved nobody knows whether a name is free. */
  expect(joining: Promise<void>): void {
    this.#joining = joining;
  }

  /** These are the others. Names that were bound here and are another's are bound no more. */
  adopt(others: JoinedThreads): void {
    this.#others = others;
    others.watch(this.#held);
    for (const [name, party] of [...this.names.bound]) this.#claim(others, name, party);
    for (const name of [...this.names.waiting.keys()]) others.seek(name);
  }

  claim(name: string, party: Party): Binding {
    if (this.#others !== null) return this.#others.claim(name, party);
    const close = (): void => {
      this.#early.get(party)?.close();
      this.#early.delete(party);
    };
    if (this.#joining === null) return { close };
    const ready = this.#joining.then(async () => {
      await this.#early.get(party)?.ready;
      if (this.names.bound.get(name) !== party) throw nameInUse(name, party.endpoint, "another thread of this page");
    });
    return { close, ready };
  }

  has(name: string): boolean {
    return this.#others?.has(name) ?? false;
  }

  seek(name: string): void {
    this.#others?.seek(name);
  }

  wait(ms: number): void {
    if (this.#others === null)
      throw new ZmqError(
        "not-offered",
        "Operation not supported: this call waits for other threads, and this worker has not joined any; await joinThreads(self) first",
      );
    this.#others.wait(ms);
  }

  watch(on: boolean): void {
    this.#held = on;
    this.#others?.watch(on);
  }

  #claim(others: JoinedThreads, name: string, party: Party): void {
    try {
      const binding = others.claim(name, party);
      this.#early.set(party, binding);
      // Whoever is refused later is told by `onBindError`; the call that bound the name may have returned long ago.
      binding.ready?.catch(() => this.#early.delete(party));
    } catch (error) {
      if (!(error instanceof ZmqError)) throw error;
      this.names.bound.delete(name);
      party.onBindError(error);
    }
  }
}
