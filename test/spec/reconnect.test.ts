/**
 * Reconnecting: libzmq's test_reconnect_ivl, test_stream_timeout (HANDSHAKE_IVL), and what happens to messages when a connection breaks.
 *
 * A dialled endpoint keeps its queue; messages that were not given to the kernel survive in order; nothing is delivered twice; what waits for an accepted
 * connection that ends goes to another peer (PUSH, DEALER, REQ) or is dropped with an event.
 */
import assert from "node:assert/strict";
import { Dealer, Pair, Publisher, Pull, Push, Request, Router } from "../../src/node.ts";
import { command, greeting, ready } from "../support/engine-probe.ts";
import {
  bound,
  check,
  Events,
  each,
  eventually,
  fill,
  freeEndpoint,
  noIpv6,
  own,
  receive,
  receiveEach,
  STREAMS,
} from "../support/harness.ts";
import { RawListener, RawPeer } from "../support/raw-peer.ts";

each(STREAMS, "test_reconnect_ivl: -1 means that a lost connection is not made again", async (t, scheme) => {
  const client = own(t, new Pair({ reconnectInterval: -1 }));
  const events = new Events(client);
  const endpoint = await freeEndpoint(scheme);
  const server = own(t, new Pair());
  await server.bind(endpoint);
  client.connect(endpoint);
  await client.connected();
  await server.end(0);
  const lost = await events.next("disconnect");
  assert.equal(lost.retry, false);
  await eventually(() => client.peers().length === 0);
  assert.deepEqual(events.of("connect:retry"), []);
  const again = own(t, new Pair());
  await again.bind(endpoint);
  client.connect(endpoint);
  await client.send("by a new connect");
  assert.deepEqual(await receive(again), ["by a new connect"]);
});

check(
  "test_reconnect_ivl (IPv6): -1 means that a lost connection is not made again",
  async (t) => {
    const client = own(t, new Pair({ reconnectInterval: -1, ipv6: true }));
    const events = new Events(client);
    const server = own(t, new Pair({ ipv6: true }));
    await server.bind("tcp://[::1]:*");
    client.connect(server.lastEndpoint as string);
    await client.connected();
    await server.end(0);
    assert.equal((await events.next("disconnect")).retry, false);
    assert.deepEqual(events.of("connect:retry"), []);
  },
  noIpv6,
);

each(STREAMS, "test_reconnect_ivl: by default it is made again", async (t, scheme) => {
  const client = own(t, new Pair({ reconnectInterval: 10 }));
  const events = new Events(client);
  const endpoint = await freeEndpoint(scheme);
  let server = own(t, new Pair());
  await server.bind(endpoint);
  client.connect(endpoint);
  await client.connected();
  await server.end(0);
  const lost = await events.next("disconnect");
  assert.equal(lost.retry, true);
  const { interval, address } = await events.next("connect:retry");
  assert.ok(interval >= 10 && interval < 20, `${interval} ms`);
  assert.equal(address, endpoint);
  server = own(t, new Pair());
  await server.bind(endpoint);
  await server.connected();
  await client.send("again");
  assert.deepEqual(await receive(server), ["again"]);
});

check("6.3: without a maximum the interval is the base and up to as much again", async (t) => {
  const push = own(t, new Push({ reconnectInterval: 2 }));
  const events = new Events(push);
  push.connect(await freeEndpoint("tcp"));
  await events.next("connect:retry", 20);
  for (const { interval, error } of events.of("connect:retry")) {
    assert.ok(interval >= 2 && interval < 4, `${interval} ms`);
    assert.equal(error.code, "ECONNREFUSED");
  }
});

check("6.3: with a maximum it doubles up to it", async (t) => {
  const push = own(t, new Push({ reconnectInterval: 1, reconnectMaxInterval: 10 }));
  const events = new Events(push);
  push.connect(await freeEndpoint("tcp"));
  await events.next("connect:retry", 7);
  assert.deepEqual(
    events
      .of("connect:retry")
      .slice(0, 7)
      .map(({ interval }) => interval),
    [1, 2, 4, 8, 10, 10, 10],
  );
});

check("6.3: a connection that succeeded begins the sequence anew", async (t) => {
  const push = own(t, new Push({ reconnectInterval: 1, reconnectMaxInterval: 8 }));
  const events = new Events(push);
  const endpoint = await freeEndpoint("tcp");
  push.connect(endpoint);
  await events.next("connect:retry", 3);
  const pull = own(t, new Pull());
  await pull.bind(endpoint);
  await pull.connected();
  const before = events.of("connect:retry").length;
  await pull.end(0);
  assert.equal((await events.next("connect:retry", before + 1)).interval, 1);
});

check("6.2, D25: a protocol fault ends a dialled endpoint for good", async (t) => {
  const server = await RawListener.listen(t);
  const push = own(t, new Push({ reconnectInterval: 1 }));
  const events = new Events(push);
  push.connect(server.endpoint);
  const peer = await server.accept();
  peer.send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n".padEnd(100, "x")));
  const event = await events.next("disconnect");
  assert.equal(event.reason, "not-zmtp");
  assert.equal(event.retry, false);
  await eventually(() => push.peers().length === 0);
  assert.throws(() => push.disconnect(server.endpoint), { code: "ENOENT" });
});

