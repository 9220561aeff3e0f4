// WebSocket messages of a wrong form, by sockets in Mongrel2's place.
import assert from "node:assert/strict";
import { serve, tnetstring } from "../../../src/mongrel2.ts";
import { Push, Subscriber } from "../../../src/node.ts";
import { bound, check, own } from "../../support/harness.ts";

check("a message with a reserved bit, or of an opcode that is none, ends its WebSocket with 1002", async (t) => {
  const [push, sub] = [own(t, new Push()), own(t, new Subscriber())];
  sub.subscribe();
  const servers = { requests: await bound(push), replies: await bound(sub) };
  const seen: string[] = [];
  const websocket = { message: (_: unknown, data: string | Buffer) => void seen.push(String(data)) };
  const handler = serve(() => new Response(), { servers, websocket });
  t.after(() => handler.close(0));
  await handler.ready();
  for (const [connection, flags, answer] of [
    [1, "0xc1", "880203ea"],
    [2, "0x91", "880203ea"],
    [3, "0x83", "880203ea"],
    [4, "0x80", "880203ea"],
    [5, "0x89", "8a0178"],
  ] as const) {
    const headers = tnetstring.encode({ METHOD: "WEBSOCKET", FLAGS: flags });
    await push.send(Buffer.concat([Buffer.from(`name ${connection} / `), headers, tnetstring.netstring("x")]));
    const [frame] = await sub.receive({ timeout: 5000 });
    const start = `name 1:${connection}, `;
    assert.equal(frame.toString("latin1", 0, start.length), start);
    assert.equal(frame.toString("hex", start.length), answer, flags);
    if (flags !== "0x89") assert.equal(String((await sub.receive({ timeout: 5000 }))[0]), start);
  }
  assert.deepEqual(seen, []);
});
