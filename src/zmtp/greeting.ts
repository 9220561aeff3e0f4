/**
 * The greeting, sent and read in stages, so that older peers can be told apart and understand us (RFC 37 "Greeting";
 * the stages are libzmq's).
 *
 *     0            9 10    11    12 ........ 31 32         33 .. 63
 *     FF padding  7F major minor mechanism      as-server  filler      ZMTP 3
 *     FF padding  7F 0|1   socket type                                 ZMTP 1.0 as later libraries spoke it, 2.0
 *     the header of an identity frame                                  ZMTP 1.0 as it began: there is no greeting
 *
 * Owns: which byte is sent when, and what the peer's bytes say of its version. Does not own: what happens next.
 * Invariants: the padding of a peer is never looked at; nothing is deduced from fewer than 10 bytes that begin with FF;
 * no byte past the peer's greeting is consumed. What cannot be the header of an identity frame (reserved flags, more than
 * 255 octets) is no ZMTP at all: libzmq would take a web browser for a ZMTP 1.0 peer and its request for messages.
 */
import { EMPTY, readUint64, writeUint64 } from "../base/bytes.ts";
import { FLAG_MORE } from "./frame-encoder.ts";

const SIGNATURE_BYTES = 10;
const GREETING_BYTES = 64;
const OLD_GREETING_BYTES = 12;
/** The longest identity, and its flags octet. */
const MAX_IDENTITY_SIZE = 256;

export type GreetingResult =
  /** The whole greeting came. `mechanism` is its 20 octets without trailing NULs. */
  | { readonly kind: "done"; readonly minor: number; readonly mechanism: Uint8Array }
  /** The peer speaks an older protocol. `frames` are the octets read that are frames already: of a peer without greeting all. */
  | { readonly kind: "old"; readonly protocol: "1.0" | "2.0"; readonly greets: boolean; readonly frames: Uint8Array }
  /** What came is no ZMTP of any version. */
  | { readonly kind: "stranger"; readonly received: Uint8Array }
  | { readonly kind: "more" };

export class Greeting {
  #send: (bytes: Uint8Array) => void;
  #mechanism: string;
  #socketType: number;
  #buffer = new Uint8Array(GREETING_BYTES);
  #received = 0;
  // 1: the signature is sent; 2: the major version; 3: everything.
  #stage: 1 | 2 | 3 = 1;

  /**
   * `socketType` is libzmq's number of our type, which older peers are told. `send` is called synchronously with each
   * stage's bytes; they belong to the callee.
   */
  constructor(mechanism: string, socketType: number, send: (bytes: Uint8Array) => void) {
    this.#mechanism = mechanism;
    this.#socketType = socketType;
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
    if (seen[0] !== 0xff) return length < 2 ? MORE : this.#ungreeted(seen[0], seen[1]);
    if (length < SIGNATURE_BYTES) return MORE;
    if ((seen[9] & 1) === 0) return this.#ungreeted(readUint64(seen, 1), seen[9]);
    if (this.#stage === 1) {
      this.#stage = 2;
      this.#send(Uint8Array.of(3));
    }
    if (length < SIGNATURE_BYTES + 1) return MORE;
    // Revisions 0 and 1 are the versioned 1.0 and 2.0; 2 and anything above 3 count as 3.1, as libzmq has it.
    const old = seen[10] < 2;
    if (this.#stage === 2) {
      this.#stage = 3;
      this.#send(old ? Uint8Array.of(this.#socketType) : this.#tail());
    }
    if (old) {
      // The peer's socket type is not looked at, as libzmq has it.
      if (length < OLD_GREETING_BYTES) return MORE;
      return { kind: "old", protocol: seen[10] === 0 ? "1.0" : "2.0", greets: true, frames: EMPTY };
    }
    if (length < GREETING_BYTES) return MORE;
    return { kind: "done", minor: seen[10] === 3 ? seen[11] : 1, mechanism: mechanismOf(seen) };
  }

  // A peer that begins with its identity frame, or none of ours.
  #ungreeted(size: number, flags: number): GreetingResult {
    const received = this.#buffer.slice(0, this.#received);
    if (size === 0 || size > MAX_IDENTITY_SIZE || (flags & ~FLAG_MORE) !== 0) return { kind: "stranger", received };
    return { kind: "old", protocol: "1.0", greets: false, frames: received };
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
