/** libzmq's test_xpub_verbose, _manual, _nodrop, _topic, _welcome_msg, test_xsub_verbose and test_pub_invert_matching. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Publisher, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";
import {
  assertNothing,
  bound,
  check,
  drainNow,
  each,
  eventually,
  fill,
  join2,
  own,
  receive,
  receiveEach,
  SCHEMES,
  type Scheme,
  STREAMS,
} from "../support/harness.ts";

interface Setting {
  readonly pub: XPublisher;
  readonly subs: Subscriber[];
}

async function setting(
  t: TestContext,
  scheme: Scheme,
  count: number,
  verbosity: XPublisher["verbosity"] = null,
): Promise<Setting> {
  const pub = own(t, new XPublisher({ verbosity }));
  const endpoint = await bound(pub, scheme);
  const subs = Array.from({ length: count }, () => own(t, new Subscriber()));
  for (const sub of subs) {
    sub.connect(endpoint);
    await sub.connected();
  }
  await pub.connected(count);
  return { pub, subs };
}

each(SCHEMES, "test_xpub_verbose (one subscriber): a topic is reported when it is new", async (t, scheme) => {
  const { pub, subs } = await setting(t, scheme, 1);
  const [sub] = subs;
  sub.subscribe("A");
  assert.deepEqual(await receive(pub), ["\x01A"]);
  sub.subscribe("B");
  assert.deepEqual(await receive(pub), ["\x01B"]);
  sub.subscribe("A");
  pub.verbosity = "allSubs";
  sub.subscribe("C");
  const seen = await receiveEach(pub, 1);
  // The second A may come before or after the switch.
  if (seen[0] === "\x01A") assert.deepEqual(await receive(pub), ["\x01C"]);
  else assert.deepEqual(seen, ["\x01C"]);
  sub.subscribe("A");
  assert.deepEqual(await receive(pub), ["\x01A"]);
  await pub.send("A");
  await pub.send("B");
  assert.deepEqual(await receiveEach(sub, 2), ["A", "B"]);
});

each(SCHEMES, "test_xpub_verbose (two subscribers): the second one's topic is reported only when verbose", async (t, scheme) => {
  const { pub, subs } = await setting(t, scheme, 2);
  subs[0].subscribe("A");
  assert.deepEqual(await receive(pub), ["\x01A"]);
  subs[1].subscribe("A");
  await pub.subscribed("A", 2);
  assert.equal(pub.readable, false);
  pub.verbosity = "allSubs";
  subs[1].subscribe("A", "B");
  assert.deepEqual(await receiveEach(pub, 2), ["\x01A", "\x01B"]);
  subs[1].unsubscribe("A");
  subs[1].unsubscribe("A");
  await eventually(() => pub.peers().length === 2);
  subs[0].unsubscribe("A");
  assert.deepEqual(await receive(pub), ["\x00A"]);
});

each(
  SCHEMES,
  "test_xpub_verbose (verboser, two subscribers): every subscription and every end is reported",
  async (t, scheme) => {
    const { pub, subs } = await setting(t, scheme, 2, "allSubsUnsubs");
    for (const sub of subs) {
      sub.subscribe("A");
      assert.deepEqual(await receive(pub), ["\x01A"]);
    }
    for (const sub of subs) {
      sub.unsubscribe("A");
      assert.deepEqual(await receive(pub), ["\x00A"]);
    }
    subs[0].subscribe("A");
    assert.deepEqual(await receive(pub), ["\x01A"]);
    await pub.send("A");
    assert.deepEqual(await receive(subs[0]), ["A"]);
  },
);

each(SCHEMES, "4.6: without verbosity the first subscriber and the last leaving are reported", async (t, scheme) => {
  const { pub, subs } = await setting(t, scheme, 2);
  for (const sub of subs) sub.subscribe("A");
  await pub.subscribed("A", 2);
  for (const [index, sub] of subs.entries()) {
    sub.unsubscribe("A");
    sub.subscribe(`end ${index}`);
    await pub.subscribed(`end ${index}`);
  }
  const seen = (await receiveEach(pub, 4)).map((text) => JSON.stringify(text));
  assert.deepEqual(
    seen,
    ["\x01A", "\x01end 0", "\x00A", "\x01end 1"].map((text) => JSON.stringify(text)),
  );
  assert.equal(pub.readable, false);
});

each(SCHEMES, "4.6: a cancel of what the peer did not have is reported", async (t, scheme) => {
  const pub = own(t, new XPublisher());
  const xsub = own(t, new XSubscriber());
  await join2(pub, xsub, scheme);
  await xsub.send("\x01B");
  await xsub.send("\x00A");
  await xsub.send("\x01C");
  const seen = await receiveEach(pub, 2);
  assert.deepEqual(seen, ["\x01B", "\x01C"], "an XSUB forwards no cancel that it does not count");
});

each(SCHEMES, "4.6: a peer that leaves is reported as the end of each of its topics that nobody else has", async (t, scheme) => {
  const { pub, subs } = await setting(t, scheme, 2);
  subs[0].subscribe("A", "B");
  await pub.subscribed(undefined, 2);
  subs[1].subscribe("A", "C");
  await pub.subscribed(undefined, 4);
  drainNow(pub);
  subs[1].close();
  assert.deepEqual(await receive(pub), ["\x00C"]);
  subs[0].close();
  assert.deepEqual((await receiveEach(pub, 2)).sort(), ["\x00A", "\x00B"]);
});

each(SCHEMES, "4.6: verboser reports the topics of a peer that leaves also where others have them", async (t, scheme) => {
  const { pub, subs } = await setting(t, scheme, 2, "allSubsUnsubs");
  for (const sub of subs) sub.subscribe("A");
  assert.deepEqual(await receiveEach(pub, 2), ["\x01A", "\x01A"]);
  subs[0].close();
  assert.deepEqual(await receive(pub), ["\x00A"]);
  subs[1].close();
  assert.deepEqual(await receive(pub), ["\x00A"]);
});

each(SCHEMES, "test_xpub_manual (basic): the program decides what a subscription means", async (t, scheme) => {
  const pub = own(t, new XPublisher({ manual: true }));
  const sub = own(t, new XSubscriber());
  await join2(pub, sub, scheme);
  await sub.send("\x01A");
  assert.deepEqual(await receive(pub), ["\x01A"]);
  pub.subscribe("XA");
  await pub.send("A");
  await pub.send("XA");
  assert.deepEqual(await receive(sub), ["XA"]);
  await sub.send("\x00A");
  assert.deepEqual(await receive(pub), ["\x00A"]);
  pub.unsubscribe("XA");
  pub.subscribe("end");
  await pub.send("XA");
  await pub.send("end");
  assert.deepEqual(await receive(sub), ["end"]);
});

each(SCHEMES, "test_xpub_manual (unsubscribe): other topics of the peer stay", async (t, scheme) => {
  const pub = own(t, new XPublisher({ manual: true }));
  const sub = own(t, new XSubscriber());
  await join2(pub, sub, scheme);
  for (const topic of ["A", "B"]) {
    await sub.send(`\x01${topic}`);
    assert.deepEqual(await receive(pub), [`\x01${topic}`]);
    pub.subscribe(`X${topic}`);
  }
  await sub.send("\x00A");
  assert.deepEqual(await receive(pub), ["\x00A"]);
  pub.unsubscribe("XA");
  await pub.send("XA");
  await pub.send("XB");
  assert.deepEqual(await receive(sub), ["XB"]);
});

each(
  SCHEMES,
  "test_xpub_manual (two subscribers): a decision is for the peer of the message received last",
  async (t, scheme) => {
    const pub = own(t, new XPublisher({ manual: true }));
    const endpoint = await bound(pub, scheme);
    const subs = [own(t, new XSubscriber()), own(t, new XSubscriber())];
    for (const [index, sub] of subs.entries()) {
      sub.connect(endpoint);
      await sub.connected();
      await sub.send("\x01A");
      assert.deepEqual(await receive(pub), ["\x01A"]);
      pub.subscribe(`for ${index}`);
    }
    await pub.send("for 0");
    await pub.send("for 1");
    assert.deepEqual(await receive(subs[0]), ["for 0"]);
    assert.deepEqual(await receive(subs[1]), ["for 1"]);
    assert.equal(subs[0].readable, false);
  },
);

each(
  STREAMS,
  "test_xpub_manual (unsubscribe on disconnect): a peer that leaves takes its manual topics along, and is reported",
  async (t, scheme) => {
    const pub = own(t, new XPublisher({ manual: true }));
    const sub = new XSubscriber();
    await join2(pub, sub, scheme);
    await sub.send("\x01A");
    assert.deepEqual(await receive(pub), ["\x01A"]);
    pub.subscribe("XA");
    await sub.end(0);
    assert.deepEqual(await receive(pub), ["\x00XA"]);
  },
);

each(SCHEMES, "test_xpub_manual (user message): single and multipart messages of subscribers come through", async (t, scheme) => {
  const pub = own(t, new XPublisher({ manual: true }));
  const sub = own(t, new XSubscriber());
  await join2(pub, sub, scheme);
  await sub.send("hello");
  await sub.send(["hello", "world"]);
  await sub.send("\x01A");
  assert.deepEqual(await receive(pub), ["hello"]);
  assert.deepEqual(await receive(pub), ["hello", "world"]);
  assert.deepEqual(await receive(pub), ["\x01A"]);
});

check("manual: subscribe without `manual` is refused", (t) => {
  const pub = own(t, new XPublisher());
  assert.throws(() => pub.subscribe("x"), { code: "EINVAL", message: /manual/ });
});

each(SCHEMES, "test_xpub_nodrop: EAGAIN at the high-water mark, and nothing is lost", async (t, scheme) => {
  const hwm = 200;
  const pub = own(t, new XPublisher({ noDrop: true, sendHighWaterMark: hwm }));
  const sub = own(t, new Subscriber({ receiveHighWaterMark: hwm }));
  sub.subscribe();
  sub.connect(await bound(pub, scheme));
  await pub.subscribed();
  const body = Buffer.alloc(20_000);
  const sent = fill(pub, body, 20_000);
  assert.ok(sent >= hwm && sent < 20_000, `${sent} were taken`);
  await assert.rejects(pub.send(body, { timeout: 0 }), { code: "EAGAIN" });
  let received = 0;
  while (received < sent) {
    await sub.receive({ timeout: 5000 });
    received++;
  }
  await pub.send("after");
  assert.deepEqual(await receive(sub), ["after"]);
  assert.deepEqual(pub.stats().dropped, {});
});

for (const size of [1, 244, 245, 246, 247, 255, 256]) {
  each(SCHEMES, `test_xpub_topic: a topic of ${size} bytes is subscribed to and cancelled`, async (t, scheme) => {
    const pub = own(t, new XPublisher());
    const sub = own(t, new Subscriber());
    const topic = "t".repeat(size);
    sub.subscribe(topic);
    sub.connect(await bound(pub, scheme));
    assert.deepEqual(await receive(pub), [`\x01${topic}`]);
    await pub.send(topic);
    assert.deepEqual(await receive(sub), [topic]);
    sub.unsubscribe(topic);
    assert.deepEqual(await receive(pub), [`\x00${topic}`]);
    await pub.send(topic);
    sub.subscribe("end");
    await pub.subscribed("end");
    await pub.send("end");
    assert.deepEqual(await receive(sub), ["end"]);
  });
}

each(SCHEMES, "test_xpub_welcome_msg: a new subscriber gets it, if subscribed to it", async (t, scheme) => {
  const pub = own(t, new XPublisher({ welcomeMessage: "W" }));
  const endpoint = await bound(pub, scheme);
  const [sub, other] = [own(t, new Subscriber()), own(t, new Subscriber())];
  sub.subscribe("W");
  other.subscribe("x");
  for (const each of [sub, other]) each.connect(endpoint);
  await pub.subscribed(undefined, 2);
  assert.deepEqual(await receive(sub), ["W"]);
  await pub.send("x");
  assert.deepEqual(await receive(other), ["x"]);
  pub.welcomeMessage = null;
  const late = own(t, new Subscriber());
  late.subscribe();
  late.connect(endpoint);
  await pub.subscribed("");
  await pub.send("first");
  assert.deepEqual(await receive(late), ["first"]);
});

each(SCHEMES, "test_xsub_verbose (default): a topic ends when the last of its subscriptions ends", async (t, scheme) => {
  const pub = own(t, new XPublisher({ verbosity: "allSubsUnsubs" }));
  const sub = own(t, new XSubscriber());
  await join2(pub, sub, scheme);
  await sub.send("\x01A");
  await sub.send("\x01A");
  assert.deepEqual(await receiveEach(pub, 2), ["\x01A", "\x01A"], "subscriptions are always forwarded");
  await sub.send("\x00A");
  await sub.send("user");
  assert.deepEqual(await receive(pub), ["user"], "the first cancel is not");
  await pub.send("A");
  assert.deepEqual(await receive(sub), ["A"]);
  await sub.send("\x00A");
  assert.deepEqual(await receive(pub), ["\x00A"]);
});

each(SCHEMES, "test_pub_invert_matching: with inverted matching what is not subscribed to is delivered", async (t, scheme) => {
  const pub = own(t, new Publisher({ invertMatching: true }));
  const endpoint = await bound(pub, scheme);
  const [prefix, other] = [own(t, new Subscriber({ invertMatching: true })), own(t, new Subscriber({ invertMatching: true }))];
  prefix.subscribe("pre");
  other.subscribe("other");
  for (const sub of [prefix, other]) sub.connect(endpoint);
  await pub.subscribed(undefined, 2);
  await pub.send("prefix1");
  await pub.send("p");
  await pub.send("otherwise");
  assert.deepEqual(await receiveEach(other, 2), ["prefix1", "p"]);
  assert.deepEqual(await receiveEach(prefix, 2), ["p", "otherwise"]);
});

each(
  SCHEMES,
  "test_pub_invert_matching: only the publisher inverted: its messages are filtered away by SUB",
  async (t, scheme) => {
    const pub = own(t, new Publisher({ invertMatching: true }));
    const sub = own(t, new Subscriber());
    sub.subscribe("a");
    sub.connect(await bound(pub, scheme));
    await pub.subscribed("a");
    await pub.send("b");
    await pub.send("a");
    await eventually(() => sub.tryReceive() === undefined && sub.stats().dropped["not-subscribed"] === 1);
    await assertNothing(sub);
  },
);
