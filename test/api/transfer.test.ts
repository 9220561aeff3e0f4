/** `send(message, { transfer: true })`: what was sent is no longer the program's. */
import assert from "node:assert/strict";
import { Channel, Dealer, Dish, Pair, Radio, Router, Server } from "../../src/node.ts";
import { anyEndpoint, bound, check, each, join2, own, SCHEMES } from "../support/harness.ts";

each(SCHEMES, "transferred frames arrive, and their buffers are detached at once", async (t, scheme) => {
  const [server, client] = [own(t, new Pair()), own(t, new Pair())];
  await join2(server, client, scheme);
  for (const size of [1, 100, 100_000]) {
    const [buffer, view, bytes] = [Buffer.alloc(size, 1), new Uint16Array(size).fill(0x0202), new ArrayBuffer(size)];
    const sending = client.send([buffer, "text", view, bytes, null], { transfer: true });
    assert.deepEqual([buffer.length, view.length, bytes.byteLength], [0, 0, 0]);
    await sending;
    const frames = await server.receive({ timeout: 5000 });
    const expected = [Buffer.alloc(size, 1), Buffer.from("text"), Buffer.alloc(2 * size, 2), Buffer.alloc(size), Buffer.alloc(0)];
    assert.deepEqual(frames, expected);
    assert.ok(frames.every((frame) => Buffer.isBuffer(frame)));
  }
});

check("what cannot be transferred is refused, and nothing of its message is taken", async (t) => {
  const client = own(t, new Pair());
  client.connect(anyEndpoint("inproc"));
  const good = Buffer.alloc(10_000);
  const refused: readonly [readonly Uint8Array[], RegExp][] = [
    [[good, Buffer.alloc(20_000).subarray(1)], /frame 1 .* 19999 of the 20000 bytes/],
    [[good, Buffer.from(new ArrayBuffer(10), 0, 6)], /frame 1 .* 6 of the 10 bytes/],
    [[good, good], /frame 1 .* that of an earlier frame/],
    [[good, new Uint8Array(new SharedArrayBuffer(10))], /frame 1 .* shared/],
  ];
  for (const [message, text] of refused) {
    assert.throws(() => void client.send(message, { transfer: true }), { code: "EINVAL", message: text });
    assert.equal(good.length, 10_000);
  }
  await client.send(good, { transfer: true });
  assert.throws(() => void client.send(good, { transfer: true }), { code: "EINVAL", message: /transferred before/ });
  await client.send(new ArrayBuffer(0), { transfer: true });
  await client.end(0);
  const kept = Buffer.alloc(10_000);
  assert.throws(() => void client.send(kept, { transfer: true }), { code: "EBADF" });
  assert.equal(kept.length, 10_000);
});

check("a rejected send has taken the bytes all the same", async (t) => {
  const client = own(t, new Pair());
  const body = Buffer.alloc(10_000);
  await assert.rejects(client.send(body, { transfer: true, timeout: 0 }), { code: "EAGAIN" });
  assert.equal(body.length, 0);
});

check("whom a message is for is not taken: a ROUTER's next message has the same id", async (t) => {
  const router = own(t, new Router({ mandatory: true }));
  const endpoint = await bound(router);
  for (const dealer of [new Dealer({ routingId: "announced" }), new Dealer()]) {
    own(t, dealer).connect(endpoint);
    for (let i = 0; i < 2; i++) {
      await dealer.send("question");
      const [id] = await router.receive({ timeout: 5000 });
      const body = Buffer.alloc(10_000, 4);
      await router.send([id, body], { transfer: true });
      assert.ok(id.length > 0);
      assert.equal(body.length, 0);
      assert.deepEqual(await dealer.receive({ timeout: 5000 }), [Buffer.alloc(10_000, 4)]);
    }
  }
});

check("the types with a receiver per message take too", async (t) => {
  const [radio, dish] = [own(t, new Radio()), own(t, new Dish())];
  await dish.bind(anyEndpoint("inproc"));
  dish.join("g");
  radio.connect(dish.lastEndpoint as string);
  const body = Buffer.alloc(10_000, 3);
  await radio.send(body, { group: "g", transfer: true });
  assert.equal(body.length, 0);
  assert.deepEqual((await dish.receive({ timeout: 5000 }))[0], Buffer.alloc(10_000, 3));
  const [server, client] = [own(t, new Server()), own(t, new Channel())];
  const many = [Buffer.alloc(10_000), "b"] as unknown as string;
  assert.throws(() => void server.send(many, { routingId: 1, transfer: true }), { code: "EINVAL", message: /single frames/ });
  assert.equal((many[0] as unknown as Buffer).length, 10_000);
  await assert.rejects(async () => client.send(many, { transfer: true }), { code: "EINVAL" });
});
