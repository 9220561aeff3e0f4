/**
 * Watching a socket: events of its connections, counters, peers, and messages that were dropped.
 *
 * Nothing is lost in silence: of a subscriber that reads too slowly the publisher drops messages at the high-water
 * mark, and says with events which peer it was, how many and why; `stats()` and `peers()` give the same in figures at
 * any time.
 */
import assert from "node:assert/strict";
import { Publisher, Subscriber } from "zmtp";

const MESSAGES = 30_000;
const BODY = Buffer.alloc(1000);

const publisher = new Publisher({ sendHighWaterMark: 100 });
let dropped = 0;
publisher.events.on("bind", () => console.log("event: bind"));
publisher.events.on("handshake", ({ peer }) => console.log(`event: handshake with a ${peer.socketType}`));
publisher.events.on("drop", ({ reason, count }) => {
  if (dropped === 0) console.log(`event: drop, because of the ${reason}`);
  dropped += count;
});
const disconnected = new Promise<void>((resolve) => {
  publisher.events.on("disconnect", ({ reason, retry }) => {
    console.log(`event: disconnect, ${reason}, ${retry ? "will be tried again" : "nothing to try again"}`);
    resolve();
  });
});
await publisher.bind("tcp://127.0.0.1:*");

const subscriber = new Subscriber({ receiveHighWaterMark: 100 });
subscriber.subscribe("");
subscriber.connect(publisher.lastEndpoint as string);
await publisher.subscribed();
const [peer] = publisher.peers();
console.log(`peer: ${peer.socketType}, ${peer.state}, room for ${peer.sending.highWaterMark} messages`);

// Nobody reads meanwhile: first the subscriber's queue is full, then the network's buffers, then the publisher's queue.
for (let i = 0; i < MESSAGES; i++) await publisher.send(BODY);

const statistics = publisher.stats();
const inQueue = statistics.dropped["high-water-mark"] ?? 0;
console.log(`counted: ${inQueue > 0 ? "some" : "no"} drops, the events told of ${dropped === inQueue ? "each" : "others"}`);
assert.ok(inQueue > 0);
assert.equal(dropped, inQueue);
assert.equal(statistics.sent + statistics.sending + inQueue, MESSAGES);

// What was not dropped arrives.
for (let i = 0; i < MESSAGES - inQueue; i++) await subscriber.receive({ timeout: 5000 });
assert.equal(subscriber.stats().received, MESSAGES - inQueue);
console.log("received: everything else");

subscriber.close();
await disconnected;
publisher.close();
