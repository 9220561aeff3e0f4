// Frame headers.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  encodeFrame,
  FLAG_COMMAND,
  FLAG_LONG,
  FLAG_MORE,
  MAX_HEADER_BYTES,
  writeHeader,
} from "../../../src/zmtp/frame-encoder.ts";
import { toHexText } from "../../support/bytes.ts";

describe("frame encoder", () => {
  it("has the RFC's flag bits", () => {
    assert.deepEqual([FLAG_MORE, FLAG_LONG, FLAG_COMMAND], [1, 2, 4]);
  });

  it("writes two octets up to 255 and nine from 256, and says where the header ends", () => {
    const cases: [number, number, string][] = [
      [0, 0, "0000"],
      [1, 1, "0101"],
      [0, 255, "00ff"],
      [FLAG_COMMAND, 255, "04ff"],
      [0, 256, "020000000000000100"],
      [FLAG_MORE, 65_536, "030000000000010000"],
      [FLAG_COMMAND, 256, "060000000000000100"],
      [0, 2 ** 32 + 1, "020000000100000001"],
      [0, Number.MAX_SAFE_INTEGER, "02001fffffffffffff"],
    ];
    for (const [flags, size, expected] of cases) {
      const target = new Uint8Array(3 + MAX_HEADER_BYTES).fill(0xee);
      const end = writeHeader(target, 3, flags, size);
      assert.equal(toHexText(target.subarray(3, end)), expected);
      assert.deepEqual([...target.subarray(0, 3)], [0xee, 0xee, 0xee]);
      assert.ok(target.subarray(end).every((octet) => octet === 0xee));
    }
  });

  it("encodeFrame gives header and body in memory of its own", () => {
    for (const size of [0, 1, 255, 256, 1000]) {
      const body = new Uint8Array(size).fill(7);
      const frame = encodeFrame(FLAG_COMMAND, body);
      assert.equal(frame.length, size + (size > 255 ? 9 : 2));
      body.fill(0);
      assert.ok(frame.subarray(size > 255 ? 9 : 2).every((octet) => octet === 7));
    }
  });
});
