// A wrong or hostile peer costs only its own connection and shows as an event; a good peer of the same socket goes on working in each test.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Subscriber,
  XPublisher,
  type ZmqError,
} from "../../src/node.ts";
import { encodeMetadata } from "../../src/zmtp/command.ts";
import { hex, join, text } from "../support/bytes.ts";
import { command, frame, greeting, message, ready } from "../support/engine-probe.ts";
import { heldBytes } from "../support/garbage.ts";
import { bound, EventLog, guard, kept, RawListener, RawPeer, type TestContext, untilTrue } from "../support/raw-peer.ts";

/** What the event's error must say. */
interface Expected {
  readonly reason: string;
  /** Bytes received before the fault. */
  readonly offset: number;
  /** How the bytes at fault begin; empty where there are none. */
  readonly hex: string;
  /** The event beside `disconnect` when the handshake failed. */
  readonly handshake?: "handshake:error:protocol" | "handshake:error:auth" | "handshake:error:other";
}

interface Attack {
  readonly title: string;
  /** Completes the handshake as this type first. */
  readonly after?: string;
  readonly bytes: () => Uint8Array;
  readonly expected: Expected;
}

const READY_PUSH = ready("PUSH", "").length;
const AFTER_READY = 64 + READY_PUSH;

const ATTACKS: readonly Attack[] = [
  {
    title: "garbage",
    bytes: () => text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    expected: { reason: "not-zmtp", offset: 2, hex: "4745", handshake: "handshake:error:protocol" },
  },
  {
    title: "an identity of 256 octets from a ZMTP 2.0 peer",
    bytes: () => join(hex("ff 0000000000000001 7f 01 08"), frame(Buffer.alloc(256))),
    expected: { reason: "invalid-metadata", offset: 12, hex: "0000", handshake: "handshake:error:protocol" },
  },
  {
    title: "a ZMTP 1.0 frame of length 0",
    bytes: () => hex("03 00 69 64 00 00"),
    expected: { reason: "malformed-frame", offset: 4, hex: "00" },
  },
  {
    title: "another mechanism",
    bytes: () => greeting({ mechanism: "CURVE" }),
    expected: { reason: "mechanism-mismatch", offset: 64, hex: "4355525645", handshake: "handshake:error:protocol" },
  },
  {
    title: "a mechanism of twenty octets that are no text",
    bytes: () => greeting({ mechanism: "\xff".repeat(20) }),
    expected: { reason: "mechanism-mismatch", offset: 64, hex: "ffff", handshake: "handshake:error:protocol" },
  },
  {
    title: "another socket type",
    bytes: () => join(greeting(), ready("PUB")),
    expected: { reason: "type-mismatch", offset: 64, hex: "0552454144590b53", handshake: "handshake:error:protocol" },
  },
  {
    title: "a socket type that does not exist",
    bytes: () => join(greeting(), ready("\x00\x1b[2J")),
    expected: { reason: "type-mismatch", offset: 64, hex: "05524541", handshake: "handshake:error:protocol" },
  },
  {
    title: "a message before READY",
    bytes: () => join(greeting(), message("hello")),
    expected: { reason: "unexpected-command", offset: 64, hex: "68656c6c6f", handshake: "handshake:error:protocol" },
  },
  {
    title: "an empty frame before READY",
    bytes: () => join(greeting(), message("")),
    expected: { reason: "unexpected-command", offset: 64, hex: "", handshake: "handshake:error:protocol" },
  },
  {
    title: "PING before READY",
    bytes: () => join(greeting(), command("PING", hex("0000"))),
    expected: { reason: "unexpected-command", offset: 64, hex: "0450494e470000", handshake: "handshake:error:protocol" },
  },
  {
    title: "a property cut short",
    bytes: () => join(greeting(), command("READY", hex("0b 536f636b65742d54797065 000000ff 505542"))),
    expected: { reason: "invalid-metadata", offset: 64, hex: "0552454144590b", handshake: "handshake:error:protocol" },
  },
  {
    title: "a property of four gigabytes",
    bytes: () => join(greeting(), command("READY", hex("01 58 ffffffff 00"))),
    expected: {
      reason: "invalid-metadata",
      offset: 64,
      hex: "0552454144590158ffffffff00",
      handshake: "handshake:error:protocol",
    },
  },
  {
    title: "metadata of more than 64 KiB",
    bytes: () => join(greeting(), command("READY", encodeMetadata([["X-Big", Buffer.alloc(67_000)]]))),
    expected: { reason: "message-too-large", offset: 64, hex: "06000000000001", handshake: "handshake:error:protocol" },
  },
  {
    title: "a handshake command that announces 2^63 octets",
    bytes: () => join(greeting(), hex("06 8000000000000000 05 5245414459")),
    expected: { reason: "message-too-large", offset: 64, hex: "068000000000000000", handshake: "handshake:error:protocol" },
  },
  {
    title: "ERROR «nobody likes you»",
    bytes: () => join(greeting(), command("ERROR", join(hex("10"), text("nobody likes you")))),
    expected: { reason: "refused-by-peer", offset: 64, hex: "054552524f52106e6f", handshake: "handshake:error:protocol" },
  },
  {
    title: "ERROR 400",
    bytes: () => join(greeting(), hex("04 0a 05 4552524f52 03 343030")),
    expected: { reason: "refused-by-peer", offset: 64, hex: "054552524f5203343030", handshake: "handshake:error:auth" },
  },
  {
    title: "ERROR cut short",
    bytes: () => join(greeting(), command("ERROR", hex("20 61"))),
    expected: { reason: "malformed-error", offset: 64, hex: "054552524f522061", handshake: "handshake:error:protocol" },
  },
  {
    title: "a frame of 2^63 octets",
    after: "PUSH",
    bytes: () => hex("02 8000000000000000 00 00 00"),
    expected: { reason: "message-too-large", offset: AFTER_READY, hex: "028000000000000000" },
  },
  {
    title: "a frame of 2^64 - 1 octets after a good one, in the same write",
    after: "PUSH",
    bytes: () => join(message("good"), hex("02 ffffffffffffffff 00")),
    expected: { reason: "message-too-large", offset: AFTER_READY + 6, hex: "02ffffffffffffffff" },
  },
  {
    title: "a PING shorter than its time to live",
    after: "PUSH",
    bytes: () => command("PING", hex("00")),
    expected: { reason: "malformed-command", offset: AFTER_READY, hex: "0450494e4700" },
  },
  {
    title: "a PING without any data",
    after: "PUSH",
    bytes: () => command("PING"),
    expected: { reason: "malformed-command", offset: AFTER_READY, hex: "0450494e47" },
  },
];

