// Our sockets and jszmq's, which speaks ZWS 2.0 without a mechanism, over ws: each pair of types. We bind: a listener of jszmq agrees to whatever
// sub-protocol is offered first, and then speaks none of those with a mechanism, so neither libzmq nor we can dial it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "../../src/node.ts";
import { type Body, check, receive } from "../support/harness.ts";
import { guard, kept, type TestContext } from "../support/raw-peer.ts";

/** What we use of one of jszmq's sockets. */
interface TheirSocket {
  connect(address: string): void;
  send(message: unknown): void;
  subscribe(topic: string): void;
  close(): void;
  on(event: "message", listener: (...frames: Buffer[]) => void): unknown;
}

type Jszmq = Readonly<Record<string, new () => TheirSocket>>;

let jszmq: Jszmq | undefined;
let missing: string | false = false;
try {
  jszmq = createRequire(import.meta.url)("jszmq") as Jszmq;
} catch (error) {
  missing = `not checked: npm jszmq does not load here: ${(error as Error).message}`;
}

const it = (title: string, body: Body): void => check(title, body, missing);

class Theirs {
  readonly socket: TheirSocket;
  #messages: string[][] = [];
  #wake: (() => void) | null = null;

  constructor(t: TestContext, type: string) {
    this.socket = new (jszmq as Jszmq)[type]();
    this.socket.on("message", (...frames) => {
      this.#messages.push(frames.map((frame) => frame.toString("latin1")));
      this.#wake?.();
    });
    t.after(() => this.socket.close());
  }

  async receive(): Promise<string[]> {
    while (this.#messages.length === 0) {
      await guard(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        "a message for jszmq",
      );
    }
    return this.#messages.shift() as string[];
  }
}

async function join(ours: Socket, theirs: Theirs): Promise<void> {
  await ours.bind("ws://127.0.0.1:*/zmq");
  theirs.socket.connect(ours.lastEndpoint as string);
  await ours.connected();
}

const LARGE = "l".repeat(100_000);

it(`our REQ asks their Rep`, async (t) => {
  const [ours, theirs] = [kept(t, new Request()), new Theirs(t, "Rep")];
  await join(ours, theirs);
  for (const parts of [["question"], ["a", LARGE, ""]]) {
    await ours.send(parts);
    assert.deepEqual(await theirs.receive(), parts);
    theirs.socket.send(["answer", ...parts]);
    assert.deepEqual(await receive(ours), ["answer", ...parts]);
  }
});

it(`their Req asks our REP`, async (t) => {
  const [ours, theirs] = [kept(t, new Reply()), new Theirs(t, "Req")];
  await join(ours, theirs);
  theirs.socket.send(["question", LARGE]);
  assert.deepEqual(await receive(ours), ["question", LARGE]);
  await ours.send(["answer", ""]);
  assert.deepEqual(await theirs.receive(), ["answer", ""]);
});

it(`our DEALER and their Router`, async (t) => {
  const [ours, theirs] = [kept(t, new Dealer({ routingId: "me" })), new Theirs(t, "Router")];
  await join(ours, theirs);
  await ours.send(["hello", LARGE]);
  const [, ...rest] = await theirs.receive();
  assert.deepEqual(rest, ["hello", LARGE]);
});

it(`our ROUTER answers their Dealer`, async (t) => {
  const [ours, theirs] = [kept(t, new Router()), new Theirs(t, "Dealer")];
  await join(ours, theirs);
  theirs.socket.send(["hello", "you"]);
  const [id, ...rest] = await ours.receive();
  assert.deepEqual(rest.map(String), ["hello", "you"]);
  await ours.send([id, "back"]);
  assert.deepEqual(await theirs.receive(), ["back"]);
});

it(`our PUSH and their Pull`, async (t) => {
  const [ours, theirs] = [kept(t, new Push()), new Theirs(t, "Pull")];
  await join(ours, theirs);
  for (let i = 0; i < 500; i++) await ours.send([String(i), ""]);
  for (let i = 0; i < 500; i++) assert.deepEqual(await theirs.receive(), [String(i), ""]);
});

it(`their Push and our PULL`, async (t) => {
  const [ours, theirs] = [kept(t, new Pull()), new Theirs(t, "Push")];
  await join(ours, theirs);
  for (let i = 0; i < 500; i++) theirs.socket.send([String(i), LARGE.slice(0, i)]);
  for (let i = 0; i < 500; i++) assert.deepEqual(await receive(ours), [String(i), LARGE.slice(0, i)]);
});

it(`our PAIR and their Pair`, async (t) => {
  const [ours, theirs] = [kept(t, new Pair()), new Theirs(t, "Pair")];
  await join(ours, theirs);
  await ours.send("to them");
  assert.deepEqual(await theirs.receive(), ["to them"]);
  theirs.socket.send("to us");
  assert.deepEqual(await receive(ours), ["to us"]);
});

for (const [name, Class] of [
  ["PUB", Publisher],
  ["XPUB", XPublisher],
] as const) {
  it(`our ${name} and their Sub`, async (t) => {
    const [ours, theirs] = [kept(t, new Class()), new Theirs(t, "Sub")];
    theirs.socket.subscribe("wanted");
    await join(ours, theirs);
    await ours.subscribed("wanted");
    await ours.send(["unwanted", "x"]);
    await ours.send(["wanted", "y"]);
    assert.deepEqual(await theirs.receive(), ["wanted", "y"]);
  });
}

for (const [name, Class] of [
  ["SUB", Subscriber],
  ["XSUB", XSubscriber],
] as const) {
  it(`our ${name} and their XPub`, async (t) => {
    const [ours, theirs] = [kept(t, new Class()), new Theirs(t, "XPub")];
    await join(ours, theirs);
    if (ours instanceof Subscriber) ours.subscribe("wanted");
    else await (ours as XSubscriber).send("\u0001wanted");
    assert.deepEqual(await theirs.receive(), ["\u0001wanted"]);
    theirs.socket.send(["unwanted", "x"]);
    theirs.socket.send(["wanted", "y"]);
    assert.deepEqual(await receive(ours), ["wanted", "y"]);
  });
}
