// Masking by words, against RFC 6455's own formula: octet i is combined with octet i modulo 4 of the key.
import assert from "node:assert/strict";
import { it } from "node:test";
import { maskInPlace } from "../../../src/transports/websocket-frames.ts";

it("masks any length at any alignment as octet by octet, and nothing around it", () => {
  const key = 0xd4c3b2a1;
  const octets = [0xa1, 0xb2, 0xc3, 0xd4];
  const lengths = [...Array(140).keys(), 1000, 1001, 1027, 10_000];
  for (let offset = 0; offset < 8; offset++) {
    for (const length of lengths) {
      const memory = Uint8Array.from({ length: offset + length + 9 }, (_, i) => (i * 7) & 255);
      const expected = Uint8Array.from(memory);
      for (let i = 0; i < length; i++) expected[offset + 3 + i] ^= octets[i & 3];
      maskInPlace(memory.subarray(offset), 3, length, key);
      assert.deepEqual(memory, expected, `${length} octets at ${offset}`);
    }
  }
});