/** A PULL with a good PUSH peer, which works before and after whatever a test does. */
async function pullWithFriend(t: TestContext, pull = new Pull({ linger: 0 })) {
  const server = await bound(t, pull);
  const friend = kept(t, new Push({ linger: 0 }));
  friend.connect(server.endpoint);
  await works();
  async function works(): Promise<void> {
    await guard(friend.send("from a friend"), "the good peer's send");
    for (;;) {
      const [frame] = await guard(server.socket.receive(), "the good peer's message");
      if (frame.toString() === "from a friend") return;
    }
  }
  return { ...server, friend, works };
}

function assertFault(error: ZmqError, expected: Expected): void {
  assert.equal(error.reason, expected.reason, error.message);
  const found = /\(after (\d+) bytes(?:: ([0-9a-f]*)…?)?\)$/.exec(error.message);
  assert.ok(found !== null, `no offset in: ${error.message}`);
  assert.ok((found[2] ?? "").startsWith(expected.hex), `expected the bytes ${expected.hex}… in: ${error.message}`);
  assert.equal(Number(found[1]), expected.offset, error.message);
  assert.doesNotMatch(error.message, /[^\x20-\x7e…«»]/, "nothing of the peer but printable text");
}

describe("hostile peers: what one sends costs it its own connection, with an event (design 7)", () => {
  for (const { title, after, bytes, expected } of ATTACKS) {
    it(title, async (t) => {
      const { endpoint, log, works } = await pullWithFriend(t);
      const raw = await RawPeer.connect(t, endpoint);
      if (after !== undefined) await raw.handshake(after, { identity: "" });
      raw.send(bytes());
      await raw.closed();
      const { reason, error, retry } = await log.first("disconnect");
      assert.deepEqual([reason, retry], [expected.reason, false]);
      assert.equal(error.origin, "remote");
      if (expected.handshake !== undefined) assertFault((await log.first(expected.handshake)).error, expected);
      await works();
      assertFault(error, expected);
      assert.equal(log.of("disconnect").length, 1);
    });
  }

  it("ERROR 300, 400 and 500 carry their status", async (t) => {
    const { endpoint, log } = await pullWithFriend(t);
    for (const status of [300, 400, 500]) {
      const raw = await RawPeer.connect(t, endpoint);
      raw.send(greeting(), command("ERROR", join(hex("03"), text(String(status)))));
      await raw.closed();
      await log.first("handshake:error:auth", ({ error }) => error.status === status);
    }
  });

  it("a frame above maxMessageSize, its body never sent", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t, new Pull({ linger: 0, maxMessageSize: 1000 }));
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("PUSH");
    raw.send(hex("02 00000000000003e9"));
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "message-too-large");
    await works();
  });

  it("a frame of exactly maxMessageSize is fine", async (t) => {
    const { endpoint, socket } = await bound(t, new Pull({ linger: 0, maxMessageSize: 1000 }));
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("PUSH");
    raw.send(message(Buffer.alloc(1000)));
    assert.equal((await guard(socket.receive(), "the message"))[0].length, 1000);
  });

  it("announced gigabytes take no memory before they come", async (t) => {
    const { endpoint, works } = await pullWithFriend(t);
    const before = process.memoryUsage();
    for (let i = 0; i < 50; i++) {
      const raw = await RawPeer.connect(t, endpoint);
      await raw.handshake("PUSH");
      raw.send(hex("02 0000000070000000"), Buffer.alloc(1000));
    }
    await works();
    const after = process.memoryUsage();
    assert.ok(after.arrayBuffers - before.arrayBuffers < 32e6, `${after.arrayBuffers - before.arrayBuffers} bytes more`);
  });

  it("100,001 frames in one message; 100,000 are fine", async (t) => {
    const { endpoint, socket, log, works } = await pullWithFriend(t);
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("PUSH");
    raw.send(Buffer.alloc(2 * 99_999, hex("0100")), hex("0000"));
    assert.equal((await guard(socket.receive(), "the message")).length, 100_000);
    raw.send(Buffer.alloc(2 * 100_000, hex("0100")), hex("0000"));
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "too-many-frames");
    await works();
  });

  it("one frame more than maxFrames, one octet more than maxMetadataSize", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t, new Pull({ linger: 0, maxFrames: 2, maxMetadataSize: 100 }));
    const long = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    long.send(message("a", "b", "c"));
    await long.closed();
    const raw = await RawPeer.connect(t, endpoint);
    raw.send(greeting(), command("READY", encodeMetadata([["X-Big", Buffer.alloc(91)]])));
    await raw.closed();
    await log.first("disconnect", () => log.of("disconnect").length === 2);
    assert.deepEqual(
      log.of("disconnect").map(({ reason }) => reason),
      ["too-many-frames", "invalid-metadata"],
    );
    await works();
  });

  it("frames without end are refused before the message is complete", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t);
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("PUSH");
    raw.send(Buffer.alloc(2 * 150_000, hex("0100")));
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "too-many-frames");
    await works();
  });

  it("a connection that ends in the middle of a message leaves nothing of it", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t);
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("PUSH");
    raw.send(hex("01 01 61 01 01 62"));
    raw.socket.end();
    assert.equal((await log.first("disconnect")).reason, "peer-closed");
    await works();
  });

  it("10,000 writes of one octet are a handshake and messages like any other", async (t) => {
    const { endpoint, socket } = await bound(t, new Pull({ linger: 0, receiveHighWaterMark: 0 }));
    const raw = await RawPeer.connect(t, endpoint);
    const start = join(greeting(), ready("PUSH"));
    const one = message("ab", "c");
    const count = Math.floor((10_000 - start.length) / one.length);
    for (const octet of join(start, Buffer.alloc(count * one.length, one))) raw.socket.write(Buffer.from([octet]));
    for (let i = 0; i < count; i++) {
      const frames = await guard(socket.receive(), `message ${i}`);
      assert.deepEqual(frames.map(String), ["ab", "c"]);
    }
  });
});

