/**
 * High-water marks: libzmq's test_hwm, test_hwm_pubsub, test_sockopt_hwm and test_router_mandatory_hwm.
 *
 * Over inproc counts are exact: the sender's mark plus the receiver's. Over tcp and ipc the kernel holds messages too, so there a mark is the least that
 * must be accepted or delivered, and what was accepted plus what was dropped is what was sent.
 */
import assert from "node:assert/strict";
import { Dealer, Publisher, Pull, Push, Router, Subscriber, XPublisher } from "../../src/node.ts";
import {
  anyEndpoint,
  assertNothing,
  bound,
  check,
  drainNow,
  Events,
  each,
  eventually,
  fill,
  freeEndpoint,
  join2,
  nextTurn,
  own,
  receive,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

/** More than any mark, fewer than would hurt: stands for "unlimited". */
const MANY = 10_000;

const sum = (send: number, receive: number): number => (send === 0 || receive === 0 ? MANY : send + receive);

check("test_hwm (defaults): inproc takes 2000 in total, twice", async (t) => {
  const [pull, push] = [own(t, new Pull()), own(t, new Push())];
  await join2(pull, push, "inproc");
  for (let round = 0; round < 2; round++) {
    assert.equal(fill(push, "x"), 2000);
    assert.equal(drainNow(pull).length, 2000);
  }
});

for (const send of [0, 1, 2, 5]) {
  for (const receive of [0, 1, 2, 7]) {
    check(`test_hwm (inproc, bind first): marks ${send} and ${receive} take ${sum(send, receive)}`, async (t) => {
      const pull = own(t, new Pull({ receiveHighWaterMark: receive }));
      const push = own(t, new Push({ sendHighWaterMark: send }));
      await join2(pull, push, "inproc");
      assert.equal(fill(push, "x", MANY), sum(send, receive));
      assert.equal(drainNow(pull).length, sum(send, receive));
      assert.equal(fill(push, "x", MANY), sum(send, receive));
    });

    check(`test_hwm (inproc, connect first): marks ${send} and ${receive}: its own until the bind, then the sum`, async (t) => {
      const pull = own(t, new Pull({ receiveHighWaterMark: receive }));
      const push = own(t, new Push({ sendHighWaterMark: send }));
      const endpoint = anyEndpoint("inproc");
      push.connect(endpoint);
      const alone = send === 0 ? MANY : send;
      assert.equal(fill(push, "x", MANY), alone);
      await pull.bind(endpoint);
      const more = send === 0 || receive === 0 ? MANY : receive;
      assert.equal(fill(push, "x", MANY), more);
      assert.equal(drainNow(pull).length, alone + more);
    });

    check(
      `test_hwm (inproc, connect and close first): marks ${send} and ${receive}: all that was accepted arrives`,
      async (t) => {
        const pull = own(t, new Pull({ receiveHighWaterMark: receive }));
        const push = new Push({ sendHighWaterMark: send });
        const endpoint = anyEndpoint("inproc");
        push.connect(endpoint);
        const accepted = fill(push, "x", MANY);
        push.close();
        await pull.bind(endpoint);
        assert.equal(drainNow(pull).length, accepted);
      },
    );
  }
}

each(STREAMS, "6.6: an endpoint that is not there yet takes exactly the sender's mark", async (t, scheme) => {
  const push = own(t, new Push({ sendHighWaterMark: 42 }));
  push.connect(await freeEndpoint(scheme));
  assert.equal(fill(push, "x"), 42);
});

each(STREAMS, "6.6: a peer that does not read takes the marks and what the kernel holds, and no more", async (t, scheme) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 10 }));
  const push = own(t, new Push({ sendHighWaterMark: 10 }));
  await join2(pull, push, scheme);
  const body = Buffer.alloc(100_000);
  let sent = 0;
  const isReceiverFull = (): boolean => pull.peers()[0]?.receiving.messages === 10;
  // Turns without room: the kernel has taken what it takes. A sender that was refused waits until half of its mark is free.
  for (let idle = 0; idle < 20 || !isReceiverFull(); idle++) {
    const more = fill(push, body, 5000);
    if (more > 0) idle = 0;
    sent += more;
    await nextTurn();
  }
  assert.ok(sent >= 15 && sent < 500, `${sent} were taken`);
  for (let i = 0; i < sent; i++) await pull.receive({ timeout: 5000 });
  await assertNothing(pull);
});

