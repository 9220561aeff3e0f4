// Frames of ZMTP 1.0, both ways; the conversations are in spec/old-peers.test.ts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeFrame, writeHeader } from "../../../src/zmtp/frame-encoder.ts";
import { encodeLegacyFrame, LegacyDecoder, toLegacyFrames } from "../../../src/zmtp/legacy.ts";
import { cuts, hex, hexFrames, join, toHexText } from "../../support/bytes.ts";
import { limits } from "../../support/engine-probe.ts";

interface Decoded {
  readonly messages: string[][];
  readonly faults: [reason: string, hex: string][];
}

function decode(chunks: readonly Uint8Array[], most = {}): Decoded {
  const decoded: Decoded = { messages: [], faults: [] };
  const decoder = new LegacyDecoder(
    {
      onMessage: (frames) => decoded.messages.push(hexFrames(frames)) > 0,
      onCommand: () => assert.fail("ZMTP 1.0 has no commands"),
      onMalformed: (reason, _text, bytes) => decoded.faults.push([reason, toHexText(bytes)]),
    },
    limits(most),
  );
  decoder.handshaking = false;
  for (const chunk of chunks) decoder.receive(chunk);
  return decoded;
}

const SIZES = [0, 1, 63, 64, 65, 252, 253, 254, 255, 256, 257, 2000, 2001, 70_000];

describe("LegacyDecoder", () => {
  it("reads frames of every form, whole, byte by byte and cut at every offset", () => {
    const bodies = [0, 1, 253, 254, 255, 300].map((size) => Buffer.alloc(size, 0x61));
    const stream = join(...bodies.map((body, i) => encodeLegacyFrame(i < bodies.length - 1 ? 1 : 0, body)), hex("02 fe 62"));
    for (const { name, chunks } of cuts(stream)) {
      assert.deepEqual(decode(chunks), { messages: [hexFrames(bodies), ["62"]], faults: [] }, name);
    }
  });

  it("length 0 breaks the stream, in both forms; what came before stays", () => {
    for (const [bytes, shown] of [
      ["02 00 61 00 00", "00"],
      ["02 00 61 ff 0000000000000000 00", "ff000000000000000000"],
    ]) {
      for (const { name, chunks } of cuts(join(hex(bytes), hex("02 00 62")))) {
        assert.deepEqual(decode(chunks), { messages: [["61"]], faults: [["malformed-frame", shown]] }, name);
      }
    }
  });

  it("judges an announced length before it takes memory for it", () => {
    for (const length of ["0020000000000000", "ffffffffffffffff", "8000000000000000"]) {
      const decoded = decode([hex(`ff ${length} 00`)], { maxFrameBytes: 100 });
      assert.equal(decoded.faults[0]?.[0], "message-too-large", length);
    }
  });
});

describe("toLegacyFrames", () => {
  it("is the inverse of the decoder, for parts as the outbox gathers them", () => {
    const frame = fc.record({ size: fc.oneof(fc.constantFrom(...SIZES), fc.nat(600)), more: fc.boolean(), apart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), (frames) => {
        const parts: Uint8Array[] = [];
        const plain: string[][] = [[]];
        let slab: Uint8Array[] = [];
        frames.forEach(({ size, more, apart }, i) => {
          const body = Buffer.alloc(size, i);
          const flags = more && i < frames.length - 1 ? 1 : 0;
          plain[plain.length - 1].push(toHexText(body));
          if (flags === 0) plain.push([]);
          if (apart && size > 0) {
            const header = Buffer.alloc(9);
            slab.push(header.subarray(0, writeHeader(header, 0, flags, size)));
            parts.push(join(...slab), body);
            slab = [];
          } else slab.push(encodeFrame(flags, body));
        });
        if (slab.length > 0) parts.push(join(...slab));
        const wire = toLegacyFrames(parts);
        assert.deepEqual(decode([join(...wire)]), { messages: plain.slice(0, -1), faults: [] });
      }),
      { numRuns: 300 },
    );
  });

  it("passes a body that is a part by itself on by reference", () => {
    const body = Buffer.alloc(5000);
    const header = Buffer.alloc(9);
    writeHeader(header, 0, 0, body.length);
    assert.equal(toLegacyFrames([header, body])[1], body);
  });
});
