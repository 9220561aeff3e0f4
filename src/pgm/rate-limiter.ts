/**
 * The rate limit of a source: a bucket of octets that fills steadily and that every packet takes from (RFC 3208 section 5.1.2).
 *
 * A packet may go while the bucket is not empty; the debt of the last one is paid before the next goes. So repairs that
 * must go make originals wait. Owns the arithmetic; whoever waits asks how long.
 */
export class RateLimiter {
  #octetsPerMs: number;
  #burst: number;
  #octets: number;
  #at: number;

  /** `kilobits` per second, as the option `rate` says it; `packetBytes` is the largest packet. */
  constructor(kilobits: number, packetBytes: number, now: number) {
    this.#octetsPerMs = kilobits / 8;
    // A slow source may send what it has saved in a second, a fast one in four milliseconds: enough for a timer that is late,
    // and not more than receivers' buffers take.
    const perSecond = this.#octetsPerMs * 1000;
    this.#burst = Math.max(packetBytes, Math.min(perSecond, Math.max(65536, perSecond / 250)));
    this.#octets = this.#burst;
    this.#at = now;
  }

  /** Whether a packet may go, without looking at the clock. */
  get hasSome(): boolean {
    return this.#octets > 0;
  }

  /** Whether a packet may go now. */
  allows(now: number): boolean {
    if (this.#octets > 0) return true;
    this.#octets = Math.min(this.#burst, this.#octets + (now - this.#at) * this.#octetsPerMs);
    this.#at = now;
    return this.#octets > 0;
  }

  /** A packet went. */
  spend(bytes: number, now: number): void {
    this.#octets = Math.min(this.#burst, this.#octets + (now - this.#at) * this.#octetsPerMs) - bytes;
    this.#at = now;
  }

  /** Milliseconds until a packet may go, whole ones: less is no time that a timer knows. */
  waitMs(now: number): number {
    return this.allows(now) ? 0 : Math.floor(-this.#octets / this.#octetsPerMs) + 1;
  }
}
