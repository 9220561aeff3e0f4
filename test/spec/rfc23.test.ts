// RFC 23, ZMTP 3.0, clause by clause; where libzmq 4.3 differs from the text, the title says what libzmq does, which is what we do.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Dealer, Publisher, Push, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";
import { encodeMetadata } from "../../src/zmtp/command.ts";
import type { SocketTypeName } from "../../src/zmtp/socket-type.ts";
import { cuts, hex, hexFrames, join, text, toHexText } from "../support/bytes.ts";
import { command, EngineProbe, frame, greeting, message, ready, readyProbe, ZMTP_TYPES } from "../support/engine-probe.ts";
import { bound, guard, kept, RawListener, RawPeer } from "../support/raw-peer.ts";

function property(name: string, value: string): Buffer {
  return Buffer.from(encodeMetadata([[name, text(value)]]));
}

describe("RFC 23 Greeting", () => {
  it("signature = FF, eight octets of padding, 7F: we send it at once, its padding our identity's length + 1", () => {
    assert.equal(toHexText(new EngineProbe().takeOutput()), "ff00000000000000017f");
    assert.equal(toHexText(new EngineProbe({ routingId: "srv" }).takeOutput()), "ff00000000000000047f");
  });

  it("the greeting is sent in stages: the version after the peer's signature, the rest after the peer's version", () => {
    const probe = new EngineProbe();
    const peer = greeting();
    probe.takeOutput();
    probe.feed(peer.subarray(0, 9));
    assert.equal(probe.takeOutput().length, 0, "9 octets say nothing");
    probe.feed(peer.subarray(9, 10));
    assert.equal(toHexText(probe.takeOutput()), "03");
    probe.feed(peer.subarray(10, 11));
    assert.equal(toHexText(probe.takeOutput()), toHexText(hex("01 4e554c4c 00*16 00 00*31")));
    probe.feed(peer.subarray(11, 63));
    assert.equal(probe.takeOutput().length, 0);
    assert.equal(probe.engine.state, "greeting");
    probe.feed(peer.subarray(63));
    assert.equal(probe.engine.state, "handshaking");
  });

  it("two peers that both wait for the other's stages do not block each other", () => {
    const a = new EngineProbe({ socketType: "REQ" });
    const b = new EngineProbe({ socketType: "ROUTER" });
    for (let i = 0; i < 4; i++) {
      b.feed(a.takeOutput());
      a.feed(b.takeOutput());
    }
    assert.deepEqual([a.engine.state, b.engine.state], ["ready", "ready"]);
  });

  it("a peer that sends the whole greeting and its READY at once is fine, however they are cut", () => {
    for (const { name, chunks } of cuts(join(greeting(), ready("ROUTER", "x")))) {
      const probe = new EngineProbe();
      for (const chunk of chunks) probe.feed(chunk);
      assert.equal(probe.engine.state, "ready", name);
      assert.equal(toHexText(probe.ready[0].routingId), "78", name);
    }
  });

  it("the padding is not significant: any eight octets will do", () => {
    for (const padding of ["0000000000000000", "ffffffffffffffff", "0102030405060708"]) {
      const probe = new EngineProbe();
      const bytes = greeting();
      hex(padding).copy(bytes, 1);
      assert.equal(probe.feed(bytes).engine.state, "handshaking", padding);
    }
  });

  it("of the signature's last octet only bit 0 counts (libzmq)", () => {
    for (const [last, state] of [
      [0x7f, "handshaking"],
      [0x01, "handshaking"],
      [0xff, "handshaking"],
      [0x7e, "closed"],
      [0x02, "closed"],
    ] as const) {
      const bytes = greeting();
      bytes[9] = last;
      assert.equal(new EngineProbe().feed(bytes).engine.state, state, String(last));
    }
  });

  it("a first octet other than FF is no ZMTP 3 greeting: unless a ZMTP 1.0 identity begins, it is refused with the second", () => {
    for (let first = 0; first < 255; first++) {
      for (const second of [0x02, 0x20, 0x45, 0xfe]) {
        const probe = new EngineProbe().feed(Buffer.from([first]));
        assert.equal(probe.engine.state, "greeting");
        const { reason, offset, hex: shown } = probe.feed(Buffer.from([second])).failure();
        assert.deepEqual([reason, offset, shown], ["not-zmtp", 2, Buffer.from([first, second]).toString("hex")]);
      }
    }
  });

  it("FF alone decides nothing", () => {
    assert.equal(new EngineProbe().feed(hex("ff")).engine.state, "greeting");
  });

  it("version-major 0 and 1 are the older protocols, which we refuse by name where peers are authenticated", () => {
    for (const [major, version] of [
      [0, "1.0"],
      [1, "2.0"],
    ] as const) {
      const failure = new EngineProbe({ acceptsOldPeers: false }).feed(greeting({ major }).subarray(0, 12)).failure();
      assert.equal(failure.reason, "old-protocol");
      assert.match(failure.text, new RegExp(`ZMTP ${version.replace(".", "\\.")}`));
      assert.equal(failure.offset, 12);
    }
  });

  it("version 3.0 is 3.0, any later minor is 3.1, and majors 2, 4 and above are taken for 3.1 (D32)", () => {
    for (const [major, minor, expected] of [
      [3, 0, "3.0"],
      [3, 1, "3.1"],
      [3, 2, "3.1"],
      [3, 255, "3.1"],
      [2, 0, "3.1"],
      [4, 0, "3.1"],
      [255, 0, "3.1"],
    ] as const) {
      const probe = new EngineProbe().feed(join(greeting({ major, minor }), ready("ROUTER")));
      assert.equal(probe.ready[0].protocol, expected, `${major}.${minor}`);
    }
  });

  it("the mechanism is 20 octets padded with zeros; another one ends the connection", () => {
    for (const mechanism of ["", "PLAIN", "CURVE", "null", "NULL ", "NULLX", "N", "NULL\0X"]) {
      const failure = new EngineProbe().feed(greeting({ mechanism })).failure();
      assert.equal(failure.reason, "mechanism-mismatch", JSON.stringify(mechanism));
      assert.match(failure.text, /ours is NULL/);
    }
  });

  it("as-server is not looked at (D2)", () => {
    for (const asServer of [0, 1, 255]) {
      assert.equal(new EngineProbe().feed(greeting({ asServer })).engine.state, "handshaking");
    }
  });

  it("the filler is not significant", () => {
    const bytes = greeting();
    bytes.fill(0xaa, 33);
    assert.equal(new EngineProbe().feed(bytes).engine.state, "handshaking");
  });
});