describe("hostile peers: silence", () => {
  it("a mute peer is given up after handshakeInterval", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t, new Pull({ linger: 0, handshakeInterval: 60 }));
    const raw = await RawPeer.connect(t, endpoint);
    await raw.closed();
    const { error, reason, retry } = await log.first("disconnect");
    assert.deepEqual([reason, retry, error.origin], ["handshake-timeout", false, "remote"]);
    assert.equal((await log.first("handshake:error:other")).error.reason, "handshake-timeout");
    await works();
  });

  it("half a greeting, then silence", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t, new Pull({ linger: 0, handshakeInterval: 60 }));
    const raw = await RawPeer.connect(t, endpoint);
    raw.send(greeting().subarray(0, 32));
    assert.equal((await raw.closed()).length, 64, "our own greeting is complete");
    assert.equal((await log.first("disconnect")).reason, "handshake-timeout");
    await works();
  });

  it("a greeting, half a READY, then silence", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t, new Pull({ linger: 0, handshakeInterval: 60 }));
    const raw = await RawPeer.connect(t, endpoint);
    raw.send(greeting(), ready("PUSH").subarray(0, 10));
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "handshake-timeout");
    await works();
  });

  it("a peer that connects and dribbles its greeting does not prolong the interval", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t, new Pull({ linger: 0, handshakeInterval: 60 }));
    const raw = await RawPeer.connect(t, endpoint);
    const bytes = greeting();
    let at = 0;
    const dribble = setInterval(() => raw.socket.write(bytes.subarray(at, ++at)), 10);
    t.after(() => clearInterval(dribble));
    await raw.closed();
    clearInterval(dribble);
    assert.ok(at < 64, `${at} octets were enough`);
    assert.equal((await log.first("disconnect")).reason, "handshake-timeout");
    await works();
  });

  it("a mute listener is tried again", async (t) => {
    const listener = await RawListener.listen(t);
    const push = kept(t, new Push({ linger: 0, handshakeInterval: 40, reconnectInterval: 1 }));
    const log = new EventLog(push);
    push.connect(listener.endpoint);
    const mute = await listener.accept();
    await mute.closed();
    const { reason, retry } = await log.first("disconnect");
    assert.deepEqual([reason, retry], ["handshake-timeout", true]);
    const second = await listener.accept();
    await second.handshake("PULL");
    await push.send("at last");
    assert.deepEqual((await second.readMessage()).map(String), ["at last"]);
  });

  it("a peer that answers no PING is given up after heartbeatTimeout", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(
      t,
      new Pull({ linger: 0, heartbeatInterval: 20, heartbeatTimeout: 60 }),
    );
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("PUSH");
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "heartbeat-timeout");
    await works();
  });
});

