/**
 * What a program has borrowed of one connection's ring: frames that are views of it, which go back one by one, in whatever order.
 *
 * Does not own: which frames are lent (ring/message-reader.ts), when their room is free (ring/spsc-ring.ts).
 * Invariant: the connection's memory serves no other one before everything is back, also when the connection is over; what
 * never comes back is left to the collector with all of it.
 */
import { lend, own } from "../core/loans.ts";
import type { Lender } from "../ring/message-reader.ts";
import type { Loan, RingReader } from "../ring/spsc-ring.ts";

export class RingLoans implements Lender {
  readonly #ring: RingReader;
  readonly #wakeWriter: () => void;
  #count = 0;
  #onReturned: (() => void) | null = null;

  /** `wakeWriter` is called when the other side waits for room and has some now. */
  constructor(ring: RingReader, wakeWriter: () => void) {
    this.#ring = ring;
    this.#wakeWriter = wakeWriter;
  }

  lend(frame: Uint8Array, loan: Loan): void {
    this.#count++;
    lend(frame, () => this.#onBack(loan));
  }

  reclaim(frames: Uint8Array[]): void {
    own(frames);
  }

  /** Nothing more is lent. Calls back when everything is back, perhaps at once. */
  whenReturned(callback: () => void): void {
    if (this.#count === 0) callback();
    else this.#onReturned = callback;
  }

  #onBack(loan: Loan): void {
    this.#count--;
    if (this.#ring.giveBack(loan)) this.#wakeWriter();
    if (this.#count === 0) this.#onReturned?.();
  }
}