check("6.6: a full sender has room again when about half was read, in steps of (mark + 1) / 2", async (t) => {
  const [pull, push] = [own(t, new Pull({ receiveHighWaterMark: 5 })), own(t, new Push({ sendHighWaterMark: 5 }))];
  await join2(pull, push, "inproc");
  assert.equal(fill(push, "x"), 10);
  for (let i = 0; i < 4; i++) pull.tryReceive();
  assert.equal(push.trySend("x"), false);
  pull.tryReceive();
  assert.equal(fill(push, "x"), 5);
});

// test_hwm_pubsub ---------------------------------------------------------------------------------------------------------------------

check(
  "test_hwm_pubsub (inproc): exactly the sum of the marks is delivered, the rest dropped with an event and counted",
  async (t) => {
    const pub = own(t, new Publisher({ sendHighWaterMark: 100 }));
    const sub = own(t, new Subscriber({ receiveHighWaterMark: 50 }));
    const events = new Events(pub);
    sub.subscribe();
    sub.connect(await bound(pub, "inproc"));
    await pub.subscribed();
    for (let i = 0; i < 200; i++) assert.ok(pub.trySend(String(i)));
    assert.deepEqual(
      drainNow(sub).map(([text]) => Number(text)),
      Array.from({ length: 150 }, (_, i) => i),
    );
    assert.equal(pub.stats().dropped["high-water-mark"], 50);
    await events.next("drop", 50);
    const drop = events.of("drop")[0];
    assert.ok(drop.reason === "high-water-mark" && drop.count === 1 && drop.peer?.socketType === "SUB");
  },
);

each(STREAMS, "test_hwm_pubsub: at least the marks are delivered, in order, and nothing is lost uncounted", async (t, scheme) => {
  const [hwm, total] = [1000, 3000];
  const pub = own(t, new Publisher({ sendHighWaterMark: hwm }));
  const sub = own(t, new Subscriber({ receiveHighWaterMark: hwm }));
  sub.subscribe();
  sub.connect(await bound(pub, scheme));
  await pub.subscribed();
  const body = Buffer.alloc(10_000);
  for (let i = 0; i < total; i++) await pub.send([String(i), body]);
  const dropped = pub.stats().dropped["high-water-mark"] ?? 0;
  let last = -1;
  for (let i = 0; i < total - dropped; i++) {
    const number = Number((await sub.receive({ timeout: 5000 }))[0]);
    assert.ok(number > last);
    last = number;
  }
  assert.ok(total - dropped >= hwm, `${total - dropped} arrived`);
  await pub.send("after");
  assert.deepEqual(await receive(sub), ["after"]);
});

each(SCHEMES, "test_hwm_pubsub (blocking): with noDrop sends wait instead, and all 6000 arrive", async (t, scheme) => {
  const pub = own(t, new XPublisher({ noDrop: true, sendHighWaterMark: 500 }));
  const sub = own(t, new Subscriber({ receiveHighWaterMark: 500 }));
  sub.subscribe();
  sub.connect(await bound(pub, scheme));
  await pub.subscribed();
  const sending = (async () => {
    for (let i = 0; i < 6000; i++) await pub.send(String(i));
  })();
  for (let i = 0; i < 6000; i++) assert.equal(String((await sub.receive({ timeout: 5000 }))[0]), String(i));
  await sending;
});

check("test_hwm_pubsub (reset): after draining the capacity is whole again", async (t) => {
  const pub = own(t, new Publisher({ sendHighWaterMark: 10 }));
  const sub = own(t, new Subscriber({ receiveHighWaterMark: 10 }));
  sub.subscribe();
  sub.connect(await bound(pub, "inproc"));
  await pub.subscribed();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 100; i++) await pub.send("x");
    assert.equal(drainNow(sub).length, 20);
  }
});

check("4.6: a full subscriber costs the others nothing", async (t) => {
  const pub = own(t, new Publisher({ sendHighWaterMark: 5 }));
  const endpoint = await bound(pub, "inproc");
  const [slow, fast] = [
    own(t, new Subscriber({ receiveHighWaterMark: 5 })),
    own(t, new Subscriber({ receiveHighWaterMark: 500 })),
  ];
  for (const sub of [slow, fast]) {
    sub.subscribe();
    sub.connect(endpoint);
  }
  for (let i = 0; i < 100; i++) await pub.send("x");
  assert.equal(drainNow(slow).length, 10);
  assert.equal(drainNow(fast).length, 100);
});

// test_sockopt_hwm ------------------------------------------------------------------------------------------------------------------------

