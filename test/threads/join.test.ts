/** inproc between a page and its web workers, as `joinThreads` makes it: over shared memory and over ports alike. */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Subscriber,
  type ZmqError,
} from "../../src/node.ts";
import { BRIEFLY, check, codeOf, eventually, fill, receive, receiveEach } from "../support/harness.ts";
import { page } from "../support/joined.ts";

const NAME = "inproc://name";
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const nextEvent = (socket: Socket, type: "bind:error" | "disconnect"): Promise<ZmqError> =>
  new Promise((resolve) => socket.events.on(type, ({ error }) => resolve(error as ZmqError)));
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, BRIEFLY));

for (const rings of [true, false]) {
  const over = rings ? "rings" : "ports";
  const both = (title: string, body: Parameters<typeof check>[1]): void => check(`${over}: ${title}`, body);

  both("whoever joins first, binds first: a request is answered", async (t) => {
    for (const order of ["page first", "worker first"]) {
      for (const early of [true, false]) {
        const main = page(t, rings);
        const { thread, worker, self } = main.worker();
        const reply = new Reply({ context: main.context });
        const request = new Request({ context: thread.context });
        if (early) request.connect(NAME);
        else await reply.bind(NAME);
        if (order === "page first") {
          const called = main.joiner.call(worker);
          await soon();
          await Promise.all([called, thread.joiner.ask(self)]);
        } else {
          const asked = thread.joiner.ask(self);
          await soon();
          await Promise.all([asked, main.joiner.call(worker)]);
        }
        if (early) await reply.bind(NAME);
        else request.connect(NAME);
        await request.send("question");
        assert.deepEqual(await receive(reply), ["question"]);
        await reply.send("answer");
        assert.deepEqual(await receive(request), ["answer"], `${order}, ${early}`);
      }
    }
  });

  both("before anybody joins, and without, names stay inside their thread", async (t) => {
    const main = page(t, rings);
    const { thread } = main.worker();
    const [pull, push] = [new Pull({ context: main.context }), new Push({ context: thread.context })];
    await pull.bind(NAME);
    push.connect(NAME);
    await push.send("nobody hears this");
    await new Pull({ context: thread.context }).bind(NAME);
    await soon();
    assert.equal(pull.tryReceive(), undefined);
  });

  both("two workers of a page, and a worker's worker, talk with each other", async (t) => {
    const main = page(t, rings);
    const [one, two] = [await main.joined(), await main.joined()];
    const three = await two.joined();
    const router = new Router({ context: one.context });
    await router.bind(NAME);
    for (const [name, thread] of Object.entries({ main, two, three })) {
      const dealer = new Dealer({ context: thread.context, routingId: name });
      dealer.connect(NAME);
      await dealer.send("hello");
      const [id, text] = await receive(router);
      assert.deepEqual([id, text], [name, "hello"]);
      await router.send([id, "welcome"]);
      assert.deepEqual(await receive(dealer), ["welcome"]);
    }
  });

  both("a name has one owner among all; it is free after unbind", async (t) => {
    const main = page(t, rings);
    const [one, two] = [await main.joined(), await main.joined()];
    const first = new Pull({ context: one.context });
    await first.bind(NAME);
    for (const thread of [main, two])
      await assert.rejects(async () => new Pull({ context: thread.context }).bind(NAME), { code: "EADDRINUSE" });
    await first.unbind(NAME);
    const second = new Pull({ context: two.context });
    // That it is free is said to others by way of the page.
    while ((await codeOf(() => second.bind(NAME))) === "EADDRINUSE") await soon();
    await assert.rejects(async () => first.bind(NAME), { code: "EADDRINUSE" });
    const push = new Push({ context: main.context });
    push.connect(NAME);
    await push.send("to the second");
    assert.deepEqual(await receive(second), ["to the second"]);
  });

  both("a name that two bound before they joined stays with the page, and the worker is told", async (t) => {
    const main = page(t, rings);
    await new Pull({ context: main.context }).bind(NAME);
    const { thread, worker, self } = main.worker();
    const late = new Pull({ context: thread.context });
    await late.bind(NAME);
    const told = nextEvent(late, "bind:error");
    await Promise.all([thread.joiner.ask(self), main.joiner.call(worker)]);
    assert.equal((await told).code, "EADDRINUSE");
    const waiting = main.worker();
    const asked = waiting.thread.joiner.ask(waiting.self);
    const bind = new Pull({ context: waiting.thread.context }).bind(NAME);
    await Promise.all([main.joiner.call(waiting.worker), asked, assert.rejects(bind, { code: "EADDRINUSE" })]);
  });

  both("order and content of 10,000 messages of all sizes, several frames among them", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const [a, b] = [new Pair({ context: main.context }), new Pair({ context: worker.context })];
    await a.bind(NAME);
    b.connect(NAME);
    const random = seededRandom(7);
    const messages = numbers(10_000).map((number) => {
      const body = new Uint8Array(random.next(20) === 0 ? random.next(20_000) : random.next(200)).fill(random.next(256));
      return random.next(3) === 0 ? [number, body, ""] : [number, body];
    });
    const sending = (async () => {
      for (const message of messages) await b.send(message);
    })();
    for (const message of messages) {
      const got = await a.receive();
      assert.equal(got.length, message.length);
      assert.equal(String(got[0]), message[0]);
      assert.deepEqual(Buffer.compare(got[1], message[1] as Uint8Array), 0);
    }
    await sending;
  });

  both("a large message goes there and back", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const [a, b] = [new Pair({ context: main.context }), new Pair({ context: worker.context })];
    await a.bind(NAME);
    b.connect(NAME);
    const body = Buffer.alloc(9_000_001, "large");
    await b.send(["before", body]);
    await a.send(await a.receive());
    const [before, same] = await b.receive();
    assert.equal(String(before), "before");
    assert.equal(body.compare(same), 0);
  });

  both("marks add up and hold, and a waiting sender goes on when there is room", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const pull = new Pull({ context: worker.context, receiveHighWaterMark: 4 });
    await pull.bind(NAME);
    const push = new Push({ context: main.context, sendHighWaterMark: 3 });
    push.connect(NAME);
    let taken = 0;
    await eventually(() => {
      if (push.trySend(String(taken))) taken++;
      return taken === 7;
    });
    await soon();
    assert.equal(push.trySend("too many"), false);
    const rest = (async () => {
      for (let i = 7; i < 100; i++) await push.send(String(i));
    })();
    assert.deepEqual(await receiveEach(pull, 100), numbers(100));
    await rest;
  });

  both("marks changed later hold, on both sides, and so does what is said of what was taken", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const pull = new Pull({ context: worker.context });
    await pull.bind(NAME);
    const push = new Push({ context: main.context });
    push.connect(NAME);
    await push.connected();
    const underWay = (marks: number): Promise<void> => eventually(() => push.peers()[0].sending.highWaterMark === marks);
    pull.receiveHighWaterMark = 3;
    await underWay(1003);
    push.sendHighWaterMark = 2;
    await underWay(5);
    assert.equal(fill(push, "x"), 5);
    const waiting = push.send("woken by the new mark");
    pull.receiveHighWaterMark = 4;
    await waiting;
    assert.equal(push.trySend("too many"), false);
    const rest = (async () => {
      for (let i = 0; i < 100; i++) await push.send(String(i));
    })();
    assert.deepEqual((await receiveEach(pull, 106)).slice(6), numbers(100));
    await rest;
    pull.receiveHighWaterMark = 0;
    await underWay(0);
    assert.equal(fill(push, "x", 5000), 5000);
    assert.equal((await receiveEach(pull, 5000)).length, 5000);
  });

  both("a mark that changes while the connection is being made counts too", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const push = new Push({ context: worker.context });
    await push.bind(NAME);
    const pull = new Pull({ context: main.context });
    pull.connect(NAME);
    pull.receiveHighWaterMark = 6;
    await push.connected();
    await eventually(() => push.peers()[0].sending.highWaterMark === 1006);
  });

  both("a subscriber gets its topics", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const pub = new Publisher({ context: main.context });
    const sub = new Subscriber({ context: worker.context });
    sub.subscribe("news");
    sub.connect(NAME);
    await pub.bind(NAME);
    await pub.subscribed("news");
    for (const message of ["news 1", "weather", "news 2"]) await pub.send(message);
    assert.deepEqual(await receiveEach(sub, 2), ["news 1", "news 2"]);
  });

  both("what was sent before a socket is closed arrives, and its peer goes on with others", async (t) => {
    const main = page(t, rings);
    const [one, two] = [await main.joined(), await main.joined()];
    const pull = new Pull({ context: main.context });
    await pull.bind(NAME);
    const push = new Push({ context: one.context });
    push.connect(NAME);
    for (let i = 0; i < 300; i++) await push.send(String(i));
    assert.deepEqual(await push.end(5000), { flushed: 0, dropped: 0 });
    const other = new Push({ context: two.context });
    other.connect(NAME);
    await receiveEach(pull, 300).then((got) => assert.deepEqual(got, numbers(300)));
    await other.send("more");
    assert.deepEqual(await receive(pull), ["more"]);
  });

  both("a worker that is ended is a disconnect at its peers; its names are free, and what it sent is there", async (t) => {
    const main = page(t, rings);
    const [one, two] = [await main.joined(), await main.joined()];
    const pull = new Pull({ context: one.context });
    await pull.bind(NAME);
    const push = new Push({ context: two.context });
    push.connect(NAME);
    await push.send("heard");
    assert.deepEqual(await receive(pull), ["heard"]);
    const back = new Pull({ context: two.context });
    await back.bind("inproc://back");
    const last = new Push({ context: one.context });
    last.connect("inproc://back");
    for (let i = 0; i < 100; i++) await last.send(String(i));
    assert.deepEqual(await receive(back), ["0"]);
    const gone = nextEvent(push, "disconnect");
    one.kill();
    assert.equal((await gone).reason, "thread-ended");
    assert.deepEqual(await receiveEach(back, 99), numbers(100).slice(1));
    const next = new Pull({ context: main.context });
    await next.bind(NAME);
    const again = new Push({ context: two.context });
    again.connect(NAME);
    await again.send("to the next");
    assert.deepEqual(await receive(next), ["to the next"]);
  });

  both("a reader that closes gives back what it had not taken", async (t) => {
    const main = page(t, rings);
    const worker = await main.joined();
    const [first, second] = [new Pull({ context: worker.context }), new Pull({ context: worker.context })];
    await first.bind(NAME);
    const push = new Push({ context: main.context });
    push.connect(NAME);
    for (let i = 0; i < 200; i++) await push.send(String(i));
    assert.deepEqual(await receive(first), ["0"]);
    await second.bind("inproc://second");
    push.connect("inproc://second");
    await first.end(0);
    await push.send("end");
    const got: string[] = [];
    while (got.at(-1) !== "199" && got.length < 200) got.push((await receive(second))[0]);
    assert.ok(got.includes("199"), `${got.length} came to the second`);
  });
}

