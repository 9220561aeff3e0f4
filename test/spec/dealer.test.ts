/** RFC 28 (REQREP), DEALER; libzmq's test_spec_dealer. */
import assert from "node:assert/strict";
import { Dealer, Reply, Router } from "../../src/node.ts";
import {
  anyEndpoint,
  bound,
  check,
  each,
  eventually,
  freeEndpoint,
  join2,
  notApplicable,
  own,
  receive,
  receiveEach,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

each(
  SCHEMES,
  "test_spec_dealer, RFC 28: DEALER SHALL send to available peers using a round-robin strategy",
  async (t, scheme) => {
    const dealer = own(t, new Dealer());
    const endpoint = await bound(dealer, scheme);
    const replies = Array.from({ length: 5 }, () => own(t, new Reply()));
    for (const reply of replies) reply.connect(endpoint);
    await dealer.connected(5);
    for (let i = 0; i < 5; i++) await dealer.send(["", "ABC"]);
    for (const reply of replies) {
      assert.deepEqual(await receive(reply), ["ABC"]);
      await reply.send("DEF");
    }
    for (let i = 0; i < 5; i++) assert.deepEqual(await receive(dealer), ["", "DEF"]);
  },
);

each(
  SCHEMES,
  "test_spec_dealer, RFC 28: DEALER SHALL receive from its peers using a fair-queuing strategy",
  async (t, scheme) => {
    const dealer = own(t, new Dealer());
    const endpoint = await bound(dealer, scheme);
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) {
      const other = own(t, new Dealer());
      other.connect(endpoint);
      for (let i = 0; i < 2; i++) await other.send([name, "body"]);
    }
    await eventually(() => dealer.stats().receiving === 10);
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(
        (await receiveEach(dealer, 5)).sort(),
        names.map((name) => `${name}|body`),
      );
    }
  },
);

each(
  SCHEMES,
  "test_spec_dealer, RFC 28: DEALER SHALL block on sending, or return an error, when it has no available peers",
  async (t, scheme) => {
    const dealer = own(t, new Dealer());
    await dealer.bind(anyEndpoint(scheme));
    assert.equal(dealer.trySend("x"), false);
    await assert.rejects(dealer.send("x", { timeout: 0 }), { code: "EAGAIN" });
    await assert.rejects(dealer.send("x", { timeout: 5 }), { code: "EAGAIN" });
  },
);

each(SCHEMES, "RFC 28: DEALER adds no envelope and removes none", async (t, scheme) => {
  const [one, two] = [own(t, new Dealer()), own(t, new Dealer())];
  await join2(one, two, scheme);
  for (const parts of [["x"], [""], ["", ""], ["id", "", "body"]]) {
    await one.send(parts);
    assert.deepEqual(await receive(two), parts);
  }
});

each(STREAMS, "4.13: a second connect of a DEALER to the same endpoint is no second connection", async (t, scheme) => {
  const dealer = own(t, new Dealer());
  const router = own(t, new Router());
  const endpoint = await join2(router, dealer, scheme);
  dealer.connect(endpoint);
  await dealer.send("marker");
  assert.equal((await receive(router))[1], "marker");
  assert.equal(router.peers().length, 1);
  assert.equal(dealer.peers().length, 1);
});

check("a DEALER sends to an endpoint that is not there yet, up to its high-water mark", async (t) => {
  const dealer = own(t, new Dealer({ sendHighWaterMark: 7, reconnectInterval: 5 }));
  const endpoint = await freeEndpoint("tcp");
  dealer.connect(endpoint);
  for (let i = 0; i < 7; i++) assert.ok(dealer.trySend(String(i)));
  assert.equal(dealer.trySend("8th"), false);
  const other = own(t, new Dealer());
  await other.bind(endpoint);
  assert.deepEqual(await receiveEach(other, 7), ["0", "1", "2", "3", "4", "5", "6"]);
});

notApplicable(
  "test_spec_dealer (drop queues on disconnect, disabled in libzmq)",
  "not met on purpose: a dialled endpoint keeps its queue, as libzmq does",
);
