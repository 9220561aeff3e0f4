/** Routing ids: libzmq's test_router_handover, test_router_mandatory, test_probe_router, test_connect_rid and test_issue_566. */
import assert from "node:assert/strict";
import { Context, Dealer, Request, Router } from "../../src/node.ts";
import {
  assertNothing,
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
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

each(SCHEMES, "test_router_handover: with the option the newcomer takes the id", async (t, scheme) => {
  const router = own(t, new Router({ handover: true }));
  const endpoint = await bound(router, scheme);
  const [one, two] = [own(t, new Dealer({ routingId: "X" })), own(t, new Dealer({ routingId: "X" }))];
  one.connect(endpoint);
  await one.send("Hello");
  assert.deepEqual(await receive(router), ["X", "Hello"]);
  two.connect(endpoint);
  await two.send("Hello");
  assert.deepEqual(await receive(router), ["X", "Hello"]);
  await router.send(["X", "for the newcomer"]);
  assert.deepEqual(await receive(two), ["for the newcomer"]);
  assert.equal(one.readable, false);
  await one.send("not heard");
  await two.send("heard");
  assert.deepEqual(await receive(router), ["X", "heard"]);
});

each(
  STREAMS,
  "test_router_handover, D17: the old connection stays open and silent, or two clients of one id would flap",
  async (t, scheme) => {
    const router = own(t, new Router({ handover: true }));
    const endpoint = await bound(router, scheme);
    const [one, two] = [own(t, new Dealer({ routingId: "X" })), own(t, new Dealer({ routingId: "X" }))];
    const events = new Events(one);
    one.connect(endpoint);
    await router.connected();
    two.connect(endpoint);
    await two.send("Hello");
    await receive(router);
    await router.send(["X", "marker"]);
    assert.deepEqual(await receive(two), ["marker"]);
    assert.equal(one.peers()[0].state, "ready");
    assert.deepEqual(events.of("disconnect"), []);
  },
);

each(
  SCHEMES,
  "handover: when the newcomer leaves, the one before it has the id again, and was not unheard",
  async (t, scheme) => {
    const router = own(t, new Router({ handover: true }));
    const endpoint = await bound(router, scheme);
    const [one, two, three] = [1, 2, 3].map(() => own(t, new Dealer({ routingId: "X" })));
    for (const [i, dealer] of [one, two, three].entries()) {
      dealer.connect(endpoint);
      await dealer.send(`hello ${i}`);
      assert.deepEqual(await receive(router), ["X", `hello ${i}`]);
    }
    await one.send("unheard for now");
    await two.end(0);
    const waiting = receive(router);
    await three.send("my last words");
    assert.deepEqual(await waiting, ["X", "my last words"], "the second one had no id to give back");
    const heard = receive(router);
    await three.end();
    assert.deepEqual(await heard, ["X", "unheard for now"]);
    await router.send(["X", "again"]);
    assert.deepEqual(await receive(one), ["again"]);
    assert.deepEqual(
      router.peers().map(({ state }) => state),
      ["ready"],
    );
  },
);

check("handover: a closing ROUTER, and those who waited for an id in vain, leave nothing behind", async (t) => {
  const router = own(t, new Router({ handover: true, routerNotify: 3 }));
  const endpoint = await bound(router, "inproc");
  const dealers = [1, 2, 3].map(() => own(t, new Dealer({ routingId: "X" })));
  for (const dealer of dealers) {
    dealer.connect(endpoint);
    assert.deepEqual(await receive(router), ["X", ""], "each came");
  }
  await dealers[2].end(0);
  for (const what of ["the third left", "the second has its id"]) assert.deepEqual(await receive(router), ["X", ""], what);
  await dealers[0].end(0);
  await dealers[1].end(0);
  assert.deepEqual(await receive(router), ["X", ""], "the second left; the first was nobody");
  await assertNothing(router);
  assert.deepEqual(router.peers(), []);
});

each(
  SCHEMES,
  "test_router_handover: without it the first keeps the id, and the newcomer is open but ignored",
  async (t, scheme) => {
    const router = own(t, new Router());
    const endpoint = await bound(router, scheme);
    const [one, two] = [own(t, new Dealer({ routingId: "X" })), own(t, new Dealer({ routingId: "X" }))];
    one.connect(endpoint);
    await one.send("first");
    assert.deepEqual(await receive(router), ["X", "first"]);
    two.connect(endpoint);
    await two.send("second");
    await eventually(() => router.peers().some((peer) => peer.state === "ignored"));
    await router.send(["X", "for the first"]);
    assert.deepEqual(await receive(one), ["for the first"]);
    await assertNothing(router);
    assert.equal(two.readable, false);
  },
);

each(
  SCHEMES,
  "test_router_mandatory: by default a message for an unknown id is dropped in silence, but counted",
  async (t, scheme) => {
    const router = own(t, new Router());
    await bound(router, scheme);
    const events = new Events(router);
    await router.send(["UNKNOWN", "DATA"]);
    const drop = await events.next("drop");
    assert.deepEqual({ ...drop }, { type: "drop", reason: "unroutable", count: 1 });
    assert.equal(router.stats().dropped.unroutable, 1);
  },
);

each(SCHEMES, "test_router_mandatory: with the option it is EHOSTUNREACH, and a known id is reached", async (t, scheme) => {
  const router = own(t, new Router());
  const endpoint = await bound(router, scheme);
  router.mandatory = true;
  await assert.rejects(async () => router.send(["UNKNOWN", "DATA"]), {
    code: "EHOSTUNREACH",
    message: /Host unreachable.*"UNKNOWN"/,
  });
  assert.throws(() => router.trySend(["UNKNOWN", "DATA"]), { code: "EHOSTUNREACH" });
  const dealer = own(t, new Dealer({ routingId: "X" }));
  dealer.connect(endpoint);
  await dealer.send("Hello");
  assert.deepEqual(await receive(router), ["X", "Hello"]);
  await router.send(["X", "Hello back"]);
  assert.deepEqual(await receive(dealer), ["Hello back"]);
});

check("test_router_mandatory: an id is shown in the error with its odd bytes escaped", (t) => {
  const router = own(t, new Router({ mandatory: true }));
  assert.throws(() => router.trySend([Buffer.from([0, 65, 255]), "x"]), { message: /"\\x00A\\xff"/ });
});

check("test_router_mandatory: writable means that some peer is", async (t) => {
  const router = own(t, new Router({ mandatory: true }));
  assert.equal(router.writable, false);
  const dealer = own(t, new Dealer({ routingId: "X" }));
  await join2(router, dealer);
  assert.equal(router.writable, true);
});

notApplicable(
  "test_router_mandatory (zmq_socket_get_peer_state)",
  "a draft function, not part of this version; peers() tells more",
);

each(SCHEMES, "test_probe_router: an empty message announces a DEALER to a ROUTER", async (t, scheme) => {
  const router = own(t, new Router());
  const dealer = own(t, new Dealer({ routingId: "X", probeRouter: true }));
  dealer.connect(await bound(router, scheme));
  assert.deepEqual(await receive(router), ["X", ""]);
  await router.send(["X", "Hello"]);
  assert.deepEqual(await receive(dealer), ["Hello"]);
});

each(SCHEMES, "test_probe_router: a ROUTER announces itself to a ROUTER", async (t, scheme) => {
  const [server, client] = [own(t, new Router()), own(t, new Router({ routingId: "X", probeRouter: true }))];
  client.connect(await bound(server, scheme));
  assert.deepEqual(await receive(server), ["X", ""]);
  await server.send(["X", "Hello"]);
  const [id, text] = await client.receive({ timeout: 5000 });
  assert.equal(id.length, 5);
  assert.equal(String(text), "Hello");
});

each(STREAMS, "test_probe_router: it comes again after each reconnection", async (t, scheme) => {
  const dealer = own(t, new Dealer({ routingId: "X", probeRouter: true, reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  dealer.connect(endpoint);
  for (let i = 0; i < 2; i++) {
    const router = own(t, new Router());
    await router.bind(endpoint);
    assert.deepEqual(await receive(router), ["X", ""]);
    await router.end(0);
  }
});

each(SCHEMES, "test_connect_rid: a peer is addressed by the id given to connect, before it is there", async (t, scheme) => {
  const router = own(t, new Router({ mandatory: true, reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  router.connect(endpoint, { routingId: "conn1" });
  await router.send(["conn1", "early"]);
  const dealer = own(t, new Dealer({ routingId: "its own" }));
  await dealer.bind(endpoint);
  assert.deepEqual(await receive(dealer), ["early"]);
  await dealer.send("back");
  assert.deepEqual(await receive(router), ["conn1", "back"]);
  assert.throws(() => router.trySend(["its own", "x"]), { code: "EHOSTUNREACH" });
});

each(SCHEMES, "test_connect_rid: ids are used once, must be unique and have 1 to 255 octets", async (t, scheme) => {
  const router = own(t, new Router());
  const endpoint = await freeEndpoint(scheme);
  router.connect(endpoint, { routingId: "a" });
  router.connect(endpoint);
  assert.throws(() => router.connect(endpoint, { routingId: "a" }), { code: "EINVAL", message: /Another peer/ });
  assert.throws(() => router.connect(endpoint, { routingId: "" }), { code: "EINVAL", message: /1 to 255 bytes/ });
  assert.throws(() => router.connect(endpoint, { routingId: "a".repeat(256) }), { code: "EINVAL" });
  assert.throws(() => router.connect("tcp://wrong", { routingId: "b" }), { code: "EINVAL" });
  router.mandatory = true;
  assert.throws(() => router.trySend(["b", "x"]), { code: "EHOSTUNREACH" });
});

each(STREAMS, "4.5: a dialled peer keeps the id given to connect over a reconnection", async (t, scheme) => {
  const router = own(t, new Router({ mandatory: true, reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  router.connect(endpoint, { routingId: "server" });
  for (let i = 0; i < 2; i++) {
    const dealer = own(t, new Dealer());
    await dealer.bind(endpoint);
    await dealer.send(`hello ${i}`);
    assert.deepEqual(await receive(router), ["server", `hello ${i}`]);
    await router.send(["server", "hi"]);
    assert.deepEqual(await receive(dealer), ["hi"]);
    await dealer.end(0);
  }
});

check("test_connect_rid (router to router): connecting in the middle of receiving disturbs nothing", async (t) => {
  const [bind, connect] = [own(t, new Router({ routingId: "bind" })), own(t, new Router())];
  const endpoint = await bound(bind);
  connect.connect(endpoint, { routingId: "named" });
  await connect.send(["named", "1", "2", "3"]);
  const [id, ...rest] = await bind.receive({ timeout: 5000 });
  connect.connect(await bound(bind), { routingId: "named too" });
  assert.deepEqual(rest.map(String), ["1", "2", "3"]);
  await bind.send([id, "back"]);
  assert.deepEqual(await receive(connect), ["named", "back"]);
});

check("a ROUTER answers by id over an accepted and a dialled connection at once", async (t) => {
  const router = own(t, new Router());
  const [one, two] = [own(t, new Request({ routingId: "one" })), own(t, new Request({ routingId: "two" }))];
  one.connect(await bound(router));
  router.connect(await bound(two));
  for (const request of [one, two]) {
    await request.send("?");
    const [id, empty, question] = await receive(router);
    assert.deepEqual([empty, question], ["", "?"]);
    await router.send([id, "", `to ${id}`]);
    assert.deepEqual(await receive(request), [`to ${id}`]);
  }
});

check("test_issue_566: a mandatory ROUTER reaches 100 short-lived DEALERs of other contexts", async (t) => {
  const router = own(t, new Router({ mandatory: true }));
  const endpoint = await bound(router);
  for (let i = 0; i < 100; i++) {
    const routingId = `dealer ${i}`;
    const dealer = new Dealer({ context: new Context(), routingId });
    dealer.connect(endpoint);
    await router.connected();
    await eventually(() => router.peers().some((peer) => Buffer.from(peer.routingId).toString() === routingId));
    await router.send([routingId, "Hello"]);
    assert.deepEqual(await receive(dealer), ["Hello"]);
    await dealer.end(0);
    await eventually(() => router.peers().length === 0);
  }
});
