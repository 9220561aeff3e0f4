/**
 * ROUTER and DEALER: requests and answers without taking turns.
 *
 * A DEALER may have any number of requests under way. A ROUTER puts the routing id of the sender before each message
 * that it receives, and sends each message to the peer whose id comes first; so it can answer whom it likes, when it
 * likes. Here it answers quick questions before slow ones.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Dealer, Router } from "zmtp";

const CLIENTS = ["alice", "bob"];
/** Milliseconds that each question takes. */
const QUESTIONS = [60, 30, 1];

const router = new Router({ mandatory: true }); // An answer to a client that is gone is an error, not silence.
await router.bind("tcp://127.0.0.1:*");

async function serve(): Promise<void> {
  for await (const [id, question] of router) void answer(id, question);
}

async function answer(id: Buffer, question: Buffer): Promise<void> {
  await delay(Number(question));
  await router.send([id, question, `${id} waited ${question} ms`]);
}

async function ask(name: string): Promise<void> {
  const dealer = new Dealer({ routingId: name });
  dealer.connect(router.lastEndpoint as string);
  for (const question of QUESTIONS) await dealer.send(String(question));
  const answers = new Set<string>();
  const order: number[] = [];
  while (answers.size < QUESTIONS.length) {
    const [question, text] = await dealer.receive({ timeout: 5000 });
    order.push(Number(question));
    answers.add(text.toString());
  }
  console.log(`${name} asked for ${QUESTIONS.join(", ")} and got ${order.join(", ")}`);
  for (const question of QUESTIONS) assert.ok(answers.has(`${name} waited ${question} ms`));
  assert.deepEqual(order, [...QUESTIONS].reverse());
  dealer.close();
}

const served = serve();
await Promise.all(CLIENTS.map(ask));
router.close();
await served;
