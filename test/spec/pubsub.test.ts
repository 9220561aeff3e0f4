/** RFC 29 (PUBSUB): PUB, SUB, XPUB and XSUB; libzmq's test_sub_forward and what zmq's subscription rules say. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { curveKeyPair, Publisher, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";
import {
  anyEndpoint,
  bound,
  check,
  Events,
  each,
  eventually,
  freeEndpoint,
  own,
  receive,
  receiveEach,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

each(
  SCHEMES,
  "RFC 29: PUB SHALL send to all subscribers of a prefix of the first frame, and to nobody else",
  async (t, scheme) => {
    const pub = own(t, new Publisher());
    const endpoint = await bound(pub, scheme);
    const topics = ["", "a", "ab", "b"];
    const subs = topics.map((topic) => {
      const sub = own(t, new Subscriber());
      sub.subscribe(topic);
      sub.connect(endpoint);
      return sub;
    });
    await pub.subscribed(undefined, 4);
    for (const first of ["a", "abc", "b", "c", ""]) await pub.send([first, "ab"]);
    for (const sub of subs) {
      sub.subscribe("end");
    }
    await pub.subscribed("end", 4);
    await pub.send("end");
    const seen: string[][] = [];
    for (const sub of subs) {
      const all: string[] = [];
      for (let first = ""; first !== "end"; all.push(first)) [first] = await receive(sub);
      seen.push(all);
    }
    assert.deepEqual(seen, [
      ["a", "abc", "b", "c", "", "end"],
      ["a", "abc", "end"],
      ["abc", "end"],
      ["b", "end"],
    ]);
  },
);

const server = curveKeyPair();
const client = curveKeyPair();

// Subscribers that get the same share its encoded form, whatever else each of them gets. XSUB, for SUB drops what it did not ask for.
async function overlap(t: TestContext, endpointOf: (pub: Publisher) => Promise<string>, curve = false): Promise<void> {
  const pub = own(t, new Publisher({ noDrop: true, ...(curve ? { curve: { keyPair: server, allow: () => true } } : {}) }));
  const endpoint = await endpointOf(pub);
  const topics = [[""], [""], ["a"], ["a", "b"], ["b"], ["a", "c"], ["c"]];
  const subs = topics.map((mine) => {
    const sub = own(t, new XSubscriber(curve ? { curve: { serverKey: server.publicKey, keyPair: client } } : {}));
    sub.connect(endpoint);
    for (const topic of mine) sub.trySend(`\x01${topic}`);
    return sub;
  });
  await pub.subscribed(undefined, topics.flat().length);
  const sizes = [0, 10, 100, 1000, 1990, 5000];
  const sent = Array.from({ length: 1500 }, (_, i) => ["abc"[((i * i) % 7) % 3], `${i}`.padEnd(sizes[i % sizes.length], ".")]);
  const got = subs.map(async (sub, i) => {
    const expected = sent.filter(([topic]) => topics[i].some((mine) => topic.startsWith(mine)));
    const all: string[][] = [];
    while (all.length < expected.length) all.push((await sub.receive()).map(String));
    assert.deepEqual(all, expected);
  });
  for (const message of sent) await pub.send(message);
  await Promise.all(got);
}
each(SCHEMES, "many subscribers of topics that overlap each get all of theirs, whole and in order", (t, scheme) =>
  overlap(t, (pub) => bound(pub, scheme)),
);
check("ws: many subscribers of topics that overlap", (t) =>
  overlap(t, async (pub) => {
    await pub.bind("ws://127.0.0.1:*");
    return pub.lastEndpoint as string;
  }),
);
check("tcp, CURVE: many subscribers of topics that overlap", (t) => overlap(t, (pub) => bound(pub, "tcp"), true));

each(SCHEMES, "RFC 29: PUB SHALL NOT block: without subscribers messages are dropped at once", async (t, scheme) => {
  const pub = own(t, new Publisher());
  assert.equal(pub.writable, true);
  assert.ok(pub.trySend("nobody"));
  await pub.bind(anyEndpoint(scheme));
  for (let i = 0; i < 3000; i++) assert.ok(pub.trySend("nobody"));
  const sub = own(t, new Subscriber());
  sub.connect(pub.lastEndpoint as string);
  await pub.connected();
  assert.ok(pub.trySend("not subscribed"));
  sub.subscribe("x");
  await pub.subscribed();
  await pub.send("x");
  assert.deepEqual(await receive(sub), ["x"]);
});

each(SCHEMES, "RFC 29: a cancelled subscription delivers nothing more", async (t, scheme) => {
  const pub = own(t, new XPublisher());
  const sub = own(t, new Subscriber());
  sub.connect(await bound(pub, scheme));
  sub.subscribe("a", "b");
  await pub.subscribed(undefined, 2);
  sub.unsubscribe("a");
  assert.deepEqual(await receiveEach(pub, 3), ["\x01a", "\x01b", "\x00a"]);
  await pub.send("a");
  await pub.send("b");
  assert.deepEqual(await receive(sub), ["b"]);
});

each(SCHEMES, "4.6, D14: SUB counts: of two subscriptions one is left after one cancel", async (t, scheme) => {
  const pub = own(t, new XPublisher());
  const sub = own(t, new Subscriber());
  sub.connect(await bound(pub, scheme));
  sub.subscribe("a");
  sub.subscribe("a");
  await pub.subscribed("a");
  sub.unsubscribe("a");
  sub.unsubscribe("never had it");
  sub.subscribe("b");
  await pub.subscribed("b");
  await pub.send("a");
  assert.deepEqual(await receive(sub), ["a"]);
  assert.deepEqual(await receiveEach(pub, 2), ["\x01a", "\x01b"]);
  sub.unsubscribe("a");
  assert.deepEqual(await receive(pub), ["\x00a"]);
});

each(SCHEMES, "RFC 29: SUB with several publishers receives from all of them in turn", async (t, scheme) => {
  const sub = own(t, new Subscriber());
  sub.subscribe();
  const endpoint = await bound(sub, scheme);
  const pubs = ["a", "b", "c"].map((name) => ({ name, pub: own(t, new Publisher()) }));
  for (const { name, pub } of pubs) {
    pub.connect(endpoint);
    await pub.subscribed();
    for (let i = 0; i < 2; i++) await pub.send(name);
  }
  await eventually(() => sub.stats().receiving === 6);
  for (let round = 0; round < 2; round++) assert.deepEqual((await receiveEach(sub, 3)).sort(), ["a", "b", "c"]);
});

each(SCHEMES, "subscriptions made before connect, before bind and after both all work", async (t, scheme) => {
  const sub = own(t, new Subscriber({ reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  sub.subscribe("1");
  sub.connect(endpoint);
  sub.subscribe("2");
  const pub = own(t, new Publisher());
  await pub.bind(endpoint);
  await pub.subscribed("2");
  sub.subscribe("3");
  await pub.subscribed(undefined, 3);
  for (const text of ["1", "2", "3"]) await pub.send(text);
  assert.deepEqual(await receiveEach(sub, 3), ["1", "2", "3"]);
});

each(STREAMS, "6.3: after a reconnection each topic is subscribed to again, once", async (t, scheme) => {
  const sub = own(t, new Subscriber({ reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  sub.subscribe("a", "b", "b", "gone");
  sub.unsubscribe("gone");
  let pub = own(t, new XPublisher({ verbosity: "allSubs" }));
  await pub.bind(endpoint);
  sub.connect(endpoint);
  await pub.subscribed("b");
  await pub.end(0);
  pub = own(t, new XPublisher({ verbosity: "allSubs" }));
  await pub.bind(endpoint);
  await pub.subscribed(undefined, 2);
  assert.deepEqual((await receiveEach(pub, 2)).sort(), ["\x01a", "\x01b"]);
  await pub.send("b");
  assert.deepEqual(await receive(sub), ["b"]);
  assert.equal(pub.readable, false);
});

each(SCHEMES, "RFC 29: XSUB's other messages reach XPUB, and PUB ignores them", async (t, scheme) => {
  const xpub = own(t, new XPublisher());
  const pub = own(t, new Publisher());
  const xsub = own(t, new XSubscriber());
  xsub.connect(await bound(xpub, scheme));
  xsub.connect(await bound(pub, scheme));
  await xsub.connected(2);
  await xsub.send(["user", "message"]);
  await xsub.send("\x01topic");
  assert.deepEqual(await receive(xpub), ["user", "message"]);
  assert.deepEqual(await receive(xpub), ["\x01topic"]);
  await pub.subscribed("topic");
  await pub.send("topic 1");
  assert.deepEqual(await receive(xsub), ["topic 1"]);
});

each(SCHEMES, "4.6: XSUB has no filter of its own, SUB has one", async (t, scheme) => {
  const xsub = own(t, new XSubscriber());
  const sub = own(t, new Subscriber());
  const events = new Events(sub);
  const pub = own(t, new XPublisher({ manual: true }));
  const endpoint = await bound(pub, scheme);
  for (const each of [xsub, sub]) {
    if (each instanceof Subscriber) each.subscribe("a");
    each.connect(endpoint);
    await each.connected();
    if (each instanceof XSubscriber) await each.send("\x01a");
    assert.deepEqual(await receive(pub), ["\x01a"]);
    pub.subscribe("");
  }
  await pub.send("b");
  await pub.send("a");
  assert.deepEqual(await receiveEach(xsub, 2), ["b", "a"]);
  assert.deepEqual(await receiveEach(sub, 1), ["a"]);
  assert.equal((await events.next("drop")).reason, "not-subscribed");
});

each(
  SCHEMES,
  "test_sub_forward: a hand-made XPUB/XSUB forwarder passes subscriptions up and messages down",
  async (t, scheme) => {
    const [xpub, xsub] = [own(t, new XPublisher()), own(t, new XSubscriber())];
    const [down, up] = [await bound(xpub, scheme), await bound(xsub, scheme)];
    const [pub, sub] = [own(t, new Publisher()), own(t, new Subscriber())];
    pub.connect(up);
    sub.connect(down);
    sub.subscribe("");
    await xsub.send(await xpub.receive());
    await pub.subscribed("");
    await pub.send(["", "x"]);
    await xpub.send(await xsub.receive());
    assert.deepEqual(await receive(sub), ["", "x"]);
    sub.unsubscribe("");
    assert.deepEqual(await receive(xpub), ["\x00"]);
  },
);

each(
  STREAMS,
  "4.13: a second connect of a SUB or PUB to the same endpoint is no second connection; of an XSUB it is one",
  async (t, scheme) => {
    const pub = own(t, new XPublisher());
    const endpoint = await bound(pub, scheme);
    const sub = own(t, new Subscriber());
    sub.subscribe("x");
    sub.connect(endpoint);
    sub.connect(endpoint);
    await pub.subscribed("x");
    assert.equal(sub.peers().length, 1);
    const xsub = own(t, new XSubscriber());
    xsub.connect(endpoint);
    xsub.connect(endpoint);
    await xsub.connected(2);
    assert.equal(xsub.peers().length, 2);
  },
);

check("4.6: publishers read subscriptions in any frame of a message (D36)", async (t) => {
  const pub = own(t, new XPublisher());
  const xsub = own(t, new XSubscriber());
  xsub.connect(await bound(pub, "inproc"));
  await xsub.send(["\x01a", "\x01b"]);
  await pub.subscribed(undefined, 2);
  await pub.send("a");
  await pub.send("b");
  assert.deepEqual(await receiveEach(xsub, 2), ["a", "b"]);
});

each(SCHEMES, "topics of any length and any bytes", async (t, scheme) => {
  const pub = own(t, new Publisher());
  const sub = own(t, new Subscriber());
  sub.connect(await bound(pub, scheme));
  const topics = [Buffer.from([0]), Buffer.from([1, 0, 255]), Buffer.alloc(300, 7), Buffer.alloc(70_000, 8)];
  for (const topic of topics) {
    sub.subscribe(topic);
    await pub.subscribed(topic);
    await pub.send([topic, "body"]);
    const [first, body] = await sub.receive({ timeout: 5000 });
    assert.ok(topic.equals(first));
    assert.equal(String(body), "body");
    sub.unsubscribe(topic);
  }
});

check("RFC 29: SUB cannot send and PUB cannot receive", (t) => {
  const [pub, sub] = [own(t, new Publisher()), own(t, new Subscriber())];
  assert.equal("receive" in pub, false);
  assert.equal("send" in sub, false);
  assert.equal(sub.writable, false);
  assert.equal(pub.readable, false);
});
