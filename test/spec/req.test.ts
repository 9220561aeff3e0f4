/** RFC 28 (REQREP), REQ; libzmq's test_spec_req. */
import assert from "node:assert/strict";
import { Reply, Request, Router } from "../../src/node.ts";
import { anyEndpoint, bound, check, Events, each, eventually, join2, own, receive, SCHEMES } from "../support/harness.ts";

each(SCHEMES, "test_spec_req, RFC 28: REQ SHALL route outgoing messages using a round-robin strategy", async (t, scheme) => {
  const request = own(t, new Request());
  const endpoint = await bound(request, scheme);
  const replies = Array.from({ length: 5 }, () => own(t, new Reply()));
  for (const reply of replies) reply.connect(endpoint);
  await request.connected(5);
  const served = new Set<number>();
  for (let i = 0; i < 5; i++) {
    await request.send("ABC");
    const winner = await Promise.any(
      replies.map(async (reply, index) => {
        await eventually(() => reply.readable || served.size > i);
        if (served.size > i) throw new Error("another");
        served.add(index);
        return reply;
      }),
    );
    assert.deepEqual(await receive(winner), ["ABC"]);
    await winner.send("DEF");
    assert.deepEqual(await receive(request), ["DEF"]);
  }
  assert.equal(served.size, 5);
});

each(SCHEMES, "test_spec_req, RFC 28: REQ prefixes an empty delimiter and strips it from the reply", async (t, scheme) => {
  const request = own(t, new Request({ routingId: "req" }));
  const router = own(t, new Router());
  await join2(router, request, scheme);
  await request.send(["ABC", "DEF"]);
  assert.deepEqual(await receive(router), ["req", "", "ABC", "DEF"]);
  await router.send(["req", "", "GHI", "JKL"]);
  assert.deepEqual(await receive(request), ["GHI", "JKL"]);
});

each(
  SCHEMES,
  "test_spec_req, RFC 28: REQ SHALL block on sending, or return an error, when it has no available peers",
  async (t, scheme) => {
    const request = own(t, new Request());
    await request.bind(anyEndpoint(scheme));
    assert.equal(request.trySend("x"), false);
    await assert.rejects(request.send("x", { timeout: 0 }), { code: "EAGAIN" });
    await assert.rejects(request.send("x", { timeout: 5 }), { code: "EAGAIN" });
    assert.throws(() => request.tryReceive(), { code: "EFSM" }, "a send that failed asked nothing");
  },
);

each(
  SCHEMES,
  "test_spec_req (disabled in libzmq), RFC 28: REQ SHALL accept a reply only from the peer it asked",
  async (t, scheme) => {
    const request = own(t, new Request({ routingId: "req" }));
    const events = new Events(request);
    const endpoint = await bound(request, scheme);
    const routers = [own(t, new Router()), own(t, new Router())];
    for (const router of routers) router.connect(endpoint);
    await Promise.all([request.connected(2), ...routers.map((router) => router.connected())]);
    await request.send("question");
    await eventually(() => routers.some((router) => router.readable));
    const asked = routers.find((router) => router.readable) as Router;
    const other = routers.find((router) => router !== asked) as Router;
    assert.deepEqual(await receive(asked), ["req", "", "question"]);
    await other.send(["req", "", "wrong"]);
    await eventually(() => request.stats().receiving === 1 || request.stats().dropped["stale-reply"] === 1);
    await asked.send(["req", "", "right"]);
    assert.deepEqual(await receive(request), ["right"]);
    assert.equal((await events.next("drop")).reason, "stale-reply");
  },
);

each(SCHEMES, "RFC 28: REQ alternates: out of turn `try…` throws EFSM, promises wait and then reject EFSM", async (t, scheme) => {
  const request = own(t, new Request());
  const reply = own(t, new Reply());
  await join2(reply, request, scheme);
  assert.throws(() => request.tryReceive(), {
    code: "EFSM",
    message: /Operation cannot be accomplished in current state.*send a request first/,
  });
  await assert.rejects(request.receive({ timeout: 5 }), { code: "EFSM" });
  await request.send("one");
  assert.throws(() => request.trySend("two"), { code: "EFSM", message: /waiting for a reply from .*asked .* s ago.*relaxed/ });
  await assert.rejects(request.send("two", { timeout: 5 }), { code: "EFSM" });
  const second = request.send("second");
  assert.deepEqual(await receive(reply), ["one"]);
  await reply.send("answer one");
  assert.deepEqual(await receive(request), ["answer one"]);
  await second;
  assert.deepEqual(await receive(reply), ["second"]);
});

each(SCHEMES, "4.4: a request whose peer died is not sent again; REQ goes on waiting", async (t, scheme) => {
  const request = own(t, new Request());
  const endpoint = await bound(request, scheme);
  const first = new Reply();
  first.connect(endpoint);
  await request.connected();
  await request.send("lost");
  assert.deepEqual(await receive(first), ["lost"]);
  await first.end(0);
  const second = own(t, new Reply());
  second.connect(endpoint);
  await eventually(() => request.peers().some((peer) => peer.state === "ready"));
  assert.throws(() => request.trySend("next"), { code: "EFSM" });
  assert.equal(second.readable, false);
});

check("4.4: a REQ whose asked peer is gone takes a valid reply from any other", async (t) => {
  const request = own(t, new Request({ routingId: "req" }));
  const endpoint = await bound(request);
  const routers = [own(t, new Router()), own(t, new Router())];
  for (const router of routers) router.connect(endpoint);
  await Promise.all([request.connected(2), ...routers.map((router) => router.connected())]);
  await request.send("question");
  await eventually(() => routers.some((router) => router.readable));
  const asked = routers.find((router) => router.readable) as Router;
  const other = routers.find((router) => router !== asked) as Router;
  await asked.end(0);
  await eventually(() => request.peers().length === 1);
  await other.send(["req", "", "from the other"]);
  assert.deepEqual(await receive(request), ["from the other"]);
});
