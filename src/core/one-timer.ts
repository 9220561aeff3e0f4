/**
 * The one timer of a connection: the handshake's deadline, later the heartbeat's. Owns that there is at most one, and that
 * an earlier time takes the place of a later one; does not own what happens then.
 */
import { type Clock, deadline, type Timer } from "../base/clock.ts";

export class OneTimer {
  #clock: Clock;
  #timer: Timer | null = null;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back after `ms`, in place of what was to come. */
  set(ms: number, callback: () => void): void {
    this.#timer?.cancel();
    this.#timer = deadline(this.#clock, ms, callback);
  }

  /** Calls back at `at` on the clock, unless something is to come before. */
  setBy(at: number, callback: () => void): void {
    if (at >= this.#at) return;
    this.#at = at;
    this.set(Math.max(0, at - this.#clock.now()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      callback();
    });
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#at = Number.POSITIVE_INFINITY;
  }

  /** As `clear`, and nothing is set by a time any more. */
  stop(): void {
    this.clear();
    this.#at = Number.NEGATIVE_INFINITY;
  }
}
