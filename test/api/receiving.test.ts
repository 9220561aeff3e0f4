/** The other ways to receive and send: iterators, batches, drain, takeMany, receiveFrom, try forms, web streams. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Dealer, Pair, Pull, Push, Reply, Request, Router } from "../../src/node.ts";
import {
  assertNothing,
  bound,
  check,
  drainNow,
  each,
  eventually,
  fill,
  join2,
  nextTurn,
  own,
  receive,
  receiveEach,
  SCHEMES,
} from "../support/harness.ts";

async function pipeline(t: TestContext): Promise<[Push, Pull]> {
  const [push, pull] = [own(t, new Push()), own(t, new Pull())];
  await join2(pull, push, "inproc");
  return [push, pull];
}

each(
  SCHEMES,
  "for await gives each message, ends with the socket, and leaving it leaves the socket usable",
  async (t, scheme) => {
    const [push, pull] = [own(t, new Push()), own(t, new Pull())];
    await join2(pull, push, scheme);
    for (let i = 0; i < 5; i++) await push.send([String(i), "x"]);
    const seen: string[] = [];
    for await (const [first, second] of pull) {
      seen.push(`${first}${second}`);
      if (seen.length === 2) break;
    }
    for await (const [first] of pull) {
      seen.push(String(first));
      if (seen.length === 5) pull.close();
    }
    assert.deepEqual(seen, ["0x", "1x", "2", "3", "4"]);
    for await (const _ of pull) assert.fail("a closed socket gives nothing");
  },
);

check("a pending next() is done when the socket closes; after it done stays", async () => {
  const pull = new Pull();
  const iterator = pull[Symbol.asyncIterator]();
  assert.equal(iterator[Symbol.asyncIterator](), iterator);
  const pending = iterator.next();
  pull.close();
  assert.deepEqual(await pending, { value: undefined, done: true });
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
  assert.deepEqual(await iterator.return?.(), { value: undefined, done: true });
});

check("an iterator's timeout is the socket's receiveTimeout, and rejects", async (t) => {
  const pull = own(t, new Pull({ receiveTimeout: 5 }));
  await assert.rejects(
    async () => {
      for await (const _ of pull) assert.fail();
    },
    { code: "EAGAIN" },
  );
});

check("two iterators share the messages in order", async (t) => {
  const [push, pull] = await pipeline(t);
  const [one, two] = [pull[Symbol.asyncIterator](), pull[Symbol.asyncIterator]()];
  const calls = [one.next(), two.next(), one.next()];
  for (const text of ["a", "b", "c"]) await push.send(text);
  assert.deepEqual(
    (await Promise.all(calls)).map(({ value }) => String(value)),
    ["a", "b", "c"],
  );
});

check("tryReceive never waits; trySend never waits", async (t) => {
  const [push, pull] = await pipeline(t);
  assert.equal(pull.tryReceive(), undefined);
  assert.equal(pull.readable, false);
  assert.equal(push.trySend("x"), true);
  assert.equal(pull.readable, true);
  assert.equal(String(pull.tryReceive()), "x");
  push.sendHighWaterMark = 1;
  pull.receiveHighWaterMark = 1;
  assert.equal(fill(push, "x"), 2);
  assert.equal(push.writable, false);
});

check("receiveMany waits for the first and takes what else is there, up to the limit", async (t) => {
  const [push, pull] = await pipeline(t);
  const waiting = pull.receiveMany();
  for (let i = 0; i < 10; i++) push.trySend(String(i));
  const first = await waiting;
  assert.ok(first.length >= 1 && String(first[0]) === "0");
  const rest = [...first];
  while (rest.length < 10) rest.push(...(await pull.receiveMany(4)));
  assert.deepEqual(
    rest.map(String),
    Array.from({ length: 10 }, (_, i) => String(i)),
  );
  for (let i = 0; i < 10; i++) push.trySend(String(i));
  assert.equal((await pull.receiveMany(4)).length, 4);
  assert.equal((await pull.receiveMany()).length, 6);
  await assert.rejects(pull.receiveMany(5, { timeout: 5 }), { code: "EAGAIN" });
  for (const limit of [0, -1, Number.NaN])
    await assert.rejects(async () => pull.receiveMany(limit), { code: "EINVAL", message: /at least 1/ });
});

check("batches gives all messages, in order, and ends with the socket", async (t) => {
  const [push, pull] = await pipeline(t);
  const sending = (async () => {
    for (let i = 0; i < 5000; i++) await push.send(String(i));
    await eventually(() => !pull.readable);
    pull.close();
  })();
  let next = 0;
  for await (const batch of pull.batches(100)) {
    assert.ok(batch.length >= 1 && batch.length <= 100);
    for (const [frame] of batch) assert.equal(String(frame), String(next++));
  }
  assert.equal(next, 5000);
  await sending;
});

each(SCHEMES, "drain calls back for each message with its peer, and resolves when the socket is closed", async (t, scheme) => {
  const [push, pull] = [own(t, new Push()), own(t, new Pull())];
  await join2(pull, push, scheme);
  const seen: string[] = [];
  const draining = pull.drain((message, peer) => {
    seen.push(String(message[0]));
    assert.equal(peer.socketType, "PUSH");
    if (seen.length === 3000) pull.close();
  });
  for (let i = 0; i < 3000; i++) await push.send(String(i));
  await draining;
  assert.deepEqual(
    seen,
    Array.from({ length: 3000 }, (_, i) => String(i)),
  );
});

check("drain: the handler runs outside all other calls", async (t) => {
  const [push, pull] = await pipeline(t);
  let inside = false;
  let count = 0;
  const stop = new AbortController();
  const draining = pull.drain(() => {
    assert.equal(inside, false);
    count++;
  }, stop);
  for (let i = 0; i < 3; i++) {
    inside = true;
    push.trySend("x");
    inside = false;
    await nextTurn();
  }
  assert.equal(count, 3);
  stop.abort();
  await assert.rejects(draining, { name: "AbortError" });
});

check("drain rejects with what the handler threw, and the rest waits for the next call", async (t) => {
  const [push, pull] = await pipeline(t);
  for (let i = 0; i < 4; i++) await push.send(String(i));
  const error = new Error("mine");
  await assert.rejects(
    pull.drain(([frame]) => {
      if (String(frame) === "1") throw error;
    }),
    (thrown) => thrown === error,
  );
  assert.deepEqual(await receiveEach(pull, 2), ["2", "3"]);
});

check("other receives wait for the end of a drain, tryReceive goes before it", async (t) => {
  const [push, pull] = await pipeline(t);
  const stop = new AbortController();
  const seen: string[] = [];
  const draining = pull.drain(([frame]) => void seen.push(String(frame)), stop);
  const later = pull.receive();
  await push.send("to the drain");
  await eventually(() => seen.length === 1);
  push.trySend("taken at once");
  assert.equal(String(pull.tryReceive()), "taken at once");
  stop.abort();
  await assert.rejects(draining);
  await push.send("to the call");
  assert.equal(String(await later), "to the call");
  await assert.rejects(async () => pull.drain("x" as never), { code: "EINVAL", message: /must be a function/ });
});

check("takeMany takes what is there, up to the limit, and returns how many", async (t) => {
  const [push, pull] = await pipeline(t);
  const seen: string[] = [];
  const handler = ([frame]: Buffer[]): void => void seen.push(String(frame));
  assert.equal(pull.takeMany(handler, 10), 0);
  for (let i = 0; i < 5; i++) await push.send(String(i));
  assert.equal(pull.takeMany(handler, 3), 3);
  assert.equal(pull.takeMany(handler, 10), 2);
  assert.deepEqual(seen, ["0", "1", "2", "3", "4"]);
  assert.throws(() => pull.takeMany(handler, 0), { code: "EINVAL" });
  assert.throws(() => pull.takeMany(undefined as never, 1), { code: "EINVAL" });
  await push.send("a");
  await push.send("b");
  assert.throws(
    () =>
      pull.takeMany(() => {
        throw new RangeError("mine");
      }, 5),
    RangeError,
  );
  assert.equal(drainNow(pull).length, 1);
});

check("a handler may close the socket", async (t) => {
  const [push, pull] = await pipeline(t);
  for (let i = 0; i < 5; i++) await push.send("x");
  assert.equal(
    pull.takeMany(() => pull.close(), 10),
    1,
  );
});

check("receiveFrom tells who sent it", async (t) => {
  const router = own(t, new Router());
  const endpoint = await bound(router);
  for (const routingId of ["a", "b"]) {
    const dealer = own(t, new Dealer({ routingId }));
    dealer.connect(endpoint);
    await dealer.send("x");
    const { message, peer } = await router.receiveFrom({ timeout: 5000 });
    assert.deepEqual(message.map(String), [routingId, "x"]);
    assert.equal(Buffer.from(peer.routingId).toString(), routingId);
    assert.equal(router.peers().find((each) => each.id === peer.id)?.peer, peer);
  }
});

check("toReadableStream gives messages with back-pressure, and reads nothing ahead", async (t) => {
  const [push, pull] = await pipeline(t);
  for (let i = 0; i < 3; i++) await push.send(String(i));
  const reader = pull.toReadableStream().getReader();
  assert.equal(String((await reader.read()).value), "0");
  assert.equal(pull.stats().receiving, 2);
  await reader.cancel();
  assert.deepEqual(await receiveEach(pull, 2), ["1", "2"]);
});

check("toReadableStream ends with the socket; cancelling it leaves the socket open and loses nothing", async (t) => {
  const [push, pull] = await pipeline(t);
  const cancelled = pull.toReadableStream().getReader();
  const pending = cancelled.read();
  await cancelled.cancel();
  assert.equal((await pending).done, true);
  await push.send("x");
  assert.deepEqual(await receive(pull), ["x"]);
  const reader = pull.toReadableStream().getReader();
  const last = reader.read();
  await nextTurn();
  pull.close();
  assert.equal((await last).done, true);
});

check("toWritableStream sends each chunk, with back-pressure, and leaves the socket open", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  const writer = push.toWritableStream().getWriter();
  const writes = [writer.write("a"), writer.write(["b", "c"]), writer.write(Buffer.from("d"))];
  const pull = own(t, new Pull());
  push.connect(await bound(pull, "inproc"));
  await Promise.all(writes);
  await writer.close();
  assert.deepEqual(drainNow(pull), [["a"], ["b", "c"], ["d"]]);
  await push.send("still open");
  assert.deepEqual(await receive(pull), ["still open"]);
});

check("a stream that is aborted sends nothing more", async (t) => {
  const push = own(t, new Push());
  const writer = push.toWritableStream().getWriter();
  const write = writer.write("never");
  write.catch(() => undefined);
  await nextTurn();
  await writer.abort(new Error("stop"));
  await assert.rejects(write);
  const pull = own(t, new Pull());
  push.connect(await bound(pull, "inproc"));
  await assertNothing(pull);
});

check("pipeTo joins two sockets", async (t) => {
  const [push, middleIn] = await pipeline(t);
  const [middleOut, pull] = [own(t, new Push()), own(t, new Pull())];
  await join2(pull, middleOut, "inproc");
  const stop = new AbortController();
  const piping = middleIn.toReadableStream().pipeTo(middleOut.toWritableStream(), { signal: stop.signal });
  for (let i = 0; i < 5; i++) await push.send([String(i), "x"]);
  assert.deepEqual(await receiveEach(pull, 5), ["0|x", "1|x", "2|x", "3|x", "4|x"]);
  stop.abort();
  await assert.rejects(piping, { name: "AbortError" });
});

check("frames received are the reader's: changing them changes nothing else (tcp)", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  await join2(one, two);
  await one.send(["first", "second"]);
  await one.send(["third"]);
  const [first, second] = await two.receive({ timeout: 5000 });
  first.fill(0);
  assert.equal(String(second), "second");
  assert.deepEqual(await receive(two), ["third"]);
});

check("a receive made by a handler that ended its own drain gets the message that comes at once", async (t) => {
  const pull = own(t, new Pull());
  await pull.bind("inproc://drain-then-receive");
  const push = own(t, new Push());
  push.connect("inproc://drain-then-receive");
  const stop = new AbortController();
  let next: Promise<Buffer[]> | undefined;
  const drained = pull.drain(
    () => {
      stop.abort(new Error("one is enough"));
      next = pull.receive();
      assert.ok(push.trySend("second"));
    },
    { signal: stop.signal },
  );
  await push.send("first");
  await assert.rejects(drained, { message: "one is enough" });
  assert.equal(String(await next), "second");
});

check("an ended drain gets no more of the messages that are there; they are for the next call", async (t) => {
  const pull = own(t, new Pull());
  await pull.bind("inproc://drain-ends");
  const push = own(t, new Push());
  push.connect("inproc://drain-ends");
  for (let i = 0; i < 5; i++) await push.send(String(i));
  const stop = new AbortController();
  const seen: string[] = [];
  const drained = pull.drain(
    ([text]) => {
      seen.push(String(text));
      if (seen.length === 2) stop.abort(new Error("two"));
    },
    { signal: stop.signal },
  );
  await assert.rejects(drained, { message: "two" });
  assert.deepEqual(seen, ["0", "1"]);
  assert.equal(String(await pull.receive()), "2");
});

check("a drain of a REP whose handler answers later goes on after the answer, and takeMany stops at the question", async (t) => {
  const reply = own(t, new Reply());
  await reply.bind("inproc://drain-rep");
  const clients = [own(t, new Request()), own(t, new Request())];
  for (const client of clients) {
    client.connect("inproc://drain-rep");
    await client.send("question");
  }
  assert.equal(
    reply.takeMany(() => undefined, 10),
    1,
  );
  await reply.send("answer");
  const drained = reply.drain(() => void queueMicrotask(() => void reply.send("answer")));
  for (const client of clients) assert.equal(String(await client.receive()), "answer");
  reply.close();
  await drained;
});
