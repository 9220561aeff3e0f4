/**
 * The transmit window: the packets that a source has sent and can send again (RFC 3208 section 3.6).
 *
 *     … | trail ─────────── lead |        a ring of `capacity` packets; the next one takes the place of the oldest
 *
 * Invariant: `get` gives a packet exactly for the sequence numbers from trail to lead.
 */
import { after, distance } from "./sequence.ts";

export class TransmitWindow {
  #capacity: number;
  #first: number;
  #packets: Uint8Array[] = [];
  // When each was last repaired.
  #repairedAt: number[] = [];
  // Packets sent since the beginning; a number counts 2^53 of them.
  #count = 0;

  /** `first` is the sequence number of the first packet. */
  constructor(capacity: number, first: number) {
    this.#capacity = capacity;
    this.#first = first;
  }

  /** Packets sent since the beginning. */
  get count(): number {
    return this.#count;
  }

  /** How many of the first packets are not in it any more. */
  get gone(): number {
    return Math.max(0, this.#count - this.#capacity);
  }

  /** The sequence number of the oldest packet; of the next one while there is none. */
  get trail(): number {
    return after(this.#first, this.gone % 0x100000000);
  }

  /** The sequence number of the newest packet; one before the first while there is none. */
  get lead(): number {
    return after(this.#first, (this.#count % 0x100000000) - 1);
  }

  /** Keeps the next packet. Its sequence number is `lead` from then on. */
  push(packet: Uint8Array): void {
    const slot = this.#count % this.#capacity;
    this.#packets[slot] = packet;
    this.#repairedAt[slot] = Number.NEGATIVE_INFINITY;
    this.#count++;
  }

  get(sqn: number): Uint8Array | undefined {
    const slot = this.#slotOf(sqn);
    return slot < 0 ? undefined : this.#packets[slot];
  }

  /** Whether the packet can be repaired and was not within the last `intervalMs`; if so it counts as repaired now. */
  claim(sqn: number, now: number, intervalMs: number): boolean {
    const slot = this.#slotOf(sqn);
    if (slot < 0 || now - this.#repairedAt[slot] < intervalMs) return false;
    this.#repairedAt[slot] = now;
    return true;
  }

  has(sqn: number): boolean {
    return this.#slotOf(sqn) >= 0;
  }

  #slotOf(sqn: number): number {
    const back = distance(sqn, this.lead);
    if (back < 0 || back >= Math.min(this.#count, this.#capacity)) return -1;
    return (this.#count - 1 - back) % this.#capacity;
  }
}
