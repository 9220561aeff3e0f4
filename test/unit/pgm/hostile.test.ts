// PGM against those who make packets up: whatever comes is counted, costs bounded work and memory, and the real stream goes on.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { encodeNak, encodeSpm, encodeSpmr, NAK, NCF, ODATA, Packet, RDATA, sealData } from "../../../src/pgm/packet.ts";
import { MAX_TRACKED, ReceiveWindow } from "../../../src/pgm/receive-window.ts";
import { GROUP, numbered, PgmNet, PORT, sendAll } from "../../support/pgm-net.ts";
import { printSeed, seed } from "../../support/seed.ts";

printSeed();

const forged = (number: number) => ({ high: 0xbad00000, low: number >>> 0 });

function data(id: { high: number; low: number }, sqn: number, trail = sqn, hex = "00000400616263"): Uint8Array {
  const bytes = Buffer.concat([Buffer.alloc(24), Buffer.from(hex, "hex")]);
  sealData(bytes, ODATA, id, PORT, sqn, trail);
  return bytes;
}

/** A member with a stream that works, and what it must have in the end. */
function stage() {
  const net = new PgmNet(seed);
  const member = net.member({ lost: 5 }, 100);
  const source = net.source({ window: 100 });
  source.start();
  net.clock.advance(200);
  sendAll(net, source, numbered(20));
  const finish = (whole = true): void => {
    sendAll(net, source, numbered(20, undefined, 20));
    net.clock.advance(20_000);
    const own = member.messages.filter((each) => /^\d+:x+$/.test(each));
    assert.deepEqual(
      own,
      numbered(40).map(([each]) => each),
    );
    if (whole) assert.deepEqual(member.gaps, []);
  };
  return { net, member, source, finish };
}

