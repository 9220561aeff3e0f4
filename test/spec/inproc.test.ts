/** libzmq's test_inproc_connect and test_disconnect_inproc, and the rules of inproc names. */
import assert from "node:assert/strict";
import {
  Client,
  Context,
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Server,
  Subscriber,
  XPublisher,
} from "../../src/node.ts";
import { anyEndpoint, bound, check, drainNow, join2, own, receive, receiveEach } from "../support/harness.ts";

check("test_inproc_connect (bind before connect)", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  const endpoint = await bound(one, "inproc");
  two.connect(endpoint);
  await two.send("foobar");
  assert.deepEqual(await receive(one), ["foobar"]);
});

check("test_inproc_connect (connect before bind)", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  const endpoint = anyEndpoint("inproc");
  two.connect(endpoint);
  await two.send("foobar");
  await one.bind(endpoint);
  assert.deepEqual(await receive(one), ["foobar"]);
});

check("test_inproc_connect (connect before bind, publish and subscribe)", async (t) => {
  const [pub, sub] = [own(t, new Publisher()), own(t, new Subscriber())];
  const endpoint = anyEndpoint("inproc");
  pub.connect(endpoint);
  await pub.send("to nobody");
  sub.subscribe("foo");
  await sub.bind(endpoint);
  await pub.subscribed();
  await pub.send("foobar");
  assert.deepEqual(await receive(sub), ["foobar"]);
});

check("test_inproc_connect (connect before bind, everything closed by then)", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const push = new Push();
  push.connect(endpoint);
  push.close();
  const pull = own(t, new Pull());
  await pull.bind(endpoint);
  const other = own(t, new Push());
  other.connect(endpoint);
  await other.send("only me");
  assert.deepEqual(await receive(pull), ["only me"]);
});

check(
  "test_inproc_connect (many connects): a DEALER connects to one name again and again, before and after the bind",
  async (t) => {
    const [dealer, router] = [own(t, new Dealer()), own(t, new Router())];
    const endpoint = anyEndpoint("inproc");
    for (let i = 0; i < 5; i++) dealer.connect(endpoint);
    await router.bind(endpoint);
    for (let i = 0; i < 5; i++) dealer.connect(endpoint);
    assert.equal(router.peers().length, 10);
    for (let i = 0; i < 10; i++) await dealer.send(String(i));
    const ids = new Set<string>();
    for (let i = 0; i < 10; i++) ids.add((await receive(router))[0]);
    assert.equal(ids.size, 10);
  },
);

