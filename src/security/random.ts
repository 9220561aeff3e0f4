/** Octets that nobody can guess, for keys and nonces. The random port of the other floors (base/random.ts) is not for them. */

/** Fills with octets that nobody can guess. */
export type RandomBytes = (bytes: Uint8Array) => void;

/** The platform's cryptographic source. */
export const secureRandom: RandomBytes = (bytes) => {
  const { crypto } = globalThis as unknown as { crypto: { getRandomValues(bytes: Uint8Array): void } };
  crypto.getRandomValues(bytes);
};

const KEY_BYTES = 32;

/** A new secret key for X25519. */
export function newSecretKey(): Uint8Array {
  const secretKey = new Uint8Array(KEY_BYTES);
  secureRandom(secretKey);
  return secretKey;
}
