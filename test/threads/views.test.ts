/**
 * `receiveViews`: frames that show the ring until they are released. Both sides are in this thread and talk through shared memory all the
 * same, so that every run is the same; only deaths need another thread.
 */
import assert from "node:assert/strict";
import { Channel, Dealer, Dish, Pair, Pull, Push, proxy, Reply, Request, Router, Server, Subscriber } from "../../src/node.ts";
import { anyEndpoint, check, eventually, fill, freeEndpoint, join2, own } from "../support/harness.ts";
import { thread } from "../support/thread.ts";
import { throughRings } from "../support/through-rings.ts";

throughRings();

const SIZE = 100_000;
const VIEWS = { receiveViews: true };
/** More than a ring has room for. */
const MANY = 50;
const TIMEOUT = { timeout: 5000 };

const body = (value: number, size = SIZE): Buffer => Buffer.alloc(size, value);
const isView = (frame: Uint8Array): boolean => frame.buffer instanceof SharedArrayBuffer;
const is = (frame: Uint8Array, value: number, size = SIZE): void => assert.ok(body(value, size).equals(frame), `not ${value}`);

check("large frames are views, small ones and those in parts are copies, and without the option all are", async (t) => {
  const sizes = [10, 1023, 1024, SIZE, 600_000, 1_000_000, 1_100_000, 3_000_000];
  const views = [false, false, true, true, true, true, false, false];
  for (const receiveViews of [true, false]) {
    const [pull, push] = [own(t, new Pull({ receiveViews })), own(t, new Push())];
    await join2(pull, push, "inproc");
    for (const [index, size] of sizes.entries()) {
      await push.send(body(index, size));
      const [frame] = await pull.receive(TIMEOUT);
      assert.ok(Buffer.isBuffer(frame));
      is(frame, index, size);
      assert.equal(isView(frame), receiveViews && views[index], `${size} octets`);
      pull.release(frame);
    }
  }
});

