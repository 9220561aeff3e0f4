// PGM on a virtual wire: order, repair, suppression, gaps, late join, restart, in every weather; each run is made by a seed that a failure prints.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../../src/base/clock.ts";
import { ODATA, Packet, RDATA, SPM } from "../../../src/pgm/packet.ts";
import { Source } from "../../../src/pgm/source.ts";
import { flat, type Member, numbered, PgmNet, sendAll, type Weather } from "../../support/pgm-net.ts";
import { printSeed, seed } from "../../support/seed.ts";

printSeed();

const typesOf = (net: PgmNet, type: number): Packet[] =>
  net.sent
    .map((bytes) => {
      const packet = new Packet();
      assert.equal(packet.read(bytes), null);
      return packet;
    })
    .filter((packet) => packet.type === type);

/** Which numbers arrived, in the order they did. */
const numbersOf = (member: Member): number[] => member.messages.map((each) => Number.parseInt(each, 10));

const mixed = (count: number, first = 0): string[][] =>
  Array.from({ length: count }, (_, i) => {
    const body = `${first + i}:`.padEnd((i * 37) % 700, "y");
    return i % 5 === 0 ? [body, "", "second"] : [body];
  });

describe("a source and receivers on a wire that loses, repeats and reorders", () => {
  for (const lost of [0, 1, 5, 20]) {
    for (let round = 0; round < 5; round++) {
      const weather: Weather = { lost, repeated: lost, delayMs: lost > 0 ? 20 : 0 };
      it(`${lost} %: whole, once, in order and complete, to three receivers (seed ${seed + round})`, () => {
        const net = new PgmNet(seed + round);
        const members = [net.member(weather), net.member(weather), net.member({})];
        const source = net.source();
        source.start();
        net.clock.advance(500);
        const messages = mixed(400);
        sendAll(net, source, messages);
        net.clock.advance(20_000);
        for (const member of members) {
          assert.deepEqual(member.messages, flat(messages).slice(flat(messages).indexOf(member.messages[0])));
          assert.deepEqual(member.gaps, []);
        }
        assert.equal(members[2].messages.length, 400, "who heard the first SPM has all");
        assert.equal(lost === 0, source.counters.repairs === 0);
      });
    }
  }

  it("several sources on one host, of which one only gets what is asked at the group's port: all are repaired", () => {
    const net = new PgmNet(seed);
    net.oneHost = true;
    const member = net.member({ lost: 20 });
    const sources = [net.source(), net.source(), net.source()];
    for (const source of sources) source.start();
    net.clock.advance(100);
    for (const [i, source] of sources.entries())
      sendAll(
        net,
        source,
        numbered(100, () => 20, 1000 * i),
      );
    net.clock.advance(20_000);
    const got = numbersOf(member).sort((a, b) => a - b);
    for (const [i, source] of sources.entries()) {
      const own = got.filter((n) => n >= 1000 * i && n < 1000 * (i + 1));
      // Who missed the first SPMs begins later.
      assert.deepEqual(
        own,
        Array.from({ length: own.length }, (_, at) => 1000 * i + 100 - own.length + at),
      );
      assert.ok(own.length > 90 && source.counters.repairs > 0);
    }
    assert.deepEqual(member.gaps, []);
  });

  it("one of three that loses does not slow the others, and asks for all of them only its own", () => {
    const net = new PgmNet(seed);
    const [good, also, bad] = [net.member(), net.member(), net.member({ lost: 20 })];
    const source = net.source();
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(300));
    net.clock.advance(1);
    assert.deepEqual([good.messages.length, also.messages.length], [300, 300], "at once, before any repair");
    net.clock.advance(10_000);
    assert.equal(bad.messages.at(-1), numbered(300).at(-1)?.[0]);
    assert.deepEqual([good.naks, also.naks], [0, 0]);
  });

  it("of ten receivers that miss the same packet few ask: the NCF keeps the others silent", () => {
    const net = new PgmNet(seed);
    const members = Array.from({ length: 10 }, () => net.member());
    const source = net.source();
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(3));
    for (const member of members) member.weather = null;
    sendAll(net, source, numbered(1, undefined, 3));
    for (const member of members) member.weather = {};
    sendAll(net, source, numbered(1, undefined, 4));
    // The repair is late: until it comes only the NCF says that it will.
    net.arrives = (type) => type !== RDATA;
    net.clock.advance(60);
    const naks = members.reduce((sum, { naks }) => sum + naks, 0);
    assert.ok(naks >= 1 && naks <= 5, `${naks} NAKs`);
    net.arrives = () => true;
    net.clock.advance(5000);
    for (const member of members) assert.deepEqual(numbersOf(member), [0, 1, 2, 3, 4]);
  });

  it("a late receiver begins with the next message, in the middle of the stream", () => {
    const net = new PgmNet(seed);
    const source = net.source();
    source.start();
    sendAll(net, source, numbered(50));
    const late = net.member();
    source.send([Buffer.alloc(1000, "z")]);
    source.send([Buffer.from("50:")]);
    source.flush();
    net.clock.advance(10);
    sendAll(net, source, numbered(10, undefined, 51));
    net.clock.advance(1000);
    assert.deepEqual(numbersOf(late).slice(-10), [51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
    assert.deepEqual(late.gaps, []);
  });

  it("a receiver that heard no SPM asks for one, and can then ask for repairs", () => {
    const net = new PgmNet(seed);
    const source = net.source();
    source.start();
    net.clock.advance(100);
    const late = net.member();
    sendAll(net, source, numbered(1));
    const spms = typesOf(net, SPM).length;
    net.clock.advance(30);
    assert.equal(typesOf(net, SPM).length, spms + 1, "an SPM for the SPMR");
    late.weather = null;
    sendAll(net, source, numbered(1, undefined, 1));
    late.weather = {};
    sendAll(net, source, numbered(1, undefined, 2));
    net.clock.advance(1000);
    assert.deepEqual(numbersOf(late), [0, 1, 2]);
  });

  it("the last packet of a burst is missed by the SPM after it", () => {
    const net = new PgmNet(seed);
    const member = net.member();
    const source = net.source();
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(2));
    member.weather = null;
    sendAll(net, source, numbered(1, undefined, 2));
    member.weather = {};
    net.clock.advance(400);
    assert.deepEqual(numbersOf(member), [0, 1, 2]);
  });

  it("sequence numbers go round", () => {
    const net = new PgmNet(seed);
    const [member, narrow] = [net.member({ lost: 10, delayMs: 5 }), net.member({ lost: 30 }, 8)];
    const source = net.source({ firstSqn: 0xfffffff0, window: 8 });
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(60), 300);
    net.clock.advance(20_000);
    assert.deepEqual(numbersOf(member), Array.from(Array(60).keys()).slice(-member.messages.length));
    assert.ok(member.messages.length > 50);
    assert.equal(numbersOf(narrow).at(-1), 59);
    const [{ sqn: first }] = typesOf(net, ODATA);
    assert.equal(first, 0xfffffff0);
    assert.deepEqual([typesOf(net, ODATA).at(-1)?.sqn, typesOf(net, ODATA).at(-1)?.trail], [43, 36]);
  });
});

