/**
 * Web streams: a socket as the source or the end of a pipe, with back-pressure all the way.
 *
 *     numbers ──▶ PUSH ~~tcp~~▶ PULL ──▶ squares ──▶ PUSH ~~inproc~~▶ PULL ──▶ sum
 *
 * Each chunk is a message. A slow reader fills the queues up to the high-water marks, and then the writer waits.
 */
import assert from "node:assert/strict";
import { type Message, Pull, Push } from "zmtp";

const NUMBERS = 2000;

const first = { push: new Push(), pull: new Pull() };
const second = { push: new Push(), pull: new Pull() };
await first.pull.bind("tcp://127.0.0.1:*");
first.push.connect(first.pull.lastEndpoint as string);
await second.pull.bind("inproc://squares");
second.push.connect("inproc://squares");

let next = 0;
const numbers = new ReadableStream<string>({
  pull(controller) {
    if (next < NUMBERS) controller.enqueue(String(next++));
    else controller.close();
  },
});
const squares = new TransformStream<Message[], string>({
  transform([number], controller) {
    controller.enqueue(String(Number(number) ** 2));
  },
});

let sum = 0;
let count = 0;
const adding = new WritableStream<Message[]>({
  write([square]) {
    sum += Number(square);
    if (++count === NUMBERS) first.pull.close(); // Ends the stream from this socket, and with it the pipes behind.
  },
});

const written = numbers.pipeTo(first.push.toWritableStream());
const squared = first.pull.toReadableStream().pipeThrough(squares).pipeTo(second.push.toWritableStream());
const added = second.pull.toReadableStream().pipeTo(adding);

await written; // Every number is queued.
await squared; // The reading socket was closed.
second.pull.close();
await added;
console.log(`the squares of ${count} numbers add up to ${sum}`);
assert.equal(sum, ((NUMBERS - 1) * NUMBERS * (2 * NUMBERS - 1)) / 6);

first.push.close();
second.push.close();
