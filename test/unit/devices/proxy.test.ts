// The proxy: zmq_proxy's promises (libzmq test_proxy, test_proxy_hwm, test_proxy_terminate), and pause and resume that work.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Dealer,
  Proxy,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "../../../src/node.ts";

test("test_proxy: a ROUTER and a DEALER carry requests of 3 clients to 5 workers and back", { timeout: 20_000 }, async () => {
  const front = new Router();
  const back = new Dealer();
  await front.bind("tcp://127.0.0.1:*");
  await back.bind("inproc://proxy-workers");
  const proxy = new Proxy(front, back);
  const end = proxy.run();
  const workers = Array.from({ length: 5 }, () => new Reply());
  const served = workers.map(async (worker) => {
    worker.connect("inproc://proxy-workers");
    for await (const [text] of worker) await worker.send(`re: ${text}`);
  });
  const clients = Array.from({ length: 3 }, () => new Request());
  await Promise.all(
    clients.map(async (client, who) => {
      client.connect(front.lastEndpoint as string);
      for (let i = 0; i < 50; i++) {
        await client.send(`${who}/${i}`);
        assert.equal(String(await client.receive()), `re: ${who}/${i}`);
      }
    }),
  );
  proxy.terminate();
  await end;
  assert.ok(front.closed && back.closed, "both sockets are closed");
  for (const socket of [...clients, ...workers]) socket.close();
  await Promise.all(served);
});

test("subscriptions pass from XPUB to XSUB, publications back", { timeout: 20_000 }, async () => {
  const front = new XSubscriber();
  const back = new XPublisher();
  await front.bind("inproc://proxy-pubs");
  await back.bind("tcp://127.0.0.1:*");
  const proxy = new Proxy(front, back);
  const end = proxy.run();
  const publisher = new Publisher();
  publisher.connect("inproc://proxy-pubs");
  const subscriber = new Subscriber();
  subscriber.subscribe("b");
  subscriber.connect(back.lastEndpoint as string);
  await publisher.subscribed("b");
  await publisher.send("a: nobody");
  await publisher.send(["b", "somebody"]);
  assert.deepEqual((await subscriber.receive()).map(String), ["b", "somebody"]);
  proxy.terminate();
  await end;
  publisher.close();
  subscriber.close();
});

test("pause holds messages back, resume lets them go, none is lost", { timeout: 20_000 }, async () => {
  const front = new Pull();
  const back = new Push();
  await front.bind("inproc://proxy-in");
  await back.bind("inproc://proxy-out");
  const proxy = new Proxy(front, back);
  const end = proxy.run();
  const source = new Push();
  const sink = new Pull();
  source.connect("inproc://proxy-in");
  sink.connect("inproc://proxy-out");
  await source.send("1");
  assert.equal(String(await sink.receive()), "1");
  proxy.pause();
  for (let i = 2; i <= 5; i++) await source.send(String(i));
  await assert.rejects(sink.receive({ timeout: 50 }), { code: "EAGAIN" });
  proxy.resume();
  for (let i = 2; i <= 5; i++) assert.equal(String(await sink.receive()), String(i));
  proxy.terminate();
  await end;
  source.close();
  sink.close();
});

test("test_proxy_hwm: marks of 10 on every queue bound what a proxy takes in when nobody reads", {
  timeout: 20_000,
}, async () => {
  const mark = 10;
  const front = new Pull({ receiveHighWaterMark: mark });
  const back = new Push({ sendHighWaterMark: mark, linger: 0 });
  await front.bind("inproc://proxy-full-in");
  await back.bind("inproc://proxy-full-out");
  const proxy = new Proxy(front, back);
  const end = proxy.run();
  const source = new Push({ sendHighWaterMark: mark });
  const sink = new Pull({ receiveHighWaterMark: mark });
  source.connect("inproc://proxy-full-in");
  sink.connect("inproc://proxy-full-out");
  let accepted = 0;
  while (
    await source.send("x", { timeout: 50 }).then(
      () => true,
      () => false,
    )
  )
    accepted++;
  // Two queues of 2 x 10 and what the proxy holds in its hand.
  assert.ok(accepted >= 2 * mark && accepted <= 4 * mark + 1, `${accepted} messages accepted`);
  proxy.terminate();
  await end;
  source.close();
  sink.close();
});

test("test_proxy_terminate: it ends though nobody reads its back, and when a socket is closed", { timeout: 20_000 }, async () => {
  for (const stop of ["terminate", "close"] as const) {
    const front = new Pull();
    const back = new Push({ linger: 0 });
    await front.bind(`inproc://proxy-${stop}`);
    await back.bind(`inproc://proxy-${stop}-out`);
    const proxy = new Proxy(front, back);
    const end = proxy.run();
    const source = new Push({ linger: 0 });
    source.connect(`inproc://proxy-${stop}`);
    await source.send("stuck");
    if (stop === "terminate") proxy.terminate();
    else front.close();
    await end;
    assert.ok(front.closed && back.closed);
    source.close();
  }
});

test("a wrong proxy says what was expected", async () => {
  assert.throws(() => new Proxy({} as Push, new Pull()), { code: "EINVAL", message: /Front-end must be a socket object/ });
  const proxy = new Proxy(new Pull(), new Push());
  assert.throws(() => proxy.run(), { code: "EINVAL", message: /Front-end socket must be bound or connected/ });
  for (const call of ["pause", "resume", "terminate"] as const) assert.throws(() => proxy[call](), { code: "EBADF" });
});
