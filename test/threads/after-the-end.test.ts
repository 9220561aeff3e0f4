/** A connection between threads that is over, while its messages are still read. Both sides are in this thread, and talk through shared memory. */
import assert from "node:assert/strict";
import { Pull, Push } from "../../src/node.ts";
import { check, eventually, fill, join2, own } from "../support/harness.ts";
import { throughRings } from "../support/through-rings.ts";

throughRings();

check("a mark that is set then changes no other connection that has its memory", async (t) => {
  const first = own(t, new Pull());
  const push = new Push();
  await join2(first, push, "inproc");
  for (let i = 0; i < 3; i++) await push.send("unread");
  await push.end();
  await eventually(() => first.peers()[0].peer.state === "closed");
  const [second, sender] = [own(t, new Pull()), own(t, new Push())];
  await join2(second, sender, "inproc");
  first.receiveHighWaterMark = 1;
  assert.equal(fill(sender, "x", 5000), 2000);
  assert.equal(sender.peers()[0].sending.highWaterMark, 2000);
  for (let i = 0; i < 3; i++) assert.equal(String(await first.receive()), "unread");
});
