/**
 * Football scores by publish and subscribe: each fan follows some teams, by one filter per team.
 *
 * A filter is the beginning of a message's first frame. It is checked by the publisher, so what nobody wants never
 * leaves it. The topics here end in a space, so that "Ajax " does not match "Ajax Youth ". A publisher does not wait
 * for anybody: we wait for the subscriptions instead of sleeping.
 */
import assert from "node:assert/strict";
import { Publisher, Subscriber } from "zmtp";

const SCORES = ["Ajax 1", "Porto 1", "Celtic 1", "Ajax 2", "Ajax-Youth 7", "Porto 2", "Celtic 2"];
const FANS: Readonly<Record<string, readonly string[]>> = {
  Anna: ["Ajax ", "Celtic "],
  Rui: ["Porto "],
  Everyone: ["Ajax ", "Porto ", "Celtic "],
};
const END = "The day is over";

async function follow(fan: string, topics: readonly string[], endpoint: string): Promise<void> {
  const subscriber = new Subscriber();
  subscriber.subscribe(...topics, END);
  subscriber.connect(endpoint);
  const seen: string[] = [];
  for await (const [frame] of subscriber) {
    const score = frame.toString();
    if (score === END) break;
    seen.push(score);
  }
  console.log(`${fan} saw: ${seen.join(", ")}`);
  const expected = SCORES.filter((score) => topics.some((topic) => score.startsWith(topic)));
  assert.deepEqual(seen, expected);
  subscriber.close();
}

const publisher = new Publisher();
await publisher.bind("tcp://127.0.0.1:*");
const fans = Object.entries(FANS).map(([fan, topics]) => follow(fan, topics, publisher.lastEndpoint as string));

await publisher.subscribed(END, fans.length); // Each fan subscribes to the end last.
for (const score of SCORES) await publisher.send(score);
await publisher.send(END);

await Promise.all(fans);
publisher.close();