describe("a busy program is not a silent peer", () => {
  it("a program that blocks its event loop for longer than heartbeatTimeout keeps peers whose answers wait in the kernel", async (t) => {
    const { endpoint, log, socket } = await bound(t, new Pull({ linger: 0, heartbeatInterval: 100, heartbeatTimeout: 200 }));
    // The peer has a thread of its own, answers each PING at once, and is never blocked.
    const peer = new Worker(
      `const { workerData } = require("node:worker_threads");
       const socket = require("node:net").connect(workerData.port, "127.0.0.1");
       socket.write(workerData.start);
       socket.on("data", (data) => data.includes("PING") && socket.write(workerData.pong));
       socket.on("error", () => undefined);`,
      {
        eval: true,
        workerData: { port: Number(new URL(endpoint).port), start: join(greeting(), ready("PUSH")), pong: command("PONG") },
      },
    );
    t.after(() => peer.terminate());
    await guard(socket.connected(), "the peer's handshake");
    const bytesSent = (): number => socket.stats().bytesSent;
    for (let i = 0; i < 3; i++) {
      const before = bytesSent();
      await untilTrue(() => bytesSent() > before, "a PING");
      const until = performance.now() + 400;
      while (performance.now() < until);
      await new Promise(setImmediate);
      if (log.of("disconnect").length > 0) break;
    }
    assert.deepEqual(
      log.of("disconnect").map(({ reason }) => reason),
      [],
    );
  });
});

describe("hostile peers: a listener that is wrong ends its endpoint (libzmq: a protocol error is final)", () => {
  const wrong: readonly [title: string, bytes: Uint8Array, reason: string][] = [
    ["garbage", text("220 smtp ready\r\n"), "not-zmtp"],
    ["another mechanism", greeting({ mechanism: "PLAIN" }), "mechanism-mismatch"],
    ["another socket type", join(greeting(), ready("SUB")), "type-mismatch"],
    ["ERROR", join(greeting(), command("ERROR", hex("00"))), "refused-by-peer"],
  ];
  for (const [title, bytes, reason] of wrong) {
    it(`${title}: no further attempt, other endpoints are not touched`, async (t) => {
      const bad = await RawListener.listen(t);
      const good = await RawListener.listen(t);
      const push = kept(t, new Push({ linger: 0, reconnectInterval: 1 }));
      const log = new EventLog(push);
      push.connect(bad.endpoint);
      const raw = await bad.accept();
      raw.send(bytes);
      await raw.closed();
      const gone = await log.first("disconnect");
      assert.deepEqual([gone.reason, gone.retry], [reason, false]);
      push.connect(good.endpoint);
      const friend = await (await good.accept()).handshake("PULL");
      await guard(push.send("hello"), "a send");
      assert.deepEqual((await friend.readMessage()).map(String), ["hello"]);
      assert.equal(bad.count, 1);
      assert.deepEqual(log.of("connect:retry"), []);
    });
  }
});

