/** libzmq's test_monitor and test_metadata (of the NULL mechanism): events of both sides, in order, with the peer, its address and type, and reasons. */
import assert from "node:assert/strict";
import {
  Dealer,
  type EventType,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Subscriber,
} from "../../src/node.ts";
import {
  bound,
  check,
  Events,
  each,
  eventually,
  freeEndpoint,
  join2,
  notApplicable,
  own,
  receive,
  STREAMS,
} from "../support/harness.ts";
import { RawPeer } from "../support/raw-peer.ts";

each(STREAMS, "test_monitor: a server tells bind, accept, handshake, disconnect, close, end", async (t, scheme) => {
  const server = own(t, new Dealer());
  const events = new Events(server);
  const endpoint = await bound(server, scheme);
  const client = new Dealer();
  client.connect(endpoint);
  await events.next("handshake");
  client.close();
  await events.next("disconnect");
  await server.end();
  await events.next("end");
  assert.deepEqual(events.types, ["bind", "accept", "handshake", "disconnect", "close", "end"]);
  for (const event of events.all.slice(0, -1)) assert.equal((event as { address: string }).address, endpoint, event.type);
  assert.deepEqual(events.all.at(-1), { type: "end" });
});

each(
  STREAMS,
  "test_monitor: a client tells delay, connect, handshake, disconnect, retry, delay, close, retry",
  async (t, scheme) => {
    const client = own(t, new Dealer({ reconnectInterval: 5 }));
    const events = new Events(client);
    const server = own(t, new Dealer());
    const endpoint = await freeEndpoint(scheme);
    await server.bind(endpoint);
    client.connect(endpoint);
    await events.next("handshake");
    // A server that has not read the client's last word yet would end with a reset.
    await server.connected();
    await server.end(0);
    await events.next("connect:retry", 2);
    assert.deepEqual(events.types.slice(0, 8), [
      "connect:delay",
      "connect",
      "handshake",
      "disconnect",
      "connect:retry",
      "connect:delay",
      "close",
      "connect:retry",
    ]);
    for (const event of events.all) assert.equal((event as { address: string }).address, endpoint, event.type);
    assert.equal(events.of("disconnect")[0].reason, "peer-closed");
    assert.equal(events.of("disconnect")[0].retry, true);
    assert.ok(events.of("connect:retry")[0].interval >= 5);
  },
);

