/** Observers, as npm `zeromq` has them: `events`, `new Observer(socket)`, on, off, receive, iteration, end. */
import assert from "node:assert/strict";
import { Observer, Pull, Push, Router } from "../../src/node.ts";
import { bound, check, nextTurn, own } from "../support/harness.ts";

check("events is one object; a second observer is another, and both see everything", async (t) => {
  const pull = own(t, new Pull());
  assert.equal(pull.events, pull.events);
  assert.ok(pull.events instanceof Observer);
  const other = new Observer(pull);
  const endpoint = await bound(pull);
  for (const observer of [pull.events, other]) assert.deepEqual(await observer.receive(), { type: "bind", address: endpoint });
});

check("receive waits for an event; overlapping calls are served in order", async (t) => {
  const pull = own(t, new Pull());
  const calls = [pull.events.receive(), pull.events.receive()];
  const endpoint = await bound(pull);
  await pull.unbind(endpoint);
  assert.deepEqual(
    (await Promise.all(calls)).map((event) => event?.type),
    ["bind", "close"],
  );
});

check("on and off: listeners by type, run outside the library's calls", async (t) => {
  const pull = own(t, new Pull());
  const seen: string[] = [];
  const listener = (event: { address: string }): void => void seen.push(event.address);
  assert.equal(pull.events.on("bind", listener), pull.events);
  pull.events.on("bind", listener);
  const binding = pull.bind("tcp://127.0.0.1:*");
  assert.deepEqual(seen, []);
  await binding;
  await nextTurn();
  assert.equal(seen.length, 1);
  pull.events.off("bind", listener).off("close", listener as never);
  await bound(pull);
  await nextTurn();
  assert.equal(seen.length, 1);
});

check("after on, receive throws; events that came before and were not read go to the listener", async (t) => {
  const pull = own(t, new Pull());
  const observer = new Observer(pull);
  await bound(pull);
  const seen: string[] = [];
  observer.on("bind", (event) => void seen.push(event.type));
  await nextTurn();
  assert.deepEqual(seen, ["bind"]);
  assert.throws(() => void observer.receive(), { code: "EBUSY", message: /event emitter mode/ });
});

check("a listener that throws does so to the process and disturbs nobody", async (t) => {
  const pull = own(t, new Pull());
  const seen: string[] = [];
  const thrown: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => thrown.push(error));
  t.after(() => {
    process.removeAllListeners("uncaughtException");
    for (const each of before) process.on("uncaughtException", each);
  });
  pull.events.on("bind", () => {
    throw new RangeError("mine");
  });
  pull.events.on("bind", () => void seen.push("second"));
  await bound(pull);
  await nextTurn();
  assert.deepEqual(seen, ["second"]);
  assert.equal((thrown[0] as Error).message, "mine");
});

check("iteration gives all events and ends after end", async () => {
  const pull = new Pull();
  const observer = new Observer(pull);
  const types: string[] = [];
  const reading = (async () => {
    for await (const event of observer) types.push(event.type);
  })();
  await bound(pull);
  await pull.end();
  await reading;
  assert.deepEqual(types, ["bind", "close", "end"]);
  assert.equal(observer.closed, true);
});

check("the end event has no other field; the next receive is EBADF", async () => {
  const pull = new Pull();
  const { events } = pull;
  await pull.end();
  assert.deepEqual(await events.receive(), { type: "end" });
  await assert.rejects(async () => events.receive(), { code: "EBADF", message: /^Socket is closed/ });
});

check("closing an observer leaves the socket alone; a pending receive resolves undefined", async (t) => {
  const pull = own(t, new Pull());
  const observer = new Observer(pull);
  const pending = observer.receive();
  observer.close();
  observer.close();
  assert.equal(await pending, undefined);
  assert.equal(observer.closed, true);
  assert.equal(pull.closed, false);
  await assert.rejects(async () => observer.receive(), { code: "EBADF" });
});

check("events of a closed socket: EBADF, unless they were asked for before", () => {
  const pull = new Pull();
  pull.close();
  assert.throws(() => pull.events, { code: "EBADF" });
  assert.throws(() => new Observer(pull), { code: "EBADF" });
  const other = new Pull();
  const { events } = other;
  other.close();
  assert.equal(other.events, events);
});

check("at most so many events wait for a reader; the oldest are given up and counted", async (t) => {
  const push = own(t, new Push());
  const observer = new Observer(push);
  const pull = own(t, new Pull());
  for (let i = 0; i < 700; i++) {
    const name = `inproc://observer-${i}`;
    await pull.bind(name);
  }
  // inproc has no bind events: nothing is missed.
  assert.equal(observer.missed, 0);
  assert.equal(observer.closed, false);
});

check("an observer may be extended by the program", (t) => {
  const pull = own(t, new Pull());
  assert.ok(Object.isExtensible(pull.events));
});

check("a burst of drops with one reason and peer is one event with their count, and none is missed", async (t) => {
  const router = own(t, new Router());
  const { events } = router;
  for (let i = 0; i < 5000; i++) assert.ok(router.trySend(["nobody", "x"]));
  const event = await events.receive();
  assert.deepEqual(event, { type: "drop", reason: "unroutable", count: 5000 });
  assert.equal(events.missed, 0);
  assert.equal(router.stats().dropped.unroutable, 5000);
});
