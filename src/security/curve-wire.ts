/**
 * The layout of CURVE's handshake (RFC 26 "Handshake Phase"): sizes, offsets and nonces that both sides need.
 *
 *     HELLO     05 "HELLO" version(2) zeros(72) C'(32) counter(8) Box[64 zeros](80)                       200 octets
 *     WELCOME   07 "WELCOME" nonce(16) Box[S'(32) cookie(96)](144)                                        168
 *     INITIATE  08 "INITIATE" cookie(96) counter(8) Box[C(32) nonce(16) vouch(80) metadata](144 + …)      257 and more
 *     READY     05 "READY" counter(8) Box[metadata](16 + …)                                               30 and more
 *     cookie    nonce(16) Secretbox[C'(32) s'(32)](80)        vouch    Box[C'(32) S(32)](80)
 *
 * C and c, S and s are the permanent key pairs of client and server, with ' those of one connection; small letters are secret.
 */
import { concat, writeUint64 } from "../base/bytes.ts";
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES } from "./sodium.ts";

export const LONG_NONCE_BYTES = 16;
export const COUNTER_BYTES = 8;
export const COOKIE_BYTES = LONG_NONCE_BYTES + TAG_BYTES + 2 * KEY_BYTES;
/** The text of HELLO's box. */
export const HELLO_TEXT_BYTES = 64;

export const HELLO = { bytes: 200, version: 6, clientKey: 80, counter: 112, box: 120 } as const;
export const WELCOME = { bytes: 168, nonce: 8, box: 24 } as const;
export const INITIATE = { leastBytes: 257, cookie: 9, counter: 105, box: 113 } as const;
/** Within the text of INITIATE's box. */
export const INITIATE_TEXT = { clientKey: 0, vouchNonce: 32, vouch: 48, metadata: 128 } as const;
export const READY = { leastBytes: 30, counter: 6, box: 14 } as const;

/** The counters of a handshake: each side's traffic goes on from there. */
export const HELLO_COUNTER = 1;
export const INITIATE_COUNTER = 2;
export const READY_COUNTER = 1;

/** A nonce of 16 octets of text and a counter. */
export function counterNonce(prefix: `CurveZMQ${string}`, counter: number): Uint8Array {
  const nonce = textNonce(prefix);
  writeUint64(nonce, NONCE_BYTES - COUNTER_BYTES, counter);
  return nonce;
}

/** A nonce of 8 octets of text and 16 that were on the wire. */
export function longNonce(prefix: "WELCOME-" | "COOKIE--" | "VOUCH---", rest: Uint8Array): Uint8Array {
  const nonce = textNonce(prefix);
  nonce.set(rest, prefix.length);
  return nonce;
}

/** A nonce of 16 octets of text and a counter as it came. */
export function receivedNonce(prefix: `CurveZMQ${string}`, counter: Uint8Array): Uint8Array {
  const nonce = textNonce(prefix);
  nonce.set(counter, NONCE_BYTES - COUNTER_BYTES);
  return nonce;
}

function textNonce(prefix: string): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  for (let i = 0; i < prefix.length; i++) nonce[i] = prefix.charCodeAt(i);
  return nonce;
}

/** All parts one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(
    parts,
    parts.reduce((length, part) => length + part.length, 0),
  );
}
