// ZWS 2.0 octet by octet (RFC 45, as libzmq has it): a WebSocket peer by hand against our sockets, what it may send and what costs it the connection.

import assert from "node:assert/strict";
import type { Socket } from "../../src/node.ts";
import { Dealer, Pull, Push, Router, Subscriber, XPublisher } from "../../src/node.ts";
import { hex } from "../support/bytes.ts";
import { command } from "../support/engine-probe.ts";
import { freePort } from "../support/free-port.ts";
import { type Body, check } from "../support/harness.ts";
import { EventLog, kept, type TestContext, untilTrue } from "../support/raw-peer.ts";
import { BINARY, CLOSE, CONTINUATION, frame, PING, PONG, TEXT, WebPeer } from "../support/web.ts";

const it = (title: string, body: Body): void => check(title, body);

async function serve<S extends Socket>(t: TestContext, socket: S): Promise<{ socket: S; endpoint: string; log: EventLog }> {
  const log = new EventLog(kept(t, socket));
  await socket.bind("ws://127.0.0.1:*");
  return { socket, endpoint: socket.lastEndpoint as string, log };
}

/** A command as ZWS has it: flags 02 and the body. */
function zwsCommand(name: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([hex("02"), command(name, data).subarray(2)]);
}

const READY_PUSH = zwsCommand("READY", hex("0b 536f636b65742d54797065 00000004 50555348"));
const READY_DEALER = zwsCommand("READY", hex("0b 536f636b65742d54797065 00000006 4445414c4552"));

/** A peer that has done the upgrade and the handshake as a PUSH. */
async function pushTo(t: TestContext, endpoint: string, ready = READY_PUSH): Promise<WebPeer> {
  const peer = await WebPeer.connect(t, endpoint);
  await peer.ask("/");
  peer.send(frame(BINARY, ready));
  await peer.read();
  return peer;
}

it("the upgrade is answered as libzmq's clients want it, header by header", async (t) => {
  const { endpoint } = await serve(t, new Pull());
  const peer = await WebPeer.connect(t, endpoint);
  const head = await peer.ask("/");
  assert.equal(
    head,
    [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "Sec-WebSocket-Protocol: ZWS2.0/NULL",
      "\r\n",
    ].join("\r\n"),
  );
});

it("READY goes as a binary message with flags 02, unmasked by a server", async (t) => {
  const { endpoint } = await serve(t, new Pull());
  const peer = await WebPeer.connect(t, endpoint);
  await peer.ask("/");
  const { opcode, payload } = await peer.read();
  assert.equal(opcode, BINARY);
  assert.equal(payload.toString("hex"), hex("02 05 5245414459 0b 536f636b65742d54797065 00000004 50554c4c").toString("hex"));
});

it("test_ws_transport: a message is one masked frame from a client and one plain frame from a server", async (t) => {
  const { endpoint, socket } = await serve(t, new Dealer());
  const peer = await pushTo(t, endpoint, READY_DEALER);
  // The vector: "abc", masked by 01020304.
  peer.send(hex("82 84 01020304 01 63 61 67"));
  assert.deepEqual((await socket.receive()).map(String), ["abc"]);
  await socket.send("abc");
  assert.equal((await peer.raw.read(6)).toString("hex"), "820400616263");
});

it("test_ws_transport: MORE is 01, whatever the frames' sizes", async (t) => {
  const { endpoint, socket } = await serve(t, new Dealer());
  const peer = await pushTo(t, endpoint, READY_DEALER);
  const large = Buffer.alloc(3000, "l");
  await socket.send(["a", large, "", "z"]);
  const frames = [await peer.read(), await peer.read(), await peer.read(), await peer.read()];
  assert.deepEqual(
    frames.map(({ payload }) => [payload[0], payload.length]),
    [
      [1, 2],
      [1, 3001],
      [1, 1],
      [0, 2],
    ],
  );
  assert.ok(frames[1].payload.subarray(1).equals(large));
  peer.send(frame(BINARY, hex("01 41")), frame(BINARY, Buffer.concat([hex("01"), large])), frame(BINARY, hex("00")));
  const [a, l, empty] = await socket.receive();
  assert.deepEqual([String(a), l.equals(large), empty.length], ["A", true, 0]);
});

it("a subscription is a message, not a command", async (t) => {
  const xpub = kept(t, new XPublisher());
  await xpub.bind("ws://127.0.0.1:*");
  const peer = await WebPeer.connect(t, xpub.lastEndpoint as string);
  await peer.ask("/");
  await peer.read();
  peer.send(frame(BINARY, zwsCommand("READY", hex("0b 536f636b65742d54797065 00000003 535542"))));
  // The vector of protocol and tests: SUBSCRIBE "a" as 00 01 61; and the command form, which is accepted too.
  peer.send(frame(BINARY, hex("00 01 61")), frame(BINARY, zwsCommand("SUBSCRIBE", Buffer.from("b"))));
  assert.deepEqual((await xpub.receive()).map(String), ["\u0001a"]);
  assert.deepEqual((await xpub.receive()).map(String), ["\u0001b"]);
});