describe("hostile peers: one that never reads", () => {
  it("a subscriber: the publisher's queue for it stays at the high-water mark, others get everything", async (t) => {
    const { socket: pub, endpoint, log } = await bound(t, new Publisher({ linger: 0, sendHighWaterMark: 5 }));
    const raw = await RawPeer.connect(t, endpoint);
    await raw.handshake("SUB", { identity: "" });
    raw.neverRead();
    raw.send(command("SUBSCRIBE"));
    const friend = kept(t, new Subscriber({ linger: 0 }));
    friend.subscribe("");
    friend.connect(endpoint);
    await pub.subscribed(undefined, 2);
    const body = Buffer.alloc(256 * 1024);
    for (let i = 0; log.of("drop").length < 20; i++) {
      assert.ok(i < 2000, "the queue is full at some time");
      await pub.send([String(i), body]);
      const [number] = await guard(friend.receive(), "the good peer's message");
      assert.equal(number.toString(), String(i));
      for (const { sending } of pub.peers()) assert.ok(sending.messages <= 5 + 1, `${sending.messages} wait`);
    }
    const { reason, peer } = log.of("drop")[0];
    assert.equal(reason, "high-water-mark");
    assert.equal(peer?.address, `tcp://127.0.0.1:${raw.socket.localPort}`);
    assert.equal(pub.stats().dropped["high-water-mark"], log.of("drop").length);
    assert.equal(raw.ended, false);
  });

  it("a PULL: PUSH queues the high-water mark for it and no more, and all others go to those who read", async (t) => {
    const { socket: push, endpoint } = await bound(t, new Push({ linger: 0, sendHighWaterMark: 5 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PULL");
    raw.neverRead();
    await push.connected();
    const body = Buffer.alloc(128 * 1024);
    for (let filled = 0; filled < 3; ) {
      // What the kernel takes makes room again: the mark is reached when nothing moves for some turns.
      while (push.trySend(body)) filled = 0;
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      filled++;
    }
    const [mute] = push.peers();
    assert.equal(mute.sending.messages, 5);
    const waiting = push.send("for whoever comes");
    const friend = kept(t, new Pull({ linger: 0 }));
    friend.connect(endpoint);
    await guard(waiting, "the send that waited");
    assert.deepEqual((await guard(friend.receive(), "the message that waited")).map(String), ["for whoever comes"]);
    for (let i = 0; i < 100; i++) {
      await guard(push.send(String(i)), `send ${i}`);
      assert.deepEqual((await guard(friend.receive(), `message ${i}`)).map(String), [String(i)]);
    }
    assert.equal(push.peers().find(({ id }) => id === mute.id)?.sending.messages, 5);
    assert.equal(raw.ended, false);
  });

  it("a DEALER of a ROUTER: messages for it are dropped with an event, others are answered", async (t) => {
    const { socket: router, endpoint, log } = await bound(t, new Router({ linger: 0, sendHighWaterMark: 5 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("DEALER", { identity: "mute" });
    raw.neverRead();
    const friend = kept(t, new Dealer({ linger: 0, routingId: "friend" }));
    friend.connect(endpoint);
    await router.connected(2);
    const body = Buffer.alloc(256 * 1024);
    for (let i = 0; log.of("drop").length < 3; i++) {
      assert.ok(i < 2000, "the queue is full at some time");
      await router.send(["mute", body]);
      await router.send(["friend", String(i)]);
      assert.equal((await guard(friend.receive(), "the good peer's message"))[0].toString(), String(i));
    }
    assert.equal(log.of("drop")[0].reason, "high-water-mark");
    assert.equal(Buffer.from(log.of("drop")[0].peer?.routingId ?? []).toString(), "mute");
  });

  it("PINGs of a peer that never reads the PONGs do not gather without bound", async (t) => {
    const { endpoint, works } = await pullWithFriend(t);
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    raw.neverRead();
    const pings = Buffer.alloc(25 * 8192, command("PING", join(hex("0000"), Buffer.alloc(16))));
    const before = await heldBytes();
    // 20 MB of PINGs are 20 MB of PONGs, far past what the kernel takes: to stop reading, to answer only the last, or to end the connection are all right.
    for (let i = 0; i < 100 && !raw.ended; i++) {
      if (raw.socket.write(pings)) continue;
      const drained = new Promise<boolean>((resolve) => {
        raw.socket.once("drain", () => resolve(true));
        raw.socket.once("close", () => resolve(true));
      });
      const stalled = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1000));
      if (!(await Promise.race([drained, stalled]))) break;
    }
    await works();
    const held = (await heldBytes()) - before;
    assert.ok(held < 8e6, `${held} bytes are held`);
  });
});

describe("hostile peers: too much of what is allowed", () => {
  it("subscribe and cancel without end to an XPUB nobody reads: the peer has to wait, nothing is lost", async (t) => {
    const { socket: xpub, endpoint } = await bound(t, new XPublisher({ linger: 0 }));
    const friend = kept(t, new Subscriber({ linger: 0 }));
    friend.subscribe("news");
    friend.connect(endpoint);
    await xpub.subscribed("news");
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("XSUB");
    const pairs = 75_000;
    raw.send(Buffer.alloc(pairs * 8, hex("00 02 01 61 00 02 00 61")));
    await untilTrue(() => xpub.peers().some(({ receiving }) => receiving.messages >= 500), "a full inbound queue");
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    await xpub.send("news of today");
    assert.equal((await guard(friend.receive(), "the good peer's message"))[0].toString(), "news of today");
    let reports = 0;
    while (reports < 2 * pairs + 1) {
      const [report] = await guard(xpub.receive(), `report ${reports}`);
      if (reports > 0) assert.equal(report.toString("latin1"), reports % 2 === 1 ? "\x01a" : "\x00a");
      reports++;
    }
    assert.equal(xpub.readable, false);
  });

  it("messages without end to a PULL nobody reads: the peer has to wait, others are heard, nothing is lost", async (t) => {
    const { socket: pull, endpoint } = await bound(t, new Pull({ linger: 0, receiveHighWaterMark: 10 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    const count = 20_000;
    const body = Buffer.alloc(2000);
    raw.send(...Array.from({ length: count }, (_, i) => message(String(i), body)));
    const queued = (): number => pull.peers()[0]?.receiving.messages ?? 0;
    await untilTrue(() => queued() >= 10, "a full inbound queue");
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    assert.ok(queued() <= 10, `${queued()} messages are queued`);
    assert.ok(pull.stats().bytesReceived < 1_000_000, `${pull.stats().bytesReceived} bytes were read`);
    const friend = kept(t, new Push({ linger: 0 }));
    friend.connect(endpoint);
    await guard(friend.send("friend"), "the good peer's send");
    await pull.connected(2);
    let expected = 0;
    let heardAt = -1;
    while (expected < count || heardAt < 0) {
      const [first] = await guard(pull.receive(), `message ${expected}`);
      if (first.toString() === "friend") heardAt = expected;
      else assert.equal(first.toString(), String(expected++));
    }
    assert.ok(heardAt < 10_000, `the good peer was heard after ${heardAt} messages of the other`);
  });

  it("a peer is not given up as silent while it is we who do not read", async (t) => {
    const {
      socket: pull,
      endpoint,
      log,
    } = await bound(t, new Pull({ linger: 0, receiveHighWaterMark: 1, heartbeatInterval: 5, heartbeatTimeout: 10 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    raw.send(...Array.from({ length: 20 }, (_, i) => message(String(i))));
    for (let i = 0; i < 20; i++) assert.equal((await raw.readCommand()).name, "PING");
    assert.deepEqual(log.of("disconnect"), []);
    for (let i = 0; i < 20; i++) assert.equal(String((await guard(pull.receive(), `message ${i}`))[0]), String(i));
    assert.equal((await log.first("disconnect")).reason, "heartbeat-timeout");
  });

  it("the same subscription a million times is one", async (t) => {
    const { socket: pub, endpoint } = await bound(t, new Publisher({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB");
    const before = await heldBytes();
    raw.send(Buffer.alloc(1_000_000 * 4, hex("00 02 01 61")), hex("00 02 01 62"));
    await guard(pub.subscribed("b"), "the last subscription");
    const held = (await heldBytes()) - before;
    assert.ok(held < 20e6, `${held} bytes are held`);
    raw.send(hex("00 02 00 61 00 02 01 63"));
    await guard(pub.subscribed("c"), "the next subscription");
    await pub.send("a");
    await pub.send("c");
    assert.deepEqual((await raw.readMessage()).map(String), ["c"]);
  });

  it("one subscription more than maxSubscriptions, and one octet more than maxSubscriptionSize", async (t) => {
    const {
      socket: pub,
      endpoint,
      log,
    } = await bound(t, new Publisher({ linger: 0, maxSubscriptions: 3, maxSubscriptionSize: 10 }));
    const friend = await (await RawPeer.connect(t, endpoint)).handshake("SUB");
    friend.send(message("\x01a"), message("\x01b"), message("\x01c"), message("\x00b"), message("\x01d"), message("\x01d"));
    await guard(pub.subscribed("d"), "three at a time");
    for (const topics of [["1", "2", "3", "4"], ["12345", "67890", ""], ["x".repeat(11)]]) {
      const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB");
      raw.send(...topics.map((topic) => message(`\x01${topic}`)));
      if (topics.includes("")) {
        await guard(pub.subscribed(""), "ten octets are allowed");
        raw.send(message("\x01!"));
      }
      await raw.closed();
    }
    await log.first("disconnect", () => log.of("disconnect").length === 3);
    for (const { reason } of log.of("disconnect")) assert.equal(reason, "too-many-subscriptions");
    await pub.send("d");
    assert.deepEqual((await friend.readMessage()).map(String), ["d"]);
    assert.equal(pub.peers().length, 1);
  });

  it("messages to a PUSH are thrown away, counted and reported", async (t) => {
    const { socket: push, endpoint, log } = await bound(t, new Push({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PULL");
    raw.send(message("take", "this"), message("and this"));
    await log.first("drop", () => log.of("drop").length === 2);
    assert.deepEqual(
      log.of("drop").map(({ reason, count }) => [reason, count]),
      [
        ["wrong-direction", 1],
        ["wrong-direction", 1],
      ],
    );
    assert.equal(push.stats().dropped["wrong-direction"], 2);
    await push.send("still fine");
    assert.deepEqual((await raw.readMessage()).map(String), ["still fine"]);
  });

  it("messages from a SUB to a PUB are thrown away", async (t) => {
    const { socket: pub, endpoint } = await bound(t, new Publisher({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB");
    raw.send(message("not a subscription", "at all"), message(""), command("SUBSCRIBE", text("x")));
    await guard(pub.subscribed("x"), "the subscription");
    await pub.send("x1");
    assert.deepEqual((await raw.readMessage()).map(String), ["x1"]);
  });

  it("messages nobody subscribed to are thrown away by SUB, with an event", async (t) => {
    const { socket: sub, endpoint, log } = await bound(t, new Subscriber({ linger: 0 }));
    sub.subscribe("a");
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUB");
    raw.send(message("b", "never asked for"), message(""), message("a", "asked for"));
    assert.deepEqual((await guard(sub.receive(), "the message")).map(String), ["a", "asked for"]);
    await log.first("drop", () => log.of("drop").length === 2);
    assert.equal(sub.stats().dropped["not-subscribed"], 2);
  });

  it("a peer that subscribes for others: commands to sockets that publish nothing are ignored", async (t) => {
    const { endpoint, socket } = await bound(t, new Pull({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    raw.send(command("SUBSCRIBE", text("a")), command("JOIN", text("g")), command("\x01\x02"), hex("0400"), message("x"));
    assert.deepEqual((await guard(socket.receive(), "the message")).map(String), ["x"]);
  });
});

describe("hostile peers: envelopes (RFC 28)", () => {
  const replies: readonly [title: string, bytes: Uint8Array][] = [
    ["a reply without a delimiter", message("reply")],
    ["a reply of two frames without a delimiter", message("re", "ply")],
    ["a reply that is only a delimiter", message("")],
    ["a reply with an id and no delimiter", message("abcd", "reply")],
    ["a reply with an id, a delimiter and no body", message("abcd", "")],
  ];
  for (const [title, bytes] of replies) {
    it(`${title} costs a REP its connection for good; another one answers`, async (t) => {
      const bad = await RawListener.listen(t);
      const request = kept(t, new Request({ linger: 0, relaxed: true, reconnectInterval: 1 }));
      const log = new EventLog(request);
      request.connect(bad.endpoint);
      const raw = await (await bad.accept()).handshake("REP");
      await request.send("question");
      assert.deepEqual((await raw.readMessage()).map(String), ["", "question"]);
      raw.send(bytes);
      await raw.closed();
      const { reason, retry, error } = await log.first("disconnect");
      assert.deepEqual([reason, retry, error.origin], ["malformed-message", false, "remote"]);
      const { endpoint, socket: reply } = await bound(t, new Reply({ linger: 0 }));
      request.connect(endpoint);
      await request.send("again");
      assert.deepEqual((await guard(reply.receive(), "the question")).map(String), ["again"]);
      await reply.send("answer");
      assert.deepEqual((await guard(request.receive(), "the answer")).map(String), ["answer"]);
      assert.equal(bad.count, 1);
    });
  }

  it("a request without a delimiter, and one without a body, are dropped by REP with an event; the next one is answered", async (t) => {
    const { socket: reply, endpoint, log } = await bound(t, new Reply({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("DEALER");
    raw.send(message("no", "delimiter"), message("id", ""), message("id", "", "question"));
    assert.deepEqual((await guard(reply.receive(), "the question")).map(String), ["question"]);
    await reply.send("answer");
    assert.deepEqual((await raw.readMessage()).map(String), ["id", "", "answer"]);
    assert.deepEqual(
      log.of("drop").map(({ reason }) => reason),
      ["invalid-envelope", "invalid-envelope"],
    );
  });

  it("a thousand envelope frames go back as they came", async (t) => {
    const { socket: reply, endpoint } = await bound(t, new Reply({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("DEALER");
    const envelope = Array.from({ length: 1000 }, (_, i) => `hop ${i}`);
    raw.send(message(...envelope, "", "question"));
    await guard(reply.receive(), "the question");
    await reply.send("answer");
    assert.deepEqual((await raw.readMessage()).map(String), [...envelope, "", "answer"]);
  });

  it("a reply that nobody asked for is dropped when the next question is asked", async (t) => {
    const listener = await RawListener.listen(t);
    const request = kept(t, new Request({ linger: 0 }));
    request.connect(listener.endpoint);
    const raw = await (await listener.accept()).handshake("REP");
    raw.send(message("", "unasked"));
    await untilTrue(() => request.peers()[0].receiving.messages === 1, "the reply nobody asked for");
    await request.send("question");
    await raw.readMessage();
    raw.send(message("", "answer"));
    assert.deepEqual((await guard(request.receive(), "the answer")).map(String), ["answer"]);
    assert.equal(request.stats().dropped["stale-reply"], 1);
  });
});

describe("hostile peers: identities (RFC 28, ROUTER)", () => {
  it("a second peer with the same routing id is ignored and stays open; the first goes on (D17)", async (t) => {
    const { socket: router, endpoint } = await bound(t, new Router({ linger: 0 }));
    const first = await (await RawPeer.connect(t, endpoint)).handshake("DEALER", { identity: "twin" });
    await router.connected();
    const second = await (await RawPeer.connect(t, endpoint)).handshake("DEALER", { identity: "twin" });
    second.send(message("not heard"));
    await untilTrue(() => router.peers().some(({ state }) => state === "ignored"), "an ignored peer");
    first.send(message("heard"));
    assert.deepEqual((await guard(router.receive(), "the first one's message")).map(String), ["twin", "heard"]);
    await router.send(["twin", "hello"]);
    assert.deepEqual((await first.readMessage()).map(String), ["hello"]);
    assert.deepEqual([second.ended, second.unread.length], [false, 0]);
  });

  it("with handover the newcomer takes the id, and the old one stays open and silent (D17)", async (t) => {
    const { socket: router, endpoint } = await bound(t, new Router({ linger: 0, handover: true }));
    const first = await (await RawPeer.connect(t, endpoint)).handshake("DEALER", { identity: "twin" });
    await router.connected();
    const second = await (await RawPeer.connect(t, endpoint)).handshake("DEALER", { identity: "twin" });
    second.send(message("heard"));
    assert.deepEqual((await guard(router.receive(), "the newcomer's message")).map(String), ["twin", "heard"]);
    await router.send(["twin", "hello"]);
    assert.deepEqual((await second.readMessage()).map(String), ["hello"]);
    assert.deepEqual([first.ended, first.unread.length], [false, 0]);
  });

  it("an id of 255 octets is fine, one of 256 is refused", async (t) => {
    const { socket: router, endpoint, log } = await bound(t, new Router({ linger: 0 }));
    const longest = await (await RawPeer.connect(t, endpoint)).handshake("DEALER", { identity: Buffer.alloc(255, "x") });
    longest.send(message("hi"));
    assert.equal((await guard(router.receive(), "a message"))[0].length, 255);
    const raw = await RawPeer.connect(t, endpoint);
    raw.send(greeting(), ready("DEALER", Buffer.alloc(256, "x")));
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "invalid-metadata");
  });

  it("a second PAIR peer finishes its handshake, is ignored and stays open (D16)", async (t) => {
    const { socket: pair, endpoint } = await bound(t, new Pair({ linger: 0 }));
    const first = await (await RawPeer.connect(t, endpoint)).handshake("PAIR");
    await pair.connected();
    const second = await (await RawPeer.connect(t, endpoint)).handshake("PAIR");
    second.send(message("not heard"));
    await untilTrue(() => pair.peers().some(({ state }) => state === "ignored"), "an ignored peer");
    first.send(message("heard"));
    assert.deepEqual((await guard(pair.receive(), "the first one's message")).map(String), ["heard"]);
    await pair.send("hello");
    assert.deepEqual((await first.readMessage()).map(String), ["hello"]);
    assert.deepEqual([second.ended, second.unread.length], [false, 0]);
  });
});

describe("hostile peers: many at once", () => {
  it("fifty of every kind do not disturb a good peer", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t);
    const raws: RawPeer[] = [];
    for (let i = 0; i < 50; i++) {
      const { bytes, after } = ATTACKS[i % ATTACKS.length];
      const raw = await RawPeer.connect(t, endpoint);
      raws.push(raw);
      raw.send(after === undefined ? hex("") : join(greeting(), ready(after)), bytes());
      await works();
    }
    for (const raw of raws) await raw.closed();
    await log.first("disconnect", () => log.of("disconnect").length === 50);
    await works();
  });

  it("resets instead of orderly ends", async (t) => {
    const { endpoint, log, works } = await pullWithFriend(t);
    for (let i = 0; i < 20; i++) {
      const raw = await RawPeer.connect(t, endpoint);
      if (i % 2 === 0) await raw.handshake("PUSH");
      raw.send(i % 2 === 0 ? hex("01 05 61") : greeting().subarray(0, i));
      raw.socket.resetAndDestroy();
    }
    await log.first("disconnect", () => log.of("disconnect").length === 20);
    for (const { reason } of log.of("disconnect")) assert.ok(reason === "connection-lost" || reason === "peer-closed", reason);
    await works();
  });

  it("frames of zeros and of ones, after the handshake", async (t) => {
    const { endpoint, works } = await pullWithFriend(t);
    const zeros = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    zeros.send(frame(Buffer.alloc(0)), Buffer.alloc(2000));
    const ones = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    ones.send(Buffer.alloc(2000, 0xff));
    await ones.closed();
    await works();
  });
});
