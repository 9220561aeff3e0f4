/**
 * Random traffic between threads, from a seed: sizes, pauses and kills. The reader computes what each writer sends, so order and
 * content of every message are checked.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { Pull } from "../../src/node.ts";
import { anyEndpoint, eventually, own } from "./harness.ts";
import { type Inside, type Thread, thread } from "./thread.ts";

export interface Storm {
  readonly seed: number;
  readonly writers: number;
  /** Messages of each writer. */
  readonly messages: number;
  /** Largest body. */
  readonly maxBytes: number;
}

interface Writer {
  readonly endpoint: string;
  readonly seed: number;
  readonly name: string;
  readonly messages: number;
  readonly maxBytes: number;
  readonly mark: number;
}

/** What may wait on either side of a connection, unless that is less than two messages. */
const QUEUE_BYTES = 32 << 20;

/** A mark with which large messages do not fill the memory. */
function markFor(maxBytes: number): number {
  return Math.max(2, Math.min(1000, Math.floor(QUEUE_BYTES / maxBytes)));
}

/** A writer's program. Its numbers come from the same generator as the reader's. */
async function write({ zmtp, argument }: Inside<Writer>): Promise<void> {
  const { endpoint, seed, name, messages, maxBytes, mark } = argument;
  const push = new zmtp.Push({ sendHighWaterMark: mark });
  push.connect(endpoint);
  let state = seed >>> 0;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < messages; i++) {
    const body = Buffer.alloc(next(maxBytes + 1), i);
    await push.send([name, String(i), body]);
    if (next(500) === 0) await new Promise((resolve) => setTimeout(resolve, next(3)));
  }
}

/** What a reader expects of one writer. */
class Expectation {
  next = 0;
  #state: number;
  #maxBytes: number;

  constructor(seed: number, maxBytes: number) {
    this.#state = seed >>> 0;
    this.#maxBytes = maxBytes;
  }

  check(number: Uint8Array, body: Uint8Array): void {
    assert.equal(String(number), String(this.next));
    const size = this.#random(this.#maxBytes + 1);
    this.#random(500) === 0 && this.#random(3);
    assert.equal(body.length, size);
    if (size <= 1024) assert.ok(Buffer.alloc(size, this.next).equals(body), `content of message ${this.next}`);
    else {
      // Every octet of large ones would cost more than the test: the borders of all parts that could be torn.
      for (let at = 0; at < size; at += 4093) assert.equal(body[at], this.next & 255);
      assert.equal(body[size - 1], this.next & 255);
    }
    this.next++;
  }

  #random(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }
}

function writer(t: TestContext, endpoint: string, name: string, storm: Storm, seed: number): Thread {
  const { messages, maxBytes } = storm;
  return thread<Writer>(t, write, { endpoint, seed, name, messages, maxBytes, mark: markFor(maxBytes) });
}

/** Several threads send, this one reads everything. */
export async function storm(t: TestContext, settings: Storm): Promise<void> {
  const random = seededRandom(settings.seed);
  const pull = own(t, new Pull({ receiveHighWaterMark: markFor(settings.maxBytes) }));
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  const expected = new Map<string, Expectation>();
  for (let i = 0; i < settings.writers; i++) {
    const seed = random.next(2 ** 32);
    expected.set(String(i), new Expectation(seed, settings.maxBytes));
    writer(t, endpoint, String(i), settings, seed);
  }
  let left = settings.writers * settings.messages;
  for await (const batch of pull.batches()) {
    for (const [name, number, body] of batch) (expected.get(String(name)) as Expectation).check(number, body);
    left -= batch.length;
    if (random.next(100) === 0) await new Promise((resolve) => setTimeout(resolve, random.next(3)));
    if (left === 0) break;
  }
  for (const each of expected.values()) assert.equal(each.next, settings.messages);
}

/** Threads come, send, and are ended at a random time; what comes of each is a beginning of what it sent. */
export async function kills(t: TestContext, settings: Storm, count: number): Promise<void> {
  const random = seededRandom(settings.seed);
  const pull = own(t, new Pull({ receiveHighWaterMark: markFor(settings.maxBytes) }));
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  const expected = new Map<string, Expectation>();
  const reading = pull.drain(([name, number, body]) => (expected.get(String(name)) as Expectation).check(number, body));
  reading.catch(() => undefined); // Awaited at the end.
  const live = async (name: string): Promise<void> => {
    const seed = random.next(2 ** 32);
    const expectation = new Expectation(seed, settings.maxBytes);
    expected.set(name, expectation);
    const thread = writer(t, endpoint, name, settings, seed);
    await killLater(thread, expectation, random);
  };
  for (let i = 0; i < count; i += settings.writers)
    await Promise.all(Array.from({ length: Math.min(settings.writers, count - i) }, (_, k) => live(String(i + k))));
  await eventually(() => pull.peers().length === 0);
  pull.close();
  await reading;
}

async function killLater(thread: Thread, expectation: Expectation, random: Random): Promise<void> {
  const early = random.next(4) === 0; // Perhaps before it has a connection.
  const after = random.next(300);
  const pause = random.next(early ? 40 : 4);
  if (!early) await eventually(() => expectation.next > after);
  await new Promise((resolve) => setTimeout(resolve, pause));
  await thread.kill();
}