describe("the memory of packets", () => {
  for (const busy of [false, true])
    it(
      busy ? "is not used again while they may still be read" : "is used again when they have left the window, and not before",
      () => {
        const window = 100;
        const given: { readonly packet: Uint8Array; readonly as: Uint8Array }[] = [];
        const setup = {
          id: { high: 1, low: 0x00010001 },
          group: "239.192.1.1",
          port: 5555,
          address: "10.9.9.1",
          dataBytes: 1428,
          overheadBytes: 28,
          rateKilobits: 1e9,
          windowPackets: window,
          firstSqn: 0,
        };
        const source = new Source(setup, new VirtualClock(), {
          busy,
          toGroup: (packet) => given.push({ packet, as: Uint8Array.from(packet) }),
          announce: () => undefined,
          onRoom: () => undefined,
        });
        for (let i = 0; i < 2000; i++) source.send([new Uint8Array(1400).fill(i)]);
        const same = ({ packet, as }: (typeof given)[number]): boolean => Buffer.from(packet).equals(as);
        assert.ok(given.length > 1900);
        assert.equal(given.slice(-window).every(same), true, "what can be repaired is as it was");
        assert.equal(given.every(same), busy);
        const slabs = new Set(given.map(({ packet }) => packet.buffer)).size;
        assert.equal(slabs < 6, !busy, `${slabs} slabs`);
      },
    );
});

