/** Sending and receiving: what counts as a message, order of overlapping calls, timeouts, abort, close, and the budget of a turn. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type MessageLike, Pair, Publisher, Pull, Push, Reply, Request, Router, ZmqError } from "../../src/node.ts";
import {
  anyEndpoint,
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

async function pipeline(t: TestContext, scheme: "tcp" | "inproc" = "inproc"): Promise<[Push, Pull]> {
  const [push, pull] = [own(t, new Push()), own(t, new Pull())];
  await join2(pull, push, scheme);
  return [push, pull];
}

each(SCHEMES, "every kind of value becomes a frame", async (t, scheme) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  await join2(one, two, scheme);
  const buffer = new ArrayBuffer(4);
  new Uint8Array(buffer).set([1, 2, 3, 4]);
  const shared = new SharedArrayBuffer(2);
  new Uint8Array(shared).set([5, 6]);
  const cases: [MessageLike, Buffer][] = [
    ["text", Buffer.from("text")],
    ["ü€\u{1f600}", Buffer.from("ü€\u{1f600}")],
    ["", Buffer.alloc(0)],
    [null, Buffer.alloc(0)],
    [42, Buffer.from("42")],
    [-0.5, Buffer.from("-0.5")],
    [Number.NaN, Buffer.from("NaN")],
    [Buffer.from("buffer"), Buffer.from("buffer")],
    [new Uint8Array([7, 8]), Buffer.from([7, 8])],
    [new Uint16Array(buffer, 2, 1), Buffer.from([3, 4])],
    [new DataView(buffer, 1, 2), Buffer.from([2, 3])],
    [buffer, Buffer.from([1, 2, 3, 4])],
    [shared, Buffer.from([5, 6])],
  ];
  for (const [value, expected] of cases) {
    await one.send(value);
    const [frame, ...rest] = await two.receive({ timeout: 5000 });
    assert.deepEqual(rest, []);
    assert.ok(Buffer.isBuffer(frame));
    assert.ok(expected.equals(frame), `${String(value)}: ${frame.toString("hex")}`);
  }
  await one.send(cases.map(([value]) => value));
  const frames = await two.receive({ timeout: 5000 });
  assert.deepEqual(
    frames,
    cases.map(([, expected]) => expected),
  );
});

check("other values go through String(), and what has no text is refused", async (t) => {
  const [push, pull] = await pipeline(t);
  const send = (value: unknown): Promise<void> => push.send(value as MessageLike);
  for (const [value, text] of [
    [true, "true"],
    [5n, "5"],
    [new URL("http://x/"), "http://x/"],
  ] as const) {
    await send(value);
    assert.deepEqual(await receive(pull), [text]);
  }
  for (const [value, message] of [
    [undefined, /Message must be present/],
    [[undefined], /Message must be present/],
    [{}, /a frame must be bytes.*JSON\.stringify/i],
    [["x", { a: 1 }], /JSON\.stringify/],
  ] as const) {
    await assert.rejects(async () => send(value), { code: "EINVAL", message });
    assert.throws(() => push.trySend(value as MessageLike), { code: "EINVAL", message });
  }
  assert.equal(pull.readable, false);
});

check("an empty array sends nothing, and says that all is well", async (t) => {
  const [push, pull] = await pipeline(t);
  await push.send([]);
  assert.equal(push.trySend([]), true);
  await push.send("marker");
  assert.deepEqual(await receive(pull), ["marker"]);
});

check("the caller's array is not changed, and may be used again", async (t) => {
  const [push, pull] = await pipeline(t);
  const parts = Object.freeze(["a", Buffer.from("b")]);
  await push.send(parts);
  await push.send(parts);
  for (let i = 0; i < 2; i++) assert.deepEqual(await receive(pull), ["a", "b"]);
  const [router, request] = [own(t, new Router()), own(t, new Request({ routingId: "r" }))];
  await join2(router, request, "inproc");
  const reply = ["r", "", "x"];
  await request.send("?");
  await router.send(reply);
  assert.deepEqual(reply, ["r", "", "x"]);
});

check("frames up to 128 bytes are copied over tcp, also while they wait", async (t) => {
  const push = own(t, new Push());
  const small = Buffer.from("before");
  const endpoint = await (async () => {
    const pull = own(t, new Pull());
    const free = await bound(pull);
    await pull.unbind(free);
    return free;
  })();
  push.connect(endpoint);
  await push.send(small);
  small.fill("x");
  const pull = own(t, new Pull());
  await pull.bind(endpoint);
  assert.deepEqual(await receive(pull), ["before"]);
});

// Order ---------------------------------------------------------------------------------------------------------------------------------

check("overlapping receives are served in the order they were made, never EBUSY", async (t) => {
  const [push, pull] = await pipeline(t);
  const done: string[] = [];
  const calls = ["1", "2", "3", "4"].map(async (name) => {
    const [message] = await pull.receive();
    done.push(`${name}:${message}`);
  });
  assert.equal(pull.stats().waitingReceives, 4);
  for (const text of ["a", "b", "c", "d"]) await push.send(text);
  await Promise.all(calls);
  assert.deepEqual(done, ["1:a", "2:b", "3:c", "4:d"]);
});

check("overlapping sends are served in the order they were made, never EBUSY, and trySend does not overtake", async (t) => {
  const push = own(t, new Push({ sendHighWaterMark: 1 }));
  const calls = ["a", "b", "c"].map((text) => push.send(text));
  assert.equal(push.stats().waitingSends, 3);
  assert.equal(push.trySend("overtakes"), false);
  const pull = own(t, new Pull({ receiveHighWaterMark: 1 }));
  push.connect(await bound(pull, "inproc"));
  assert.deepEqual(await receiveEach(pull, 3), ["a", "b", "c"]);
  await Promise.all(calls);
});

check("sends and receives of one socket overlap freely", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  const endpoint = anyEndpoint("inproc");
  const waiting = [one.receive(), one.send("from one"), two.receive(), two.send("from two")] as const;
  await one.bind(endpoint);
  two.connect(endpoint);
  const [first, , second] = await Promise.all(waiting);
  assert.deepEqual([String(first), String(second)], ["from two", "from one"]);
});

check("a waiting call that is given up leaves the others in order", async (t) => {
  const [push, pull] = await pipeline(t);
  const controller = new AbortController();
  const first = pull.receive();
  const second = pull.receive({ signal: controller.signal });
  const third = pull.receive({ timeout: 1000 });
  controller.abort();
  await assert.rejects(second, { name: "AbortError" });
  await push.send("a");
  await push.send("b");
  assert.equal(String(await first), "a");
  assert.equal(String(await third), "b");
});

// Giving up -----------------------------------------------------------------------------------------------------------------------------

check("timeouts: 0 tries at once, a positive one rejects EAGAIN, -1 waits", async (t) => {
  const [push, pull] = await pipeline(t);
  await assert.rejects(pull.receive({ timeout: 0 }), {
    code: "EAGAIN",
    errno: 11,
    reason: "timed-out",
    message: /receive on PULL socket/,
  });
  const waiting = pull.receive({ timeout: -1 });
  await push.send("x");
  assert.equal(String(await waiting), "x");
  await push.send("there");
  assert.equal(String(await pull.receive({ timeout: 0 })), "there");
});

check("a send that timed out is not sent", async (t) => {
  const push = own(t, new Push());
  await assert.rejects(push.send("late", { timeout: 5 }), { code: "EAGAIN" });
  const pull = own(t, new Pull());
  push.connect(await bound(pull, "inproc"));
  await push.send("marker");
  assert.deepEqual(drainNow(pull), [["marker"]]);
});

check("abort: an aborted signal rejects at once with its reason, and nothing is sent or taken", async (t) => {
  const [push, pull] = await pipeline(t);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const same = (error: unknown): boolean => error === reason;
  await assert.rejects(push.send("never", { signal }), same);
  await push.send("there");
  await assert.rejects(pull.receive({ signal }), same);
  await assert.rejects(pull.receiveMany(5, { signal }), same);
  await assert.rejects(pull.receiveFrom({ signal }), same);
  await assert.rejects(
    pull.drain(() => assert.fail("handler called"), { signal }),
    same,
  );
  await assert.rejects(pull.connected(5, { signal }), same);
  assert.deepEqual(drainNow(pull), [["there"]]);
});

check("abort: while waiting, it rejects with the reason, and a message not yet queued is not sent", async (t) => {
  const push = own(t, new Push());
  const pull = own(t, new Pull());
  const pub = own(t, new Publisher());
  const reason = { any: "value" };
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    push.send("never", { signal }),
    pull.receive({ signal }),
    pull.receiveMany(5, { signal }),
    pull.receiveFrom({ signal }),
    pull.drain(() => undefined, { signal }),
    pull.connected(1, { signal }),
    pub.subscribed("x", 1, { signal }),
  ];
  const settled = Promise.allSettled(calls);
  controller.abort(reason);
  for (const result of await settled) {
    assert.equal(result.status, "rejected");
    assert.equal((result as PromiseRejectedResult).reason, reason);
  }
  assert.equal(push.stats().waitingSends, 0);
  assert.equal(pull.stats().waitingReceives, 0);
  push.connect(await bound(pull, "inproc"));
  await push.send("marker");
  assert.deepEqual(drainNow(pull), [["marker"]]);
});

check("abort after the call was settled changes nothing, and leaves no listener", async (t) => {
  const [push, pull] = await pipeline(t);
  const controller = new AbortController();
  const waiting = pull.receive({ signal: controller.signal });
  await push.send("x", { signal: controller.signal });
  assert.equal(String(await waiting), "x");
  controller.abort();
  await push.send("y");
  assert.deepEqual(await receive(pull), ["y"]);
});

check("AbortSignal.timeout works as a signal", async (t) => {
  const pull = own(t, new Pull());
  await assert.rejects(pull.receive({ signal: AbortSignal.timeout(5) }), { name: "TimeoutError" });
});

// Closing -------------------------------------------------------------------------------------------------------------------------------

check("close rejects what waits with EAGAIN, in every form, and says that it was closed", async () => {
  const pull = new Pull();
  const push = new Push();
  const pub = new Publisher();
  const calls = [
    pull.receive(),
    pull.receiveMany(),
    pull.receiveFrom(),
    pull.connected(),
    push.send("x"),
    push.connected(2),
    pub.subscribed(),
  ];
  const settled = Promise.allSettled(calls);
  for (const socket of [pull, push, pub]) socket.close();
  for (const result of await settled) {
    assert.equal(result.status, "rejected");
    const error = (result as PromiseRejectedResult).reason as ZmqError;
    assert.ok(error instanceof ZmqError);
    assert.equal(error.code, "EAGAIN");
    assert.equal(error.reason, "closed-while-waiting");
    assert.match(error.message, /^Operation was not possible or timed out: .*closed/);
  }
});

check("close during bind rejects the bind or lets it finish; the socket is closed either way", async () => {
  const pull = new Pull();
  const binding = pull.bind("tcp://127.0.0.1:*").then(
    () => "bound",
    (error: ZmqError) => error.code,
  );
  pull.close();
  assert.ok(["bound", "EAGAIN"].includes(await binding));
  assert.equal(pull.closed, true);
  await pull.end();
});

check("messages received and not read are gone when the socket is closed", async (t) => {
  const [push, pull] = await pipeline(t);
  await push.send("unread");
  pull.close();
  assert.equal(pull.readable, false);
  await assert.rejects(async () => pull.receive(), { code: "EBADF" });
});

// The event loop --------------------------------------------------------------------------------------------------------------------------

check("an endless loop of awaited sends leaves timers running (PUB without and with a subscriber)", async (t) => {
  const pub = own(t, new Publisher());
  await bound(pub, "tcp");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  let sent = 0;
  for (; ticks < 5; sent++) await pub.send("x");
  assert.ok(sent > 512);
});

check("512 operations in one turn, then one waits for the next", async (t) => {
  const pub = own(t, new Publisher());
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  await nextTurn();
  setImmediate(count);
  for (let i = 0; i < 511; i++) await pub.send("x");
  const before = turns;
  for (let i = 0; i < 5120; i++) await pub.send("x");
  counting = false;
  assert.ok(turns - before >= 9 && turns - before <= 30, `${turns - before} turns for 5120 sends`);
});

check("an endless loop of awaited receives leaves timers running", async (t) => {
  const [push, pull] = await pipeline(t);
  push.sendHighWaterMark = 0;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  while (ticks < 5) {
    fill(push, "x", 100);
    for (let i = 0; i < 100; i++) await pull.receive();
  }
});

check("for await over an endless producer leaves timers running", async (t) => {
  const [push, pull] = await pipeline(t);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  fill(push, "x");
  let count = 0;
  for await (const _ of pull) {
    count++;
    push.trySend("x");
    if (ticks >= 5) break;
  }
  assert.ok(count > 0);
});

check("batches over an endless producer leave timers running", async (t) => {
  const [push, pull] = await pipeline(t);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  fill(push, "x");
  for await (const batch of pull.batches()) {
    for (const _ of batch) push.trySend("x");
    if (ticks >= 5) break;
  }
});

check("a ping-pong of drains over inproc leaves timers running", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  await join2(one, two, "inproc");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  let count = 0;
  const stop = new AbortController();
  const drains = [one, two].map((socket) =>
    socket.drain(
      ([frame]) => {
        count++;
        socket.trySend(frame);
      },
      { signal: stop.signal },
    ),
  );
  await one.send("ball");
  await eventually(() => ticks >= 5 && count > 1000);
  stop.abort();
  await Promise.allSettled(drains);
});

check("a request-reply loop over inproc leaves timers running", async (t) => {
  const [request, reply] = [own(t, new Request()), own(t, new Reply())];
  await join2(reply, request, "inproc");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  const stop = new AbortController();
  const serving = (async () => {
    for await (const message of reply) {
      await reply.send(message);
      if (stop.signal.aborted) break;
    }
  })();
  while (ticks < 5) {
    await request.send("x");
    await request.receive();
  }
  stop.abort();
  await request.send("last");
  await serving;
});
