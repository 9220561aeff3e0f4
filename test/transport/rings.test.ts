/** The transport suite over inproc as it is between threads: through shared memory, with both sides in this thread. */
import assert from "node:assert/strict";
import { Pair } from "../../src/node.ts";
import { check, join2, own } from "../support/harness.ts";
import { throughRings } from "../support/through-rings.ts";
import { transportSuite } from "./suite.ts";

throughRings();

transportSuite({ scheme: "inproc", reconnects: false });

check("what this file tests is copied through shared memory", async (t) => {
  const [server, client] = [own(t, new Pair()), own(t, new Pair())];
  await join2(server, client, "inproc");
  const body = Buffer.alloc(1000);
  await client.send(body);
  const [frame] = await server.receive();
  assert.notEqual(frame.buffer, body.buffer);
});
