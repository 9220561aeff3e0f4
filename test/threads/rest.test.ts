/** What threads cost when they do nothing, and what is left of connections that are over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dealer, Pull, Push, Router } from "../../src/node.ts";
import { anyEndpoint, check, eventually, own } from "../support/harness.ts";
import { thread } from "../support/thread.ts";

check("threads that wait for each other use no CPU", async (t) => {
  const router = own(t, new Router());
  const endpoint = anyEndpoint("inproc");
  await router.bind(endpoint);
  const workers = Array.from({ length: 3 }, () =>
    thread(
      t,
      async ({ zmtp, argument }) => {
        const dealer = new zmtp.Dealer();
        dealer.connect(argument);
        await dealer.send("hello");
        await dealer.receive();
      },
      endpoint,
    ),
  );
  const ids: Buffer[] = [];
  for (const _ of workers) ids.push((await router.receive())[0]);
  const waiting = router.receive();
  await new Promise((resolve) => setTimeout(resolve, 300)); // What starting left to do is over.
  // Four threads look by themselves once a second. Node collects its garbage when it is idle, which may fall into one of these times,
  // but not into all: a poll every millisecond would.
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  assert.ok(least < 60_000, `four threads used ${least} µs in a second at least`);
  for (const id of ids) await router.send([id, "end"]);
  await Promise.all(workers.map((worker) => worker.ended));
  waiting.catch(() => undefined);
});

test("10^4 connections between threads that come and go leave nothing behind", { timeout: 60_000 }, async (t) => {
  const pull = own(t, new Pull());
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument, tell }) => {
      const control = new zmtp.Pair();
      control.connect(`${argument}-control`);
      for (;;) {
        const count = Number(String(await control.receive()));
        for (let i = 0; i < count; i++) {
          const push = new zmtp.Push();
          push.connect(argument);
          await push.send("x");
          await push.end();
        }
        globalThis.gc?.();
        tell(process.memoryUsage().arrayBuffers);
      }
    },
    endpoint,
  );
  const control = own(t, new Dealer());
  await control.bind(`${endpoint}-control`);
  const round = async (count: number): Promise<void> => {
    await control.send(String(count));
    for (let i = 0; i < count; i++) await pull.receive();
    await worker.told();
    await eventually(() => pull.peers().length === 0);
    globalThis.gc?.();
  };
  await round(1000);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 3; i++) await round(3000);
  // Used pairs of rings are kept for the next connections; those that come while main lags behind wait for the collector.
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < 100_000_000, `${growth} bytes after 9000 connections`);
});

check("a worker that waits for nothing ends, connections or not", async (t) => {
  const push = own(t, new Push());
  const endpoint = anyEndpoint("inproc");
  await push.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument }) => {
      const pull = new zmtp.Pull();
      pull.connect(argument);
      await pull.connected();
    },
    endpoint,
  );
  assert.equal(await worker.ended, 0);
  await eventually(() => push.peers().length === 0);
});