describe("hostile packets", () => {
  it("with wrong checksums, of unknown types and for other ports are counted and ignored", () => {
    const { member, source, finish } = stage();
    const id = { high: 0x01020304, low: (0x05060000 | 7001) >>> 0 };
    for (let i = 0; i < 100; i++) {
      const bytes = data(id, 500 + i);
      bytes[25] ^= 1;
      member.table.receive(bytes, "10.0.0.9", 4321);
    }
    assert.equal(member.drops.filter((each) => each === "wrong-checksum").length, 100);
    const other = data(id, 500);
    other[3] ^= 1;
    member.table.receive(other, "10.0.0.9", 4321);
    const elsewhere = encodeSpm(id, PORT + 1, { sqn: 9, trail: 0, lead: 0, address: "10.0.0.1", fin: true });
    member.table.receive(elsewhere, "10.0.0.9", 4321);
    assert.equal(member.drops.length, 102);
    assert.equal(source.counters.naks >= 0, true);
    finish();
  });

  it("that make up thousands of sources do not push the real one out", () => {
    const { member, finish } = stage();
    for (let i = 0; i < 20_000; i++) member.table.receive(data(forged(i), 0), "10.0.0.9", 4321);
    assert.ok(member.ids.length <= 256, `${member.ids.length} sources`);
    assert.equal(member.drops.filter((each) => each === "too-many-sources").length, 20_000 - 255);
    finish();
  });

  it("that make up windows fill no more than the budget of all together", () => {
    const { net, member, source } = stage();
    for (let number = 0; number < 200; number++) {
      member.table.receive(data(forged(number), 0, 0), "10.0.0.9", 4321);
      // Number 1 never comes: all these would wait for it.
      for (let sqn = 2; sqn < 90; sqn++) member.table.receive(data(forged(number), sqn, 0), "10.0.0.9", 4321);
    }
    assert.ok(member.budget.kept <= member.budget.limit, `${member.budget.kept} packets`);
    assert.ok(member.budget.kept > 4000, "and used");
    net.clock.advance(100);
    sendAll(net, source, numbered(20, undefined, 20));
    net.clock.advance(20_000);
    assert.deepEqual(
      member.messages.filter((each) => each !== "abc"),
      numbered(40).map(([each]) => each),
    );
  });

  it("with leads and trails anywhere cost little each, and report a gap of what they skip", () => {
    const window = { packets: 0, gaps: 0, missing: 0 };
    const budget = { limit: 1000, kept: 0 };
    const receive = new ReceiveWindow(1 << 18, budget, 0, {
      onPacket: () => ++window.packets > 0,
      onGap: () => window.gaps++,
      onMissing: () => window.missing++,
      onRepaired: () => undefined,
    });
    const random = seededRandom(seed);
    const start = process.cpuUsage();
    for (let i = 0; i < 2000; i++) {
      const sqn = random.next(0x100000000);
      if (i % 3 === 0) receive.extend(random.next(0x100000000), sqn, i);
      else if (i % 3 === 1) receive.receive(sqn, new Uint8Array(8), i);
      else receive.extend(receive.next, (receive.lead + (1 << 17)) >>> 0, i);
      assert.ok(receive.missing.size <= MAX_TRACKED);
      assert.ok(receive.kept <= 1000);
    }
    const each = process.cpuUsage(start).user / 2000;
    assert.ok(each < 5000, `${each} µs of CPU for each`);
    receive.close();
    assert.equal(budget.kept, 0);
  });

  it("NAKs without end are answered within the rate, once per packet and interval, and those of others not at all", () => {
    const net = new PgmNet(seed);
    const source = net.source({ rate: 800, window: 1000 });
    source.start();
    sendAll(
      net,
      source,
      numbered(200, () => 150),
      0,
    );
    net.clock.advance(1000);
    const packet = new Packet();
    const id = { high: 0x01020304, low: (0x05060000 | 7001) >>> 0 };
    const octets = net.octets;
    const start = net.clock.now();
    const ask = (sqns: number[], address = "10.9.9.1", group = GROUP): void => {
      assert.equal(packet.read(encodeNak(NAK, id, PORT, { source: address, group }, sqns)), null);
      source.onNak(packet);
    };
    for (let ms = 0; ms < 1000; ms++) {
      for (let i = 0; i < 20; i++) ask(Array.from({ length: 63 }, (_, at) => (i * 63 + at) % 200));
      net.clock.advance(1);
    }
    const seconds = (net.clock.now() - start) / 1000;
    assert.ok(net.octets - octets <= 100_000 * seconds + 65_536 + 400, `${net.octets - octets} octets in ${seconds} s`);
    net.clock.advance(10_000);
    const { repairs } = source.counters;
    const sent = net.octets;
    ask([5], "10.9.9.77");
    ask([5], "10.9.9.1", "239.0.0.9");
    ask([777_777, 0x80000000]);
    net.clock.advance(50);
    assert.deepEqual([source.counters.repairs, source.counters.refusedNaks], [repairs, 3]);
    assert.equal(net.octets, sent, "no NCF either");
  });

  it("SPMRs without end are answered a hundred times a second", () => {
    const net = new PgmNet(seed);
    const source = net.source();
    source.start();
    const sent = net.sent.length;
    for (let ms = 0; ms < 1000; ms++) {
      for (let i = 0; i < 100; i++) source.onSpmr();
      net.clock.advance(1);
    }
    assert.ok(net.sent.length - sent <= 101);
  });

  it("data that is no ZMTP costs its source the message, and its next one is read", () => {
    const net = new PgmNet(seed);
    const member = net.member();
    const id = forged(0x00010005);
    const bad = [
      "",
      "00",
      "0005",
      "000000", // a frame of length 0
      "0000ffffffffffffffffff01", // longer than any
      "0009040061",
    ];
    let sqn = 0;
    for (const hex of bad) {
      member.table.receive(data(id, sqn++, 0, hex), "10.0.0.9", 4321);
      member.table.receive(data(id, sqn++, 0), "10.0.0.9", 4321);
    }
    assert.deepEqual(member.messages, Array(bad.length).fill("abc"));
    assert.deepEqual(member.drops, [
      "malformed-packet",
      "malformed-packet",
      "malformed-packet",
      "malformed-frame",
      "message-too-large",
      "malformed-packet",
    ]);
  });

  it("anything at all, and packets with some octets changed and sealed again, never throw", () => {
    const { net, member, source, finish } = stage();
    const random = seededRandom(seed);
    const id = { high: 0xbad, low: 0x00020003 };
    const addresses = { source: "10.9.9.1", group: GROUP };
    const makers: (() => Uint8Array)[] = [
      () => data(id, random.next(0x100000000)),
      () => data(id, random.next(300), random.next(300), "ffff04"),
      () =>
        encodeSpm(id, PORT, {
          sqn: random.next(0x100000000),
          trail: random.next(0x100000000),
          lead: random.next(0x100000000),
          address: "10.9.9.1",
          fin: random.next(2) === 1,
        }),
      () =>
        encodeNak(
          random.next(2) === 0 ? NAK : NCF,
          id,
          PORT,
          addresses,
          Array.from({ length: 1 + random.next(63) }, () => random.next(0x100000000)),
        ),
      () => encodeSpmr(id, PORT),
      () => Uint8Array.from({ length: random.next(200) }, () => random.next(256)),
    ];
    const packet = new Packet();
    for (let i = 0; i < 20_000; i++) {
      const bytes = Buffer.from(makers[i % makers.length]());
      for (let change = random.next(4); change > 0 && bytes.length > 8; change--)
        bytes[random.next(bytes.length)] = random.next(256);
      if (bytes.length > 8 && random.next(2) === 0) {
        // Without a checksum, or with the right one by way of our own sealing.
        bytes[6] = bytes[7] = 0;
        if ((bytes[4] === ODATA || bytes[4] === RDATA) && bytes.length >= 24)
          sealData(
            bytes,
            bytes[4],
            { high: bytes.readUInt32BE(8), low: 0x00020003 },
            PORT,
            bytes.readUInt32BE(16),
            bytes.readUInt32BE(20),
          );
      }
      member.table.receive(Uint8Array.from(bytes), "10.0.0.9", 4321);
      if (packet.read(bytes) === null && packet.type === NAK) source.onNak(packet);
      if (i % 100 === 0) net.clock.advance(1);
    }
    // The gaps are those of streams that were made up.
    finish(false);
  });
});
