/**
 * A timer of a connection: the handshake's deadline, later the heartbeat's. Owns that an earlier time takes the place of
 * a later one; does not own what happens then. A connection that waits for nothing has none.
 */
import { type Clock, deadline, type Timer } from "../base/clock.ts";

export interface TimerOwner {
  onTime(): void;
}

export class OneTimer {
  #clock: Clock;
  #owner: TimerOwner;
  #timer: Timer | null = null;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, owner: TimerOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Calls back at `at` on the clock, unless it is to do so before. */
  setBy(at: number): void {
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#timer = deadline(this.#clock, Math.max(0, at - this.#clock.now()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#owner.onTime();
    });
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