describe("what cannot be repaired", () => {
  it("is a gap with its range, and reading goes on with the next message that begins in a packet", () => {
    const net = new PgmNet(seed);
    const member = net.member({}, 10);
    const source = net.source({ window: 10 });
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(5));
    member.weather = null;
    sendAll(net, source, numbered(30, undefined, 5));
    // A message over several packets, of which only the end will be heard.
    source.send([Buffer.from(`35:${"x".repeat(900)}`)]);
    source.send([Buffer.from("36:")]);
    source.flush();
    net.clock.advance(1);
    member.weather = {};
    sendAll(net, source, numbered(20, undefined, 37), 500);
    net.clock.advance(20_000);
    const numbers = numbersOf(member);
    assert.deepEqual(numbers.slice(0, 5), [0, 1, 2, 3, 4]);
    assert.equal(numbers.at(-1), 56);
    for (let i = 6; i < numbers.length; i++) assert.equal(numbers[i], numbers[i - 1] + 1, "no message is missing after the gap");
    assert.equal(member.gaps.length, 1);
    const [[first, last]] = member.gaps;
    assert.equal(first, 5);
    assert.ok(last > 20, `${last}`);
  });

  it("in the middle of a message costs that message, and nothing of it is taken for another", () => {
    const net = new PgmNet(seed);
    const member = net.member({}, 10);
    const source = net.source({ window: 10 });
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(2));
    // About seven packets, of which three are heard.
    source.send([Buffer.alloc(500, "y")]);
    net.clock.advance(2);
    net.toSources = () => undefined;
    member.weather = null;
    source.send([Buffer.alloc(600, "z")]);
    source.flush();
    net.clock.advance(2);
    member.weather = {};
    sendAll(net, source, numbered(20, undefined, 2), 500);
    net.clock.advance(20_000);
    const numbers = numbersOf(member);
    assert.deepEqual(numbers, Array.from(Array(22).keys()));
    assert.ok(member.gaps.length > 0);
    assert.ok(member.messages.every((each) => each.length === 20));
  });

  it("when the source does not answer any more, is given up after its tries, and what came after it is delivered", () => {
    const net = new PgmNet(seed);
    const member = net.member();
    const source = net.source();
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(2));
    net.toSources = () => undefined;
    member.weather = null;
    sendAll(net, source, numbered(1, undefined, 2));
    member.weather = {};
    sendAll(net, source, numbered(2, undefined, 3));
    net.clock.advance(60_000);
    assert.deepEqual(numbersOf(member), [0, 1, 3, 4]);
    assert.deepEqual(member.gaps, [[2, 2]]);
  });
});

describe("a reader that is full", () => {
  it("stops its source's delivery, loses nothing within the window, and goes on", () => {
    const net = new PgmNet(seed);
    const member = net.member({ lost: 5 });
    const source = net.source();
    source.start();
    net.clock.advance(100);
    member.room = 10;
    sendAll(net, source, numbered(500));
    net.clock.advance(5000);
    assert.equal(member.messages.length, 10);
    for (let i = 0; i < 100; i++) {
      member.read(7);
      net.clock.advance(10);
    }
    assert.deepEqual(
      numbersOf(member),
      Array.from({ length: 500 }, (_, i) => i),
    );
    assert.deepEqual(member.gaps, []);
  });

  it("beyond the window loses what the source cannot repair any more, with its range", () => {
    const net = new PgmNet(seed);
    const member = net.member({}, 20);
    const source = net.source({ window: 20 });
    source.start();
    net.clock.advance(100);
    member.room = 1;
    sendAll(net, source, numbered(200));
    net.clock.advance(1000);
    member.read(1000);
    sendAll(net, source, numbered(1, undefined, 200));
    net.clock.advance(20_000);
    const numbers = numbersOf(member);
    assert.equal(numbers.at(-1), 200);
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      numbers,
    );
    const lost = member.gaps.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    assert.equal(lost + numbers.length, 201);
  });
});

