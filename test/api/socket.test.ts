/** What a socket offers beside messages: end, dispose, connected, subscribed, disconnectPeer, stats, peers, drop events, errors. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import * as zmtp from "../../src/node.ts";
import {
  Context,
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Subscriber,
  XPublisher,
  XSubscriber,
  ZmqError,
} from "../../src/node.ts";
import {
  bound,
  check,
  Events,
  each,
  eventually,
  freeEndpoint,
  join2,
  nextTurn,
  own,
  receive,
  receiveEach,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";
import { RawListener } from "../support/raw-peer.ts";

check("test_ancillaries, test_capabilities: version and capability", () => {
  assert.equal(zmtp.version, "4.3.5");
  for (const [name, has] of Object.entries(zmtp.capability)) assert.equal(typeof has, "boolean", name);
  assert.equal(zmtp.capability.ipc, true);
  for (const name of ["norm", "gssapi", "tipc"] as const) assert.equal(zmtp.capability[name], false);
  assert.ok(zmtp.context instanceof Context);
});

check("sockets are made with new, extended by classes, and are instances of Socket", (t) => {
  const types = { Pair, Publisher, Subscriber, Request, Reply, Dealer, Router, Pull, Push, XPublisher, XSubscriber };
  for (const [name, Type] of Object.entries(types)) {
    assert.throws(() => (Type as unknown as () => void)(), {
      name: "TypeError",
      message: new RegExp(`[Cc]lass constructor ${name} .*new`), // Engines say it in words of their own.
    });
    const socket = own(t, new Type());
    assert.ok(socket instanceof zmtp.Socket);
    assert.equal(socket.constructor.name, name);
  }
  class Mine extends Push {
    readonly label = "mine";
    twice(text: string): boolean {
      return this.trySend(text) && this.trySend(text);
    }
  }
  const mine = own(t, new Mine({ sendHighWaterMark: 5 }));
  assert.equal(mine.label, "mine");
  assert.equal(mine.sendHighWaterMark, 5);
  assert.equal(mine.twice("x"), false);
});

check("sockets of the default context share it; a Context of one's own has other names and sockets", (t) => {
  const context = new Context();
  assert.equal(own(t, new Push()).context, zmtp.context);
  assert.equal(own(t, new Push({ context })).context, context);
});

// Ends --------------------------------------------------------------------------------------------------------------------------------------

each(SCHEMES, "end() resolves when what was sent is out, and says how much", async (t, scheme) => {
  const pull = own(t, new Pull());
  const push = new Push({ reconnectInterval: 5 });
  const endpoint = await freeEndpoint(scheme);
  push.connect(endpoint);
  for (let i = 0; i < 20; i++) await push.send(String(i));
  const ending = push.end();
  assert.equal(push.closed, true);
  await pull.bind(endpoint);
  const outcome = await ending;
  assert.equal(outcome.dropped, 0);
  if (scheme !== "inproc") assert.equal(outcome.flushed, 20);
  await receiveEach(pull, 20);
});

each(STREAMS, "end(ms) gives up after that time, and says how many were lost", async (_t, scheme) => {
  const push = new Push();
  push.connect(await freeEndpoint(scheme));
  for (let i = 0; i < 20; i++) await push.send(String(i));
  const before = performance.now();
  const outcome = await push.end(30);
  const waited = performance.now() - before;
  assert.deepEqual(outcome, { flushed: 0, dropped: 20 });
  assert.ok(waited >= 28 && waited < 10_000, `${waited} ms`);
});

check("end(0) drops at once and tells by event", async () => {
  const push = new Push();
  const events = new Events(push);
  push.connect(await freeEndpoint("tcp"));
  for (let i = 0; i < 3; i++) await push.send("x");
  assert.deepEqual(await push.end(0), { flushed: 0, dropped: 3 });
  await events.next("drop", 3);
  assert.equal(events.of("drop").length, 3);
  assert.equal(events.types.at(-1), "end");
});

check("end() takes the socket's linger, checks its argument, and may be called again", async () => {
  const push = new Push({ linger: 10 });
  push.connect(await freeEndpoint("tcp"));
  await push.send("x");
  for (const wrong of [-2, 1.5, "x", null] as unknown as number[]) assert.throws(() => push.end(wrong), { code: "EINVAL" });
  assert.equal(push.closed, false);
  const first = push.end();
  assert.deepEqual(await Promise.all([first, push.end(0), push.end()]), Array(3).fill({ flushed: 0, dropped: 1 }));
});

check("Symbol.asyncDispose is end(), Symbol.dispose is close()", async () => {
  const push = new Push({ linger: 5 });
  push.connect(await freeEndpoint("tcp"));
  await push.send("x");
  assert.equal(await push[Symbol.asyncDispose](), undefined);
  assert.equal(push.closed, true);
  const other = new Push();
  other[Symbol.dispose]();
  assert.equal(other.closed, true);
});

check("SUB does not linger: subscriptions are not worth it", async () => {
  const sub = new Subscriber();
  sub.connect(await freeEndpoint("tcp"));
  sub.subscribe("x");
  assert.deepEqual(await sub.end(), { flushed: 0, dropped: 0 });
});

check("a socket that ended leaves its port, its name and its place in the context free", async (t) => {
  const context = new Context({ maxSockets: 1 });
  for (let i = 0; i < 3; i++) {
    const pull = new Pull({ context });
    await bound(pull);
    await pull.end();
  }
  own(t, new Pull({ context }));
});

// Readiness -----------------------------------------------------------------------------------------------------------------------------------

each(SCHEMES, "connected() resolves when so many peers are ready, at once if they are", async (t, scheme) => {
  const pull = own(t, new Pull());
  const endpoint = await bound(pull, scheme);
  let ready = 0;
  const one = pull.connected().then(() => ready++);
  const two = pull.connected(2).then(() => ready++);
  const first = own(t, new Push());
  first.connect(endpoint);
  await one;
  await first.connected();
  await nextTurn();
  assert.equal(ready, 1);
  own(t, new Push()).connect(endpoint);
  await two;
  await pull.connected(2);
  await pull.connected(0);
});

check("connected() does not count a peer whose handshake is not done", async (t) => {
  const server = await RawListener.listen(t);
  const push = own(t, new Push());
  push.connect(server.endpoint);
  const peer = await server.accept();
  await assert.rejects(push.connected(1, { signal: AbortSignal.timeout(30) }), { name: "TimeoutError" });
  await peer.handshake("PULL");
  await push.connected();
});

each(SCHEMES, "subscribed() resolves when the topic is there, exactly, and counts peers", async (t, scheme) => {
  const pub = own(t, new Publisher());
  const endpoint = await bound(pub, scheme);
  const subs = [own(t, new Subscriber()), own(t, new Subscriber())];
  for (const sub of subs) sub.connect(endpoint);
  const order: string[] = [];
  const waits = [
    pub.subscribed("ab").then(() => order.push("ab")),
    pub.subscribed("a", 2).then(() => order.push("a twice")),
    pub.subscribed(undefined, 3).then(() => order.push("three")),
  ];
  subs[0].subscribe("a");
  await pub.subscribed("a");
  subs[0].subscribe("ab");
  await waits[0];
  subs[1].subscribe("a");
  await Promise.all(waits);
  assert.equal(order[0], "ab");
});

check("subscribed() of XPUB in manual mode counts what the program decided", async (t) => {
  const pub = own(t, new XPublisher({ manual: true }));
  const sub = own(t, new Subscriber());
  sub.subscribe("asked");
  sub.connect(await bound(pub));
  await receive(pub);
  pub.subscribe("decided");
  await pub.subscribed("decided");
  await assert.rejects(pub.subscribed("asked", 1, { signal: AbortSignal.timeout(10) }), { name: "TimeoutError" });
});

// Peers ---------------------------------------------------------------------------------------------------------------------------------------

each(SCHEMES, "peers() tells each peer, and stats() sums over those that left too", async (t, scheme) => {
  const pull = own(t, new Pull());
  const endpoint = await bound(pull, scheme);
  const push = new Push();
  push.connect(endpoint);
  for (let i = 0; i < 3; i++) await push.send("12345");
  await receiveEach(pull, 3);
  const [peer] = pull.peers();
  assert.equal(peer.state, "ready");
  assert.equal(peer.socketType, "PUSH");
  assert.equal(peer.received, 3);
  assert.equal(peer.endpoint, endpoint);
  assert.equal(peer.sent, 0);
  assert.deepEqual(peer.dropped, {});
  if (scheme !== "inproc") assert.ok(peer.bytesReceived > 64 + 3 * 7, `${peer.bytesReceived} bytes`);
  await push.end();
  await eventually(() => pull.peers().length === 0);
  const stats = pull.stats();
  assert.deepEqual([stats.peers, stats.received, stats.sent, stats.receiving, stats.waitingReceives], [0, 3, 0, 0, 0]);
});

check("stats: what is sent and what waits", async (t) => {
  const push = own(t, new Push());
  push.connect(await freeEndpoint("tcp"));
  for (let i = 0; i < 4; i++) await push.send("x");
  assert.deepEqual(
    { ...push.stats() },
    {
      peers: 1,
      sent: 0,
      received: 0,
      bytesSent: 0,
      bytesReceived: 0,
      sending: 4,
      receiving: 0,
      waitingSends: 0,
      waitingReceives: 0,
      dropped: {},
    },
  );
});

each(SCHEMES, "disconnectPeer ends one peer's connection, by object or id, and no other", async (t, scheme) => {
  const router = own(t, new Router({ mandatory: true }));
  const endpoint = await bound(router, scheme);
  const dealers = ["a", "b", "c"].map((routingId) => own(t, new Dealer({ routingId, reconnectInterval: -1 })));
  for (const dealer of dealers) dealer.connect(endpoint);
  await router.connected(3);
  const find = (id: string): zmtp.PeerStats =>
    router.peers().find((peer) => Buffer.from(peer.routingId).toString() === id) as zmtp.PeerStats;
  router.disconnectPeer(find("a").peer);
  router.disconnectPeer(find("b").id);
  assert.throws(() => router.trySend(["a", "x"]), { code: "EHOSTUNREACH" });
  assert.throws(() => router.trySend(["b", "x"]), { code: "EHOSTUNREACH" });
  await router.send(["c", "x"]);
  assert.deepEqual(await receive(dealers[2]), ["x"]);
  assert.throws(() => router.disconnectPeer(999_999), { code: "EINVAL", message: /has no peer 999999/ });
});

check("disconnectPeer on a dialled endpoint gives the endpoint up", async (t) => {
  const [pull, push] = [own(t, new Pull()), own(t, new Push({ reconnectInterval: 1 }))];
  const endpoint = await join2(pull, push);
  push.disconnectPeer(push.peers()[0].id);
  assert.equal(push.peers().length, 0);
  assert.throws(() => push.disconnect(endpoint), { code: "ENOENT" });
});

check("drop events: each loss has its reason, its count and, where there is one, its peer", async (t) => {
  const pub = own(t, new Publisher({ sendHighWaterMark: 1 }));
  const sub = own(t, new Subscriber({ receiveHighWaterMark: 1 }));
  sub.subscribe();
  await join2(pub, sub, "inproc");
  const events = new Events(pub);
  for (let i = 0; i < 3; i++) await pub.send("x");
  const drop = await events.next("drop");
  assert.deepEqual([drop.reason, drop.count, drop.peer?.socketType], ["high-water-mark", 1, "SUB"]);
  const router = own(t, new Router());
  const routed = new Events(router);
  await router.send(["nobody", "x"]);
  assert.deepEqual({ ...(await routed.next("drop")) }, { type: "drop", reason: "unroutable", count: 1 });
  const reply = own(t, new Reply());
  const replies = new Events(reply);
  const dealer = own(t, new Dealer());
  await join2(reply, dealer, "inproc");
  await dealer.send("no envelope");
  assert.equal(reply.tryReceive(), undefined);
  assert.equal((await replies.next("drop")).reason, "invalid-envelope");
});

// Errors --------------------------------------------------------------------------------------------------------------------------------------

check("errors have code, errno, reason, origin, and texts that programs for zeromq 6 match on", async (t) => {
  const pull = own(t, new Pull());
  const router = own(t, new Router({ mandatory: true }));
  const request = own(t, new Request());
  const taken = await bound(pull);
  const closed = new Pull();
  closed.close();
  const cases: [string, number, RegExp, () => unknown][] = [
    ["EAGAIN", 11, /^Operation was not possible or timed out/, () => pull.receive({ timeout: 0 })],
    ["EBADF", 9, /^Socket is closed/, () => closed.receive()],
    ["ENOENT", 2, /^No such endpoint/, () => pull.unbind("tcp://127.0.0.1:1")],
    ["ENOENT", 2, /^No such endpoint/, () => pull.disconnect("tcp://127.0.0.1:1")],
    ["EADDRINUSE", 98, /^Address already in use/, () => router.bind(taken)],
    ["EPROTONOSUPPORT", 93, /^Protocol not supported/, () => pull.connect("foo://bar")],
    ["EINVAL", 22, /^Invalid argument/, () => pull.connect("tcp://x")],
    ["EFSM", 156384763, /^Operation cannot be accomplished in current state/, () => request.tryReceive()],
    ["EHOSTUNREACH", 113, /^Host unreachable/, () => router.trySend(["x", "y"])],
    [
      "EMFILE",
      24,
      /^Too many open file descriptors/,
      () => {
        const context = new Context({ maxSockets: 1 });
        own(t, new Pair({ context }));
        new Pair({ context });
      },
    ],
  ];
  for (const [code, errno, message, call] of cases) {
    await assert.rejects(
      async () => call(),
      (error: ZmqError) => {
        assert.ok(error instanceof ZmqError && error instanceof Error, String(call));
        assert.equal(error.name, "ZmqError");
        assert.equal(error.code, code);
        if (process.platform === "linux" || errno > 1000) assert.equal(error.errno, errno, code);
        assert.match(error.message, message);
        assert.equal(typeof error.reason, "string");
        assert.ok(["local", "remote", "system"].includes(error.origin));
        assert.equal(typeof error.retryable, "boolean");
        return true;
      },
    );
  }
});

check("errors about an endpoint carry it", async (t) => {
  const pull = own(t, new Pull());
  for (const [endpoint, call] of [
    ["tcp://x", () => pull.connect("tcp://x")],
    ["foo://x", () => pull.bind("foo://x")],
    ["tcp://127.0.0.1:1", () => pull.unbind("tcp://127.0.0.1:1")],
    ["inproc://none", () => pull.disconnect("inproc://none")],
  ] as const)
    await assert.rejects(
      async () => call(),
      (error: ZmqError) => error.address === endpoint,
      endpoint,
    );
});

check("console.log shows the type, the endpoint and the number of peers", async (t) => {
  const pull = own(t, new Pull());
  assert.equal(inspect(pull), "Pull <no endpoint, 0 peers>");
  const endpoint = await bound(pull);
  assert.equal(inspect(pull), `Pull <${endpoint}, 0 peers>`);
  pull.close();
  assert.match(inspect(pull), /closed/);
});