check("6.2, D4: a peer of the wrong type is not tried again, and both sides are told", async (t) => {
  const pull = own(t, new Pull());
  const wrong = own(t, new Request({ reconnectInterval: 1 }));
  const [ours, theirs] = [new Events(pull), new Events(wrong)];
  wrong.connect(await bound(pull));
  for (const events of [ours, theirs]) {
    const event = await events.next("disconnect");
    assert.equal(event.retry, false);
    assert.ok(["type-mismatch", "refused-by-peer", "peer-closed"].includes(event.reason), event.reason);
  }
  assert.ok([...ours.all, ...theirs.all].some((event) => event.type === "handshake:error:protocol"));
  await eventually(() => wrong.peers().length === 0);
});

check("test_stream_timeout: a mute peer that connected is dropped after handshakeInterval", async (t) => {
  const pull = own(t, new Pull({ handshakeInterval: 30 }));
  const events = new Events(pull);
  const mute = await RawPeer.connect(t, await bound(pull));
  await mute.closed();
  assert.equal((await events.next("handshake:error:other")).error.reason, "handshake-timeout");
  assert.equal((await events.next("disconnect")).reason, "handshake-timeout");
});

check("test_stream_timeout: a peer that greets and then says nothing is dropped as well", async (t) => {
  const pull = own(t, new Pull({ handshakeInterval: 30 }));
  const half = await RawPeer.connect(t, await bound(pull));
  half.send(greeting());
  await half.closed();
});

check("test_stream_timeout: a mute peer that we connected to is dropped and tried again", async (t) => {
  const server = await RawListener.listen(t);
  const push = own(t, new Push({ handshakeInterval: 30, reconnectInterval: 5 }));
  const events = new Events(push);
  push.connect(server.endpoint);
  await (await server.accept()).closed();
  const event = await events.next("disconnect");
  assert.equal(event.reason, "handshake-timeout");
  assert.equal(event.retry, true);
  const second = await server.accept();
  await second.handshake("PULL");
  await push.send("patience");
  assert.deepEqual((await second.readMessage()).map(String), ["patience"]);
});

