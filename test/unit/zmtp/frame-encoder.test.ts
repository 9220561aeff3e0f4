// Frame headers.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  encodeFrame,
  FLAG_COMMAND,
  FLAG_LONG,
  FLAG_MORE,
  MAX_HEADER_BYTES,
  readFrames,
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

  it("readFrames reads back what was gathered: small bodies in their part, large ones as a part, behind octets of something else", () => {
    const seen = (parts: Uint8Array[], skip: number): [number, string][] => {
      const frames: [number, string][] = [];
      readFrames(parts, skip, (flags, body) => frames.push([flags, toHexText(body)]));
      return frames;
    };
    const large = new Uint8Array(300).fill(9);
    const header = new Uint8Array(MAX_HEADER_BYTES);
    writeHeader(header, 0, FLAG_MORE, large.length);
    const first = Uint8Array.of(0xff, 0xff, 0xff, FLAG_MORE, 1, 0xaa, 0, 0, ...header);
    const parts = [first, large, encodeFrame(FLAG_COMMAND, Uint8Array.of(1, 2)), encodeFrame(0, new Uint8Array(256))];
    const frames: [number, string][] = [
      [FLAG_MORE, "aa"],
      [0, ""],
      [FLAG_MORE | FLAG_LONG, "09".repeat(300)],
      [FLAG_COMMAND, "0102"],
      [FLAG_LONG, "00".repeat(256)],
    ];
    assert.deepEqual(seen(parts, 3), frames);
    // A body of no octets that a header ends with takes no other part.
    assert.deepEqual(seen([Uint8Array.of(0, 0), Uint8Array.of(0, 1, 7)], 0), [
      [0, ""],
      [0, "07"],
    ]);
    // What is skipped may be several parts.
    assert.deepEqual(seen([new Uint8Array(4), new Uint8Array(3), ...parts], 10), frames);
    assert.deepEqual(seen([new Uint8Array(4)], 9), []);
  });
});
