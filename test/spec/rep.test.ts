/** RFC 28 (REQREP), REP; libzmq's test_spec_rep, test_reqrep_inproc, _ipc, _tcp and test_reqrep_device. */
import assert from "node:assert/strict";
import { Dealer, Reply, Request, Router } from "../../src/node.ts";
import {
  bound,
  check,
  Events,
  each,
  eventually,
  freePort,
  join2,
  notApplicable,
  own,
  receive,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

each(SCHEMES, "test_spec_rep, RFC 28: REP SHALL receive from its peers using a fair-queuing strategy", async (t, scheme) => {
  const reply = own(t, new Reply());
  const endpoint = await bound(reply, scheme);
  const dealers = ["a", "b", "c"].map((name) => ({ name, dealer: own(t, new Dealer()) }));
  for (const { name, dealer } of dealers) {
    dealer.connect(endpoint);
    await dealer.send(["", name]);
    await dealer.send(["", name]);
  }
  await eventually(() => reply.stats().receiving === 6);
  for (let round = 0; round < 2; round++) {
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      const [name] = await receive(reply);
      names.push(name);
      await reply.send(`to ${name}`);
    }
    assert.deepEqual(names.sort(), ["a", "b", "c"]);
  }
  for (const { name, dealer } of dealers) {
    assert.deepEqual(await receive(dealer), ["", `to ${name}`]);
    assert.deepEqual(await receive(dealer), ["", `to ${name}`]);
  }
});

each(
  SCHEMES,
  "test_spec_rep, RFC 28: REP keeps the envelope up to and including the delimiter and sends it back",
  async (t, scheme) => {
    const reply = own(t, new Reply());
    const dealer = own(t, new Dealer());
    await join2(reply, dealer, scheme);
    await dealer.send(["hop 1", "hop 2", "", "ABC", "", "DEF"]);
    assert.deepEqual(await receive(reply), ["ABC", "", "DEF"]);
    await reply.send(["GHI", "JKL"]);
    assert.deepEqual(await receive(dealer), ["hop 1", "hop 2", "", "GHI", "JKL"]);
  },
);

each(SCHEMES, "RFC 28: a request without delimiter is discarded, with an event", async (t, scheme) => {
  const reply = own(t, new Reply());
  const events = new Events(reply);
  const dealer = own(t, new Dealer());
  await join2(reply, dealer, scheme);
  await dealer.send(["no", "delimiter"]);
  await dealer.send(["", "good"]);
  assert.deepEqual(await receive(reply), ["good"]);
  const drop = await events.next("drop");
  assert.equal(drop.reason, "invalid-envelope");
  assert.equal(drop.count, 1);
});

each(SCHEMES, "RFC 28: REP alternates: out of turn `try…` throws EFSM, promises wait and then reject EFSM", async (t, scheme) => {
  const reply = own(t, new Reply());
  const request = own(t, new Request());
  await join2(reply, request, scheme);
  assert.throws(() => reply.trySend("x"), { code: "EFSM", message: /receive one first/ });
  await assert.rejects(reply.send("x", { timeout: 5 }), { code: "EFSM" });
  await request.send("ask");
  assert.deepEqual(await receive(reply), ["ask"]);
  assert.throws(() => reply.tryReceive(), { code: "EFSM", message: /send the reply first/ });
  await assert.rejects(reply.receive({ timeout: 5 }), { code: "EFSM" });
  await reply.send("answer");
  assert.deepEqual(await receive(request), ["answer"]);
});

each(SCHEMES, "RFC 28: a reply to a peer that is gone is dropped, and the next request served", async (t, scheme) => {
  const reply = own(t, new Reply());
  const endpoint = await bound(reply, scheme);
  const events = new Events(reply);
  const gone = new Request();
  gone.connect(endpoint);
  await gone.send("bye");
  assert.deepEqual(await receive(reply), ["bye"]);
  await gone.end(0);
  await eventually(() => reply.peers().length === 0);
  await reply.send("to nobody");
  assert.equal((await events.next("drop")).reason, "unroutable");
  const next = own(t, new Request());
  next.connect(endpoint);
  await next.send("next");
  assert.deepEqual(await receive(reply), ["next"]);
});

each(SCHEMES, "test_reqrep_inproc, _ipc, _tcp: bounce, by one connect and by several", async (t, scheme) => {
  const reply = own(t, new Reply());
  const endpoint = await bound(reply, scheme);
  const one = own(t, new Request());
  one.connect(endpoint);
  const replies = [own(t, new Reply()), own(t, new Reply())];
  for (const other of replies) one.connect(await bound(other, scheme));
  for (const server of [reply, ...replies]) {
    await one.send("12345678ABCDEFGH12345678abcdefgh");
    assert.deepEqual(await receive(server), ["12345678ABCDEFGH12345678abcdefgh"]);
    await server.send(["12345678ABCDEFGH12345678abcdefgh", "more"]);
    assert.deepEqual(await receive(one), ["12345678ABCDEFGH12345678abcdefgh", "more"]);
  }
});

each(STREAMS, "test_reqrep_ipc: no connection is left when both have closed", async (t, scheme) => {
  const reply = new Reply();
  const request = new Request();
  const events = new Events(reply);
  await join2(reply, request, scheme);
  await request.send("x");
  assert.deepEqual(await receive(reply), ["x"]);
  await reply.send("y");
  assert.deepEqual(await receive(request), ["y"]);
  await request.end();
  await events.next("disconnect");
  assert.equal(reply.peers().length, 0);
  await reply.end();
  t.diagnostic("both ended");
});

check("test_reqrep_tcp: a source port is used again at once", async (t) => {
  const reply = own(t, new Reply());
  const endpoint = await bound(reply);
  const source = await freePort();
  for (let i = 0; i < 2; i++) {
    const other = own(t, new Reply());
    const target = i === 0 ? endpoint : await bound(other);
    const request = new Request();
    request.connect(`tcp://127.0.0.1:${source};${target.slice(6)}`);
    await request.send("x");
    const server = i === 0 ? reply : other;
    const { message, peer } = await server.receiveFrom({ timeout: 5000 });
    assert.equal(String(message[0]), "x");
    assert.equal(peer.address, `tcp://127.0.0.1:${source}`);
    await request.end(0);
  }
});

check("test_reqrep_tcp: IPv6", async (t) => {
  const reply = own(t, new Reply({ ipv6: true }));
  await reply.bind("tcp://[::1]:*");
  assert.match(reply.lastEndpoint as string, /^tcp:\/\/\[::1\]:\d+$/);
  const request = own(t, new Request({ ipv6: true }));
  request.connect(reply.lastEndpoint as string);
  await request.send("six");
  assert.deepEqual(await receive(reply), ["six"]);
});

each(
  SCHEMES,
  "test_reqrep_device: a request passes a hand-made ROUTER/DEALER device, and its reply comes back",
  async (t, scheme) => {
    const [front, back] = [own(t, new Router()), own(t, new Dealer())];
    const [frontEndpoint, backEndpoint] = [await bound(front, scheme), await bound(back, scheme)];
    const [reply, request] = [own(t, new Reply()), own(t, new Request())];
    reply.connect(backEndpoint);
    request.connect(frontEndpoint);
    await request.send(["ABC", "DEF"]);
    await back.send(await front.receive());
    assert.deepEqual(await receive(reply), ["ABC", "DEF"]);
    await reply.send(["GHI", "JKL"]);
    await front.send(await back.receive());
    assert.deepEqual(await receive(request), ["GHI", "JKL"]);
  },
);

notApplicable("test_spec_rep (N-way fair queue variant, disabled in libzmq)", "the variant above has the same meaning");
