/**
 * Z85 (RFC 32): bytes as printable text, four octets as five characters, most significant first.
 *
 * Owns the alphabet and the checks. Used for CURVE's keys, which are 40 characters long.
 */
import { allocate, readUint32, writeUint32 } from "./bytes.ts";
import { describe, ZmqError } from "./errors.ts";

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const DIGITS = new Map([...ALPHABET].map((character, digit) => [character, digit]));

/** Text of octets, whose number must be divisible by four: otherwise EINVAL (zmq_z85_encode). */
export function encode(bytes: Uint8Array): string {
  if (!(bytes instanceof Uint8Array)) throw new ZmqError("invalid-argument", `Z85 encodes bytes, got ${describe(bytes)}`);
  if (bytes.length % 4 !== 0) throw new ZmqError("invalid-argument", `Z85 encodes a multiple of 4 octets, got ${bytes.length}`);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    let value = readUint32(bytes, at);
    let group = "";
    for (let i = 0; i < 5; i++) {
      group = ALPHABET[value % 85] + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}

/** Octets of a text, whose length must be divisible by five; EINVAL for that, for other characters, and for a group above 2^32-1 (zmq_z85_decode). */
export function decode(text: string): Uint8Array {
  if (typeof text !== "string") throw new ZmqError("invalid-argument", `Z85 decodes a string, got ${describe(text)}`);
  if (text.length % 5 !== 0) throw new ZmqError("invalid-argument", `Z85 decodes a multiple of 5 characters, got ${text.length}`);
  const bytes = allocate((text.length / 5) * 4);
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (let i = at; i < at + 5; i++) {
      const digit = DIGITS.get(text[i]);
      if (digit === undefined)
        throw new ZmqError("invalid-argument", `Z85 has no character ${JSON.stringify(text[i])} (at ${i})`);
      value = value * 85 + digit;
    }
    if (value > 0xffffffff)
      throw new ZmqError("invalid-argument", `Z85 group ${JSON.stringify(text.slice(at, at + 5))} (at ${at}) is above 2^32-1`);
    writeUint32(bytes, (at / 5) * 4, value);
  }
  return bytes;
}
