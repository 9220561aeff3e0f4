/** Every pair of socket types over inproc between two threads: either of both in the worker, either of both binding. */
import assert from "node:assert/strict";
import { FarThread, nearSide, type Options, type Side, type SocketName } from "../support/far-side.ts";
import { anyEndpoint, check } from "../support/harness.ts";

const worker = new FarThread();

type Conversation<A extends SocketName, B extends SocketName> = (a: Side<A>, b: Side<B>) => Promise<void>;

/** Holds one conversation four times. */
function pair<A extends SocketName, B extends SocketName>(
  a: A,
  b: B,
  body: Conversation<A, B>,
  [optionsOfA, optionsOfB]: readonly [Options, Options] = [{}, {}],
): void {
  for (const isFirstFar of [true, false])
    for (const isFirstBound of [true, false]) {
      const where = (type: string, isFar: boolean, isBound: boolean): string =>
        `${type} (${isFar ? "worker" : "here"}${isBound ? ", bound" : ""})`;
      check(`${where(a, isFirstFar, isFirstBound)} and ${where(b, !isFirstFar, !isFirstBound)}`, async (t) => {
        const first = isFirstFar ? worker.side(t, a, optionsOfA) : nearSide(t, a, optionsOfA);
        const second = isFirstFar ? nearSide(t, b, optionsOfB) : worker.side(t, b, optionsOfB);
        const endpoint = anyEndpoint("inproc");
        const bind = (socket: { bind(endpoint: string): Promise<void> }, at: string): Promise<void> => socket.bind(at);
        const connect = (socket: { connect(endpoint: string): void }, at: string): void => socket.connect(at);
        await (isFirstBound ? first(bind, endpoint) : second(bind, endpoint));
        await (isFirstBound ? second(connect, endpoint) : first(connect, endpoint));
        await body(first, second);
      });
    }
}

// A frame of each way through a ring: none, few octets, views, parts. Given as text, for functions go over as text.
const send = async (socket: { send(message: unknown): Promise<void> }, frames: readonly string[]): Promise<void> =>
  socket.send([...frames]);
const sendOne = async (socket: { send(message: string): Promise<void> }, frame: string): Promise<void> => socket.send(frame);
const sendMany = async (socket: { send(message: string): Promise<void> }, texts: readonly string[]): Promise<void> => {
  for (const text of texts) await socket.send(text);
};
/** The next message; its frames must be what receivers of the runtime get. */
const receive = async (socket: { receive(options: object): Promise<readonly unknown[]> }): Promise<string[]> =>
  (await socket.receive({ timeout: 5000 })).map((frame) => {
    if (!Buffer.isBuffer(frame)) throw new Error(`a frame is ${Object.prototype.toString.call(frame)}`);
    return frame.toString("latin1");
  });
const receiveOne = async (socket: { receive(options: object): Promise<readonly unknown[]> }): Promise<string> =>
  String((await socket.receive({ timeout: 5000 }))[0]);
const connected = async (socket: { connected(): Promise<void> }): Promise<void> => socket.connected();
const MESSAGES = [["a"], [""], ["a", "", "c"], ["x".repeat(64), "y".repeat(65)], ["z".repeat(700_000), "end"]];

pair("Pair", "Pair", async (a, b) => {
  for (const message of MESSAGES) {
    await a(send, message);
    assert.deepEqual(await b(receive), message);
    await b(send, message);
    assert.deepEqual(await a(receive), message);
  }
});

pair("Push", "Pull", async (push, pull) => {
  for (const message of MESSAGES) await push(send, message);
  for (const message of MESSAGES) assert.deepEqual(await pull(receive), message);
});

pair("Request", "Reply", async (req, rep) => {
  for (const message of MESSAGES) {
    await req(send, message);
    assert.deepEqual(await rep(receive), message);
    await rep(send, [...message, "reply"]);
    assert.deepEqual(await req(receive), [...message, "reply"]);
  }
});

pair(
  "Dealer",
  "Router",
  async (dealer, router) => {
    for (const message of MESSAGES) {
      await dealer(send, message);
      assert.deepEqual(await router(receive), ["me", ...message]);
      await router(send, ["me", ...message]);
      assert.deepEqual(await dealer(receive), message);
    }
  },
  [{ routingId: "me" }, { mandatory: true }],
);

pair(
  "Router",
  "Router",
  async (a, b) => {
    await Promise.all([a(connected), b(connected)]);
    await a(send, ["b", "to b"]);
    assert.deepEqual(await b(receive), ["a", "to b"]);
    await b(send, ["a", "to a"]);
    assert.deepEqual(await a(receive), ["b", "to a"]);
  },
  [
    { routingId: "a", mandatory: true },
    { routingId: "b", mandatory: true },
  ],
);

pair(
  "Request",
  "Router",
  async (req, router) => {
    await req(send, ["question"]);
    const [id, ...rest] = await router(receive);
    assert.deepEqual([id, rest], ["me", ["", "question"]]);
    await router(send, [id, "", "answer"]);
    assert.deepEqual(await req(receive), ["answer"]);
  },
  [{ routingId: "me" }, {}],
);

