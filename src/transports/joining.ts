/**
 * The others of a thread that has begun to join them and is not there yet: nobody knows whether a name is free, so a bind
 * waits, and so does who seeks a name. Does not own: who the others are then (joined-threads.ts).
 */
import { ZmqError } from "../base/errors.ts";
import type { Binding, Party } from "../core/transport.ts";
import { nameInUse } from "./inproc.ts";
import type { JoinedThreads, LateThreads } from "./late-threads.ts";

export class Joining implements JoinedThreads {
  readonly holdsWaiting = "closing";
  readonly #late: LateThreads;
  readonly #joined: Promise<void>;

  /** `joined` resolves when there are others or never will be; it does not reject. */
  constructor(late: LateThreads, joined: Promise<void>) {
    this.#late = late;
    this.#joined = joined;
  }

  claim(name: string, party: Party): Binding {
    const { early, names } = this.#late;
    const ready = this.#joined.then(async () => {
      await early.get(party)?.ready;
      if (names.bound.get(name) !== party) throw nameInUse(name, party.endpoint, "another thread of this page");
    });
    return { close: () => early.get(party)?.close(), ready };
  }

  has(): boolean {
    return false;
  }

  seek(): void {
    // It waits with all the others.
  }

  wait(): void {
    throw new ZmqError(
      "not-offered",
      "Operation not supported: this call blocks, and this worker has not joined others yet; await joinThreads(self) first",
    );
  }

  watch(): void {
    // The hold is taken over by those that come.
  }
}
