// CLIENT, SERVER, SCATTER, GATHER, PEER and CHANNEL (RFC 41, 49, 51, 52), as libzmq's tests have them, over every transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Channel, Client, Dealer, Gather, PeerSocket, Scatter, Server, type Socket } from "../../src/node.ts";

const ENDPOINTS = ["tcp://127.0.0.1:*", "ipc://*", "inproc://single-frames"];

async function bound<S extends Socket>(socket: S, endpoint: string): Promise<[S, string]> {
  await socket.bind(endpoint);
  return [socket, socket.lastEndpoint as string];
}

for (const endpoint of ENDPOINTS) {
  const over = endpoint.split(":", 1)[0];

  test(`test_client_server over ${over}: the server answers by a number that is not 0, the client needs none`, async () => {
    const [server, address] = await bound(new Server(), endpoint);
    const clients = [new Client(), new Client()];
    for (const client of clients) client.connect(address);
    await clients[0].send("from 0");
    const [first, { routingId }] = await server.receive();
    assert.equal(String(first), "from 0");
    assert.ok(routingId > 0 && routingId <= 0xffffffff);
    await clients[1].send("from 1");
    const [, other] = await server.receive();
    assert.notEqual(other.routingId, routingId);
    await server.send("to 1", other);
    await server.send("to 0", { routingId });
    assert.deepEqual((await clients[0].receive()).map(String), ["to 0"]);
    assert.deepEqual((await clients[1].receive()).map(String), ["to 1"]);
    for (const socket of [server, ...clients]) socket.close();
  });

  test(`test_scatter_gather over ${over}: frames go to two gathers in turn`, async () => {
    const [scatter, address] = await bound(new Scatter(), endpoint);
    const gathers = [new Gather(), new Gather()];
    for (const gather of gathers) gather.connect(address);
    await scatter.connected(2);
    for (let i = 0; i < 4; i++) await scatter.send(`${i}`);
    const got = await Promise.all(
      gathers.map(async (gather) => [String(await gather.receive()), String(await gather.receive())]),
    );
    assert.deepEqual(got.flat().sort(), ["0", "1", "2", "3"]);
    for (const socket of [scatter, ...gathers]) socket.close();
  });

  test(`test_peer over ${over}: the number that connectPeer gives addresses the other, who answers by its own`, async () => {
    const [left, address] = await bound(new PeerSocket(), endpoint);
    const right = new PeerSocket();
    const routingId = right.connectPeer(address);
    await right.send("hello", { routingId });
    const [text, sender] = await left.receive();
    assert.equal(String(text), "hello");
    await left.send("and back", sender);
    const [answer, from] = await right.receive();
    assert.equal(String(answer), "and back");
    assert.equal(from.routingId, routingId);
    left.close();
    right.close();
  });

  test(`test_channel over ${over}: two channels talk`, async () => {
    const [left, address] = await bound(new Channel(), endpoint);
    const right = new Channel();
    right.connect(address);
    await right.send("ping");
    assert.equal(String(await left.receive()), "ping");
    await left.send("pong");
    assert.equal(String(await right.receive()), "pong");
    left.close();
    right.close();
  });
}

test("test_client_server, test_scatter_gather, test_channel: messages of several frames are refused by each type that sends single frames", async () => {
  const many = ["a", "b"] as unknown as string;
  for (const socket of [new Client(), new Scatter(), new Channel()]) {
    socket.connect("inproc://refused");
    await assert.rejects(socket.send(many), { code: "EINVAL", message: /single frames/ });
    socket.close();
  }
  for (const socket of [new Server(), new PeerSocket()]) {
    assert.throws(() => socket.send(many, { routingId: 1 }), { code: "EINVAL", message: /single frames/ });
    socket.close();
  }
});

test("test_client_server: an unknown number is EHOSTUNREACH, also that of a peer that is gone; a wrong one is EINVAL", async () => {
  const [server, address] = await bound(new Server(), "tcp://127.0.0.1:*");
  await assert.rejects(server.send("x", { routingId: 1 }), { code: "EHOSTUNREACH" });
  assert.throws(() => server.trySend("x", { routingId: 1 }), { code: "EHOSTUNREACH" });
  assert.throws(() => server.send("x", {} as { routingId: number }), { code: "EINVAL" });
  const client = new Client();
  const gone = new Promise((resolve) => server.events.on("disconnect", resolve));
  client.connect(address);
  await client.send("x");
  const [, peer] = await server.receive();
  client.close();
  await gone;
  await assert.rejects(server.send("x", peer), { code: "EHOSTUNREACH" });
  server.close();
});

test("test_peer_disconnect: once a connection is given up, its number is EHOSTUNREACH, and the other side's is too", async () => {
  const [left, address] = await bound(new PeerSocket(), "tcp://127.0.0.1:*");
  const right = new PeerSocket();
  const number = right.connectPeer(address);
  await right.send("hello", { routingId: number });
  const [, from] = await left.receive();
  const gone = new Promise((resolve) => left.events.on("disconnect", resolve));
  right.disconnect(address);
  await gone;
  await assert.rejects(right.send("x", { routingId: number }), { code: "EHOSTUNREACH" });
  await assert.rejects(left.send("x", from), { code: "EHOSTUNREACH" });
  left.close();
  right.close();
});

test("a SERVER waits for a client that is full, or fails with EAGAIN (libzmq; RFC 41: SHALL NOT block)", async () => {
  const [server, address] = await bound(new Server({ sendHighWaterMark: 2 }), "inproc://full-client");
  const client = new Client({ receiveHighWaterMark: 1 });
  client.connect(address);
  await client.send("x");
  const [, peer] = await server.receive();
  for (let i = 0; i < 3; i++) assert.equal(server.trySend(String(i), peer), true);
  assert.equal(server.trySend("no room", peer), false);
  server.sendTimeout = 0;
  await assert.rejects(server.send("no room", peer), { code: "EAGAIN" });
  server.sendTimeout = -1;
  const waiting = server.send("3", peer);
  for (let i = 0; i < 4; i++) assert.equal(String(await client.receive()), String(i));
  await waiting;
  server.close();
  client.close();
});

test("a multipart message from a peer is dropped whole, with an event, and the next one is received", async () => {
  // Over inproc nobody checks types, so a DEALER can play a CLIENT that does not keep to its protocol.
  const [server] = await bound(new Server(), "inproc://bad-client");
  const dropped = new Promise<{ reason: string }>((resolve) => server.events.on("drop", resolve));
  const dealer = new Dealer();
  dealer.connect("inproc://bad-client");
  await dealer.send(["two", "frames"]);
  await dealer.send("one");
  assert.equal(String((await server.receive())[0]), "one");
  assert.equal((await dropped).reason, "malformed-message");
  server.close();
  dealer.close();
});

test("the types that libzmq calls thread-safe say so", () => {
  for (const make of [Server, Client, Scatter, Gather, PeerSocket, Channel]) {
    const socket = new make();
    assert.equal(socket.threadSafe, true);
    socket.close();
  }
});
