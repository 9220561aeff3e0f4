/** libzmq's test_immediate and test_conflate. */
import assert from "node:assert/strict";
import { Dealer, Publisher, Pull, Push, Subscriber } from "../../src/node.ts";
import {
  bound,
  check,
  drainNow,
  each,
  eventually,
  freeEndpoint,
  join2,
  own,
  receive,
  receiveEach,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

each(
  STREAMS,
  "test_immediate: without the option half of the messages wait for an endpoint that is not there",
  async (t, scheme) => {
    const pull = own(t, new Pull());
    const push = own(t, new Push({ linger: 0 }));
    push.connect(await bound(pull, scheme));
    push.connect(await freeEndpoint(scheme));
    await push.connected();
    for (let i = 0; i < 10; i++) await push.send(String(i));
    await receiveEach(pull, 5);
    assert.equal(push.stats().sending, 5);
    assert.equal(pull.readable, false);
  },
);

each(STREAMS, "test_immediate: with it all go to the one that is there", async (t, scheme) => {
  const pull = own(t, new Pull());
  const push = own(t, new Push({ immediate: true }));
  const endpoints = [await bound(pull, scheme), await freeEndpoint(scheme)];
  for (const endpoint of endpoints) push.connect(endpoint);
  assert.equal(push.trySend("too early"), false, "nothing is connected yet");
  await push.connected();
  for (let i = 0; i < 10; i++) await push.send(String(i));
  assert.deepEqual(
    await receiveEach(pull, 10),
    Array.from({ length: 10 }, (_, i) => String(i)),
  );
});

each(STREAMS, "test_immediate: no peer is EAGAIN after its loss, and sending resumes when it is back", async (t, scheme) => {
  const front = own(t, new Dealer({ immediate: true, reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  let back = own(t, new Dealer());
  await back.bind(endpoint);
  front.connect(endpoint);
  await back.connected();
  await back.send("hello");
  assert.deepEqual(await receive(front), ["hello"]);
  await front.send("hello too");
  assert.deepEqual(await receive(back), ["hello too"]);
  await back.end(0);
  await eventually(() => front.peers().length === 0);
  await assert.rejects(front.send("nobody", { timeout: 0 }), { code: "EAGAIN" });
  const waiting = front.send("waits");
  back = own(t, new Dealer());
  await back.bind(endpoint);
  await waiting;
  assert.deepEqual(await receive(back), ["waits"]);
});

each(SCHEMES, "test_conflate: of 20 queued messages a conflating receiver sees the last", async (t, scheme) => {
  const pull = own(t, new Pull({ conflate: true }));
  const push = own(t, new Push());
  await join2(pull, push, scheme);
  for (let i = 1; i <= 20; i++) await push.send(String(i));
  await eventually(() => pull.stats().dropped.conflated === 19);
  assert.deepEqual(drainNow(pull), [["20"]]);
  await push.send("next");
  assert.deepEqual(await receive(pull), ["next"]);
});

each(SCHEMES, "test_conflate: a conflating sender keeps the last for an endpoint that is not there yet", async (t, scheme) => {
  const endpoint = await freeEndpoint(scheme);
  const push = own(t, new Push({ conflate: true, reconnectInterval: 5 }));
  push.connect(endpoint);
  for (let i = 1; i <= 5000; i++) assert.ok(push.trySend(String(i)));
  const pull = own(t, new Pull());
  await pull.bind(endpoint);
  assert.deepEqual(await receive(pull), ["5000"]);
  // Over inproc the queue is the receiver's, and so is the count.
  assert.equal((scheme === "inproc" ? pull : push).stats().dropped.conflated, 4999);
});

each(SCHEMES, "4.14, D15: a conflating SUB keeps all its subscriptions", async (t, scheme) => {
  const pub = own(t, new Publisher());
  const sub = own(t, new Subscriber({ conflate: true }));
  sub.subscribe("a", "b", "c");
  sub.connect(await bound(pub, scheme));
  await pub.subscribed(undefined, 3);
  await pub.send("a");
  assert.deepEqual(await receive(sub), ["a"]);
  for (let i = 1; i <= 20; i++) await pub.send(`b${i}`);
  await eventually(() => sub.stats().dropped.conflated === 19);
  assert.deepEqual(await receive(sub), ["b20"]);
});

check("4.14: conflation is per peer: each of two senders keeps its last", async (t) => {
  const pull = own(t, new Pull({ conflate: true }));
  const endpoint = await bound(pull, "inproc");
  for (const name of ["a", "b"]) {
    const push = own(t, new Push());
    push.connect(endpoint);
    for (let i = 0; i < 5; i++) await push.send(`${name}${i}`);
  }
  assert.deepEqual(drainNow(pull).flat().sort(), ["a4", "b4"]);
});
