/**
 * Types: what must compile and what must not. The compiler judges this file; a line that stops being an error makes its `@ts-expect-error` one.
 *
 * Nothing in `snippets` is called: only its types count.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Context,
  Dealer,
  type Event,
  type EventOfType,
  type Message,
  type MessageLike,
  Observer,
  Pair,
  type PeerStats,
  Publisher,
  Pull,
  Push,
  type Readable,
  Reply,
  Request,
  Router,
  Socket,
  type SocketOptions,
  Subscriber,
  type Writable,
  XPublisher,
  XSubscriber,
  ZmqError,
} from "../../src/node.ts";

/** Compiles only if both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Expected extends true>(): void => undefined;

async function sending(push: Push, pub: Publisher, router: Router): Promise<void> {
  const sending = push.send("x");
  same<Same<typeof sending, Promise<void>>>();
  const sent: boolean = push.trySend(["x", 1, null, Buffer.from("x"), new Uint8Array(1), new ArrayBuffer(1)]);
  await push.send(["x"] as const, { timeout: 5, signal: new AbortController().signal });
  void sent;
  pub.subscribed("topic", 2, { signal: AbortSignal.timeout(1) });
  router.connect("tcp://x:1", { routingId: "x" });
  router.connect("tcp://x:1", { routingId: Buffer.from("x") });
  const like: MessageLike = new DataView(new ArrayBuffer(1));
  await push.send(like);
  // @ts-expect-error an object is no frame
  await push.send({ a: 1 });
  // @ts-expect-error undefined is no message
  await push.send(undefined);
  // @ts-expect-error a message must be given
  await push.send();
  // @ts-expect-error frames are not nested
  await push.send([["x"]]);
  // @ts-expect-error a boolean is no frame
  await push.send(true);
  // @ts-expect-error unknown option of a call
  await push.send("x", { timeuot: 5 });
  // @ts-expect-error milliseconds are a number
  await push.send("x", { timeout: "5" });
  // @ts-expect-error a routing id is text or bytes
  router.connect("tcp://x:1", { routingId: 5 });
  // @ts-expect-error only a ROUTER names its peers
  push.connect("tcp://x:1", { routingId: "x" });
}

async function receiving(pull: Pull, sub: Subscriber): Promise<void> {
  const message = await pull.receive();
  same<Same<typeof message, Message[]>>();
  same<Same<Message, Buffer>>();
  const [first] = await pull.receive();
  first.toString("hex");
  const batch: Message[][] = await pull.receiveMany(10, { timeout: 1 });
  const maybe: Message[] | undefined = pull.tryReceive();
  const { message: body, peer } = await pull.receiveFrom();
  same<Same<typeof body, Message[]>>();
  peer.routingId.length;
  for await (const [topic, data] of sub) topic.equals(data);
  for await (const many of pull.batches(5)) many[0][0].length;
  await pull.drain((frames, from) => void [frames[0].length, from.address]);
  pull.takeMany((frames) => frames.length, 5);
  sub.subscribe();
  sub.subscribe("a", Buffer.from("b"));
  void [batch, maybe];
  // @ts-expect-error there may be nothing
  pull.tryReceive()[0];
  // @ts-expect-error the limit is a number
  await pull.receiveMany("5");
  // @ts-expect-error a handler is a function
  await pull.drain("x");
  // @ts-expect-error the number of messages must be given
  pull.takeMany(() => undefined);
  // @ts-expect-error a received message cannot be undefined
  const wrong: undefined = await pull.receive();
  void wrong;
}

function directions(): void {
  // @ts-expect-error a PULL does not send
  new Pull().send("x");
  // @ts-expect-error a PULL does not send
  new Pull().trySend;
  // @ts-expect-error a SUB does not send
  new Subscriber().send("x");
  // @ts-expect-error a PUSH does not receive
  new Push().receive();
  // @ts-expect-error a PUB does not receive
  new Publisher().receive();
  // @ts-expect-error a PUB cannot be iterated
  new Publisher()[Symbol.asyncIterator];
  // @ts-expect-error only SUB and XPUB subscribe
  new Pull().subscribe("x");
  // @ts-expect-error only PUB and XPUB have subscribers
  new Push().subscribed();
  const readable: Readable[] = [new Pull(), new Subscriber(), new Pair(), new Dealer(), new Router(), new Request(), new Reply()];
  const writable: Writable[] = [
    new Push(),
    new Publisher(),
    new Pair(),
    new Dealer(),
    new Router(),
    new XPublisher(),
    new XSubscriber(),
  ];
  const any: Socket[] = [new Pull(), new Push()];
  void [readable, writable, any];
  // @ts-expect-error a PUSH is not readable
  const no: Readable = new Push();
  // @ts-expect-error a PULL is not writable
  const neither: Writable = new Pull();
  // @ts-expect-error a socket is always of some type
  new Socket();
  void [no, neither];
}

function options(sub: Subscriber, dealer: Dealer, router: Router, xpub: XPublisher): void {
  sub.linger = 5;
  sub.receiveHighWaterMark = 0;
  dealer.routingId = "x";
  dealer.routingId = null;
  router.mandatory = true;
  xpub.verbosity = "allSubs";
  const name: string | null = dealer.routingId;
  const endpoint: string | null = dealer.lastEndpoint;
  new Dealer({ linger: 0, routingId: "x", context: new Context({ ipv6: true }) });
  const given: SocketOptions<Router> = { mandatory: true, sendHighWaterMark: 5, context: new Context() };
  new Router(given);
  void [name, endpoint];
  // @ts-expect-error milliseconds are a number
  sub.linger = "x";
  // @ts-expect-error a SUB has no send mark
  sub.sendHighWaterMark = 5;
  // @ts-expect-error read-only
  sub.lastEndpoint = "x";
  // @ts-expect-error read-only
  sub.closed = true;
  // @ts-expect-error only a ROUTER is mandatory
  dealer.mandatory = true;
  // @ts-expect-error one of three values
  xpub.verbosity = "everything";
  // @ts-expect-error unknown option
  new Dealer({ lingr: 0 });
  // @ts-expect-error of another type
  new Pull({ sendHighWaterMark: 5 });
  // @ts-expect-error a wrong value
  new Dealer({ linger: "0" });
  // @ts-expect-error of a context
  new Context({ linger: 5 });
  // @ts-expect-error of another type
  const wrong: SocketOptions<Pull> = { mandatory: true };
  void wrong;
}

async function events(push: Push): Promise<void> {
  const observer = new Observer(push);
  observer.on("connect:retry", (event) => {
    same<Same<typeof event, EventOfType<"connect:retry">>>();
    event.interval.toFixed();
    event.address.length;
  });
  observer.on("drop", ({ reason, count, peer }) => void [reason.length, count.toFixed(), peer?.address]);
  observer.on("disconnect", ({ retry, reason, error }) => void [retry === true, reason, error.code]);
  const event: Event | undefined = await observer.receive();
  if (event?.type === "handshake:error:auth") event.error.status.toFixed();
  for await (const each of push.events) each.type.length;
  // @ts-expect-error no such event
  observer.on("conect", () => undefined);
  // @ts-expect-error a bind has no interval
  observer.on("bind", (bind) => bind.interval);
  // @ts-expect-error events of one type have one shape
  observer.on("accept", (accept: EventOfType<"drop">) => accept.count);
}

async function ends(push: Push): Promise<void> {
  const { flushed, dropped } = await push.end(5);
  same<Same<typeof flushed, number>>();
  const peers: PeerStats[] = push.peers();
  push.disconnectPeer(peers[0].peer);
  push.disconnectPeer(peers[0].id);
  push.stats().dropped["high-water-mark"]?.toFixed();
  const disposable: AsyncDisposable & Disposable = push;
  void [dropped, disposable];
  // @ts-expect-error counters are for reading
  push.stats().sent = 5;
  // @ts-expect-error no such reason
  push.stats().dropped.bored;
  // @ts-expect-error a peer or its id
  push.disconnectPeer("x");
  const error = new ZmqError("timed-out", "x");
  same<Same<typeof error.code, string>>();
  // @ts-expect-error reasons come from a table
  new ZmqError("bored", "x");
}

class Mine extends Request {
  ask(question: string): Promise<Message[]> {
    return this.send(question).then(() => this.receive());
  }
}

test("what must compile does, what must not does not", () => {
  const snippets = [sending, receiving, directions, options, events, ends, Mine];
  assert.equal(snippets.length, 7, "the compiler has judged them");
});