check(
  "what is not released keeps its room, and that of what came behind it; released in any order, all of it is free",
  async (t) => {
    const [pull, push] = [own(t, new Pull(VIEWS)), own(t, new Push())];
    await join2(pull, push, "inproc");
    for (let round = 0; round < 3; round++) {
      const sent = (async () => {
        for (let i = 0; i < MANY; i++) await push.send(body(i));
        for (let i = 0; i < 64; i++) await push.send("");
      })();
      const held: Buffer[][] = [await pull.receive(TIMEOUT)];
      // All that comes before the ring is full; the first is held until nothing more comes.
      for (let idle = 0; idle < 20; idle++) {
        const next = pull.tryReceive();
        if (next !== undefined) held.push(next);
        if (next !== undefined) idle = 0;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.ok(held.length > 10 && held.length <= (2 << 20) / SIZE, `${held.length} were lent`);
      for (const [index, [frame]] of held.entries()) is(frame, index);
      const order = [...held.keys()].sort((a, b) => ((a * 7) % 11) - ((b * 7) % 11));
      for (const index of order) pull.release(held[index]);
      for (let i = held.length; i < MANY; i++) {
        const [frame] = await pull.receive(TIMEOUT);
        is(frame, i);
        pull.release([frame]);
      }
      for (let i = 0; i < 64; i++) await pull.receive(TIMEOUT);
      await sent;
    }
  },
);

check("a second release, and one of what was never lent, do nothing", async (t) => {
  const [pull, push] = [own(t, new Pull(VIEWS)), own(t, new Push())];
  await join2(pull, push, "inproc");
  await push.send(body(0));
  const first = await pull.receive(TIMEOUT);
  pull.release(first);
  pull.release(first);
  const held: Buffer[][] = [];
  const sending = (async () => {
    for (let i = 1; i <= MANY; i++) await push.send(body(i));
  })();
  for (let i = 1; i <= 10; i++) {
    held.push(await pull.receive(TIMEOUT));
    pull.release(first);
    pull.release([Buffer.alloc(5), first[0].subarray(5), first[0]]);
  }
  for (const [index, [frame]] of held.entries()) is(frame, index + 1);
  for (const message of held) pull.release(message);
  for (let i = 11; i <= MANY; i++) {
    const message = await pull.receive(TIMEOUT);
    is(message[0], i);
    pull.release(message);
  }
  await sending;
});

check("messages larger than the ring come whole, and lend only what is there at once", async (t) => {
  const [pull, push] = [own(t, new Pull(VIEWS)), own(t, new Push())];
  await join2(pull, push, "inproc");
  const sizes = [SIZE, 5, 700_000, 700_000, 700_000, 2_000_000, SIZE];
  for (let round = 0; round < 5; round++) {
    const [sent, message] = await Promise.all([push.send(sizes.map((size, i) => body(i, size))), pull.receive(TIMEOUT)]);
    assert.equal(sent, undefined);
    for (const [i, size] of sizes.entries()) is(message[i], i, size);
    pull.release(message);
  }
  await push.send([body(1), "small", body(2)]);
  const message = await pull.receive(TIMEOUT);
  assert.deepEqual(message.map(isView), [true, false, true]);
});

check("views outlive their socket, and no later connection writes to them until they are released", async (t) => {
  const [push, endpoint] = [own(t, new Push()), anyEndpoint("inproc")];
  await push.bind(endpoint);
  const lent: Buffer[] = [];
  for (let i = 0; i < 5; i++) {
    const pull = new Pull(VIEWS);
    pull.connect(endpoint);
    await push.connected();
    await push.send(body(i));
    await push.send(body(99));
    lent.push((await pull.receive(TIMEOUT))[0]);
    assert.ok(isView(lent[i]));
    const other = await pull.receive(TIMEOUT);
    pull.release(other);
    pull.release(other);
    await pull.end();
    await eventually(() => push.peers().length === 0);
    for (let j = 0; j <= i; j++) is(lent[j], j);
  }
  // Released, their memory serves new connections again; what other tests have left may come first.
  const memories = new Set(lent.map(({ buffer }) => buffer));
  assert.equal(memories.size, lent.length);
  own(t, new Pull()).release(lent);
  for (let again = false, i = 0; !again; i++) {
    assert.ok(i < 50, "none was used again");
    const pull = own(t, new Pull(VIEWS));
    pull.connect(endpoint);
    await push.send(body(9));
    again = memories.has((await pull.receive(TIMEOUT))[0].buffer);
    await pull.end();
  }
});

check("views that a closed socket never gave keep no memory", async (t) => {
  const [push, endpoint] = [own(t, new Push()), anyEndpoint("inproc")];
  await push.bind(endpoint);
  const memories = new Set<unknown>();
  for (let i = 0; i < 50; i++) {
    const pull = new Pull(VIEWS);
    pull.connect(endpoint);
    await push.connected();
    for (let j = 0; j < 4; j++) await push.send(body(j));
    const first = await pull.receive(TIMEOUT);
    memories.add(first[0].buffer);
    pull.release(first);
    await pull.end();
    await eventually(() => push.peers().length === 0);
  }
  assert.ok(memories.size < 50, "none was used again");
});

check("what a closed reader had taken and not released goes to nobody else", async (t) => {
  const [push, endpoint] = [own(t, new Push()), anyEndpoint("inproc")];
  await push.bind(endpoint);
  const first = new Pull(VIEWS);
  first.connect(endpoint);
  await push.connected();
  const waiting = (async () => {
    for (let i = 0; i < MANY; i++) await push.send(body(i));
  })();
  const taken: number[] = [];
  while (taken.length < 10) taken.push((await first.receive(TIMEOUT))[0][0]);
  const second = own(t, new Pull(VIEWS));
  second.connect(endpoint);
  await eventually(() => push.peers().length === 2);
  await first.end(0);
  await waiting;
  await push.send("end");
  for (;;) {
    const message = await second.receive(TIMEOUT);
    if (message[0].length === 3) break;
    assert.ok(message[0].length === SIZE && !taken.includes(message[0][0]), `message ${message[0][0]} came twice`);
    taken.push(message[0][0]);
    second.release(message);
  }
});

/** A view in each form in which a program may send it on. */
const FORMS: readonly ((frame: Buffer) => ArrayBufferView[])[] = [
  (frame) => [frame],
  (frame) => [frame.subarray(0, 50_000), frame.subarray(50_000)],
  ({ buffer, byteOffset, length }) => [new Uint8Array(buffer, byteOffset, length)],
  ({ buffer, byteOffset, length }) => [new Float64Array(buffer, byteOffset, length / 8)],
];

check("what is sent on can be released at once, also a part of it, in whatever form", async (t) => {
  const [pull, push] = [own(t, new Pull(VIEWS)), own(t, new Push())];
  const [far, near] = [own(t, new Pair()), own(t, new Pair({ sendHighWaterMark: 0 }))];
  await join2(pull, push, "inproc");
  // Nobody is there yet: what is sent waits, and would be referenced.
  const endpoint = await freeEndpoint("tcp");
  near.connect(endpoint);
  for (let i = 0; i < MANY; i++) {
    await push.send(body(i));
    const [frame] = await pull.receive(TIMEOUT);
    await near.send(FORMS[i % FORMS.length](frame));
    pull.release(frame);
  }
  await far.bind(endpoint);
  for (let i = 0; i < MANY; i++) is(Buffer.concat(await far.receive(TIMEOUT)), i);
});

check("requests that are views are answered with themselves; large envelopes keep no room", async (t) => {
  const [reply, dealer] = [own(t, new Reply(VIEWS)), own(t, new Dealer(VIEWS))];
  await join2(reply, dealer, "inproc");
  for (let i = 0; i < MANY; i++) {
    await dealer.send([body(i, 20_000), "", body(i)]);
    const question = await reply.receive(TIMEOUT);
    await reply.send(question);
    reply.release(question);
    const answer = await dealer.receive(TIMEOUT);
    is(answer[0], i, 20_000);
    is(answer[2], i);
    dealer.release(answer);
  }
});

check("a proxy releases what it has sent", async (t) => {
  const [front, back, push, pull] = [new Pull(VIEWS), new Push(), own(t, new Push()), own(t, new Pull())];
  await join2(front, push, "inproc");
  await join2(pull, back, "inproc");
  const running = proxy(front, back);
  const sent = (async () => {
    for (let i = 0; i < MANY; i++) await push.send(body(i));
  })();
  for (let i = 0; i < MANY; i++) is((await pull.receive(TIMEOUT))[0], i);
  await sent;
  front.close();
  await running;
});

// What a socket type throws away must not keep room: so much of it that the ring is full several times, then what it takes.
const discarded: Readonly<Record<string, { readonly receiver: () => Pull; readonly bad: unknown[]; readonly good: unknown[] }>> =
  {
    "REP without an envelope": { receiver: () => cast(new Reply(VIEWS)), bad: [body(1)], good: ["", "end"] },
    "SUB without a subscription": {
      receiver: () => {
        const sub = new Subscriber(VIEWS);
        sub.subscribe("end");
        return cast(sub);
      },
      bad: [body(1)],
      good: ["end"],
    },
    "DISH of another group": {
      receiver: () => {
        const dish = new Dish(VIEWS);
        dish.join("g");
        return cast(dish);
      },
      bad: ["h", body(1)],
      good: ["g", "end"],
    },
    "CHANNEL, several frames": { receiver: () => cast(new Channel(VIEWS)), bad: [body(1), body(2)], good: ["end"] },
    "SERVER, several frames": { receiver: () => cast(new Server(VIEWS)), bad: [body(1), body(2)], good: ["end"] },
  };

const cast = (socket: unknown): Pull => socket as Pull;

for (const [title, { receiver, bad, good }] of Object.entries(discarded)) {
  check(`what is dropped on arrival is given back: ${title}`, async (t) => {
    const [to, from] = [own(t, receiver()), own(t, new Push())];
    await join2(to, from, "inproc");
    const received = to.receive(TIMEOUT);
    for (let i = 0; i < MANY; i++) await from.send(bad as string[]);
    await from.send(good as string[]);
    assert.match((await received).map(String).join(), /end/);
  });
}

check("what is dropped on arrival is given back: REQ, late replies and those of another request", async (t) => {
  const request = own(t, new Request({ ...VIEWS, relaxed: true, correlate: true }));
  const router = own(t, new Router());
  await join2(router, request, "inproc");
  await request.send("question 1");
  const [peer, id] = await router.receive(TIMEOUT);
  const answer = request.receive(TIMEOUT);
  for (let i = 0; i < MANY; i++) {
    await router.send([peer, i % 2 === 0 ? "late" : body(i), "", body(i)]);
    // As many as fit wait for the next question, which throws them away.
    if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await router.send([peer, id, "", "answer"]);
  assert.equal(String(await answer), "answer");
  for (let i = 0; i < MANY; i++) {
    await router.send([peer, id, "", body(i)]);
    await new Promise((resolve) => setImmediate(resolve));
    if (i % 5 === 0) await request.send("again");
  }
  await request.send("last");
  for (;;) {
    const [to, number, delimiter, question] = await router.receive(TIMEOUT);
    if (String(question) === "last") await router.send([to, number, delimiter, "right"]);
    if (String(question) === "last") break;
  }
  assert.equal(String(await request.receive(TIMEOUT)), "right");
});

check("what is dropped on arrival is given back: REQ, replies of a peer that was not asked", async (t) => {
  const request = own(t, new Request(VIEWS));
  const [asked, other] = [own(t, new Router()), own(t, new Router())];
  await join2(asked, request, "inproc");
  await join2(other, request, "inproc");
  let peer: Uint8Array = Buffer.alloc(0);
  for (const router of [asked, other]) {
    await request.send("question");
    [peer] = await router.receive(TIMEOUT);
    await router.send([peer, "", "answer"]);
    await request.receive(TIMEOUT);
  }
  await request.send("question");
  const [to] = await asked.receive(TIMEOUT);
  const answer = request.receive(TIMEOUT);
  for (let i = 0; i < MANY; i++) await other.send([peer, "", body(i)]);
  await eventually(() => request.stats().dropped["stale-reply"] === MANY);
  await asked.send([to, "", "right"]);
  assert.equal(String(await answer), "right");
});

check("what is dropped on arrival is given back: a receiver that conflates", async (t) => {
  const [pull, push] = [own(t, new Pull({ ...VIEWS, conflate: true })), own(t, new Push())];
  await join2(pull, push, "inproc");
  for (let i = 0; i < MANY; i++) {
    await push.send(body(i));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await push.send("end");
  await eventually(() => {
    const message = pull.tryReceive();
    if (message !== undefined) pull.release(message);
    return String(message) === "end";
  });
  assert.ok((pull.stats().dropped.conflated ?? 0) > 10);
});

check("views outlive the thread that sent them", async (t) => {
  const [pull, endpoint] = [own(t, new Pull(VIEWS)), anyEndpoint("inproc")];
  await pull.bind(endpoint);
  const worker = thread(
    t,
    async ({ zmtp, argument }) => {
      const push = new zmtp.Push();
      push.connect(argument);
      for (let i = 0; ; i++) await push.send(Buffer.alloc(100_000, i));
    },
    endpoint,
  );
  const lent = [await pull.receive(TIMEOUT), await pull.receive(TIMEOUT)];
  await worker.kill();
  await eventually(() => pull.peers().length === 0 || pull.tryReceive() === undefined);
  for (const [index, [frame]] of lent.entries()) is(frame, index);
  for (const message of lent) pull.release(message);
  assert.equal(fill(own(t, new Push()), "x", 1), 0);
});
