/** inproc between worker threads: names, either order, order of messages, marks, closing. */
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { Dealer, Pair, Pull, Push, Router } from "../../src/node.ts";
import { anyEndpoint, check, eventually, fill, own, receive, receiveEach } from "../support/harness.ts";
import { thread } from "../support/thread.ts";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

check("test_inproc_connect (threads): a worker connects to a name that this thread bound before", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  thread(
    t,
    async ({ zmtp, argument }) => {
      const push = new zmtp.Push();
      push.connect(argument);
      for (let i = 0; i < 100; i++) await push.send(String(i));
    },
    endpoint,
  );
  const { message, peer } = await pull.receiveFrom({ timeout: 5000 });
  assert.equal(String(message), "0");
  assert.equal(peer.socketType, "PUSH");
  assert.deepEqual(await receiveEach(pull, 99), numbers(100).slice(1));
});

check(
  "test_inproc_connect (threads): a worker binds a name that this thread connected to before; what was sent meanwhile comes in order",
  async (t) => {
    const push = own(t, new Push());
    const endpoint = anyEndpoint("inproc");
    push.connect(endpoint);
    for (let i = 0; i < 100; i++) await push.send(String(i));
    const worker = thread(
      t,
      async ({ zmtp, argument, tell }) => {
        const pull = new zmtp.Pull();
        await pull.bind(argument);
        for (let i = 0; i < 100; i++) tell(String(await pull.receive()));
      },
      endpoint,
    );
    for (const expected of numbers(100)) assert.equal(await worker.told(), expected);
  },
);

check("two workers talk to each other", async (t) => {
  const endpoint = anyEndpoint("inproc");
  const reader = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const pull = new zmtp.Pull();
      pull.connect(argument);
      for (let i = 0; i < 1000; i++) tell(String(await pull.receive()));
    },
    endpoint,
  );
  thread(
    t,
    async ({ zmtp, argument }) => {
      const push = new zmtp.Push();
      await push.bind(argument);
      for (let i = 0; i < 1000; i++) await push.send(String(i));
    },
    endpoint,
  );
  for (const expected of numbers(1000)) assert.equal(await reader.told(), expected);
});

check("both marks hold together, whether or not the other thread reads", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 30 }));
  const endpoint = anyEndpoint("inproc");
  await push.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const pull = new zmtp.Pull({ receiveHighWaterMark: 20 });
      pull.connect(argument);
      const until = performance.now() + 100;
      tell("connected");
      await new Promise((resolve) => setTimeout(resolve, 20));
      while (performance.now() < until) {} // The thread is busy: nothing is read out of the ring.
      for (;;) tell(String(await pull.receive()));
    },
    endpoint,
  );
  assert.equal(await worker.told(), "connected");
  await push.connected();
  assert.equal(fill(push, "x"), 50);
  for (let i = 0; i < 50; i++) assert.equal(await worker.told(), "x");
  await push.send("y");
  assert.equal(await worker.told(), "y");
});

check("test_sockopt_hwm (threads): marks changed later count at once, on both sides", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  const endpoint = anyEndpoint("inproc");
  await push.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const control = new zmtp.Pair();
      control.connect(`${argument}-control`);
      const pull = new zmtp.Pull({ receiveHighWaterMark: 1 });
      pull.connect(argument);
      for await (const [mark] of control) {
        if (mark.length > 0) pull.receiveHighWaterMark = Number(mark);
        else tell([...Array(10)].map(() => String(pull.tryReceive())));
      }
    },
    endpoint,
  );
  const control = own(t, new Pair());
  await control.bind(`${endpoint}-control`);
  await push.connected();
  assert.equal(fill(push, "x"), 2);
  push.sendHighWaterMark = 4;
  assert.equal(fill(push, "x"), 3);
  const waiting = push.send("woken by the other side's new mark");
  await control.send("6");
  await waiting;
  assert.equal(fill(push, "x"), 4);
  await control.send("0");
  await eventually(() => fill(push, "x", 5000) === 5000);
  push.sendHighWaterMark = 3;
  await control.send("2");
  await eventually(() => push.peers()[0].sending.highWaterMark === 5);
  assert.equal(push.trySend("x"), false);
  await control.send("");
  assert.deepEqual((await worker.told<string[]>()).slice(0, 7), [..."xxxxx", "woken by the other side's new mark", "x"]);
});

check("a mark that changes while the connection is being made counts too", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  const endpoint = anyEndpoint("inproc");
  await push.bind(endpoint);
  thread(
    t,
    async ({ zmtp, argument }) => {
      const pull = new zmtp.Pull({ receiveHighWaterMark: 1 });
      pull.connect(argument);
      pull.receiveHighWaterMark = 6;
      await pull.receive();
    },
    endpoint,
  );
  await push.connected();
  await eventually(() => push.peers()[0].sending.highWaterMark === 7);
});

check("a socket that closes delivers what it had sent, and the other side sees its peer go", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument }) => {
      const push = new zmtp.Push();
      push.connect(argument);
      for (let i = 0; i < 500; i++) await push.send([String(i), Buffer.alloc(10_000)]);
      push.close();
    },
    endpoint,
  );
  for (let i = 0; i < 500; i++) assert.equal((await receive(pull))[0], String(i));
  assert.equal(await worker.ended, 0);
  await eventually(() => pull.peers().length === 0);
});

