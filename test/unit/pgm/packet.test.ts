// PGM's packets: vectors of libzmq's, read and written; every cut and every changed octet is refused or harmless.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { sameAddress } from "../../../src/pgm/address.ts";
import { checksum, encodeNak, encodeSpm, encodeSpmr, NAK, NCF, ODATA, Packet, RDATA, sealData } from "../../../src/pgm/packet.ts";
import { Packer, Unpacker } from "../../../src/pgm/packing.ts";

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly type: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly list?: readonly number[];
  readonly messages?: readonly (readonly string[])[];
}

const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/pgm.json", import.meta.url), "utf8")) as readonly Vector[];
const ID = { high: 0x01020304, low: 0x05061e61 };
const LIMITS = { maxFrameBytes: 1 << 20, maxFrames: 1000, maxMetadataBytes: 0, copyBodies: false };
const octets = (hex: string): Buffer => Buffer.from(hex, "hex");

function read(bytes: Uint8Array): Packet {
  const packet = new Packet();
  assert.equal(packet.read(bytes), null);
  return packet;
}

describe("PGM packets", () => {
  for (const { name, hex, type, fields, list, messages } of VECTORS) {
    it(`reads ${name}`, () => {
      const bytes = octets(hex);
      const packet = read(bytes);
      const { high, low } = packet;
      assert.deepEqual({ type: packet.type, high, low }, { type, ...ID });
      for (const [field, value] of Object.entries(fields)) assert.equal(packet[field as keyof Packet], value, field);
      if (list !== undefined) assert.deepEqual(packet.list, list);
      if (messages === undefined) return;
      const got: string[][] = [];
      const sink = {
        onMessage: (frames: Uint8Array[]) => got.push(frames.map((each) => Buffer.from(each).toString("hex"))) > 0,
        onMalformed: assert.fail,
      };
      new Unpacker(sink, LIMITS).receive(bytes.subarray(packet.dataAt, packet.dataEnd));
      assert.deepEqual(got, messages);
    });

    it(`refuses ${name} cut anywhere, or with any octet changed`, () => {
      const packet = new Packet();
      const whole = octets(hex);
      for (let length = 0; length < whole.length; length++)
        assert.notEqual(packet.read(whole.subarray(0, length)), null, `${length}`);
      for (let at = 0; at < whole.length; at++) {
        const changed = Buffer.from(whole);
        changed[at] ^= 0x10;
        assert.notEqual(packet.read(changed), null, `octet ${at}`);
      }
    });
  }

  it("writes each as libzmq does", () => {
    const addresses = { source: "10.9.9.1", group: "239.192.1.1" };
    const data = (type: typeof ODATA | typeof RDATA, sqn: number, frames: string[]): Uint8Array => {
      let made: Uint8Array = new Uint8Array(0);
      const packer = new Packer(1428, {
        onPacket(packet) {
          made = packet;
        },
        exchange: () => undefined,
      });
      packer.add(frames.map((each) => Buffer.from(each)));
      packer.flush();
      sealData(made, type, ID, 5555, sqn, 0);
      return made;
    };
    const spm = { trail: 0, address: "10.9.9.1" };
    const written = [
      encodeSpm(ID, 5555, { ...spm, sqn: 0, lead: 0xffffffff, fin: false }),
      encodeSpm(ID, 5555, { ...spm, sqn: 9, lead: 3, fin: true }),
      data(ODATA, 0, ["abc"]),
      data(ODATA, 1, ["t1", "part2"]),
      data(RDATA, 0, ["abc"]),
      encodeNak(NAK, ID, 5555, addresses, [0]),
      encodeNak(NAK, ID, 5555, addresses, [0, 1, 2]),
      encodeNak(NCF, ID, 5555, addresses, [0]),
      encodeSpmr(ID, 5555),
    ];
    assert.deepEqual(
      written.map((each) => Buffer.from(each).toString("hex")),
      VECTORS.map(({ hex }) => hex),
    );
  });

  it("carries IPv6 addresses, and knows the same one in other words", () => {
    const packet = read(encodeNak(NAK, ID, 5555, { source: "fd09::1", group: "ff08::1:2" }, [7, 8]));
    assert.ok(sameAddress(packet.address, "fd09:0:0:0:0:0:0:1"));
    assert.ok(sameAddress(packet.group, "ff08:0::1:2"));
    assert.ok(!sameAddress(packet.address, "fd09::2"));
    assert.ok(!sameAddress("10.0.0.1", "10.0.0.2"));
    assert.ok(sameAddress("::ffff:10.0.0.1", "0:0:0:0:0:ffff:a00:1"));
    assert.ok(sameAddress("fe80::1%eth0", "fe80::1"));
    assert.deepEqual([packet.sqn, packet.list], [7, [8]]);
  });

  it("wants a checksum on data, and takes other packets without one", () => {
    const packet = new Packet();
    const [spm, , odata] = VECTORS.map(({ hex }) => octets(hex));
    for (const bytes of [spm, odata]) bytes[6] = bytes[7] = 0;
    assert.equal(packet.read(spm), null);
    assert.equal(packet.read(odata), "checksum");
  });

  it("skips options it does not know, and refuses those that go beyond the packet", () => {
    const packet = new Packet();
    const withOptions = (options: string): Buffer => {
      const bytes = Buffer.concat([octets(VECTORS[2].hex).subarray(0, 24), octets(options), octets("0000040061")]);
      bytes[5] = 1;
      bytes.writeUInt16BE(5, 14);
      bytes[6] = bytes[7] = 0;
      bytes.writeUInt16BE(checksum(bytes, 0, bytes.length) || 0xffff, 6);
      return bytes;
    };
    assert.equal(packet.read(withOptions("0004000c f708000000000000".replaceAll(" ", ""))), null);
    assert.equal(packet.dataAt, 36);
    for (const options of [
      "00040000",
      "0004ffff",
      "00040008f7000000",
      "00040008f7090000",
      "0104000cf708000000000000",
      "00040006f703",
    ])
      assert.notEqual(packet.read(withOptions(options)), null, options);
  });
});