check(
  "test_inproc_connect (multiple connects): ten connectors that wait are all joined by the bind, in order of connecting",
  async (t) => {
    const endpoint = anyEndpoint("inproc");
    for (let i = 0; i < 10; i++) {
      const push = own(t, new Push());
      push.connect(endpoint);
      await push.send(String(i));
    }
    const pull = own(t, new Pull());
    await pull.bind(endpoint);
    assert.deepEqual((await receiveEach(pull, 10)).sort(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  },
);

check("test_inproc_connect (routing id): a ROUTER knows a DEALER by its id, whoever came first", async (t) => {
  for (const bindFirst of [true, false]) {
    const endpoint = anyEndpoint("inproc");
    const [router, dealer] = [own(t, new Router()), own(t, new Dealer({ routingId: "dealer" }))];
    if (bindFirst) await router.bind(endpoint);
    dealer.connect(endpoint);
    if (!bindFirst) await router.bind(endpoint);
    await dealer.send("hello");
    assert.deepEqual(await receive(router), ["dealer", "hello"]);
    await router.send(["dealer", "hi"]);
    assert.deepEqual(await receive(dealer), ["hi"]);
  }
});

check("test_inproc_connect (connect only): closing a socket whose connection nobody bound does not wait", async () => {
  const push = new Push();
  push.connect(anyEndpoint("inproc"));
  assert.deepEqual(await push.end(), { flushed: 0, dropped: 0 });
});

check("test_inproc_connect (unbind): a name is free after unbind; those who are connected stay so", async (t) => {
  const [first, second] = [own(t, new Pair()), own(t, new Pair())];
  const early = own(t, new Pair());
  const endpoint = await join2(first, early, "inproc");
  await first.unbind(endpoint);
  await second.bind(endpoint);
  const late = own(t, new Pair());
  late.connect(endpoint);
  await late.send("for the second");
  await early.send("for the first");
  assert.deepEqual(await receive(first), ["for the first"]);
  assert.deepEqual(await receive(second), ["for the second"]);
});

check(
  "test_inproc_connect (shutdown during pending): a connector that waits may close, or be given up, at any time",
  async (t) => {
    const endpoint = anyEndpoint("inproc");
    const [keeps, leaves] = [own(t, new Push()), own(t, new Push())];
    for (const push of [keeps, leaves]) push.connect(endpoint);
    leaves.disconnect(endpoint);
    const pull = own(t, new Pull());
    await pull.bind(endpoint);
    assert.equal(pull.peers().length, 1);
    await keeps.send("x");
    assert.deepEqual(await receive(pull), ["x"]);
  },
);

for (const [title, make] of [
  ["PUSH and PULL", () => [new Push(), new Pull()]],
  ["PAIR", () => [new Pair(), new Pair()]],
  ["DEALER and ROUTER", () => [new Dealer(), new Router()]],
  ["REQ and REP", () => [new Request(), new Reply()]],
  ["CLIENT and SERVER", () => [new Client(), new Server()]],
] as [string, () => [Push, Pull]][]) {
  check(
    `a receive that waits is served by a join, whoever binds, came first and whichever way it waited: ${title}`,
    async (t) => {
      for (const bindFirst of [true, false]) {
        for (const sendFirst of [true, false]) {
          for (const receiverBinds of [true, false]) {
            const endpoint = anyEndpoint("inproc");
            const [sender, receiver] = make().map((socket) => own(t, socket)) as [Push, Pull];
            const [binder, connector] = receiverBinds ? [receiver, sender] : [sender, receiver];
            const waiting = receiver.receive({ timeout: 1000 });
            const sending = sendFirst ? sender.send("x") : undefined;
            if (bindFirst) await binder.bind(endpoint);
            connector.connect(endpoint);
            if (!bindFirst) await binder.bind(endpoint);
            await (sending ?? sender.send("x"));
            assert.ok((await waiting).map(String).includes("x"));
          }
        }
      }
    },
  );
}

check("5.3: a second bind of a name is EADDRINUSE, also by the same socket", async (t) => {
  const [one, two] = [own(t, new Pull()), own(t, new Pull())];
  const endpoint = await bound(one, "inproc");
  for (const socket of [one, two]) await assert.rejects(async () => socket.bind(endpoint), { code: "EADDRINUSE" });
});

check("5.3: a closed binder gives its name free at once", async (t) => {
  const one = new Pull();
  const endpoint = await bound(one, "inproc");
  one.close();
  const two = own(t, new Pull());
  await two.bind(endpoint);
});

check("5.3: names are exact, of any characters, and belong to one context", async (t) => {
  const context = new Context();
  const name = `inproc://${"n".repeat(600)} *:% ü`;
  const [mine, other] = [own(t, new Pull()), own(t, new Pull({ context }))];
  await mine.bind(name);
  await other.bind(name);
  await mine.bind(`${name}/`);
  const push = own(t, new Push({ context }));
  push.connect(name);
  await push.send("inside the other");
  assert.deepEqual(await receive(other), ["inside the other"]);
  assert.equal(mine.readable, false);
});

check("5.3: the connector's pipe ends when the binder closes, and a later bind of the name does not take it over", async (t) => {
  const pull = new Pull();
  const push = own(t, new Push());
  const endpoint = await join2(pull, push, "inproc");
  pull.close();
  assert.equal(push.trySend("x"), false);
  const next = own(t, new Pull());
  await next.bind(endpoint);
  assert.equal(push.trySend("x"), false);
  push.connect(endpoint);
  await push.send("again");
  assert.deepEqual(await receive(next), ["again"]);
});

check("a socket talks to itself", async (t) => {
  const dealer = own(t, new Dealer());
  const endpoint = await bound(dealer, "inproc");
  dealer.connect(endpoint);
  await dealer.send("1");
  await dealer.send("2");
  assert.deepEqual((await receiveEach(dealer, 2)).sort(), ["1", "2"]);
});

check("REQ and REP over inproc, with either side bound", async (t) => {
  for (const bindRequest of [true, false]) {
    const [request, reply] = [own(t, new Request()), own(t, new Reply())];
    if (bindRequest) await join2(request, reply, "inproc");
    else await join2(reply, request, "inproc");
    await request.send("?");
    assert.deepEqual(await receive(reply), ["?"]);
    await reply.send("!");
    assert.deepEqual(await receive(request), ["!"]);
  }
});

check(
  "test_disconnect_inproc: three publications arrive before a disconnect, none after it, and the publisher sees the unsubscription",
  async (t) => {
    const pub = own(t, new XPublisher());
    const sub = own(t, new Subscriber());
    sub.subscribe("foo");
    const endpoint = await join2(pub, sub, "inproc");
    assert.deepEqual(await receive(pub), ["\x01foo"]);
    for (let i = 0; i < 3; i++) await pub.send(["foo", "this is foo!"]);
    sub.disconnect(endpoint);
    for (let i = 0; i < 3; i++) await pub.send(["foo", "this is foo!"]);
    assert.deepEqual(drainNow(sub), [
      ["foo", "this is foo!"],
      ["foo", "this is foo!"],
      ["foo", "this is foo!"],
    ]);
    assert.deepEqual(await receive(pub), ["\x00foo"]);
    assert.equal(pub.readable, false);
  },
);

check("a disconnect on inproc ends all connections of the socket to that name", async (t) => {
  const [dealer, other] = [own(t, new Dealer()), own(t, new Dealer())];
  const endpoint = await bound(other, "inproc");
  dealer.connect(endpoint);
  dealer.connect(endpoint);
  assert.equal(other.peers().length, 2);
  dealer.disconnect(endpoint);
  assert.equal(dealer.trySend("x"), false);
  assert.throws(() => dealer.disconnect(endpoint), { code: "ENOENT" });
});
