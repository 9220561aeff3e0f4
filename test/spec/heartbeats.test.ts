/** libzmq's test_heartbeats (NULL), against peers by hand where silence is needed. */
import assert from "node:assert/strict";
import { Dealer, Pair, Publisher, Pull, Push, Reply, Request, Router, type Socket, Subscriber } from "../../src/node.ts";
import { command, message } from "../support/engine-probe.ts";
import { bound, check, Events, join2, own, receive } from "../support/harness.ts";
import { RawListener, RawPeer } from "../support/raw-peer.ts";

const be16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

check("test_heartbeats: a silent peer is dropped after the timeout, whoever connected", async (t) => {
  const pull = own(t, new Pull({ heartbeatInterval: 20, heartbeatTimeout: 40 }));
  const events = new Events(pull);
  const silent = await RawPeer.connect(t, await bound(pull));
  await silent.handshake("PUSH");
  const { name } = await silent.readCommand();
  assert.equal(name, "PING");
  await silent.closed();
  const event = await events.next("disconnect");
  assert.equal(event.reason, "heartbeat-timeout");
  assert.equal(event.error.code, "ETIMEDOUT");
});

check("test_heartbeats: a silent peer that we connected to is dropped and tried again", async (t) => {
  const server = await RawListener.listen(t);
  const push = own(t, new Push({ heartbeatInterval: 15, reconnectInterval: 5 }));
  const events = new Events(push);
  push.connect(server.endpoint);
  const silent = await server.accept();
  await silent.handshake("PULL");
  const event = await events.next("disconnect");
  assert.equal(event.reason, "heartbeat-timeout");
  assert.equal(event.retry, true);
  await (await server.accept()).handshake("PULL");
});

for (const size of [0, 1, 16]) {
  check(`test_heartbeats: PONG carries the PING's context of ${size} bytes`, async (t) => {
    const pull = own(t, new Pull());
    const peer = await RawPeer.connect(t, await bound(pull));
    await peer.handshake("PUSH");
    const context = Buffer.alloc(size, 0xab);
    peer.send(command("PING", Buffer.concat([be16(0), context])));
    const pong = await peer.readCommand();
    assert.equal(pong.name, "PONG");
    assert.deepEqual(pong.data, context);
  });
}

check("test_heartbeats: of a context of more than 16 bytes the first 16 come back", async (t) => {
  const pull = own(t, new Pull());
  const peer = await RawPeer.connect(t, await bound(pull));
  await peer.handshake("PUSH");
  peer.send(command("PING", Buffer.concat([be16(0), Buffer.alloc(17, 0xab)])));
  assert.deepEqual(await peer.readCommand(), { name: "PONG", data: Buffer.alloc(16, 0xab) });
});

check("test_heartbeats: a PING's time to live is obeyed: silence for as long costs the connection", async (t) => {
  const pull = own(t, new Pull());
  const events = new Events(pull);
  const peer = await RawPeer.connect(t, await bound(pull));
  await peer.handshake("PUSH");
  const before = performance.now();
  peer.send(command("PING", be16(1)));
  await peer.readCommand();
  await peer.closed();
  const waited = performance.now() - before;
  assert.ok(waited >= 100, `${waited} ms`);
  assert.equal((await events.next("disconnect")).reason, "ttl-expired");
});

check("test_heartbeats: traffic of any kind keeps a connection with a time to live", async (t) => {
  const pull = own(t, new Pull());
  const peer = await RawPeer.connect(t, await bound(pull));
  await peer.handshake("PUSH");
  peer.send(command("PING", be16(1)));
  await peer.readCommand();
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    peer.send(message(String(i)));
    assert.deepEqual(await receive(pull), [String(i)]);
  }
});

check("test_heartbeats: time to live: 100 ms steps, rounded down, at most what the field holds", async (t) => {
  for (const [option, tenths] of [
    [0, 0],
    [99, 0],
    [199, 1],
    [1000, 10],
    [6553599, 655],
  ] as const) {
    const pull = own(t, new Pull({ heartbeatInterval: 10, heartbeatTimeout: 0, heartbeatTimeToLive: option }));
    const peer = await RawPeer.connect(t, await bound(pull));
    await peer.handshake("PUSH");
    const { name, data: body } = await peer.readCommand();
    assert.equal(name, "PING");
    assert.equal(body.readUInt16BE(), tenths, `${option} ms`);
  }
  const pull = own(t, new Pull());
  pull.heartbeatTimeToLive = 6553599;
  assert.throws(() => (pull.heartbeatTimeToLive = 6553600), { code: "EINVAL" });
  assert.throws(() => (pull.heartbeatTimeToLive = -1), { code: "EINVAL" });
});

const heart = { heartbeatInterval: 10, heartbeatTimeout: 200, heartbeatTimeToLive: 300 };
for (const [name, make] of [
  ["DEALER and ROUTER", () => [new Dealer(heart), new Router(heart)]],
  ["REQ and REP", () => [new Request(heart), new Reply(heart)]],
  ["PULL and PUSH", () => [new Pull(heart), new Push(heart)]],
  ["SUB and PUB", () => [new Subscriber(heart), new Publisher(heart)]],
  ["PAIR and PAIR", () => [new Pair(heart), new Pair(heart)]],
  ["DEALER and DEALER", () => [new Dealer(heart), new Dealer(heart)]],
  ["ROUTER and REQ", () => [new Router(heart), new Request(heart)]],
] as const) {
  check(`test_heartbeats: a healthy link is never dropped: ${name}`, async (t) => {
    const [one, two] = make() as readonly Socket[];
    own(t, one);
    own(t, two);
    const events = new Events(one);
    await join2(one, two);
    // Ten intervals: PINGs and PONGs are seen in the bytes.
    const before = one.stats().bytesReceived;
    while (one.stats().bytesReceived < before + 60) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(events.of("disconnect"), []);
    assert.equal(one.peers()[0].state, "ready");
  });
}

check("test_heartbeats: a healthy peer is not dropped while our own program does not read", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 1, heartbeatInterval: 10, heartbeatTimeout: 20 }));
  const push = own(t, new Push({ sendHighWaterMark: 0 }));
  const events = new Events(pull);
  await join2(pull, push);
  for (let i = 0; i < 2000; i++) await push.send(Buffer.alloc(2000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(events.of("disconnect"), []);
  for (let i = 0; i < 2000; i++) await pull.receive({ timeout: 5000 });
});
