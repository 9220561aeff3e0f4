// A flood on one connection starves nobody: other peers of the same socket are served, and the event loop turns, after a
// bounded number of its messages. Counted in messages, not in time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type Message, Pull, Push } from "../../src/node.ts";
import { bound, check, own } from "../support/harness.ts";

/** greeting | READY with Socket-Type PUSH */
const OPENING = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]),
  Buffer.from("NULL".padEnd(52, "\0")),
  Buffer.from("\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH", "latin1"),
]);

/** A message of the flood: 00 05 flood */
const FRAME = Buffer.from("\0\x05flood", "latin1");
const MESSAGES = 1_000_000;
const PER_WRITE = 10_000;

/** Of the flood, while somebody else waits: what two marks and the chunks on the way may hold. */
const MOST_BETWEEN = 4096;

check("a flood on one connection starves neither other peers nor the event loop", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = await bound(pull);
  const polite = own(t, new Push());
  polite.connect(endpoint);
  await polite.connected();

  let flooded = 0;
  let sentAt = 0;
  let answered = 0;
  let longestWait = 0;
  let turnAt = 0;
  let longestTurn = 0;
  let over = false;
  const turn = (): void => {
    longestTurn = Math.max(longestTurn, flooded - turnAt);
    turnAt = flooded;
    if (!over) setImmediate(turn);
  };

  const complete = new Promise<void>((resolve) => {
    void pull.drain(([body]: Message[]) => {
      if (body.length === 5) {
        if (++flooded === MESSAGES) resolve();
        return;
      }
      answered++;
      longestWait = Math.max(longestWait, flooded - sentAt);
      sentAt = flooded;
      polite.trySend("polite");
    });
  });

  const port = Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
  const flood = connect(port, "127.0.0.1");
  t.after(() => flood.destroy());
  await once(flood, "connect");
  flood.resume(); // What the PULL says is not read.
  flood.write(OPENING);
  assert.ok(polite.trySend("polite"));
  turn();
  const block = Buffer.concat(Array.from({ length: PER_WRITE }, () => FRAME));
  for (let sent = 0; sent < MESSAGES; sent += PER_WRITE) if (!flood.write(block)) await once(flood, "drain");
  await complete;
  over = true;

  t.diagnostic(`${answered} answered, longest wait ${longestWait} and longest turn ${longestTurn} messages of the flood`);
  assert.ok(answered > MESSAGES / MOST_BETWEEN, `${answered} messages of the other peer came during the flood`);
  assert.ok(longestWait <= MOST_BETWEEN, `another peer waited for ${longestWait} messages of the flood`);
  assert.ok(longestTurn <= MOST_BETWEEN, `${longestTurn} messages came in one turn of the event loop`);
});

check("a drain whose handler takes its time lets timers run", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 0 }));
  const push = own(t, new Push({ sendHighWaterMark: 0 }));
  push.connect(await bound(pull));
  const messages = 2000;
  for (let i = 0; i < messages; i++) assert.ok(push.trySend("work"));
  let handled = 0;
  let atTimer = messages;
  const complete = new Promise<void>((resolve) => {
    void pull.drain(() => {
      if (handled++ === 0) setTimeout(() => (atTimer = handled), 0);
      for (const until = performance.now() + 0.1; performance.now() < until; );
      if (handled === messages) resolve();
    });
  });
  await complete;
  assert.ok(atTimer <= MOST_BETWEEN / 8, `a timer waited for ${atTimer} messages of 0.1 ms`);
});
