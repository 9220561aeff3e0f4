/**
 * Busy polling: for some microseconds the event loop looks for input again and again before it sleeps, when something may
 * come at once. To sleep and to be woken costs both sides of a round trip more than all else (docs/performance.md).
 *
 *     sent ──▶ look, look, look … ──▶ heard                 a socket that also receives: what was sent may be answered
 *     heard ──▶ look, look, look … ──▶ heard                one that only receives: what came may be followed by more
 *                               └──▶ in vain: the next times are left out (base/spin-backoff.ts)
 *
 * Owns: when to look and when not to. Does not own: how (the platform's `poll`; without it nothing is looked for).
 * Invariants: a socket that neither sends nor hears does not look; a closed one neither, for a look keeps the process.
 */
import type { Clock } from "../base/clock.ts";
import { SpinBackoff } from "../base/spin-backoff.ts";

export class BusyPoll {
  readonly #clock: Clock;
  // Whether it looks after what was heard, and not after what was sent.
  readonly #follows: boolean;
  #looking = false;
  // A look is to come, also when it is not needed any more.
  #scheduled = false;
  #until = 0;
  #closed = false;
  readonly #backoff = new SpinBackoff();
  readonly #look = (): void => {
    this.#scheduled = false;
    if (!this.#looking) return;
    if (this.#clock.now() < this.#until) return this.#schedule();
    this.#looking = false;
    this.#backoff.failed();
  };

  /** `follows`: for a socket that only receives. */
  constructor(clock: Clock, follows: boolean) {
    this.#clock = clock;
    this.#follows = follows;
  }

  /** The system has messages of ours; whatever comes within `us` microseconds is looked for. */
  sent(us: number): void {
    if (!this.#follows) this.#begin(us);
  }

  /** Something came in. */
  heard(us: number): void {
    if (this.#looking) {
      this.#looking = false;
      this.#backoff.succeeded();
    }
    if (this.#follows) this.#begin(us);
  }

  /** Its socket is closed: it looks no more, also not for what is said while messages linger. */
  close(): void {
    this.#looking = false;
    this.#closed = true;
  }

  #begin(us: number): void {
    if (us === 0 || this.#closed || this.#clock.poll === undefined) return;
    if (!this.#looking && this.#backoff.skip()) return;
    this.#looking = true;
    this.#until = this.#clock.now() + us / 1000;
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#clock.poll?.(this.#look);
  }
}
