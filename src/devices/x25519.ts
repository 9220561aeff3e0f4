/** X25519 of `node:crypto`: a CURVE secret key's public key, without waiting for libsodium. */
import { createPrivateKey, createPublicKey } from "node:crypto";

/** What comes before the 32 octets of an X25519 secret key in its PKCS #8 form (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const KEY_BYTES = 32;

export function x25519PublicKey(secretKey: Uint8Array): Uint8Array {
  const der = Buffer.concat([PKCS8_PREFIX, secretKey]);
  try {
    const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
    return Uint8Array.from(key.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES));
  } finally {
    der.fill(0);
  }
}
