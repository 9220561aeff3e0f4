/**
 * The ZMTP 3 greeting, sent and read in stages (RFC 37 "Greeting"; the stages are libzmq's, so that older peers can be
 * told apart).
 *
 *     0            9 10    11    12 ........ 31 32         33 .. 63
 *     FF padding  7F major minor mechanism      as-server  filler
 *
 * Owns: which byte is sent when, and what the peer's bytes say of its version. Does not own: what happens next.
 * Invariants: the padding of a peer is never looked at; nothing is deduced from fewer than 10 bytes that begin with FF;
 * no byte past the peer's greeting is consumed.
 */
import { writeUint64 } from "../base/bytes.ts";

const SIGNATURE_BYTES = 10;
const GREETING_BYTES = 64;

export type GreetingResult =
  /** The whole greeting came. `mechanism` is its 20 octets without trailing NULs. */
  | { readonly kind: "done"; readonly minor: number; readonly mechanism: Uint8Array }
  /** The peer speaks an older protocol; `received` holds what it sent so far. */
  | { readonly kind: "old"; readonly version: "1.0" | "2.0"; readonly received: Uint8Array }
  | { readonly kind: "more" };

export class Greeting {
  #send: (bytes: Uint8Array) => void;
  #mechanism: string;
  #buffer = new Uint8Array(GREETING_BYTES);
  #received = 0;
  #stage: 1 | 2 | 3 = 1;

  /** `send` is called synchronously with each stage's bytes; they belong to the callee. */
  constructor(mechanism: string, send: (bytes: Uint8Array) => void) {
    this.#mechanism = mechanism;
    this.#send = send;
  }

  /**
   * Sends the signature. `identityBytes` is the length of our routing id: to a ZMTP 1.0 peer the padding is that
   * frame's length.
   */
  start(identityBytes: number): void {
    const signature = new Uint8Array(SIGNATURE_BYTES);
    signature[0] = 0xff;
    writeUint64(signature, 1, identityBytes + 1);
    signature[9] = 0x7f;
    this.#send(signature);
  }

  /** Number of bytes read so far, for error messages. */
  get received(): number {
    return this.#received;
  }

  /** Takes what it needs of `chunk` from `at` on and says where the rest begins. */
  receive(chunk: Uint8Array, at: number): { result: GreetingResult; next: number } {
    let next = at;
    while (next < chunk.length) {
      this.#buffer[this.#received++] = chunk[next++];
      const result = this.#judge();
      if (result.kind !== "more") return { result, next };
    }
    return { result: { kind: "more" }, next };
  }

  #judge(): GreetingResult {
    const { length, seen } = { length: this.#received, seen: this.#buffer };
    if (seen[0] !== 0xff) return this.#old("1.0");
    if (length < SIGNATURE_BYTES) return MORE;
    if ((seen[9] & 1) === 0) return this.#old("1.0");
    if (this.#stage === 1) {
      this.#stage = 2;
      this.#send(Uint8Array.of(3));
    }
    if (length < SIGNATURE_BYTES + 1) return MORE;
    // Revisions 0 and 1 are the versioned 1.0 and 2.0; 2 and anything above 3 count as 3.1, as libzmq has it.
    if (seen[10] === 0) return this.#old("1.0");
    if (seen[10] === 1) return this.#old("2.0");
    if (this.#stage === 2) {
      this.#stage = 3;
      this.#send(this.#tail());
    }
    if (length < GREETING_BYTES) return MORE;
    return { kind: "done", minor: seen[10] === 3 ? seen[11] : 1, mechanism: mechanismOf(seen) };
  }

  #old(version: "1.0" | "2.0"): GreetingResult {
    return { kind: "old", version, received: this.#buffer.slice(0, this.#received) };
  }

  // Minor version, mechanism, as-server (always 0, as libzmq sends it; nobody looks) and filler.
  #tail(): Uint8Array {
    const tail = new Uint8Array(GREETING_BYTES - SIGNATURE_BYTES - 1);
    tail[0] = 1;
    for (let i = 0; i < this.#mechanism.length; i++) tail[1 + i] = this.#mechanism.charCodeAt(i);
    return tail;
  }
}

const MORE: GreetingResult = { kind: "more" };

function mechanismOf(greeting: Uint8Array): Uint8Array {
  let end = 32;
  while (end > 12 && greeting[end - 1] === 0) end--;
  return greeting.slice(12, end);
}
