/** X25519 of `node:crypto`: a CURVE secret key's public key, without waiting for libsodium. */

/** What comes before the 32 octets of an X25519 secret key in its PKCS #8 form (RFC 8410). */
const PKCS8_PREFIX = "302e020100300506032b656e04220420";
const KEY_BYTES = 32;

export function x25519PublicKey(secretKey: Uint8Array): Uint8Array {
  // Loaded by the first use: decision 0069.
  const { createPrivateKey, createPublicKey } = process.getBuiltinModule("node:crypto");
  const der = Buffer.concat([Buffer.from(PKCS8_PREFIX, "hex"), secretKey]);
  try {
    const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
    return Uint8Array.from(key.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES));
  } finally {
    der.fill(0);
  }
}