describe("RFC 23 Handshake, NULL", () => {
  it("each side sends READY as soon as the greeting is complete, without waiting for the other's (D28)", () => {
    const probe = new EngineProbe({ socketType: "DEALER", routingId: "A" });
    probe.feed(greeting().subarray(0, 63));
    probe.takeOutput();
    probe.feed(greeting().subarray(63));
    assert.equal(toHexText(probe.takeOutput()), toHexText(ready("DEALER", "A")));
    assert.deepEqual([probe.engine.state, probe.ready.length], ["handshaking", 0]);
  });

  it("READY carries Socket-Type first, and Identity from REQ, DEALER and ROUTER only, empty or not (D50)", () => {
    for (const socketType of ZMTP_TYPES) {
      const probe = new EngineProbe({ socketType }).feed(greeting());
      const named = ["REQ", "DEALER", "ROUTER"].includes(socketType);
      const expected = ready(socketType, named ? "" : undefined);
      assert.equal(toHexText(probe.takeOutput().subarray(64)), toHexText(expected), socketType);
    }
  });

  it("the peer's metadata is handed over whole: known, X- and unknown properties", () => {
    const probe = new EngineProbe();
    const data = join(
      property("Socket-Type", "ROUTER"),
      property("Resource", "r"),
      property("X-Note", "n"),
      property("Other.+_-9", ""),
    );
    probe.feed(join(greeting(), command("READY", data)));
    assert.deepEqual(
      [...probe.ready[0].metadata].map(([name, value]) => [name, String(value)]),
      [
        ["Socket-Type", "ROUTER"],
        ["Resource", "r"],
        ["X-Note", "n"],
        ["Other.+_-9", ""],
      ],
    );
  });

  it("property names are case-insensitive (D3)", () => {
    for (const name of ["socket-type", "SOCKET-TYPE", "sOcKeT-tYpE"]) {
      const probe = new EngineProbe().feed(
        join(greeting(), command("READY", join(property(name, "ROUTER"), property("IDENTITY", "x")))),
      );
      assert.equal(probe.ready[0]?.socketType, "ROUTER", name);
      assert.equal(String(probe.ready[0].routingId), "x");
      const wrong = new EngineProbe().feed(join(greeting(), command("READY", property(name, "PUB"))));
      assert.equal(wrong.failure().reason, "type-mismatch");
    }
  });

  it("of a property that comes twice the first counts (libzmq)", () => {
    const data = join(property("Socket-Type", "ROUTER"), property("socket-type", "PUB"));
    assert.equal(new EngineProbe().feed(join(greeting(), command("READY", data))).ready[0]?.socketType, "ROUTER");
  });

  it("a missing Socket-Type is accepted (libzmq)", () => {
    const probe = new EngineProbe().feed(join(greeting(), command("READY")));
    assert.deepEqual([probe.engine.state, probe.ready[0].socketType], ["ready", ""]);
  });

  it("a property without a name is tolerated (libzmq)", () => {
    const data = join(hex("00 00000001 78"), property("Socket-Type", "ROUTER"));
    assert.equal(new EngineProbe().feed(join(greeting(), command("READY", data))).engine.state, "ready");
  });

  it("octets that form no property end the connection, wherever READY is cut short", () => {
    const whole = join(property("Socket-Type", "ROUTER"), property("Identity", "abc"));
    const border = property("Socket-Type", "ROUTER").length;
    for (let length = 1; length < whole.length; length++) {
      const probe = new EngineProbe().feed(join(greeting(), command("READY", whole.subarray(0, length))));
      if (length === border) assert.equal(probe.engine.state, "ready");
      else assert.equal(probe.failure().reason, "invalid-metadata", `cut after ${length}`);
    }
  });

  it("a value may not be longer than what is left, up to 2^32 - 1", () => {
    for (const length of ["00000002", "7fffffff", "80000000", "ffffffff"]) {
      const probe = new EngineProbe().feed(join(greeting(), command("READY", hex(`01 58 ${length} 00`))));
      assert.equal(probe.failure().reason, "invalid-metadata", length);
    }
  });

  it("metadata of 64 KiB is accepted, the limit is just above", () => {
    const room = 65_536 - property("Socket-Type", "ROUTER").length - 10;
    const data = join(property("Socket-Type", "ROUTER"), property("X-Big", "x".repeat(room)));
    assert.equal(data.length, 65_536);
    assert.equal(new EngineProbe().feed(join(greeting(), command("READY", data))).engine.state, "ready");
    const more = join(data, property("X-More", "x".repeat(1000)));
    assert.equal(new EngineProbe().feed(join(greeting(), command("READY", more))).engine.state, "closed");
  });

  it("an identity has 0 to 255 octets; one of 256 is refused", () => {
    for (const length of [0, 1, 255]) {
      const probe = new EngineProbe().feed(join(greeting(), ready("ROUTER", Buffer.alloc(length, 0x61))));
      assert.equal(probe.ready[0].routingId.length, length);
    }
    const failure = new EngineProbe().feed(join(greeting(), ready("ROUTER", Buffer.alloc(256)))).failure();
    assert.equal(failure.reason, "invalid-metadata");
    assert.match(failure.text, /256/);
  });

  it("ERROR ends the connection; its reason is shown, as printable text only", () => {
    for (const [reason, shown] of [
      ["Invalid socket type", /Invalid socket type/],
      ["", /no reason given/],
      ["\x1b[2Jdanger\n", /\?\[2Jdanger\?/],
    ] as const) {
      const data = join(Buffer.from([reason.length]), text(reason));
      const failure = new EngineProbe().feed(join(greeting(), command("ERROR", data))).failure();
      assert.equal(failure.reason, "refused-by-peer");
      assert.match(failure.text, shown);
      assert.equal(failure.status, undefined);
    }
  });

  it("ERROR 300, 400 and 500 are ZAP's statuses", () => {
    for (const status of ["300", "400", "500"]) {
      const data = join(hex("03"), text(status));
      assert.equal(new EngineProbe().feed(join(greeting(), command("ERROR", data))).failure().status, Number(status));
    }
    for (const other of ["200", "401", "40", "4000"]) {
      const data = join(Buffer.from([other.length]), text(other));
      assert.equal(new EngineProbe().feed(join(greeting(), command("ERROR", data))).failure().status, undefined);
    }
  });

  it("ERROR cut short is malformed", () => {
    for (const data of ["", "01", "ff 61"]) {
      const failure = new EngineProbe().feed(join(greeting(), command("ERROR", hex(data)))).failure();
      assert.equal(failure.reason, "malformed-error");
    }
  });

  it("any other command, or a message, before READY ends the connection", () => {
    for (const bytes of [
      command("HELLO"),
      command("PING", hex("0000")),
      command("SUBSCRIBE"),
      command("ready"),
      command("READY2"),
      command("READ"),
      hex("0400"),
      hex("04 01 00"),
      hex("04 02 05 52"),
      message("hello"),
      message(""),
    ]) {
      const failure = new EngineProbe().feed(join(greeting(), bytes)).failure();
      assert.equal(failure.reason, "unexpected-command", toHexText(bytes));
      assert.equal(failure.offset, 64);
    }
  });

  it("READY with MORE, or without COMMAND, or in long form, is read all the same (libzmq)", () => {
    const body = ready("ROUTER").subarray(2);
    const long = join(hex(`06 ${body.length.toString(16).padStart(16, "0")}`), body);
    for (const bytes of [frame(body, 5), frame(body, 0), frame(body, 1), frame(body, 0xfc), long]) {
      assert.equal(new EngineProbe().feed(join(greeting(), bytes)).engine.state, "ready", toHexText(bytes.subarray(0, 9)));
    }
  });

  it("traffic right after the peer's READY waits until ours is sent, and is then delivered (D1)", () => {
    for (const { name, chunks } of cuts(join(greeting(), ready("ROUTER"), message("a", "b"), message("c")))) {
      const probe = new EngineProbe();
      for (const chunk of chunks) probe.feed(chunk);
      assert.deepEqual(probe.messages.map(hexFrames), [["61", "62"], ["63"]], name);
      assert.equal(probe.ready.length, 1, name);
    }
  });

  it("we send no message before the peer's READY came (D1)", async (t) => {
    const listener = await RawListener.listen(t);
    const push = kept(t, new Push({ linger: 0 }));
    push.connect(listener.endpoint);
    await push.send("early");
    const raw = await listener.accept();
    raw.send(greeting());
    const expected = 64 + ready("PUSH").length;
    await raw.read(expected);
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    assert.equal(raw.unread.length, 0);
    raw.send(ready("PULL"));
    assert.deepEqual((await raw.readMessage()).map(String), ["early"]);
  });

  it("a second READY, an ERROR and unknown commands after the handshake are ignored (libzmq)", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(join(ready("PUB"), command("ERROR", hex("03 343030")), command("NONSENSE"), command("X".repeat(200))));
    probe.feed(join(hex("0400"), hex("04 01 00"), hex("04 01 ff"), message("still here")));
    assert.deepEqual([probe.engine.state, probe.ready.length, probe.failures.length], ["ready", 1, 0]);
    assert.deepEqual(probe.messages.map(hexFrames), [[toHexText(text("still here"))]]);
    assert.equal(probe.takeOutput().length, 0);
  });
});