each(STREAMS, "test_monitor (v2): events tell the peer: its address, type and routing id", async (t, scheme) => {
  const server = own(t, new Router());
  const client = own(t, new Dealer({ routingId: "me" }));
  const [ours, theirs] = [new Events(server), new Events(client)];
  const endpoint = await join2(server, client, scheme);
  const accepted = (await ours.next("handshake")).peer;
  assert.equal(accepted.socketType, "DEALER");
  assert.equal(Buffer.from(accepted.routingId).toString(), "me");
  assert.equal(accepted.endpoint, endpoint);
  assert.match(accepted.address, scheme === "tcp" ? /^tcp:\/\/127\.0\.0\.1:\d+$/ : /^ipc:\/\//);
  if (scheme === "tcp") assert.notEqual(accepted.address, endpoint);
  const dialled = (await theirs.next("handshake")).peer;
  assert.equal(dialled.socketType, "ROUTER");
  assert.equal(dialled.address, endpoint);
  assert.equal((await ours.next("accept")).peer, accepted, "the same object in every event");
});

for (const [name, make] of [
  ["PAIR", () => [new Pair(), new Pair()]],
  ["PUB", () => [new Publisher(), new Subscriber()]],
  ["PUSH", () => [new Push(), new Pull()]],
  ["REP", () => [new Reply(), new Request()]],
] as const) {
  check(`test_monitor (v2): the events of a ${name} and its peer`, async (t) => {
    const [server, client] = make() as readonly Socket[];
    own(t, server);
    own(t, client);
    const [ours, theirs] = [new Events(server), new Events(client)];
    await join2(server, client);
    await Promise.all([ours.next("handshake"), theirs.next("handshake")]);
    assert.deepEqual(ours.types, ["bind", "accept", "handshake"] satisfies EventType[]);
    assert.deepEqual(theirs.types, ["connect:delay", "connect", "handshake"] satisfies EventType[]);
  });
}

check("test_monitor (v2): IPv6 addresses", async (t) => {
  const [server, client] = [own(t, new Pair({ ipv6: true })), own(t, new Pair({ ipv6: true }))];
  const events = new Events(server);
  await server.bind("tcp://[::1]:*");
  client.connect(server.lastEndpoint as string);
  assert.match((await events.next("handshake")).peer.address, /^tcp:\/\/\[::1\]:\d+$/);
});

check("a disconnect says why: by the peer's orderly end, by a reset, by ourselves, by the peer's fault", async (t) => {
  const pull = own(t, new Pull());
  const events = new Events(pull);
  const endpoint = await bound(pull);
  const connect = async (): Promise<RawPeer> => {
    const peer = await RawPeer.connect(t, endpoint);
    await peer.handshake("PUSH");
    await eventually(() => pull.peers().length === 1);
    return peer;
  };
  const cases: [string, (peer: RawPeer) => void, string][] = [
    ["orderly end", (peer) => peer.socket.end(), "peer-closed"],
    ["reset", (peer) => peer.socket.resetAndDestroy(), "connection-lost"],
    ["our own", () => pull.disconnectPeer(pull.peers()[0].peer), "disconnected"],
    ["too large a frame", (peer) => peer.send(Buffer.from([2, 0xff, 0, 0, 0, 0, 0, 0, 0])), "message-too-large"],
    ["a PING without its time to live", (peer) => peer.send(Buffer.from("\x04\x05\x04PING", "latin1")), "malformed-command"],
  ];
  for (const [index, [what, act, reason]] of cases.entries()) {
    const peer = await connect();
    act(peer);
    const event = await events.next("disconnect", index + 1);
    assert.equal(event.reason, reason, what);
    assert.equal(event.retry, false, what);
    const names = [endpoint, event.peer.address];
    assert.ok(
      names.some((name) => event.error.message.includes(name)),
      event.error.message,
    );
    assert.ok(names.includes(event.error.address as string), event.error.address);
    assert.match(event.peer.address, /^tcp:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(event.peer.socketType, "PUSH");
    await eventually(() => pull.peers().length === 0);
  }
});

check("a fault names the offset and shows the bytes", async (t) => {
  const pull = own(t, new Pull());
  const events = new Events(pull);
  const peer = await RawPeer.connect(t, await bound(pull));
  peer.send(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  await peer.closed();
  const { error } = await events.next("handshake:error:protocol");
  assert.match(error.code, /^ERR_ZMTP_/);
  assert.match(error.message, /after \d+ bytes: [0-9a-f ]+/);
  assert.equal(error.origin, "remote");
});

check("an observer costs nothing to a socket that closes, and ends with it", async (t) => {
  const { Observer } = await import("../../src/node.ts");
  const pull = new Pull();
  const observer = new Observer(pull);
  await pull.end();
  assert.deepEqual(await observer.receive(), { type: "end" });
  assert.equal(observer.closed, true);
  await assert.rejects(async () => observer.receive(), { code: "EBADF" });
  t.diagnostic("ended");
});

check("test_monitor: pipe statistics are in peers(): what waits for and from each peer", async (t) => {
  const [pull, push] = [own(t, new Pull()), own(t, new Push())];
  await join2(pull, push, "inproc");
  for (let i = 0; i < 5; i++) await push.send("12345");
  const [outgoing] = push.peers();
  const [incoming] = pull.peers();
  assert.deepEqual(outgoing.sending, { messages: 5, bytes: 25, highWaterMark: 2000 });
  assert.deepEqual(incoming.receiving, { messages: 5, bytes: 25, highWaterMark: 2000 });
  await receive(pull);
  assert.equal(pull.peers()[0].received, 1);
  assert.equal(push.peers()[0].sent, 1);
});

each(STREAMS, "test_metadata: a message tells its sender's type, id, address and other properties", async (t, scheme) => {
  const router = own(t, new Router());
  const dealer = own(t, new Dealer({ routingId: "me" }));
  await join2(router, dealer, scheme);
  await dealer.send("x");
  const { message, peer } = await router.receiveFrom({ timeout: 5000 });
  assert.deepEqual(message.map(String), ["me", "x"]);
  assert.equal(peer.socketType, "DEALER");
  assert.equal(Buffer.from(peer.metadata.get("Socket-Type") ?? "").toString(), "DEALER");
  assert.equal(Buffer.from(peer.metadata.get("Identity") ?? "").toString(), "me");
  assert.equal(peer.metadata.get("Unknown"), undefined);
});

check("test_metadata: properties that a peer made up are there too", async (t) => {
  const pull = own(t, new Pull());
  const raw = await RawPeer.connect(t, await bound(pull));
  await raw.handshake("PUSH", { metadata: { "X-Colour": "blue", "X-Empty": "" } });
  raw.send(Buffer.from([0, 1, 65]));
  const { peer } = await pull.receiveFrom({ timeout: 5000 });
  assert.equal(Buffer.from(peer.metadata.get("X-Colour") ?? "").toString(), "blue");
  assert.equal(peer.metadata.get("X-Empty")?.length, 0);
});

notApplicable(
  "test_monitor (non-inproc address EPROTONOSUPPORT, wrong version or type EINVAL)",
  "events are objects here, not a socket",
);