pair("Dealer", "Reply", async (dealer, rep) => {
  for (const text of ["one", "two"]) await dealer(send, ["route", "", text]);
  for (const text of ["one", "two"]) {
    assert.deepEqual(await rep(receive), [text]);
    await rep(send, [`${text} back`]);
    assert.deepEqual(await dealer(receive), ["route", "", `${text} back`]);
  }
});

const subscribe = (socket: { subscribe(topic: string): void }, topic: string): void => socket.subscribe(topic);
const unsubscribe = (socket: { unsubscribe(topic: string): void }, topic: string): void => socket.unsubscribe(topic);
const subscribed = (socket: { subscribed(topic?: string): Promise<void> }, topic: string): Promise<void> =>
  socket.subscribed(topic);
const topicsBecome = async (socket: { readonly topicsCount: number }, count: number): Promise<void> => {
  while (socket.topicsCount !== count) await new Promise((resolve) => setTimeout(resolve, 1));
};

pair("Publisher", "Subscriber", async (pub, sub) => {
  await sub(subscribe, "foo");
  await sub(subscribe, "bar");
  await pub(subscribed, "bar");
  await pub(sendMany, ["foo 1", "other", "bar 1", "fo", "food"]);
  for (const text of ["foo 1", "bar 1", "food"]) assert.deepEqual(await sub(receive), [text]);
  await sub(unsubscribe, "foo");
  await pub(topicsBecome, 1);
  await pub(sendMany, ["foo 2", "bar 2"]);
  assert.deepEqual(await sub(receive), ["bar 2"]);
});

pair("XPublisher", "XSubscriber", async (xpub, xsub) => {
  await xsub(send, ["\x01topic"]);
  assert.deepEqual(await xpub(receive), ["\x01topic"]);
  await xsub(send, ["a message upwards"]);
  assert.deepEqual(await xpub(receive), ["a message upwards"]);
  await xpub(send, ["topic", "", "body"]);
  assert.deepEqual(await xsub(receive), ["topic", "", "body"]);
  await xsub(send, ["\x00topic"]);
  assert.deepEqual(await xpub(receive), ["\x00topic"]);
});

pair(
  "XPublisher",
  "Subscriber",
  async (xpub, sub) => {
    await sub(subscribe, "w");
    assert.deepEqual(await sub(receive), ["welcome"]);
    assert.deepEqual(await xpub(receive), ["\x01w"]);
    await sub(unsubscribe, "w");
    assert.deepEqual(await xpub(receive), ["\x00w"]);
  },
  [{ welcomeMessage: "welcome" }, {}],
);

pair("Client", "Server", async (client, server) => {
  for (const text of ["", "a", "b".repeat(700_000)]) {
    await client(sendOne, text);
    const answered = async (socket: import("../../src/node.ts").Server): Promise<number> => {
      const [frame, from] = await socket.receive({ timeout: 5000 });
      await socket.send(`${frame} back`, from);
      return from.routingId;
    };
    assert.ok((await server(answered)) > 0);
    assert.equal(await client(receiveOne), `${text} back`);
  }
});

pair("Radio", "Dish", async (radio, dish) => {
  await dish((socket) => socket.join("news"));
  const publish = async (socket: import("../../src/node.ts").Radio): Promise<void> => {
    for (const group of ["other", "news"]) await socket.send(`to ${group}`, { group });
  };
  const heard = async (socket: import("../../src/node.ts").Dish): Promise<string[]> => {
    const [frame, { group }] = await socket.receive({ timeout: 30 });
    return [String(frame), String(group)];
  };
  // RADIO has no event for a group that was joined.
  let got: string[] | undefined;
  while (got === undefined) {
    await radio(publish);
    got = await dish(heard).catch(() => undefined);
  }
  assert.deepEqual(got, ["to news", "news"]);
});

pair("Scatter", "Gather", async (scatter, gather) => {
  await scatter(sendMany, ["1", "", "3".repeat(700_000)]);
  for (const text of ["1", "", "3".repeat(700_000)]) assert.equal(await gather(receiveOne), text);
});

pair("Channel", "Channel", async (a, b) => {
  for (const text of ["1", "", "3".repeat(700_000)]) {
    await a(sendOne, text);
    assert.equal(await b(receiveOne), text);
    await b(sendOne, text);
    assert.equal(await a(receiveOne), text);
  }
});

for (const isCallerFar of [true, false])
  check(`PEER (${isCallerFar ? "worker" : "here"}) calls PEER: each answers by the other's number`, async (t) => {
    const caller = isCallerFar ? worker.side(t, "PeerSocket") : nearSide(t, "PeerSocket");
    const called = isCallerFar ? nearSide(t, "PeerSocket") : worker.side(t, "PeerSocket");
    const endpoint = anyEndpoint("inproc");
    await called((socket, at) => socket.bind(at), endpoint);
    await caller(async (socket, at) => socket.send("hello", { routingId: socket.connectPeer(at) }), endpoint);
    await called(async (socket) => {
      const [frame, from] = await socket.receive({ timeout: 5000 });
      await socket.send(`${frame} back`, from);
    });
    assert.equal(await caller(receiveOne), "hello back");
  });
