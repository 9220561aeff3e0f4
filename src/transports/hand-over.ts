/**
 * When what was written into a ring is handed over, and when a reader that sleeps is woken for it.
 *
 *     little     at once, with a look whether the reader sleeps
 *     much       at once too: a reader that is awake goes on with it. One that sleeps is woken by the first of a turn of the
 *                event loop, then by each WAKE_BYTES, and at the turn's end
 *
 * To wake a thread costs both more than copying 100 kB, and a reader is done with it before the writer has made the next: woken for
 * each message it would sleep in between. Does not own: how a thread is woken, what is written.
 */
import type { RingWriter } from "../ring/spsc-ring.ts";

/** From this size on it is much. */
const MUCH_BYTES = 16 * 1024;
/** So much is worth waking a reader in the middle of a turn. */
const WAKE_BYTES = 512 * 1024;

/** What it needs of its thread. */
export interface HandOverHost {
  /** Runs a callback in a macrotask, or earlier if this thread blocks before. */
  defer(callback: () => void): void;
  /** Wakes the reader for what was sent, which it may answer at once. */
  ask(sent: RingWriter): void;
}

export class HandOver {
  readonly #ring: RingWriter;
  readonly #host: HandOverHost;
  // Octets since the reader was last looked after; whether that was in this turn.
  #unheard = 0;
  #looked = false;
  #over = false;
  readonly #turnEnded = (): void => {
    this.#looked = false;
    if (this.#unheard > 0 && !this.#over) this.#look();
  };

  constructor(ring: RingWriter, host: HandOverHost) {
    this.#ring = ring;
    this.#host = host;
  }

  /** Hands over everything that was claimed. */
  commit(): void {
    const ring = this.#ring;
    const bytes = ring.uncommitted;
    if (bytes < MUCH_BYTES) {
      if (ring.commit()) this.#host.ask(ring);
      return;
    }
    ring.publish();
    this.#unheard += bytes;
    if (!this.#looked) {
      this.#looked = true;
      this.#host.defer(this.#turnEnded);
    } else if (this.#unheard < WAKE_BYTES) return;
    this.#look();
  }

  /** The ring's memory is touched no more. */
  end(): void {
    this.#over = true;
  }

  #look(): void {
    this.#unheard = 0;
    if (this.#ring.isReaderAsleep()) this.#host.ask(this.#ring);
  }
}
