/** libzmq's test_req_correlate, test_req_relaxed and test_invalid_rep. */
import assert from "node:assert/strict";
import { type Dealer, Reply, Request, Router } from "../../src/node.ts";
import { message } from "../support/engine-probe.ts";
import { bound, check, Events, each, eventually, join2, own, receive, SCHEMES } from "../support/harness.ts";
import { RawListener } from "../support/raw-peer.ts";

each(
  SCHEMES,
  "test_req_correlate: a request carries an id of 4 octets, and replies with another are ignored",
  async (t, scheme) => {
    const request = own(t, new Request({ routingId: "req", correlate: true }));
    const router = own(t, new Router());
    const events = new Events(request);
    await join2(router, request, scheme);
    await request.send(["ABC", "DEF"]);
    const [peer, id, empty, ...body] = await router.receive({ timeout: 5000 });
    assert.equal(String(peer), "req");
    assert.equal(id.length, 4);
    assert.equal(empty.length, 0);
    assert.deepEqual(body.map(String), ["ABC", "DEF"]);
    const wrong = Buffer.from(id);
    wrong[3] ^= 1;
    await router.send([peer, wrong, "", "WRONG"]);
    await router.send([peer, "", "DIFFERENT"]);
    await router.send([peer, id, "", "GHI"]);
    assert.deepEqual(await receive(request), ["GHI"]);
    await events.next("drop", 2);
    for (const drop of events.of("drop")) assert.equal(drop.reason, "invalid-envelope");
  },
);

each(SCHEMES, "test_req_correlate: each request has an id of its own", async (t, scheme) => {
  const request = own(t, new Request({ correlate: true }));
  const router = own(t, new Router());
  await join2(router, request, scheme);
  const ids = new Set<string>();
  for (let i = 0; i < 5; i++) {
    await request.send("?");
    const [peer, id] = await router.receive({ timeout: 5000 });
    ids.add(id.toString("hex"));
    await router.send([peer, id, "", "!"]);
    assert.deepEqual(await receive(request), ["!"]);
  }
  assert.equal(ids.size, 5);
});

each(
  SCHEMES,
  "test_req_relaxed: REP answers what is relaxed and correlated; the last question gets its own answer",
  async (t, scheme) => {
    const request = own(t, new Request({ relaxed: true, correlate: true }));
    const endpoint = await bound(request, scheme);
    const replies = [own(t, new Reply()), own(t, new Reply())];
    for (const reply of replies) reply.connect(endpoint);
    await request.connected(2);
    // Case 1: the first reply comes after the second question was asked of another peer: it is ignored.
    await request.send("1st");
    await eventually(() => replies.some((reply) => reply.readable));
    const [first, second] = replies[0].readable ? replies : [replies[1], replies[0]];
    assert.deepEqual(await receive(first), ["1st"]);
    await request.send("2nd");
    assert.deepEqual(await receive(second), ["2nd"]);
    await first.send("to 1st");
    await second.send("to 2nd");
    assert.deepEqual(await receive(request), ["to 2nd"]);
    // Case 2: the stale reply is there already when the next question is asked of the peer that sent it.
    await request.send("3rd");
    assert.deepEqual(await receive(first), ["3rd"]);
    await first.send("to 3rd");
    assert.deepEqual(await receive(request), ["to 3rd"]);
  },
);

each(SCHEMES, "test_req_relaxed: a stale reply of the same peer is not taken for the next answer", async (t, scheme) => {
  const request = own(t, new Request({ relaxed: true, correlate: true }));
  const reply = own(t, new Reply());
  await join2(reply, request, scheme);
  await request.send("1st");
  assert.deepEqual(await receive(reply), ["1st"]);
  await request.send("2nd");
  await reply.send("to 1st");
  assert.deepEqual(await receive(reply), ["2nd"]);
  await reply.send("to 2nd");
  assert.deepEqual(await receive(request), ["to 2nd"]);
});

each(SCHEMES, "test_req_relaxed: when the asked peer is lost, the next question goes to another", async (t, scheme) => {
  const request = own(t, new Request({ relaxed: true, correlate: true }));
  const endpoint = await bound(request, scheme);
  const replies = [own(t, new Reply()), own(t, new Reply())];
  for (const reply of replies) reply.connect(endpoint);
  await request.connected(2);
  await request.send("lost");
  await eventually(() => replies.some((reply) => reply.readable));
  const [lost, other] = replies[0].readable ? replies : [replies[1], replies[0]];
  await lost.end(0);
  await eventually(() => request.peers().length === 1);
  await request.send("again");
  assert.deepEqual(await receive(other), ["again"]);
  await other.send("answer");
  assert.deepEqual(await receive(request), ["answer"]);
});

each(SCHEMES, "test_req_relaxed: without it a second question is refused, and turning it on allows it", async (t, scheme) => {
  const request = own(t, new Request({ correlate: true }));
  const reply = own(t, new Reply());
  await join2(reply, request, scheme);
  await request.send("1");
  assert.throws(() => request.trySend("2"), { code: "EFSM" });
  request.relaxed = true;
  assert.ok(request.trySend("2"));
});

check("test_invalid_rep (inproc): a REQ skips replies with a broken envelope and takes the next good one", async (t) => {
  const request = own(t, new Request({ routingId: "req" }));
  const router = own(t, new Router());
  await join2(router, request, "inproc");
  await request.send("r");
  const [id] = await router.receive({ timeout: 5000 });
  await router.send([id, "b", "b", "b"]);
  await router.send([id, "b"]);
  await router.send([id, ""]);
  await router.send([id, "", "b"]);
  assert.deepEqual(await receive(request), ["b"]);
  assert.equal(request.stats().dropped["invalid-envelope"], 3);
});

for (const [title, wrong] of [
  ["no delimiter", message("b", "b")],
  ["one frame", message("b")],
  ["an empty frame alone", message("")],
  ["4 octets, then no delimiter", message("1234", "b")],
] as const) {
  check(`test_invalid_rep (tcp, D13): ${title}: the connection ends, and its endpoint is not tried again`, async (t) => {
    const server = await RawListener.listen(t);
    const request = own(t, new Request({ reconnectInterval: 5 }));
    const events = new Events(request);
    request.connect(server.endpoint);
    const peer = await server.accept();
    await peer.handshake("ROUTER");
    await request.send("?");
    assert.deepEqual((await peer.readMessage()).map(String), ["", "?"]);
    peer.send(wrong);
    await peer.closed();
    const event = await events.next("disconnect");
    assert.equal(event.reason, "malformed-message");
    assert.equal(event.retry, false);
    await eventually(() => request.peers().length === 0);
  });
}

check("a REQ over tcp takes a good reply whose body has empty frames", async (t) => {
  const server = await RawListener.listen(t);
  const request = own(t, new Request());
  request.connect(server.endpoint);
  const peer = await server.accept();
  await peer.handshake("ROUTER");
  await request.send("?");
  await peer.readMessage();
  peer.send(message("", "", "x", ""));
  assert.deepEqual(await receive(request), ["", "x", ""]);
});

/** Kept for its type: DEALER and REQ are incompatible over a wire, as RFC 28 has it. */
export type Incompatible = Dealer;
