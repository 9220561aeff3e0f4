// How the event loop of a real program looks for input before it sleeps (`busyPoll`).
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { installedPlatform, type Platform } from "../../src/core/platform.ts";
import { Context, Pull, Push, Reply, Request } from "../../src/node.ts";
import { bound, check, eventually, own } from "../support/harness.ts";

/** A context that counts how often it looks for input instead of sleeping. */
function counting(): { context: Context; looks: () => number } {
  const platform = installedPlatform();
  let count = 0;
  const poll = (callback: () => void): void => {
    count++;
    setImmediate(callback);
  };
  const counted: Platform = { ...platform, clock: { ...platform.clock, poll } };
  return { context: new Context({}, counted), looks: () => count };
}

/** Ten requests and replies, with the client in `context`. */
async function talk(t: TestContext, context: Context, busyPoll: number): Promise<void> {
  const reply = own(t, new Reply({ busyPoll: 0 }));
  const request = own(t, new Request({ context, busyPoll }));
  request.connect(await bound(reply));
  for (let i = 0; i < 10; i++) {
    await request.send("question");
    await reply.send(await reply.receive());
    await request.receive();
  }
}

check("a request is followed by looks for its reply, which end", async (t) => {
  const { context, looks } = counting();
  await talk(t, context, 50);
  assert.ok(looks() > 0);
  let before = -1;
  await eventually(() => {
    const same = before === looks();
    before = looks();
    return same;
  });
});

check("busyPoll 0: the loop sleeps at once", async (t) => {
  const { context, looks } = counting();
  await talk(t, context, 0);
  assert.equal(looks(), 0);
});

check("who only receives looks after what came if it is told to, who only sends does not", async (t) => {
  const [receiving, sending] = [counting(), counting()];
  const pull = own(t, new Pull({ context: receiving.context, busyPoll: 50 }));
  const push = own(t, new Push({ context: sending.context }));
  push.connect(await bound(pull));
  await push.send("x");
  await pull.receive();
  assert.ok(receiving.looks() > 0);
  assert.equal(sending.looks(), 0);
});

check("a closed socket looks no more, however long it was to", async (t) => {
  const { context, looks } = counting();
  const reply = own(t, new Reply());
  const request = own(t, new Request({ context, busyPoll: 1_000_000 }));
  request.connect(await bound(reply));
  await request.send("question");
  await reply.receive();
  assert.ok(looks() > 0);
  await request.end(0);
  const before = looks();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.ok(looks() - before <= 1);
});
