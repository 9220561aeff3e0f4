/**
 * Messages that can be checked, and the ledger that checks them.
 *
 *     CRC-32 of the rest (4 octets) | sequence number (4 octets) | content of 8 to 1031 octets, by the sequence number
 *
 * A ledger finds messages that were changed, that came twice, and, where order is promised, that are missing.
 */
import { crc32 } from "node:zlib";

const HEADER = 8;
const CONTENT = Buffer.from(Uint8Array.from({ length: 2048 }, (_, i) => (i * 2654435761) >>> 24));

export function stamp(sequence: number): Buffer {
  const start = sequence & 1023;
  const size = 8 + ((sequence * 37) & 1023);
  const body = Buffer.allocUnsafe(HEADER + size);
  body.writeUInt32LE(sequence, 4);
  CONTENT.copy(body, HEADER, start, start + size);
  body.writeUInt32LE(crc32(body.subarray(4)), 0);
  return body;
}

export class Ledger {
  received = 0;
  /** Gaps in the sequence, where order is promised. */
  lost = 0;
  /** Messages with a wrong checksum, and those that came twice. */
  changed = 0;
  #ordered: boolean;
  #next = 0;
  #seen = new Uint8Array(1 << 16);

  /** `ordered`: the messages of this flow come in the order in which they were sent. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  accept(body: Buffer): void {
    if (body.length < HEADER || body.readUInt32LE(0) !== crc32(body.subarray(4))) {
      this.received++;
      this.changed++;
      this.#next++; // It came, whatever its number was.
      return;
    }
    const sequence = body.readUInt32LE(4);
    if (!this.#ordered) this.#mark(sequence);
    else if (sequence >= this.#next) {
      this.lost += sequence - this.#next;
      this.#next = sequence + 1;
      this.received++;
    } else this.changed++;
  }

  #mark(sequence: number): void {
    if (sequence >= this.#seen.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(sequence + 1)));
      larger.set(this.#seen);
      this.#seen = larger;
    }
    if (this.#seen[sequence] === 1) this.changed++;
    else this.received++;
    this.#seen[sequence] = 1;
  }
}