describe("RFC 23 Socket-Type: who may talk to whom (protocol of libzmq 4.3, silent close on mismatch: D4)", () => {
  const PEERS: Readonly<Record<SocketTypeName, readonly string[]>> = {
    PAIR: ["PAIR"],
    PUB: ["SUB", "XSUB"],
    SUB: ["PUB", "XPUB"],
    REQ: ["REP", "ROUTER"],
    REP: ["REQ", "DEALER"],
    DEALER: ["REP", "DEALER", "ROUTER"],
    ROUTER: ["REQ", "DEALER", "ROUTER"],
    PULL: ["PUSH"],
    PUSH: ["PULL"],
    XPUB: ["SUB", "XSUB"],
    XSUB: ["PUB", "XPUB"],
    STREAM: [],
    SERVER: ["CLIENT"],
    CLIENT: ["SERVER"],
    RADIO: ["DISH"],
    DISH: ["RADIO"],
    GATHER: ["SCATTER"],
    SCATTER: ["GATHER"],
    DGRAM: ["DGRAM"],
    PEER: ["PEER"],
    CHANNEL: ["CHANNEL"],
  };
  const OTHERS = ["pub", "PUB ", "X"];

  for (const socketType of ZMTP_TYPES) {
    it(`${socketType} accepts ${PEERS[socketType].join(", ")} and no other`, () => {
      for (const peer of [...ZMTP_TYPES, ...OTHERS]) {
        const probe = new EngineProbe({ socketType });
        probe.feed(greeting());
        const before = probe.takeOutput().length;
        probe.feed(ready(peer));
        if (PEERS[socketType].includes(peer)) assert.equal(probe.engine.state, "ready", peer);
        else {
          const { reason, text: said } = probe.failure();
          assert.equal(reason, "type-mismatch", peer);
          assert.ok(said.includes(peer) && said.includes(socketType), said);
          assert.ok(before > 0 && probe.takeOutput().length === 0, "nothing is answered");
        }
      }
    });
  }
});