check(
  "test_inproc_connect (threads): of two threads that bind a name one succeeds, and the name is free after its unbind",
  async (t) => {
    const endpoint = anyEndpoint("inproc");
    const mine = own(t, new Pull());
    await mine.bind(endpoint);
    const worker = thread(
      t,
      async ({ zmtp, argument, tell }) => {
        const pull = new zmtp.Pull();
        tell(await pull.bind(argument).catch((error) => error.code));
        const control = new zmtp.Pair();
        control.connect(`${argument}-control`);
        await control.receive();
        await pull.bind(argument);
        await control.send("bound");
        tell(String(await pull.receive()));
      },
      endpoint,
    );
    assert.equal(await worker.told(), "EADDRINUSE");
    const control = own(t, new Pair());
    await control.bind(`${endpoint}-control`);
    await mine.unbind(endpoint);
    await control.send("go on");
    assert.deepEqual(await receive(control), ["bound"]);
    await assert.rejects(async () => mine.bind(endpoint), { code: "EADDRINUSE", message: /another thread/ });
    const push = own(t, new Push());
    push.connect(endpoint);
    await push.send("to the worker");
    assert.equal(await worker.told(), "to the worker");
  },
);

check("messages of many frames, of no octets, and larger than the ring come whole, both ways", async (t) => {
  const dealer = own(t, new Dealer());
  const endpoint = anyEndpoint("inproc");
  await dealer.bind(endpoint);
  thread(
    t,
    async ({ zmtp, argument }) => {
      const echo = new zmtp.Dealer();
      echo.connect(argument);
      for await (const message of echo) await echo.send(message);
    },
    endpoint,
  );
  const sizes = [[0], [0, 0], [1, 0, 3], [64, 65], [16, 17], [200_000, 1, 300_000], [262_144], [262_145], [5_000_000, 0, 9]];
  for (const message of sizes) {
    const frames = message.map((size, index) => Buffer.alloc(size, size + index));
    await dealer.send(frames);
    const back = await dealer.receive({ timeout: 5000 });
    assert.equal(back.length, frames.length);
    for (const [index, frame] of frames.entries()) assert.ok(frame.equals(back[index]), `${message}, frame ${index}`);
  }
});

check("what is transferred is detached at once, and comes whole to the other thread, also larger than the ring", async (t) => {
  const pair = own(t, new Pair());
  const endpoint = anyEndpoint("inproc");
  await pair.bind(endpoint);
  thread(
    t,
    async ({ zmtp, argument }) => {
      const other = new zmtp.Pair();
      other.connect(argument);
      for (;;) {
        const message = await other.receive();
        // Frames from a ring may share memory with others: what is transferred has a buffer of its own.
        await other.send(
          message.map((frame) => new Uint8Array(frame)),
          { transfer: true },
        );
      }
    },
    endpoint,
  );
  for (const size of [10, 100_000, 3_000_000]) {
    const whole = new ArrayBuffer(size);
    const expected = Buffer.alloc(size, "0123456789abc");
    const bytes = new Uint8Array(expected);
    const sending = pair.send([whole, bytes], { transfer: true });
    assert.deepEqual([whole.byteLength, bytes.length], [0, 0]);
    await sending;
    const [zeros, same] = await pair.receive({ timeout: 8000 });
    assert.equal(zeros.length, size);
    assert.ok(zeros.every((octet) => octet === 0));
    assert.ok(expected.equals(same));
  }
});

check("a thread that ends in the middle of a large message hands over the rest first", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const push = new zmtp.Push();
      push.connect(argument);
      await push.connected();
      await push.send(Buffer.alloc(12_000_000, 7)); // More than a ring: the reader sleeps, a part is left.
      tell("sent");
    },
    endpoint,
  );
  assert.equal(await worker.told(), "sent");
  for (const until = performance.now() + 100; performance.now() < until; ); // Nothing is read meanwhile.
  const [body] = await pull.receive({ timeout: 5000 });
  assert.ok(Buffer.alloc(12_000_000, 7).equals(body));
  assert.equal(await worker.ended, 0);
});

check("a thread without Atomics.waitAsync is woken by messages, and wakes others", async (t) => {
  const router = own(t, new Router());
  const endpoint = anyEndpoint("inproc");
  await router.bind(endpoint);
  const library = new URL("../../src/node.js", import.meta.url).href;
  const worker = new Worker(
    `Object.assign(Atomics, { waitAsync: undefined });
    import(${JSON.stringify(library)}).then(async ({ Dealer }) => {
      const dealer = new Dealer();
      dealer.connect(${JSON.stringify(endpoint)});
      await dealer.send("hello");
      for await (const message of dealer) await dealer.send(message);
    });`,
    { eval: true },
  );
  t.after(() => worker.terminate());
  const [id, hello] = await router.receive({ timeout: 5000 });
  assert.equal(String(hello), "hello");
  for (let i = 0; i < 200; i++) {
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // It sleeps.
    await router.send([id, String(i)]);
    assert.equal((await receive(router))[1], String(i));
  }
});
