/**
 * The other threads of a page: nobody until `joinThreads` was called, from then on those that it brings.
 *
 * Does not own: what has to be done when they come (joining.ts), how threads find each other (join-threads.ts), who has
 * which name then (threads.ts, port-threads.ts).
 * Invariant: every page carries this file, so nothing is in it that only threads need.
 */
import type { Binding, Party } from "../core/transport.ts";
import { InprocNames, type OtherThreads } from "./inproc.ts";
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
  others: JoinedThreads | null = null;
  /** Claims among the others, of names that were bound before there were any. */
  readonly early = new Map<Party, Binding>();
  /** Whether a call is pending. */
  held = false;

  get holdsWaiting(): WaitingHold {
    return this.others?.holdsWaiting ?? "never";
  }

  claim(name: string, party: Party): Binding {
    return this.others?.claim(name, party) ?? { close: () => this.early.get(party)?.close() };
  }

  has(name: string): boolean {
    return this.others?.has(name) ?? false;
  }

  seek(name: string): void {
    this.others?.seek(name);
  }

  watch(on: boolean): void {
    this.held = on;
    this.others?.watch(on);
  }
}
