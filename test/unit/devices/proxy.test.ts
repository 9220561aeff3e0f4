// The proxy: zmq_proxy's promises (libzmq test_proxy, test_proxy_hwm, test_proxy_terminate), and pause and resume that work.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Dealer,
  forwarder,
  Pair,
  Proxy,
  Publisher,
  Pull,
  Push,
  queue,
  Reply,
  Request,
  Router,
  proxy as runProxy,
  Subscriber,
  streamer,
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

for (const [name, Control, Steering] of [
  ["PAIR", Pair, Pair],
  ["REP", Reply, Request],
] as const) {
  test(`test_proxy_steerable: STATISTICS, PAUSE, RESUME and TERMINATE over a ${name}`, { timeout: 20_000 }, async () => {
    const [front, back, control] = [new Pull(), new Push(), new Control()];
    await front.bind(`inproc://steer-in-${name}`);
    await back.bind(`inproc://steer-out-${name}`);
    await control.bind(`inproc://steer-control-${name}`);
    const end = runProxy(front, back, { control });
    const [source, sink, steering] = [new Push(), new Pull(), new Steering()];
    source.connect(`inproc://steer-in-${name}`);
    sink.connect(`inproc://steer-out-${name}`);
    steering.connect(`inproc://steer-control-${name}`);
    const say = async (word: string): Promise<Buffer[]> => {
      await steering.send(word);
      return word === "STATISTICS" || name === "REP" ? await steering.receive() : [];
    };
    for (const text of ["one", "three"]) {
      await source.send(text);
      assert.equal(String(await sink.receive()), text);
    }
    const numbers = (await say("STATISTICS")).map((frame) => Number(new BigUint64Array(Uint8Array.from(frame).buffer)[0]));
    assert.deepEqual(numbers, [2, 8, 0, 0, 0, 0, 2, 8]);
    await say("PAUSE");
    if (name === "PAIR") await say("STATISTICS");
    await source.send("held");
    await assert.rejects(sink.receive({ timeout: 30 }), { code: "EAGAIN" });
    await say("RESUME");
    assert.equal(String(await sink.receive()), "held");
    await say("nonsense");
    await say("TERMINATE");
    await end;
    assert.equal(control.stats().dropped["malformed-message"], 1);
    assert.ok(front.closed && back.closed && !control.closed);
    for (const socket of [control, source, sink, steering]) socket.close();
  });
}

test("capture gets a copy of every message, both ways", { timeout: 20_000 }, async () => {
  const capture = new Push();
  const log = new Pull();
  await log.bind("inproc://capture");
  capture.connect("inproc://capture");
  const { proxy, done } = await queue("inproc://capture-clients", "inproc://capture-workers", { capture });
  const request = new Request();
  const reply = new Reply();
  request.connect("inproc://capture-clients");
  reply.connect("inproc://capture-workers");
  await request.send("question");
  assert.equal(String(await reply.receive()), "question");
  await reply.send("answer");
  assert.equal(String(await request.receive()), "answer");
  assert.equal(String((await log.receive()).at(-1)), "question");
  assert.equal(String((await log.receive()).at(-1)), "answer");
  assert.deepEqual(proxy.statistics().frontEnd.messagesReceived, 1);
  proxy.terminate();
  await done;
  for (const socket of [capture, log, request, reply]) socket.close();
});

test("test_proxy_single_socket: one socket on both sides echoes", { timeout: 20_000 }, async () => {
  const reply = new Reply();
  await reply.bind("inproc://single");
  const proxy = new Proxy(reply, reply);
  const end = proxy.run();
  const request = new Request();
  request.connect("inproc://single");
  for (const text of ["a", "b"]) {
    await request.send(text);
    assert.equal(String(await request.receive()), text);
  }
  proxy.terminate();
  await end;
  request.close();
});

test("forwarder and streamer in one line each; a taken endpoint closes both sockets", { timeout: 20_000 }, async () => {
  const news = await forwarder("inproc://news-in", "inproc://news-out");
  const work = await streamer("inproc://work-in", "inproc://work-out");
  await assert.rejects(streamer("inproc://work-in", "inproc://work-out-2"), { code: "EADDRINUSE" });
  const [publisher, subscriber, source, sink] = [new Publisher(), new Subscriber(), new Push(), new Pull()];
  publisher.connect("inproc://news-in");
  subscriber.subscribe("");
  subscriber.connect("inproc://news-out");
  await publisher.subscribed("");
  await publisher.send("news");
  assert.equal(String(await subscriber.receive()), "news");
  source.connect("inproc://work-in");
  sink.connect("inproc://work-out");
  await source.send("work");
  assert.equal(String(await sink.receive()), "work");
  for (const { proxy } of [news, work]) proxy.terminate();
  await Promise.all([news.done, work.done]);
  for (const socket of [publisher, subscriber, source, sink]) socket.close();
});
