// Where CURVE puts what it seals and opens: into memory that it was lent or given where it may, and into nobody else's.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { readUint64 } from "../../../src/base/bytes.ts";
import { CurveBox } from "../../../src/security/curve-box.ts";
import { loadSodiumNative } from "../../../src/security/native-box.ts";
import { type NativeBox, Sodium } from "../../../src/security/sodium.ts";
import { FrameDecoder } from "../../../src/zmtp/frame-decoder.ts";
import { FLAG_LONG, MAX_HEADER_BYTES } from "../../../src/zmtp/frame-encoder.ts";
import { fill, loadSodium, sealAll } from "../../support/curve.ts";
import { limits, message as plain } from "../../support/engine-probe.ts";

let portable: Sodium;
let native: NativeBox | null;
before(async () => {
  portable = await loadSodium();
  native = await loadSodiumNative();
});

const own = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);

/** The bodies of frames in wire form. */
function bodies(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const long = (bytes[at] & FLAG_LONG) !== 0;
    const body = at + (long ? MAX_HEADER_BYTES : 2);
    at = body + (long ? readUint64(bytes, at + 1) : bytes[at + 1]);
    assert.ok(at <= bytes.length, "a piece has whole frames");
    found.push(bytes.subarray(body, at));
  }
  return found;
}

for (const library of ["WebAssembly", "sodium-native"] as const) {
  describe(`CURVE's memory with ${library}`, () => {
    function pair(): { readonly client: CurveBox; readonly server: CurveBox } {
      if (library === "sodium-native") assert.ok(native, "sodium-native is a development dependency");
      const sodium = new Sodium(portable.module, library === "WebAssembly" ? null : native);
      const box = (side: "client" | "server"): CurveBox => new CurveBox(sodium, sodium.secretKey(fill(0x78)), side, 0, 0);
      return { client: box("client"), server: box("server") };
    }
    const sealedBy = (box: CurveBox, size: number): Uint8Array =>
      bodies(own(Buffer.concat(sealAll(box, [plain(fill(7, size))]))))[0];

    for (const size of [65, 500, 5000]) {
      it(`opens ${size} octets where they are when they are given, and elsewhere when they are not`, () => {
        const { client, server } = pair();
        const kept = sealedBy(client, size);
        const before = own(kept);
        const apart = server.open(kept, false) as Uint8Array;
        assert.deepEqual([own(apart), kept], [fill(7, size), before]);
        const given = sealedBy(client, size);
        const opened = server.open(given, true) as Uint8Array;
        assert.deepEqual(own(opened), fill(7, size));
        assert.equal(opened.buffer, given.buffer);
      });

      it(`leaves ${size} octets that it refuses as they came`, () => {
        const { client, server } = pair();
        const forged = sealedBy(client, size);
        forged[forged.length - 1] ^= 1;
        const before = own(forged);
        assert.equal(server.open(forged, true), null);
        assert.deepEqual(forged, before);
      });
    }

    it("does not keep the memory that a small frame came in", () => {
      const { client, server } = pair();
      const given = sealedBy(client, 64);
      const opened = server.open(given, true) as Uint8Array;
      assert.deepEqual(own(opened), fill(7, 64));
      assert.notEqual(opened.buffer, given.buffer);
    });

    it("seals into nothing but what it is lent, whole frames in each piece", () => {
      const { client, server } = pair();
      const lent: ArrayBufferLike[] = [];
      const lend = (bytes: number): Uint8Array => {
        const memory = new Uint8Array(bytes);
        lent.push(memory.buffer);
        return memory;
      };
      const sent = [10, 900, 40_000, 30_000, 100_000, 20].map((size) => fill(size % 251, size));
      const pieces = client.seal(
        sent.map((body) => plain(body)),
        { lend },
      );
      assert.ok(pieces);
      assert.ok(pieces.every(({ buffer }) => lent.includes(buffer)));
      assert.deepEqual(
        pieces.flatMap(bodies).map((body) => own(server.open(body) as Uint8Array)),
        sent,
      );
    });

    it("leaves the plain form as it was, for it may be given back", () => {
      const { client, server } = pair();
      const part = own(Buffer.concat([50, 900, 2000].map((size) => plain(fill(3, size)))));
      const before = own(part);
      const sealed = Buffer.concat(sealAll(client, [part]));
      assert.deepEqual(part, before);
      assert.deepEqual(
        bodies(sealed).map((body) => own(server.open(body) as Uint8Array)),
        [50, 900, 2000].map((size) => fill(3, size)),
      );
    });

    it("a decoder gives what belongs to it, and neither a lent chunk nor where every body is to be a copy", () => {
      for (const [lent, copyBodies] of [
        [false, false],
        [true, false],
        [false, true],
      ]) {
        const { client, server } = pair();
        const chunk = own(Buffer.concat(sealAll(client, [plain(fill(1, 100)), plain(fill(2, 2000))])));
        const before = own(chunk);
        const opened: Uint8Array[] = [];
        const sink = {
          onMessage: (frames: Uint8Array[]) => opened.push(...frames) > 0,
          onCommand: () => true,
          onMalformed: assert.fail,
        };
        const decoder = new FrameDecoder(sink, limits({ copyBodies }));
        decoder.startTraffic(server);
        decoder.receive(chunk, lent);
        assert.deepEqual(opened.map(own), [fill(1, 100), fill(2, 2000)]);
        assert.deepEqual(
          opened.map(({ buffer }) => buffer === chunk.buffer),
          lent || copyBodies ? [false, false] : [true, true],
        );
        if (lent || copyBodies) assert.deepEqual(chunk, before);
      }
    });
  });
}
