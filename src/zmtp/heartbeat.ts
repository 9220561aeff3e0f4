/**
 * Heartbeats: when to send PING, and when silence means that the peer is gone (RFC 37 "Connection Heartbeating"; timers
 * as libzmq has them).
 *
 * Owns three deadlines: the next PING; the answer to one (`timeoutMs` after it, stopped by anything that comes in); and
 * the time to live that the peer's own PING announced. Time is a parameter. Invariant: what comes in only clears
 * deadlines, so a busy link costs two writes per chunk.
 */
export interface HeartbeatSettings {
  /** Between PINGs, ms; 0 sends none. */
  readonly intervalMs: number;
  /** How long the peer may stay silent after a PING, ms. */
  readonly timeoutMs: number;
  /** Announced to the peer, tenths of a second; at most 655, for libzmq multiplies in 16 bits. */
  readonly ttlTenths: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** libzmq computes ttl * 100 ms in 16 bits: 656 tenths would become 64 ms. */
export const MAX_TTL_TENTHS = 655;

export class Heartbeat {
  #settings: HeartbeatSettings;
  #pingAt = NEVER;
  #silentUntil = NEVER;
  #ttlUntil = NEVER;

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings;
  }

  /** The handshake is complete. */
  start(now: number): void {
    if (this.#settings.intervalMs > 0) this.#pingAt = now + this.#settings.intervalMs;
  }

  /** Something came in. */
  heard(): void {
    this.#silentUntil = NEVER;
    this.#ttlUntil = NEVER;
  }

  /** The peer's PING announced a time to live, in ms; 0 announces none. */
  announced(ttlMs: number, now: number): void {
    if (ttlMs > 0) this.#ttlUntil = now + ttlMs;
  }

  /** What is due: a PING, or the end. */
  tick(now: number): "ping" | "heartbeat-timeout" | "ttl-expired" | undefined {
    if (now >= this.#silentUntil) return "heartbeat-timeout";
    if (now >= this.#ttlUntil) return "ttl-expired";
    if (now < this.#pingAt) return undefined;
    this.#pingAt = now + this.#settings.intervalMs;
    if (this.#silentUntil === NEVER && this.#settings.timeoutMs > 0) this.#silentUntil = now + this.#settings.timeoutMs;
    return "ping";
  }

  /** When `tick` has something to do next; Infinity for never. */
  get deadline(): number {
    return Math.min(this.#pingAt, this.#silentUntil, this.#ttlUntil);
  }
}
