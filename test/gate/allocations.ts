/**
 * Run by gate.test.ts in a process of its own: octets of JavaScript heap that a message costs, on its way from one
 * socket to another in this process. Prints one JSON object.
 *
 * The young generation is made so large that nothing is collected while it is measured, so that the difference of the
 * heap's size is what was allocated; a collection in between would make a figure useless, and ends the program.
 * Messages go in bursts, each of which is received before the next is sent: how a stream is cut into reads, and what those cost,
 * would depend on what else the machine does.
 */
import assert from "node:assert/strict";
import { PerformanceObserver } from "node:perf_hooks";
import { type Message, Publisher, Pull, Push, Reply, Request, Subscriber } from "../../src/node.ts";

const MESSAGES = 4000;
/** Together less than one write takes. */
const BURST = 50;
const WARM_UP_ROUNDS = 20;
/** So many rounds in a row without a lower figure: everything on the way is compiled, which may take long on a busy machine. */
const STEADY_ROUNDS = 12;
const MOST_ROUNDS = 100;

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

type Round = () => Promise<void>;

/** Octets a message, the least of some rounds: what else happens in the process only adds. */
async function measure(round: Round): Promise<number> {
  for (let i = 0; i < WARM_UP_ROUNDS; i++) await round();
  let least = Infinity;
  for (let i = 0, steady = 0; steady < STEADY_ROUNDS && i < MOST_ROUNDS; i++) {
    (globalThis.gc as () => void)();
    await new Promise((resolve) => setTimeout(resolve, 10)); // The observer hears of that collection, and what it freed is finalised.
    collections = 0;
    const before = process.memoryUsage().heapUsed;
    await round();
    const grown = process.memoryUsage().heapUsed - before;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (collections > 0) throw new Error("a collection came in between: the young generation is too small");
    const each = grown / MESSAGES;
    steady = each < least - 1 ? 0 : steady + 1;
    least = Math.min(least, each);
  }
  return least;
}

/** How often the loop looks for input depends on the machine. */
const QUIET = { busyPoll: 0 };

async function pair(scheme: "tcp" | "inproc"): Promise<[Push, Pull]> {
  const [push, pull] = [new Push(), new Pull(QUIET)];
  await pull.bind(scheme === "tcp" ? "tcp://127.0.0.1:*" : "inproc://gate");
  push.connect(pull.lastEndpoint as string);
  await push.send("first");
  await pull.receive();
  return [push, pull];
}

/** Sends without promises, and drains. */
async function drained(scheme: "tcp" | "inproc", body: Buffer): Promise<number> {
  const [push, pull] = await pair(scheme);
  let left = 0;
  let done: () => void = () => undefined;
  void pull.drain(() => {
    if (--left === 0) done();
  });
  return measure(async () => {
    for (let sent = 0; sent < MESSAGES; sent += BURST) {
      left = BURST;
      const complete = new Promise<void>((resolve) => {
        done = resolve;
      });
      for (let i = 0; i < BURST; i++) assert.ok(push.trySend(body));
      await complete;
    }
  });
}

/** One `await` per message on both sides. */
async function awaited(body: Buffer): Promise<number> {
  const [push, pull] = await pair("tcp");
  return measure(async () => {
    for (let sent = 0; sent < MESSAGES; sent += BURST) {
      for (let i = 0; i < BURST; i++) await push.send(body);
      for (let i = 0; i < BURST; i++) await pull.receive();
    }
  });
}

async function roundTrips(): Promise<number> {
  const [request, reply] = [new Request(QUIET), new Reply(QUIET)];
  await reply.bind("tcp://127.0.0.1:*");
  request.connect(reply.lastEndpoint as string);
  const body = Buffer.alloc(10);
  const answering = async (): Promise<never> => {
    for (;;) await reply.send(await reply.receive());
  };
  void answering();
  return measure(async () => {
    for (let i = 0; i < MESSAGES; i++) {
      await request.send(body);
      await request.receive();
    }
  });
}

/** PUB to ten SUB sockets; per message delivered. */
async function fanOut(): Promise<number> {
  const subscribers = 10;
  const pub = new Publisher({ noDrop: true });
  await pub.bind("tcp://127.0.0.1:*");
  let left = 0;
  let done: () => void = () => undefined;
  const onMessage = ([body]: Message[]): void => {
    if (body.length === 10 && --left === 0) done();
  };
  for (let i = 0; i < subscribers; i++) {
    const sub = new Subscriber();
    sub.subscribe();
    sub.connect(pub.lastEndpoint as string);
    await pub.connected();
    void sub.drain(onMessage);
  }
  const body = Buffer.alloc(10);
  while (pub._core.pipes.size < subscribers) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  return measure(async () => {
    left = MESSAGES;
    const complete = new Promise<void>((resolve) => {
      done = resolve;
    });
    for (let i = 0; i < MESSAGES / subscribers; i++) await pub.send(body);
    await complete;
  });
}

async function main(): Promise<void> {
  const [small, medium] = [Buffer.alloc(10), Buffer.alloc(1000)];
  const figures = {
    "inproc, 10 B, trySend and drain": await drained("inproc", small),
    "tcp, 10 B, trySend and drain": await drained("tcp", small),
    "tcp, 1 kB, trySend and drain": await drained("tcp", medium),
    "tcp, 10 B, await send and receive": await awaited(small),
    "tcp, round trip of REQ and REP": await roundTrips(),
    "tcp, PUB to ten SUB, per delivery": await fanOut(),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
