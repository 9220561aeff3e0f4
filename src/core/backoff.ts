/**
 * How long to wait before the next connection attempt (libzmq 4.3.5; ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_IVL_MAX).
 *
 *     max = 0    interval + random(0..interval-1), every time
 *     max > 0    interval, 2 interval, 4 interval, … max; no jitter
 *
 * The sequence starts anew when a connection was made.
 */
import type { Random } from "../base/random.ts";
import type { Settings } from "./options.ts";

export class Backoff {
  #intervalMs: number;
  #maxMs: number;
  #random: Random;
  #nextMs: number;

  constructor(settings: Settings, random: Random) {
    this.#intervalMs = settings.reconnectInterval;
    this.#maxMs = settings.reconnectMaxInterval;
    this.#random = random;
    this.#nextMs = this.#intervalMs;
  }

  /** Milliseconds to wait; undefined when the endpoint is not to be tried again. */
  next(): number | undefined {
    if (this.#intervalMs <= 0) return undefined;
    if (this.#maxMs === 0) return this.#intervalMs + this.#random.next(this.#intervalMs);
    const wait = Math.min(this.#nextMs, this.#maxMs);
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    return wait;
  }

  /** A connection was made. */
  reset(): void {
    this.#nextMs = this.#intervalMs;
  }
}
