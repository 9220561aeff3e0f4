// Context.shutdown() and end() (libzmq test_ctx_destroy), has(), z85.
import assert from "node:assert/strict";
import { Context, capability, has, Pull, Push, Subscriber, z85 } from "../../src/node.ts";
import { bound, check, own } from "../support/harness.ts";

check(
  "test_ctx_destroy (shutdown): it rejects what waits with ETERM: receive, send, drain, iteration, connected, poll's kind of waits",
  async () => {
    const context = new Context();
    const pulls = Array.from({ length: 3 }, () => new Pull({ context }));
    const push = new Push({ context });
    const waits = [
      pulls[0].receive(),
      pulls[1].drain(() => undefined),
      (async () => {
        for await (const _ of pulls[2]) assert.fail("nothing comes");
      })(),
      push.send("nobody"),
      push.connected(),
    ];
    const outcomes = Promise.allSettled(waits);
    context.shutdown();
    for (const outcome of await outcomes) {
      assert.equal(outcome.status, "rejected");
      assert.equal((outcome as PromiseRejectedResult).reason.code, "ETERM");
    }
    for (const call of [
      () => push.send("x"),
      () => pulls[0].receive(),
      () => push.connect("inproc://x"),
      () => new Pull({ context }),
    ]) {
      assert.throws(call, { code: "ETERM", message: /terminated/ });
    }
    context.shutdown();
    for (const socket of [...pulls, push]) {
      socket.close();
      assert.throws(() => socket.lastEndpoint === null && socket.connect("inproc://x"), { code: "EBADF" });
    }
  },
);

check(
  "test_ctx_destroy (term): end closes all sockets, waits until what they sent is out, and tells what went out and what was lost",
  async (t) => {
    const pull = own(t, new Pull());
    const endpoint = await bound(pull);
    const context = new Context();
    const push = new Push({ context });
    const lost = new Push({ context, linger: 0 });
    const subscriber = new Subscriber({ context });
    push.connect(endpoint);
    await push.connected();
    lost.connect("tcp://127.0.0.1:9");
    await lost.send("never");
    for (let i = 0; i < 10; i++) await push.send(String(i));
    const outcome = await context.end();
    assert.equal(outcome.dropped, 1);
    assert.ok(push.closed && lost.closed && subscriber.closed);
    for (let i = 0; i < 10; i++) assert.equal(String(await pull.receive()), String(i));
    assert.deepEqual(await context.end(), { flushed: 0, dropped: 0 });
  },
);

check("test_capabilities: has answers as capability does, and no to what nobody knows; z85 is there", () => {
  for (const [name, offered] of Object.entries(capability)) assert.equal(has(name), offered, name);
  for (const name of ["", "toString", "nonsense"]) assert.equal(has(name), false, name);
  assert.equal(z85.encode(Buffer.from("864fd26fb559f75b", "hex")), "HelloWorld");
});
