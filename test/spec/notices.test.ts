// Messages of our own making and finer options of libzmq's drafts: hello, disconnect and hiccup messages, router notify, metadata, reconnect-stop, only-first-subscribe,
// manual last value, verbose unsubscribe, topics count.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as NetSocket } from "node:net";
import { Client, Dealer, Pair, Publisher, Push, Router, Server, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";
import { bound, check, freeEndpoint, own } from "../support/harness.ts";

const texts = (frames: readonly Buffer[]): string[] => frames.map(String);

check(
  "test_hello_msg: each new peer gets the hello before anything else, on tcp, inproc, late inproc and after a reconnection",
  async (t) => {
    const server = own(t, new Server({ helloMessage: "HELLO" }));
    await server.bind("tcp://127.0.0.1:*");
    await server.bind("inproc://hello");
    for (const endpoint of [server.lastEndpoint as string, "inproc://hello"]) {
      const client = own(t, new Client());
      client.connect(endpoint);
      assert.deepEqual(texts(await client.receive()), ["HELLO"]);
    }
    const early = own(t, new Client());
    early.connect("inproc://hello-late");
    const late = own(t, new Server({ helloMessage: "HELLO LATE" }));
    await late.bind("inproc://hello-late");
    assert.deepEqual(texts(await early.receive()), ["HELLO LATE"]);
    const dealer = own(t, new Dealer({ helloMessage: "I am back", reconnectInterval: 1 }));
    const first = own(t, new Router());
    const endpoint = await bound(first, "tcp");
    dealer.connect(endpoint);
    await dealer.send("queued");
    assert.equal(String((await first.receive())[1]), "I am back");
    assert.equal(String((await first.receive())[1]), "queued");
    await first.end(0);
    const second = own(t, new Router());
    await second.bind(endpoint);
    assert.equal(String((await second.receive())[1]), "I am back");
  },
);

check(
  "test_disconnect_msg: the server gets its own message, as if from the client, when it goes, over tcp and inproc",
  async (t) => {
    for (const scheme of ["tcp", "inproc"] as const) {
      const server = own(t, new Server({ disconnectMessage: "GONE" }));
      const address = await bound(server, scheme);
      const client = new Client();
      client.connect(address);
      await client.send("here");
      const [, { routingId }] = await server.receive();
      client.close();
      const [text, from] = await server.receive();
      assert.deepEqual([String(text), from.routingId], ["GONE", routingId]);
    }
  },
);

check("test_hiccup_msg: a client gets its own message when its connection is lost, and goes on", async (t) => {
  const server = new Server();
  const endpoint = await bound(server, "tcp");
  const client = own(t, new Client({ hiccupMessage: "HICCUP", reconnectInterval: 1 }));
  client.connect(endpoint);
  await client.connected();
  await server.end(0);
  assert.deepEqual(texts(await client.receive()), ["HICCUP"]);
  const again = own(t, new Server());
  await again.bind(endpoint);
  await client.send("still here");
  assert.equal(String((await again.receive())[0]), "still here");
});

check("test_router_notify: [id, empty] when a peer comes, and when it goes, as the bits ask; 4 is EINVAL", async (t) => {
  assert.throws(() => new Router({ routerNotify: 4 }), { code: "EINVAL" });
  for (const [bits, expected] of [
    [3, ["", "hello", ""]],
    [1, ["", "hello"]],
    [2, ["hello", ""]],
  ] as const) {
    const router = own(t, new Router({ routerNotify: bits }));
    const endpoint = await bound(router, "tcp");
    const dealer = new Dealer({ routingId: "D" });
    dealer.connect(endpoint);
    await dealer.send("hello");
    await dealer.end();
    for (const text of expected) assert.deepEqual(texts(await router.receive()), ["D", text]);
  }
});

check("test_app_meta: properties of either end are on the other end's peer; malformed ones are EINVAL", async (t) => {
  const left = own(t, new Pair({ metadata: "X-hello:hello" }));
  left.metadata = "X-connection:primary:with colon";
  const endpoint = await bound(left, "tcp");
  const right = own(t, new Pair({ metadata: "X-bye:bye" }));
  right.connect(endpoint);
  await Promise.all([left.send("1"), right.send("2")]);
  const seen = async (socket: Pair): Promise<string[]> => {
    const { peer } = await socket.receiveFrom();
    return [...peer.metadata].filter(([name]) => name.startsWith("X-")).map(([name, value]) => `${name}=${value}`);
  };
  assert.deepEqual(await seen(right), ["X-hello=hello", "X-connection=primary:with colon"]);
  assert.deepEqual(await seen(left), ["X-bye=bye"]);
  for (const bad of ["X-", "no colon", ":", "X-:", "hello:x", `X-${"n".repeat(254)}:x`]) {
    assert.throws(() => new Pair({ metadata: bad }), { code: "EINVAL" }, bad);
  }
});

check("test_reconnect_options: STOP on refused, and on a failed handshake, gives the endpoint up", async (t) => {
  const refused = own(t, new Push({ reconnectStop: 1, reconnectInterval: 1 }));
  const seen: string[] = [];
  for (const type of ["connect:delay", "close", "connect:retry"] as const)
    refused.events.on(type, (event) => seen.push(event.type));
  refused.connect(await freeEndpoint("tcp"));
  while (refused.peers().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, ["connect:delay", "close"]);

  const rude = createServer((socket: NetSocket) => socket.end());
  await once(rude.listen(0, "127.0.0.1"), "listening");
  const failed = own(t, new Push({ reconnectStop: 2, reconnectInterval: 1 }));
  const ended = new Promise<{ retry: boolean }>((resolve) => failed.events.on("disconnect", resolve));
  failed.connect(`tcp://127.0.0.1:${(rude.address() as AddressInfo).port}`);
  assert.equal((await ended).retry, false);
  rude.close();
});

check("test_xpub_manual (ONLY_FIRST_SUBSCRIBE): later frames that begin with 00 or 01 are data", async (t) => {
  const publisher = own(t, new XPublisher({ onlyFirstSubscribe: true }));
  const endpoint = await bound(publisher, "tcp");
  const subscriber = own(t, new XSubscriber({ onlyFirstSubscribe: true }));
  subscriber.connect(endpoint);
  await subscriber.send("\x01A");
  assert.deepEqual(texts(await publisher.receive()), ["\x01A"]);
  await subscriber.send(["data", "\x01B", "\x00A"]);
  assert.deepEqual(texts(await publisher.receive()), ["data", "\x01B", "\x00A"]);
  assert.equal(publisher.topicsCount, 1);
});

check("test_xpub_manual_last_value: the message after a subscription goes to the new subscriber only", async (t) => {
  const publisher = own(t, new XPublisher({ manualLastValue: true }));
  const endpoint = await bound(publisher, "tcp");
  const subscribers: Subscriber[] = [];
  for (const name of ["first", "second"]) {
    const subscriber = own(t, new Subscriber());
    subscribers.push(subscriber);
    subscriber.subscribe("A");
    subscriber.connect(endpoint);
    assert.deepEqual(texts(await publisher.receive()), ["\x01A"]);
    publisher.subscribe("A");
    await publisher.send(["A", `last value for the ${name}`]);
  }
  await publisher.send(["A", "for both"]);
  assert.deepEqual(texts(await subscribers[0].receive()), ["A", "last value for the first"]);
  assert.deepEqual(texts(await subscribers[0].receive()), ["A", "for both"]);
  assert.deepEqual(texts(await subscribers[1].receive()), ["A", "last value for the second"]);
  assert.deepEqual(texts(await subscribers[1].receive()), ["A", "for both"]);
});

check("test_xsub_verbose: with verboseUnsubscribe every 00 reaches the publisher; without it only the last", async (t) => {
  for (const verbose of [false, true]) {
    const publisher = own(t, new XPublisher({ verbosity: "allSubsUnsubs" }));
    const endpoint = await bound(publisher, "tcp");
    const subscriber = own(t, new XSubscriber({ verboseUnsubscribe: verbose }));
    subscriber.connect(endpoint);
    await subscriber.connected();
    for (const message of ["\x01A", "\x01A", "\x00A", "\x00A", "\x01end"]) await subscriber.send(message);
    const seen: string[] = [];
    while (seen.at(-1) !== "\x01end") seen.push(...texts(await publisher.receive()));
    assert.deepEqual(seen, verbose ? ["\x01A", "\x01A", "\x00A", "\x00A", "\x01end"] : ["\x01A", "\x01A", "\x00A", "\x01end"]);
  }
});

check("test_pubsub_topics_count: distinct topics on both sides, nested prefixes counted apart", async (t) => {
  const publisher = own(t, new Publisher());
  const endpoint = await bound(publisher, "tcp");
  const subscriber = own(t, new Subscriber());
  subscriber.connect(endpoint);
  subscriber.subscribe("topic1", "topic2", "topic1", "topic");
  assert.equal(subscriber.topicsCount, 3);
  await publisher.subscribed("topic");
  assert.equal(publisher.topicsCount, 3);
  subscriber.unsubscribe("topic1", "topic2");
  assert.equal(subscriber.topicsCount, 2);
});