check("test_sockopt_hwm: a mark changed before connect counts", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 1 }));
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  push.sendHighWaterMark = 2;
  pull.receiveHighWaterMark = 3;
  await join2(pull, push, "inproc");
  assert.equal(fill(push, "x"), 5);
});

check("test_sockopt_hwm: marks changed after connect count at once, on both sides", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 1 }));
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  await join2(pull, push, "inproc");
  assert.equal(fill(push, "x"), 2);
  push.sendHighWaterMark = 4;
  assert.equal(fill(push, "x"), 3);
  pull.receiveHighWaterMark = 6;
  assert.equal(fill(push, "x"), 5);
  assert.equal(push.stats().sending, 10);
});

check("test_sockopt_hwm (inproc, connect first): marks changed before the bind count", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 1 }));
  const push = own(t, new Push({ sendHighWaterMark: 2 }));
  const endpoint = anyEndpoint("inproc");
  pull.connect(endpoint);
  pull.receiveHighWaterMark = 6;
  await push.bind(endpoint);
  assert.equal(fill(push, "x", MANY), 8);
});

check("test_sockopt_hwm: a raised mark lets waiting sends go on, and 0 lifts it", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  push.connect(await freeEndpoint("tcp"));
  await push.send("1");
  const waiting = [push.send("2"), push.send("3")];
  push.sendHighWaterMark = 2;
  await waiting[0];
  assert.equal(push.stats().waitingSends, 1);
  push.sendHighWaterMark = 0;
  await waiting[1];
  assert.equal(fill(push, "x", 5000), 5000);
});

check("test_sockopt_hwm: a mark raised by little gives exactly that much room, at once", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 10 }));
  push.connect(await freeEndpoint("tcp"));
  assert.equal(fill(push, "x"), 10);
  const waiting = push.send("11th");
  push.sendHighWaterMark = 12;
  await waiting;
  assert.equal(fill(push, "x"), 1);
});

check("test_sockopt_hwm: a mark lowered while full refuses until enough was read, and loses nothing", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 50 }));
  const push = own(t, new Push({ sendHighWaterMark: 50 }));
  await join2(pull, push, "inproc");
  assert.equal(fill(push, "x"), 100);
  push.sendHighWaterMark = 5;
  pull.receiveHighWaterMark = 5;
  assert.equal(push.trySend("x"), false);
  for (let i = 0; i < 90; i++) assert.ok(pull.tryReceive());
  assert.equal(push.trySend("x"), false, "10 are there, 10 is the mark");
  assert.equal(drainNow(pull).length, 10);
  assert.equal(fill(push, "x"), 10);
});

// test_router_mandatory_hwm ---------------------------------------------------------------------------------------------------------------

each(
  SCHEMES,
  "test_router_mandatory_hwm: mandatory and full is EAGAIN, after a bounded count of 64 kB messages",
  async (t, scheme) => {
    const router = own(t, new Router({ mandatory: true, sendHighWaterMark: 1 }));
    const dealer = own(t, new Dealer({ routingId: "X", receiveHighWaterMark: 1 }));
    await join2(router, dealer, scheme);
    const body = Buffer.alloc(65536);
    const sent = fill(router, ["X", body], 10_000);
    assert.ok(sent >= 2 && sent < 1000, `${sent} were taken`);
    await assert.rejects(router.send(["X", body], { timeout: 0 }), { code: "EAGAIN" });
    const waiting = router.send(["X", "last"]);
    for (let i = 0; i < sent; i++) assert.equal((await dealer.receive({ timeout: 5000 }))[0].length, 65536);
    await waiting;
    assert.deepEqual(await receive(dealer), ["last"]);
  },
);

each(SCHEMES, "4.2: a ROUTER that is not mandatory drops for a full peer, counted, and never waits", async (t, scheme) => {
  const router = own(t, new Router({ sendHighWaterMark: 1 }));
  const dealer = own(t, new Dealer({ routingId: "X", receiveHighWaterMark: 1 }));
  await join2(router, dealer, scheme);
  const body = Buffer.alloc(65536);
  for (let i = 0; i < 1000; i++) assert.ok(router.trySend(["X", body]));
  const lost = router.stats().dropped["high-water-mark"] ?? 0;
  assert.ok(lost > 0 && lost <= 998, `${lost} were lost`);
  for (let i = 0; i < 1000 - lost; i++) assert.equal((await dealer.receive({ timeout: 5000 }))[0].length, 65536);
  await eventually(() => router.stats().sending === 0);
  await router.send(["X", "after"]);
  assert.deepEqual(await receive(dealer), ["after"]);
});