describe("the rate", () => {
  it("is kept over originals and repairs together, whatever is asked for", () => {
    const net = new PgmNet(seed);
    const members = [net.member({ lost: 20 }), net.member({ lost: 20 })];
    const source = net.source({ rate: 800 });
    source.start();
    const start = net.clock.now();
    sendAll(
      net,
      source,
      numbered(2000, () => 150),
      0,
    );
    const seconds = (net.clock.now() - start) / 1000;
    assert.ok(seconds > 2, `${seconds} s`);
    const allowed = 100_000 * seconds + 65_536 + 300;
    assert.ok(net.octets <= allowed, `${net.octets} octets in ${seconds} s, ${allowed} allowed`);
    assert.ok(net.octets > 100_000 * (seconds - 0.1), "and used");
    net.clock.advance(20_000);
    for (const member of members) assert.equal(member.gaps.length, 0);
  });
});

describe("the life of a source", () => {
  it("says that it is there three times, soon after data and ever more seldom, and ends with FIN", () => {
    const net = new PgmNet(seed);
    const source = net.source();
    source.start();
    assert.equal(typesOf(net, SPM).length, 3);
    assert.deepEqual(
      typesOf(net, SPM).map(({ sqn, trail, lead }) => [sqn, trail, lead]),
      [0, 1, 2].map((sqn) => [sqn, 0, 0xffffffff]),
    );
    source.send([Buffer.from("x")]);
    source.flush();
    const times: number[] = [];
    for (let ms = 1, seen = net.sent.length; ms <= 90_000; ms++) {
      net.clock.advance(1);
      if (net.sent.length > seen) times.push(ms);
      seen = net.sent.length;
    }
    assert.deepEqual(times, [100, 200, 300, 400, 1700, 8700, 24_700, 49_700, 79_700]);
    const spms = typesOf(net, SPM);
    assert.equal(spms.at(-1)?.lead, 0);
    assert.equal(typesOf(net, ODATA).length, 1);
    source.close();
    assert.deepEqual(
      typesOf(net, SPM)
        .slice(-3)
        .map(({ fin }) => fin),
      [true, true, true],
    );
    const sent = net.sent.length;
    net.clock.advance(100_000);
    assert.equal(net.sent.length, sent, "and is silent then");
  });

  it("that ends is gone when everything of it was delivered; one that restarts is a new source", () => {
    const net = new PgmNet(seed);
    const member = net.member({ lost: 10 });
    const first = net.source();
    first.start();
    net.clock.advance(100);
    sendAll(net, first, numbered(50));
    net.clock.advance(5000);
    first.close();
    net.clock.advance(1000);
    const second = net.source();
    second.start();
    net.clock.advance(100);
    sendAll(net, second, numbered(50));
    net.clock.advance(5000);
    assert.deepEqual(numbersOf(member), [...Array(50).keys(), ...Array(50).keys()]);
    assert.deepEqual(member.ended, ["7001 ended"]);
    net.clock.advance(10);
    second.close();
    net.clock.advance(10);
  });

  it("that falls silent is forgotten after five minutes", () => {
    const net = new PgmNet(seed);
    const member = net.member();
    const source = net.source();
    source.start();
    net.clock.advance(100);
    sendAll(net, source, numbered(1));
    member.weather = null;
    net.clock.advance(299_000);
    assert.deepEqual(member.ended, []);
    net.clock.advance(20_000);
    assert.deepEqual(member.ended, ["7001 silent"]);
  });

  it("several in one group do not mix, not even their multipart messages", () => {
    const net = new PgmNet(seed);
    const member = net.member({ lost: 10, delayMs: 10 });
    const sources = [net.source(), net.source(), net.source()];
    for (const source of sources) source.start();
    net.clock.advance(500);
    for (let i = 0; i < 60; i++)
      sources.forEach((source, s) => {
        source.send([`${s}a`, `${i}`.padEnd(300, "."), `${s}b`].map((each) => Buffer.from(each)));
        source.flush();
        net.clock.advance(1);
      });
    net.clock.advance(20_000);
    assert.equal(member.messages.length, 180);
    for (let s = 0; s < 3; s++) {
      const own = member.messages.filter((each) => each.startsWith(`${s}a`));
      assert.deepEqual(
        own.map((each) => Number.parseInt(each.split("|")[1], 10)),
        Array.from({ length: 60 }, (_, i) => i),
      );
      assert.ok(own.every((each) => each.endsWith(`|${s}b`)));
    }
  });
});
