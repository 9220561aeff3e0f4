/** Copies into and out of shared memory, on both sides of the size from which the runtime's native copy is used. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { copyShared } from "../../../src/ring/shared-copy.ts";

const PATTERN = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 37 + (i >> 8)) & 0xff));

for (const length of [0, 1, 7, 2047, 2048, 2049, 4999])
  test(`${length} octets, at any offset, and nothing beside them`, () => {
    for (const [from, at] of [
      [0, 0],
      [1, 0],
      [0, 3],
      [1, 8],
    ]) {
      const source = Uint8Array.from(PATTERN.subarray(from, from + length));
      const shared = new Uint8Array(new SharedArrayBuffer(5100)).fill(0xee);
      copyShared(shared, source, at);
      const back = new Uint8Array(5100).fill(0xdd);
      copyShared(back, shared.subarray(at, at + length), at + 1);
      assert.ok(Buffer.from(back.subarray(at + 1, at + 1 + length)).equals(PATTERN.subarray(from, from + length)));
      assert.equal(back[at], 0xdd);
      assert.equal(back[at + 1 + length], 0xdd);
      assert.ok(shared.subarray(at + length).every((octet) => octet === 0xee));
      assert.ok(shared.subarray(0, at).every((octet) => octet === 0xee));
    }
  });