check("connectTimeout bounds one attempt", async (t) => {
  const push = own(t, new Push({ connectTimeout: 30, reconnectInterval: 5 }));
  const events = new Events(push);
  // A documentation address: nobody answers, or the system says at once that it cannot be reached.
  push.connect("tcp://192.0.2.1:9");
  const retry = await events.next("connect:retry");
  assert.ok(
    ["ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "EACCES", "EPERM"].includes(retry.error.code),
    retry.error.code,
  );
});

// What waits when a connection breaks -------------------------------------------------------------------------------------------------

check("messages that were not given to the kernel survive a reconnection, in order, and nothing comes twice", async (t) => {
  const server = await RawListener.listen(t);
  const push = own(t, new Push({ reconnectInterval: 5, sendHighWaterMark: 0 }));
  push.connect(server.endpoint);
  const first = await server.accept();
  await first.handshake("PULL");
  // The peer stops reading: the kernel's buffers fill, the rest waits here.
  first.socket.pause();
  const total = 400;
  for (let i = 0; i < total; i++) {
    const body = Buffer.alloc(50_000);
    body.writeUInt32BE(i);
    assert.ok(push.trySend(body));
  }
  await eventually(() => push.stats().sent > 0);
  first.socket.resetAndDestroy();
  const second = await server.accept();
  await second.handshake("PULL");
  const seen: number[] = [];
  while (seen.at(-1) !== total - 1) {
    const [body] = await second.readMessage();
    assert.equal(body.length, 50_000);
    seen.push(body.readUInt32BE());
  }
  assert.ok(seen[0] > 0, "some had gone out before");
  for (const [index, number] of seen.entries()) assert.equal(number, seen[0] + index, "in order, none missing, none twice");
});

check("a message of many frames that was cut is sent again whole, or counts as sent", async (t) => {
  const server = await RawListener.listen(t);
  const push = own(t, new Push({ reconnectInterval: 5 }));
  push.connect(server.endpoint);
  const first = await server.accept();
  await first.handshake("PULL");
  first.socket.pause();
  const parts = Array.from({ length: 40 }, (_, i) => Buffer.alloc(1_000_000, i));
  assert.ok(push.trySend(["head", ...parts]));
  assert.ok(push.trySend("after"));
  first.socket.resetAndDestroy();
  const second = await server.accept();
  await second.handshake("PULL");
  const message = await second.readMessage();
  assert.equal(message.length, 41);
  assert.equal(String(message[0]), "head");
  for (const [index, part] of message.slice(1).entries()) assert.ok(part.length === 1_000_000 && part[0] === index);
  assert.deepEqual((await second.readMessage()).map(String), ["after"]);
});

check("half a message from a peer that is cut off is thrown away", async (t) => {
  const server = await RawListener.listen(t);
  const pull = own(t, new Pull({ reconnectInterval: 5 }));
  pull.connect(server.endpoint);
  const first = await server.accept();
  await first.handshake("PUSH");
  first.send(Buffer.from([1, 4]), Buffer.from("half"), Buffer.from([0, 10, 65]));
  first.socket.end();
  const second = await server.accept();
  await second.handshake("PUSH");
  second.send(Buffer.from([0, 5]), Buffer.from("whole"));
  assert.deepEqual(await receive(pull), ["whole"]);
});

check("what came in before the end is delivered, though the connection is gone", async (t) => {
  const server = await RawListener.listen(t);
  const pull = own(t, new Pull({ receiveHighWaterMark: 2, reconnectInterval: 5 }));
  const events = new Events(pull);
  pull.connect(server.endpoint);
  const peer = await server.accept();
  await peer.handshake("PUSH");
  for (let i = 0; i < 10; i++) peer.send(Buffer.from([0, 1, 48 + i]));
  peer.socket.end();
  await eventually(() => pull.stats().bytesReceived >= 30);
  assert.deepEqual(await receiveEach(pull, 10), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  assert.equal((await events.next("disconnect")).reason, "peer-closed");
});

for (const [name, Type, type, peerType] of [
  ["PUSH", Push, "PUSH", "PULL"],
  ["DEALER", Dealer, "DEALER", "DEALER"],
] as const) {
  check(`unsent messages of an accepted connection of ${name} go to another peer`, async (t) => {
    const socket = own(t, new Type({ sendHighWaterMark: 100 }));
    const endpoint = await bound(socket);
    const stuck = await RawPeer.connect(t, endpoint);
    await stuck.handshake(peerType);
    stuck.socket.pause();
    const body = Buffer.alloc(200_000);
    let sent = 0;
    while (socket.stats().sending < 50) {
      body.writeUInt32BE(sent++);
      await socket.send(Buffer.from(body));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const other = own(t, type === "PUSH" ? new Pull() : new Dealer());
    other.connect(endpoint);
    await other.connected();
    await eventually(() => socket.peers().filter((peer) => peer.state === "ready").length === 2);
    const waiting = socket.stats().sending;
    stuck.socket.resetAndDestroy();
    const seen: number[] = [];
    // The last one in the kernel's hands was cut, and is sent again.
    while (seen.at(-1) !== sent - 1) seen.push((await other.receive({ timeout: 5000 }))[0].readUInt32BE());
    assert.ok(seen.length >= waiting - 1 && seen.length <= waiting + 1, `${seen.length} came of ${waiting} that waited`);
    for (const [index, number] of seen.entries()) assert.equal(number, seen[0] + index);
  });
}

check("unsent messages that nobody else can take are dropped, with an event and a count", async (t) => {
  const router = own(t, new Router());
  const events = new Events(router);
  const stuck = await RawPeer.connect(t, await bound(router));
  await stuck.handshake("DEALER", { identity: "stuck" });
  await eventually(() => router.peers().length === 1);
  stuck.socket.pause();
  for (let i = 0; i < 500; i++) await router.send(["stuck", Buffer.alloc(100_000)]);
  const waiting = router.stats().sending;
  assert.ok(waiting > 0);
  stuck.socket.resetAndDestroy();
  const drop = await events.next("drop");
  const lost = events.of("drop").length;
  assert.ok(lost >= waiting - 1 && lost <= waiting, `${lost} of ${waiting}`);
  assert.equal(drop.peer?.routingId.toString(), "stuck");
  const { dropped } = router.stats();
  assert.equal(dropped[drop.reason], lost);
});

check("a dialled endpoint that is given up hands its queue to another peer", async (t) => {
  const push = own(t, new Push());
  const dead = await freeEndpoint("tcp");
  push.connect(dead);
  assert.equal(fill(push, "x", 10), 10);
  const pull = own(t, new Pull());
  push.connect(await bound(pull));
  await push.connected();
  push.linger = 0;
  push.disconnect(dead);
  assert.deepEqual(await receiveEach(pull, 10), Array(10).fill("x"));
});

check("a dialled publisher goes on with its subscribers after a break", async (t) => {
  const server = await RawListener.listen(t);
  const pub = own(t, new Publisher({ reconnectInterval: 5 }));
  pub.connect(server.endpoint);
  for (let round = 0; round < 2; round++) {
    const peer = await server.accept();
    await peer.handshake("SUB");
    peer.send(command("SUBSCRIBE", Buffer.from(`topic ${round}`)));
    await pub.subscribed(`topic ${round}`);
    await pub.send(`topic ${round}`);
    assert.deepEqual((await peer.readMessage()).map(String), [`topic ${round}`]);
    peer.socket.destroy();
  }
});

check("a peer that announces too much before READY is cut off", async (t) => {
  const pull = own(t, new Pull());
  const events = new Events(pull);
  const peer = await RawPeer.connect(t, await bound(pull));
  peer.send(greeting(), ready("PUSH", undefined, { "X-Long": "x".repeat(70_000) }));
  await peer.closed();
  assert.ok((await events.next("disconnect")).retry === false);
});
