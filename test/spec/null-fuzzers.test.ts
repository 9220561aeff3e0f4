/**
 * Hostile and odd bytes: libzmq's test_bind_null_fuzzer, test_connect_null_fuzzer, test_mock_pub_sub (3.1 peers), test_stream_empty and
 * test_stream_exceeds_buffer (seen from the other side). A peer never hurts more than its own connection.
 */
import assert from "node:assert/strict";
import { Dealer, Publisher, Pull, Push, Reply, Request, Router, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";
import { command, greeting, message, ready } from "../support/engine-probe.ts";
import { bound, check, Events, eventually, own, receive } from "../support/harness.ts";
import { RawListener, RawPeer } from "../support/raw-peer.ts";

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bytes that begin well and go wrong somewhere: what is random from the first byte on tests only the greeting. */
function* streams(count: number, type: string): Generator<Buffer> {
  const next = random(7);
  for (let i = 0; i < count; i++) {
    const good = Buffer.concat([
      greeting(),
      ready(type),
      message("a", ""),
      command("PING", Buffer.alloc(2)),
      message("b".repeat(300)),
    ]);
    const kind = i % 4;
    if (kind === 0) yield Buffer.from(Array.from({ length: 1 + Math.floor(next() * 200) }, () => Math.floor(next() * 256)));
    else if (kind === 1) {
      good[Math.floor(next() * good.length)] ^= 1 << Math.floor(next() * 8);
      yield good;
    } else if (kind === 2) yield good.subarray(0, Math.floor(next() * good.length));
    else
      yield Buffer.concat([
        greeting(),
        ready(type),
        Buffer.from(Array.from({ length: 1 + Math.floor(next() * 60) }, () => Math.floor(next() * 256))),
      ]);
  }
}

const acceptors = [
  ["PULL", () => new Pull(), "PUSH"],
  ["ROUTER", () => new Router(), "DEALER"],
  ["REP", () => new Reply(), "REQ"],
  ["XPUB", () => new XPublisher(), "SUB"],
  ["SUB", () => new Subscriber(), "PUB"],
] as const;
for (const [name, make, peerType] of acceptors) {
  check(`test_bind_null_fuzzer: a ${name} survives any bytes, and a good peer still connects`, async (t) => {
    const socket = own(t, make());
    const events = new Events(socket);
    const endpoint = await bound(socket);
    for (const bytes of streams(120, peerType)) {
      const peer = await RawPeer.connect(t, endpoint);
      peer.send(bytes);
      peer.socket.end();
    }
    await eventually(() => socket.peers().every((peer) => peer.state === "closed") && events.of("disconnect").length === 120);
    const good = await RawPeer.connect(t, endpoint);
    await good.handshake(peerType);
    await eventually(() => socket.peers().some((peer) => peer.state === "ready"));
  });
}

for (const [name, make, peerType] of [
  ["PUSH", () => new Push({ reconnectInterval: 1 }), "PULL"],
  ["DEALER", () => new Dealer({ reconnectInterval: 1 }), "ROUTER"],
  ["REQ", () => new Request({ reconnectInterval: 1 }), "REP"],
  ["SUB", () => new Subscriber({ reconnectInterval: 1 }), "PUB"],
] as const) {
  check(`test_connect_null_fuzzer: a ${name} survives any bytes of a server`, async (t) => {
    const server = await RawListener.listen(t);
    for (const bytes of streams(40, peerType)) {
      const socket = own(t, make());
      socket.connect(server.endpoint);
      const peer = await server.accept();
      peer.send(bytes);
      await new Promise((resolve) => setImmediate(resolve));
      await socket.end(0);
    }
    const socket = own(t, make());
    socket.connect(server.endpoint);
    await (await server.accept()).handshake(peerType);
    await socket.connected();
  });
}

check("test_mock_pub_sub: a SUB tells a 3.1 publisher its topics by SUBSCRIBE and CANCEL commands, byte for byte", async (t) => {
  const server = await RawListener.listen(t);
  const sub = own(t, new Subscriber());
  sub.connect(server.endpoint);
  const peer = await server.accept();
  await peer.handshake("PUB");
  await sub.connected();
  sub.subscribe("A");
  assert.deepEqual(await peer.read(13), Buffer.from("\x04\x0b\x09SUBSCRIBEA", "latin1"));
  sub.unsubscribe("A");
  assert.deepEqual(await peer.read(10), Buffer.from("\x04\x08\x06CANCELA", "latin1"));
  sub.subscribe("C");
  peer.send(message("AB"), message("B"), message("C1"));
  assert.deepEqual(await receive(sub), ["C1"]);
});

check("test_mock_pub_sub: a SUB tells a 3.0 publisher its topics by messages", async (t) => {
  const server = await RawListener.listen(t);
  const sub = own(t, new Subscriber());
  sub.connect(server.endpoint);
  const peer = await server.accept();
  const older = greeting();
  older[11] = 0;
  peer.send(older, ready("PUB"));
  await peer.read(64);
  await peer.readCommand();
  await sub.connected();
  sub.subscribe("A");
  assert.deepEqual(await peer.read(4), Buffer.from("\x00\x02\x01A", "latin1"));
  sub.unsubscribe("A");
  assert.deepEqual(await peer.read(4), Buffer.from("\x00\x02\x00A", "latin1"));
});

check("test_mock_pub_sub, D5: an XSUB's subscriptions are messages on every wire", async (t) => {
  const server = await RawListener.listen(t);
  const xsub = own(t, new XSubscriber());
  xsub.connect(server.endpoint);
  const peer = await server.accept();
  await peer.handshake("XPUB");
  await xsub.connected();
  await xsub.send("\x01A");
  assert.deepEqual(await peer.read(4), Buffer.from("\x00\x02\x01A", "latin1"));
});

check("test_mock_pub_sub: a publisher takes commands and messages alike", async (t) => {
  const pub = own(t, new XPublisher());
  const peer = await RawPeer.connect(t, await bound(pub));
  await peer.handshake("SUB");
  peer.send(command("SUBSCRIBE", Buffer.from("A")), message("\x01B"), command("CANCEL", Buffer.from("A")), message("\x00B"));
  for (const text of ["\x01A", "\x01B", "\x00A", "\x00B"]) assert.deepEqual(await receive(pub), [text]);
});

check("4.6: a cancel of what the peer did not have is still reported by XPUB", async (t) => {
  const pub = own(t, new XPublisher());
  const peer = await RawPeer.connect(t, await bound(pub));
  await peer.handshake("SUB");
  peer.send(command("CANCEL", Buffer.from("never")));
  assert.deepEqual(await receive(pub), ["\x00never"]);
});

check("4.6, D14: a publisher has a set of topics per peer: twice subscribed and once cancelled is none", async (t) => {
  const pub = own(t, new Publisher());
  const peer = await RawPeer.connect(t, await bound(pub));
  await peer.handshake("SUB");
  peer.send(command("SUBSCRIBE", Buffer.from("A")), command("SUBSCRIBE", Buffer.from("A")), command("CANCEL", Buffer.from("A")));
  peer.send(command("SUBSCRIBE", Buffer.from("end")));
  await pub.subscribed("end");
  await pub.send("A");
  await pub.send("end");
  assert.deepEqual((await peer.readMessage()).map(String), ["end"]);
});

check("what a peer may not send is thrown away and counted: a PULL that sends, a PUB that is asked", async (t) => {
  const push = own(t, new Push());
  const events = new Events(push);
  const peer = await RawPeer.connect(t, await bound(push));
  await peer.handshake("PULL");
  peer.send(message("why"));
  const drop = await events.next("drop");
  assert.equal(drop.reason, "wrong-direction");
  await push.send("still there");
  assert.deepEqual((await peer.readMessage()).map(String), ["still there"]);
});

check("test_stream_empty, test_stream_exceeds_buffer: empty and just too long for one read", async (t) => {
  const dealer = own(t, new Dealer());
  const peer = await RawPeer.connect(t, await bound(dealer));
  await peer.handshake("DEALER");
  peer.send(message(""), message("x".repeat(8193)), message("", ""));
  assert.deepEqual(await receive(dealer), [""]);
  assert.deepEqual(await receive(dealer), ["x".repeat(8193)]);
  assert.deepEqual(await receive(dealer), ["", ""]);
  await dealer.send("y".repeat(8193));
  assert.equal((await peer.readMessage())[0].length, 8193);
});

check("a frame announced larger than maxMessageSize costs the connection before it is read", async (t) => {
  const pull = own(t, new Pull({ maxMessageSize: 100 }));
  const events = new Events(pull);
  const peer = await RawPeer.connect(t, await bound(pull));
  await peer.handshake("PUSH");
  peer.send(message("x".repeat(100)));
  assert.equal((await receive(pull))[0].length, 100);
  peer.send(message("x".repeat(101)).subarray(0, 2));
  await peer.closed();
  const event = await events.next("disconnect");
  assert.equal(event.reason, "message-too-large");
  assert.match(event.error.message, /101/);
});

check("a peer that sends byte by byte is understood", async (t) => {
  const pull = own(t, new Pull());
  const peer = await RawPeer.connect(t, await bound(pull));
  const bytes = Buffer.concat([greeting(), ready("PUSH"), message("slow", "", "x")]);
  for (const byte of bytes) {
    peer.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await receive(pull), ["slow", "", "x"]);
});