describe("RFC 23 Framing", () => {
  it("a message frame has a size of one octet up to 255, of eight from 256", async (t) => {
    const { socket: push, endpoint } = await bound(t, new Push({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PULL");
    for (const size of [0, 1, 255, 256, 257, 65_535, 65_536, 70_000]) {
      await push.send(Buffer.alloc(size));
      const head = await raw.read(size > 255 ? 9 : 2);
      const expected = size > 255 ? `02${size.toString(16).padStart(16, "0")}` : `00${size.toString(16).padStart(2, "0")}`;
      assert.equal(toHexText(head), expected);
      await raw.read(size);
    }
  });

  it("MORE is set on every frame of a message but the last; messages are atomic", async (t) => {
    const { socket: push, endpoint } = await bound(t, new Push({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PULL");
    await push.send(["a", "", Buffer.alloc(300), "z"]);
    const flags: number[] = [];
    for (let i = 0; i < 4; i++) flags.push((await raw.readFrame()).flags);
    assert.deepEqual(flags, [1, 1, 3, 0]);
    const probe = readyProbe("ROUTER");
    probe.feed(hex("01 01 61 01 00 01 01"));
    assert.equal(probe.messages.length, 0, "no part of a message is seen");
    probe.feed(hex("62 00 01 63"));
    assert.deepEqual(probe.messages.map(hexFrames), [["61", "", "62", "63"]]);
  });

  it("a command between the frames of a message does not disturb it", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(join(hex("01 01 61"), command("PING", hex("0000")), hex("01 01 62"), command("NOTHING"), hex("00 01 63")));
    assert.deepEqual(probe.messages.map(hexFrames), [["61", "62", "63"]]);
    assert.equal(toHexText(probe.takeOutput()), toHexText(command("PONG")));
  });

  it("reserved flag bits are ignored on receipt (libzmq) and never sent", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(hex("f8 01 61 f9 01 62 00 01 63 88 00"));
    assert.deepEqual(probe.messages.map(hexFrames), [["61"], ["62", "63"], [""]]);
    assert.equal(probe.engine.state, "ready");
  });

  it("the long form is accepted for any size (libzmq)", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(hex("02 0000000000000001 61 03 0000000000000000 02 00000000000000ff 62*255"));
    assert.deepEqual(
      probe.messages.map((frames) => frames.map((body) => body.length)),
      [[1], [0, 255]],
    );
  });

  it("a size with any of the high bits set is refused before its body", () => {
    for (const size of ["8000000000000000", "ffffffffffffffff", "0020000000000000", "0000010000000000"]) {
      const probe = readyProbe("ROUTER");
      probe.feed(hex(`02 ${size}`));
      assert.equal(probe.failure().reason, "message-too-large", size);
      probe.feed(message("nothing more is taken"));
      assert.equal(probe.messages.length, 0);
    }
  });

  it("a frame of exactly the limit passes, one octet more does not, in short and in long form", () => {
    for (const [limit, sizes] of [
      [100, [100, 101]],
      [1000, [1000, 1001]],
    ] as const) {
      const probe = readyProbe("ROUTER", { limits: { maxFrameBytes: limit } });
      probe.feed(message(Buffer.alloc(sizes[0])));
      assert.equal(probe.messages.length, 1);
      probe.feed(message(Buffer.alloc(sizes[1])).subarray(0, 9));
      assert.equal(probe.failure().reason, "message-too-large");
    }
  });
});

describe("RFC 23 Subscriptions are messages in 3.0: 01 topic and 00 topic", () => {
  it("SUB sends messages to a 3.0 publisher", async (t) => {
    const { socket: sub, endpoint } = await bound(t, new Subscriber({ linger: 0 }));
    sub.subscribe("a");
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUB", { minor: 0 });
    await sub.connected();
    sub.subscribe("bc");
    sub.unsubscribe("a");
    for (const expected of ["0161", "016263", "0061"]) assert.deepEqual(hexFrames(await raw.readMessage()), [expected]);
  });

  it("SUB sends a topic of 255 octets to a 3.0 publisher in a well-formed frame (D23)", async (t) => {
    const { socket: sub, endpoint } = await bound(t, new Subscriber({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUB", { minor: 0 });
    await sub.connected();
    for (const length of [253, 254, 255, 256]) {
      const topic = "x".repeat(length);
      sub.subscribe(topic);
      assert.deepEqual((await raw.readMessage()).map(String), [`\x01${topic}`]);
    }
  });

  it("PUB and XPUB take them from any peer, 3.0 or 3.1 (D5)", async (t) => {
    for (const pub of [new Publisher({ linger: 0 }), new XPublisher({ linger: 0 })]) {
      const { endpoint } = await bound(t, pub);
      for (const minor of [0, 1]) {
        const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB", { minor });
        raw.send(message(`\x01topic ${minor}`));
        await guard(pub.subscribed(`topic ${minor}`), "the subscription");
        await pub.send([`topic ${minor} and more`, "body"]);
        assert.deepEqual((await raw.readMessage()).map(String), [`topic ${minor} and more`, "body"]);
        raw.send(message(`\x00topic ${minor}`), message("\x01end"));
        await guard(pub.subscribed("end", 1), "the last subscription");
        await pub.send(`topic ${minor} again`);
        await pub.send("end");
        assert.deepEqual((await raw.readMessage()).map(String), ["end"]);
        raw.socket.destroy();
      }
    }
  });

  it("each frame of a subscriber's message is examined, not only the first (D36)", async (t) => {
    const { socket: xpub, endpoint } = await bound(t, new XPublisher({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("XSUB");
    raw.send(message("user", "\x01a", "data", "\x01b"));
    await guard(xpub.subscribed(undefined, 2), "both subscriptions");
    const seen: string[][] = [];
    for (let i = 0; i < 3; i++) seen.push((await guard(xpub.receive(), "a report")).map(String));
    assert.deepEqual(seen.sort(), [["\x01a"], ["\x01b"], ["user", "data"]]);
  });

  it("a publisher keeps a set per peer: two subscriptions and one cancel leave none (D14)", async (t) => {
    const { socket: pub, endpoint } = await bound(t, new Publisher({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB");
    raw.send(command("SUBSCRIBE", text("a")), message("\x01a"), command("CANCEL", text("a")), message("\x01z"));
    await guard(pub.subscribed("z"), "the last subscription");
    await pub.send("a");
    await pub.send("z");
    assert.deepEqual((await raw.readMessage()).map(String), ["z"]);
  });

  it("a subscriber counts: a topic is cancelled when its last subscription ends (D14)", async (t) => {
    const { socket: sub, endpoint } = await bound(t, new Subscriber({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUB", { minor: 0 });
    await sub.connected();
    sub.subscribe("a", "a");
    sub.unsubscribe("a");
    sub.unsubscribe("never made");
    sub.subscribe("b");
    sub.unsubscribe("a");
    sub.unsubscribe("a");
    sub.subscribe("end");
    const seen: string[] = [];
    while (seen.at(-1) !== "\x01end") seen.push(String((await raw.readMessage())[0]));
    assert.deepEqual(seen, ["\x01a", "\x01a", "\x01b", "\x00a", "\x01end"]);
  });

  it("XSUB sends what its user sends, as messages, to 3.0 and to 3.1 (D5)", async (t) => {
    for (const minor of [0, 1]) {
      const { socket: xsub, endpoint } = await bound(t, new XSubscriber({ linger: 0 }));
      const raw = await (await RawPeer.connect(t, endpoint)).handshake("XPUB", { minor });
      await xsub.connected();
      await xsub.send("\x01a");
      await xsub.send("\x00a");
      await xsub.send("user message");
      for (const expected of ["\x01a", "\x00a", "user message"]) {
        assert.deepEqual((await raw.readMessage()).map(String), [expected]);
      }
    }
  });

  it("after a reconnection each topic is subscribed once, and cancelled ones are not", async (t) => {
    const listener = await RawListener.listen(t);
    const sub = kept(t, new Subscriber({ linger: 0, reconnectInterval: 1 }));
    sub.connect(listener.endpoint);
    const first = await (await listener.accept()).handshake("PUB", { minor: 0 });
    await sub.connected();
    sub.subscribe("a", "b", "b", "gone");
    sub.unsubscribe("gone");
    for (let i = 0; i < 5; i++) await first.readMessage();
    first.socket.destroy();
    const second = await (await listener.accept()).handshake("PUB", { minor: 0 });
    const seen = [String((await second.readMessage())[0]), String((await second.readMessage())[0])];
    await sub.connected();
    sub.subscribe("end");
    assert.equal(String((await second.readMessage())[0]), "\x01end");
    assert.deepEqual(seen.sort(), ["\x01a", "\x01b"]);
  });
});

describe("RFC 23 with a 3.0 peer, all the way", () => {
  it("a DEALER talks to a ROUTER of 3.0", async (t) => {
    const listener = await RawListener.listen(t);
    const dealer = kept(t, new Dealer({ linger: 0, routingId: "A" }));
    dealer.connect(listener.endpoint);
    const raw = await (await listener.accept()).handshake("ROUTER", { identity: "", minor: 0 });
    assert.equal(String(raw.metadata.get("Identity")), "A");
    await dealer.send(["to", "you"]);
    assert.deepEqual((await raw.readMessage()).map(String), ["to", "you"]);
    raw.send(message("to", "me"));
    assert.deepEqual((await guard(dealer.receive(), "the answer")).map(String), ["to", "me"]);
  });
});
