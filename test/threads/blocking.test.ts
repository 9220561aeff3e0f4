/** receiveSync and sendSync: a thread that blocks as libzmq's callers do. */
import assert from "node:assert/strict";
import { Context, Dealer, Pull, Push } from "../../src/node.ts";
import { anyEndpoint, check, eventually, own, receive } from "../support/harness.ts";
import { thread } from "../support/thread.ts";

const notNode = process.versions.bun !== undefined || process.versions.deno !== undefined;

check(
  "a worker receives and sends in a loop that never yields; who connects meanwhile is accepted",
  async (t) => {
    const endpoint = anyEndpoint("inproc");
    const worker = thread(
      t,
      async ({ zmtp, argument, tell }) => {
        const router = new zmtp.Router();
        await router.bind(argument);
        tell("bound");
        for (;;) {
          const [id, text] = router.receiveSync();
          router.sendSync([id, `echo ${text}`]);
        }
      },
      endpoint,
    );
    assert.equal(await worker.told(), "bound");
    for (let i = 0; i < 3; i++) {
      const dealer = own(t, new Dealer());
      dealer.connect(endpoint);
      for (let k = 0; k < 100; k++) {
        await dealer.send(String(k));
        assert.deepEqual(await receive(dealer), [`echo ${k}`]);
      }
    }
  },
  notNode && "this runtime has no receiveMessageOnPort for channels: who connects meanwhile joins when the call has returned",
);

check("a worker receives and sends in a loop that never yields with a peer that was there before", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const dealer = own(t, new Dealer());
  dealer.connect(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const reply = new zmtp.Reply();
      await reply.bind(argument);
      await reply.connected();
      tell("connected");
      for (;;) reply.sendSync(reply.receiveSync());
    },
    endpoint,
  );
  assert.equal(await worker.told(), "connected");
  for (let k = 0; k < 100; k++) {
    await dealer.send([null, String(k)]);
    assert.deepEqual(await receive(dealer), ["", String(k)]);
  }
});

check("sendSync blocks at the mark until the other thread takes something", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 5 }));
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  thread(
    t,
    async ({ zmtp, argument }) => {
      const push = new zmtp.Push({ sendHighWaterMark: 5 });
      push.connect(argument);
      for (let i = 0; i < 1000; i++) push.sendSync([String(i), Buffer.alloc(3000)]);
    },
    endpoint,
  );
  for (let i = 0; i < 1000; i++) assert.equal((await receive(pull))[0], String(i));
});

check("timeouts, closed sockets, and contexts that reach no thread", async (t) => {
  const [push, pull] = [own(t, new Push()), own(t, new Pull({ receiveTimeout: 20 }))];
  const started = performance.now();
  assert.throws(() => pull.receiveSync(), { code: "EAGAIN", reason: "timed-out" });
  assert.ok(performance.now() - started >= 19);
  assert.throws(() => push.sendSync("x", { timeout: 5 }), { code: "EAGAIN" });
  assert.throws(() => push.sendSync("x", { timeout: 0 }), { code: "EAGAIN" });
  const alone = own(t, new Pull({ context: new Context() }));
  assert.throws(() => alone.receiveSync(), { code: "ENOTSUP", message: /this context reaches none; use receive/ });
  pull.close();
  assert.throws(() => pull.receiveSync(), { code: "EBADF" });
});

check("a worker that blocks hears of the end of its peer's thread", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const reader = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const pair = new zmtp.Pair();
      await pair.bind(argument);
      await pair.connected();
      tell(String(pair.receiveSync()));
      try {
        pair.receiveSync({ timeout: 3000 });
      } catch {
        tell(pair.peers().length);
      }
    },
    endpoint,
  );
  const writer = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const pair = new zmtp.Pair();
      pair.connect(argument);
      await pair.send("hello");
      tell("sent");
      await pair.receive();
    },
    endpoint,
  );
  assert.equal(await reader.told(), "hello");
  assert.equal(await writer.told(), "sent");
  await writer.kill();
  assert.equal(await reader.told(), 0);
});

check("what a worker has sent is there for its peer before the worker blocks", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const reply = own(t, new Dealer());
  await reply.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const dealer = new zmtp.Dealer();
      dealer.connect(argument);
      await dealer.connected();
      for (let i = 0; i < 3; i++) {
        await dealer.send(Buffer.alloc(100_000));
        const until = performance.now() + 30;
        while (performance.now() < until) {} // The peer has time to read it, and to sleep again.
      }
      tell(String(dealer.receiveSync({ timeout: 20_000 })));
    },
    endpoint,
  );
  // No call is pending here: this thread does not look by itself.
  let heard = 0;
  await eventually(() => {
    if (reply.tryReceive() !== undefined) heard++;
    return heard === 3;
  });
  await reply.send("heard");
  assert.equal(await worker.told(), "heard");
});