it("test_ws_transport: our SUB subscribes by message", async (t) => {
  const { endpoint, socket } = await serve(t, new Subscriber());
  socket.subscribe("a");
  const peer = await WebPeer.connect(t, endpoint);
  await peer.ask("/");
  await peer.read();
  peer.send(frame(BINARY, zwsCommand("READY", hex("0b 536f636b65742d54797065 00000003 505542"))));
  assert.equal((await peer.read()).payload.toString("hex"), "000161");
});

it("ZWS2.0 alone: a routing id each way, then traffic", async (t) => {
  const { endpoint, socket } = await serve(t, new Router({ routingId: "srv" }));
  const peer = await WebPeer.connect(t, endpoint);
  const head = await peer.ask("/", { "Sec-WebSocket-Protocol": "ZWS2.0" });
  assert.match(head, /Sec-WebSocket-Protocol: ZWS2\.0\r\n/);
  assert.equal((await peer.raw.read(6)).toString("hex"), "820400737276");
  peer.send(frame(BINARY, Buffer.from("\0me")), frame(BINARY, Buffer.from("\0hello")));
  assert.deepEqual((await socket.receive()).map(String), ["me", "hello"]);
  await socket.send(["me", "back"]);
  assert.equal((await peer.read()).payload.toString("latin1"), "\0back");
});

it("the first of the client's sub-protocols that we speak is chosen, in either spelling", async (t) => {
  const { endpoint } = await serve(t, new Pull());
  for (const [offer, chosen] of [
    ["ZWS2.0,ZWS2.0/NULL", "ZWS2.0"],
    ["chat, ZWS2.0.NULL, ZWS2.0", "ZWS2.0.NULL"],
    ["ZWS2.0/CURVE,ZWS2.0/NULL", "ZWS2.0/NULL"],
  ]) {
    const peer = await WebPeer.connect(t, endpoint);
    assert.ok(
      (await peer.ask("/", { "Sec-WebSocket-Protocol": offer })).includes(`Sec-WebSocket-Protocol: ${chosen}\r\n`),
      offer,
    );
  }
});

it("a ping is answered, and a pong is taken without looking at it", async (t) => {
  const { endpoint, socket } = await serve(t, new Pull({ heartbeatInterval: 20, heartbeatTimeout: 5000 }));
  const peer = await pushTo(t, endpoint);
  peer.send(frame(PING, Buffer.from("are you there")));
  const seen = new Set<number>();
  let pings = 0;
  while (pings < 3 || !seen.has(PONG)) {
    const { opcode, payload } = await peer.read();
    seen.add(opcode);
    if (opcode === PONG) assert.equal(payload.toString(), "are you there");
    if (opcode !== PING) continue;
    pings++;
    // libzmq's pong is always empty.
    peer.send(frame(PONG, Buffer.alloc(0)));
  }
  peer.send(frame(BINARY, Buffer.from("\0still here")));
  assert.deepEqual((await socket.receive()).map(String), ["still here"]);
});

it("test_ws_transport (heartbeats): a peer that answers no ping is given up", async (t) => {
  const { endpoint, log } = await serve(t, new Pull({ heartbeatInterval: 20, heartbeatTimeout: 40 }));
  const peer = await pushTo(t, endpoint);
  assert.equal((await log.first("disconnect")).reason, "heartbeat-timeout");
  await peer.raw.closed();
});

it("a close is answered with its code", async (t) => {
  const { endpoint, log } = await serve(t, new Pull());
  const peer = await pushTo(t, endpoint);
  peer.send(frame(CLOSE, hex("03e8")));
  assert.deepEqual(await peer.read(), { opcode: CLOSE, payload: hex("03e8") });
  assert.equal((await log.first("disconnect")).reason, "peer-closed");
});

it("fragments are put together, as proxies and browsers may cut a message", async (t) => {
  const { endpoint, socket } = await serve(t, new Pull());
  const peer = await pushTo(t, endpoint);
  peer.send(
    frame(BINARY, Buffer.from("\0one "), { fin: false }),
    frame(PING, Buffer.alloc(0)),
    frame(CONTINUATION, Buffer.from("message"), { fin: true }),
  );
  assert.deepEqual((await socket.receive()).map(String), ["one message"]);
});

