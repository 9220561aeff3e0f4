/** Threads that are ended at any instant: what they had sent arrives, their names are free, their peers hear of it and go on. */
import assert from "node:assert/strict";
import { Dealer, Pull, Push, Router } from "../../src/node.ts";
import { anyEndpoint, check, Events, eventually, own, receive } from "../support/harness.ts";
import { thread } from "../support/thread.ts";

check(
  "a thread that is ended in the middle of sending: its messages come whole and in order, then a disconnect with the reason",
  async (t) => {
    for (let round = 0; round < 5; round++) {
      const pull = own(t, new Pull());
      const events = new Events(pull);
      const endpoint = anyEndpoint("inproc");
      await pull.bind(endpoint);
      const worker = thread(
        t,
        async ({ zmtp, argument }) => {
          const push = new zmtp.Push();
          push.connect(argument);
          for (let i = 0; ; i++) await push.send([String(i), Buffer.alloc(i % 5000, i)]);
        },
        endpoint,
      );
      let next = 0;
      const take = ([number, body]: Uint8Array[]): void => {
        assert.equal(String(number), String(next));
        assert.ok(Buffer.alloc(next % 5000, next).equals(body));
        next++;
      };
      while (next < 200) take(await pull.receive());
      await worker.kill();
      for (let message = pull.tryReceive(); pull.peers().length > 0 || message !== undefined; message = pull.tryReceive()) {
        if (message === undefined) await new Promise((resolve) => setImmediate(resolve));
        else take(message);
      }
      const { reason, retry, error } = await events.next("disconnect");
      assert.deepEqual([reason, retry, error.code], ["thread-ended", false, "ECONNRESET"]);
    }
  },
);

check("the names of a thread that was ended are free", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      await new zmtp.Pull().bind(argument);
      tell("bound");
      await new Promise((resolve) => setTimeout(resolve, 1e6));
    },
    endpoint,
  );
  assert.equal(await worker.told(), "bound");
  const pull = own(t, new Pull());
  await assert.rejects(async () => pull.bind(endpoint), { code: "EADDRINUSE" });
  await worker.kill();
  await pull.bind(endpoint);
});

check("a PUSH gives what an ended thread had not taken to its other peers", async (t) => {
  const push = own(t, new Push());
  const endpoint = anyEndpoint("inproc");
  await push.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const pull = new zmtp.Pull();
      pull.connect(argument);
      while (pull.peers()[0].state !== "ready") await new Promise((resolve) => setTimeout(resolve, 1));
      tell("connected");
      for (;;) {} // Takes nothing.
    },
    endpoint,
  );
  assert.equal(await worker.told(), "connected");
  for (let i = 0; i < 10; i++) await push.send([String(i), Buffer.alloc(300_000 * (i % 3), i)]);
  const pull = own(t, new Pull());
  pull.connect(endpoint);
  await worker.kill();
  for (let i = 0; i < 10; i++) {
    const [number, body] = await pull.receive({ timeout: 5000 });
    assert.equal(String(number), String(i));
    assert.equal(body.length, 300_000 * (i % 3));
  }
});

check("a ROUTER goes on with the others when one of its DEALERs' threads is ended", async (t) => {
  const router = own(t, new Router({ mandatory: true }));
  const endpoint = anyEndpoint("inproc");
  await router.bind(endpoint);
  const dealers = ["a", "b"].map((routingId) =>
    thread(
      t,
      async ({ zmtp, argument }) => {
        const dealer = new zmtp.Dealer({ routingId: argument.routingId });
        dealer.connect(argument.endpoint);
        await dealer.send("hello");
        for await (const message of dealer) await dealer.send(message);
      },
      { routingId, endpoint },
    ),
  );
  const hello = [await receive(router), await receive(router)];
  assert.deepEqual(hello.map(([id]) => id).sort(), ["a", "b"]);
  await dealers[0].kill();
  await eventually(() => router.peers().length === 1);
  await assert.rejects(router.send(["a", "x"]), { code: "EHOSTUNREACH" });
  await router.send(["b", "x"]);
  assert.deepEqual(await receive(router), ["b", "x"]);
});

check("a worker's worker ends with it", async (t) => {
  const router = own(t, new Router());
  const endpoint = anyEndpoint("inproc");
  await router.bind(endpoint);
  const outer = thread(
    t,
    async ({ zmtp, argument }) => {
      const { Worker } = process.getBuiltinModule("node:worker_threads");
      const program = async ({ zmtp: inner, argument: where }: { zmtp: typeof zmtp; argument: string }): Promise<void> => {
        const dealer = new inner.Dealer();
        dealer.connect(where);
        await dealer.send("from the inner");
        await dealer.receive();
      };
      new Worker(process.argv[1] ?? "", { workerData: { text: program.toString(), argument: argument.endpoint } });
      const dealer = new zmtp.Dealer();
      dealer.connect(argument.endpoint);
      await dealer.send("from the outer");
      await dealer.receive();
    },
    { endpoint },
  );
  const texts = [(await receive(router))[1], (await receive(router))[1]];
  assert.deepEqual(texts.sort(), ["from the inner", "from the outer"]);
  assert.equal(router.peers().length, 2);
  await outer.kill();
  await eventually(() => router.peers().length === 0);
});

check("a connection whose binder is ended before it answers waits for the next one", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      await new zmtp.Pull().bind(argument);
      tell("bound");
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (;;) {} // Answers no offer.
    },
    endpoint,
  );
  assert.equal(await worker.told(), "bound");
  await new Promise((resolve) => setTimeout(resolve, 20));
  const dealer = own(t, new Dealer());
  dealer.connect(endpoint);
  await dealer.send("kept");
  await worker.kill();
  const next = own(t, new Pull());
  await next.bind(endpoint);
  assert.deepEqual(await receive(next), ["kept"]);
});
