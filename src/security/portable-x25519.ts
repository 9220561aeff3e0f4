/**
 * X25519 where neither `node:crypto` nor libsodium is there at once: a page's keys, made without waiting for WebAssembly.
 *
 * The arithmetic is that of tweetnacl (its smaller build); what is boxed with the keys is libsodium's (sodium.ts). About 10 ms
 * a key. The build makes it a file of its own, so that bundlers leave it out where no keys are made (decision 0053).
 */
import nacl from "tweetnacl/nacl.js";

/** The public key of a secret key, 32 octets each. */
export function portablePublicKey(secretKey: Uint8Array): Uint8Array {
  return nacl.scalarMult.base(secretKey);
}