/** What costs a peer its connection, and nothing else. */
const FAULTS: readonly (readonly [title: string, octets: Buffer, reason: string, options?: object])[] = [
  ["a text message", frame(TEXT, Buffer.from("\0text")), "malformed-frame"],
  ["an empty message", frame(BINARY, Buffer.alloc(0)), "malformed-frame"],
  ["a message that is not masked", frame(BINARY, Buffer.from("\0plain"), { masked: false }), "malformed-frame"],
  ["a continuation of nothing", frame(CONTINUATION, Buffer.from("\0more")), "malformed-frame"],
  ["a compressed message, which was not agreed on", frame(BINARY, Buffer.from("\0x"), { rsv: 4 }), "malformed-frame"],
  ["a reserved bit", frame(BINARY, Buffer.from("\0x"), { rsv: 1 }), "malformed-frame"],
  ["an unknown opcode", frame(3, Buffer.from("\0x")), "malformed-frame"],
  ["a fragmented ping", frame(PING, Buffer.from("x"), { fin: false }), "malformed-frame"],
  ["a ping of 126 octets", frame(PING, Buffer.alloc(126)), "malformed-frame"],
  ["a close with a code of one octet", frame(CLOSE, Buffer.from("x")), "malformed-frame"],
  ["a length above 2^53", Buffer.concat([hex("82 ff ffffffffffffffff 01020304")]), "message-too-large"],
  ["a message over maxMessageSize", frame(BINARY, Buffer.alloc(102)), "message-too-large", { maxMessageSize: 100 }],
  [
    "fragments over maxMessageSize in sum",
    Buffer.concat([frame(BINARY, Buffer.alloc(60), { fin: false }), frame(CONTINUATION, Buffer.alloc(60))]),
    "message-too-large",
    { maxMessageSize: 100 },
  ],
  [
    "more frames than maxFrames",
    Buffer.concat(Array.from({ length: 5 }, () => frame(BINARY, hex("01")))),
    "too-many-frames",
    { maxFrames: 4 },
  ],
];

for (const [title, octets, reason, options] of FAULTS) {
  it(`${title}: that connection closes with ${reason}, others go on`, async (t) => {
    const { endpoint, log, socket } = await serve(t, new Pull(options));
    const good = await pushTo(t, endpoint);
    const bad = await pushTo(t, endpoint);
    bad.send(octets);
    const { error, peer } = await log.first("disconnect");
    assert.equal(error.reason, reason, error.message);
    assert.match(peer.address, /^ws:\/\/127\.0\.0\.1:\d+$/);
    await bad.raw.closed();
    good.send(frame(BINARY, Buffer.from("\0fine")));
    assert.deepEqual((await socket.receive()).map(String), ["fine"]);
    assert.equal(log.of("disconnect").length, 1);
  });
}

it("exactly maxMessageSize is accepted: the flags do not count", async (t) => {
  const { endpoint, socket } = await serve(t, new Pull({ maxMessageSize: 100 }));
  const peer = await pushTo(t, endpoint);
  peer.send(frame(BINARY, Buffer.alloc(101)));
  assert.equal((await socket.receive())[0].length, 100);
});

/** Handshakes that fail. */
const HANDSHAKES: readonly (readonly [title: string, payload: Buffer, reason: string])[] = [
  ["another socket type", zwsCommand("READY", hex("0b 536f636b65742d54797065 00000003 524551")), "type-mismatch"],
  ["no command", Buffer.from("\0hello"), "unexpected-command"],
  ["metadata that is cut short", zwsCommand("READY", hex("0b 536f")), "invalid-metadata"],
  ["an ERROR", zwsCommand("ERROR", hex("02 6e6f")), "refused-by-peer"],
  ["a command larger than any", zwsCommand("READY", Buffer.alloc(70_000)), "message-too-large"],
];

for (const [title, payload, reason] of HANDSHAKES) {
  it(`a handshake with ${title} ends with ${reason}`, async (t) => {
    const { endpoint, log } = await serve(t, new Pull());
    const peer = await WebPeer.connect(t, endpoint);
    await peer.ask("/");
    peer.send(frame(BINARY, payload));
    const { error } = await Promise.race([log.first("handshake:error:protocol"), log.first("handshake:error:other")]);
    assert.equal(error.reason, reason);
    await peer.raw.closed();
  });
}

it("a peer that upgrades and says nothing more is given up after handshakeInterval", async (t) => {
  const { endpoint, log } = await serve(t, new Pull({ handshakeInterval: 50 }));
  const peer = await WebPeer.connect(t, endpoint);
  await peer.ask("/");
  assert.equal((await log.first("disconnect")).reason, "handshake-timeout");
  await peer.raw.closed();
});

it("a connection that asks for nothing is given up after handshakeInterval", async (t) => {
  const { endpoint, log } = await serve(t, new Pull({ handshakeInterval: 50 }));
  const peer = await WebPeer.connect(t, endpoint);
  peer.raw.send(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n"));
  assert.equal((await log.first("accept:error")).error.reason, "handshake-timeout");
  await peer.raw.closed();
});

it("messages that were not handed over survive a connection that breaks", async (t) => {
  const push = kept(t, new Push({ reconnectInterval: 5 }));
  const first = kept(t, new Pull());
  await first.bind(`ws://127.0.0.1:${await freePort()}`);
  const endpoint = first.lastEndpoint as string;
  push.connect(endpoint);
  await push.send("before");
  assert.deepEqual((await first.receive()).map(String), ["before"]);
  await first.end(0);
  await untilTrue(() => push.peers()[0].state === "connecting", "the loss of the connection");
  for (let i = 0; i < 100; i++) assert.ok(push.trySend(String(i)));
  const second = kept(t, new Pull());
  await second.bind(endpoint);
  for (let i = 0; i < 100; i++) assert.deepEqual((await second.receive()).map(String), [String(i)]);
});