check("ports: joining the wrong way round is refused, and so is a worker without isolation", async (t) => {
  const main = page(t, false);
  const { thread, self } = main.worker();
  const inner = thread.worker();
  const called = thread.joiner.call(inner.worker);
  await Promise.all([called, inner.thread.joiner.ask(inner.self)]);
  assert.throws(() => thread.joiner.ask(self), { code: "EINVAL", message: /joinThreads\(self\) before joinThreads\(worker\)/ });

  const isolated = page(t, true);
  const other = isolated.worker(false);
  await Promise.all([
    assert.rejects(isolated.joiner.call(other.worker), { code: "ENOTSUP", message: /Cross-Origin-Embedder-Policy/ }),
    assert.rejects(other.thread.joiner.ask(other.self), { code: "ENOTSUP" }),
  ]);
});

check("blocking needs others, and memory that they share", async (t) => {
  const main = page(t, false);
  const { thread, worker, self } = main.worker();
  const pull = new Pull({ context: thread.context });
  const asked = thread.joiner.ask(self);
  assert.throws(() => pull.receiveSync({ timeout: 10 }), { code: "ENOTSUP", message: /has not joined others yet/ });
  await Promise.all([asked, main.joiner.call(worker)]);
  assert.throws(() => pull.receiveSync({ timeout: 10 }), { code: "ENOTSUP", message: /crossOriginIsolated/ });

  const shared = page(t, true);
  const joined = await shared.joined();
  const blocking = new Pull({ context: joined.context });
  await blocking.bind(NAME);
  const push = new Push({ context: shared.context });
  push.connect(NAME);
  await push.send("1");
  assert.deepEqual(await receive(blocking), ["1"]);
  await push.send("2");
  assert.deepEqual(blocking.receiveSync({ timeout: 5000 }).map(String), ["2"]);
  assert.throws(() => blocking.receiveSync({ timeout: 10 }), { code: "EAGAIN" });
});
