// Options that the other side can see: what our sockets with an option do to libzmq's, and what libzmq's with it do to ours.

import assert from "node:assert/strict";
import { boundTo, newEndpoint, nextEvent, type OurOptions, type OurSocket, receiveAll, sendAll } from "../support/ours.ts";
import { text } from "../support/pattern.ts";
import type { PeerOptions, PeerSocket } from "../support/peer.ts";
import { LIBZMQ, libzmqDraft, libzmqNode } from "../support/peers.ts";
import { type Stage, withPeer } from "../support/with-peer.ts";

const subscription = (topic: string): string => text(`\x01${topic}`);
const cancellation = (topic: string): string => text(`\x00${topic}`);
const topics = (...all: readonly string[]): string[] => all.map(text);

/** A socket of either side, as far as these tests need it. */
interface Any {
  send(...messages: readonly string[]): Promise<void>;
  receive(count?: number): Promise<string[]>;
  subscribe(topic: string): Promise<void>;
  unsubscribe(topic: string): Promise<void>;
}

interface Side extends Any {
  bind(endpoint: string): Promise<string>;
  connect(endpoint: string): Promise<void>;
}

function side(socket: OurSocket): Side {
  return {
    ...wrap(socket),
    bind: async (endpoint) => {
      await socket.bind(endpoint);
      return boundTo(socket);
    },
    connect: async (endpoint) => socket.connect(endpoint),
  };
}

function wrap(socket: OurSocket): Any {
  return {
    send: (...messages) => sendAll(socket, ...messages),
    receive: (count) => receiveAll(socket, count),
    subscribe: async (topic) => socket.subscribe(Buffer.from(topic.slice(1), "hex")),
    unsubscribe: async (topic) => socket.unsubscribe(Buffer.from(topic.slice(1), "hex")),
  };
}

type Options = OurOptions & PeerOptions;
/** `who` has the option under test; the other one is an ordinary socket. */
type Who = "ours" | "theirs";
const WHO: readonly Who[] = ["ours", "theirs"];

/** Each side's form of an option whose name or form differs. */
const ours = (options: OurOptions): Options => options as Options;

/** The one with the option binds, the others connect: of type `type` as many as asked for. */
async function setting(
  stage: Stage,
  who: Who,
  [type, options]: readonly ["XPUB" | "PUB", { readonly ours: Options; readonly theirs: PeerOptions }],
  [other, count, more]: readonly ["SUB" | "XSUB", number, Options?],
): Promise<{ readonly subject: Any; readonly others: Any[] }> {
  const subscribers: Any[] = [];
  if (who === "ours") {
    const socket = stage.ours(type, options.ours);
    await socket.bind(await newEndpoint("tcp"));
    for (let i = 1; i <= count; i++) {
      const theirs = await stage.theirs(other, more as PeerOptions);
      await theirs.connect(boundTo(socket));
      await Promise.all([socket.connected(i), theirs.event("handshake")]);
      subscribers.push(theirs);
    }
    return { subject: wrap(socket), others: subscribers };
  }
  const socket = await stage.theirs(type, options.theirs);
  const endpoint = await socket.bind(await newEndpoint("tcp"));
  for (let i = 0; i < count; i++) {
    const own = stage.ours(other, more);
    own.connect(endpoint);
    await Promise.all([own.connected(), socket.event("handshake")]);
    subscribers.push(wrap(own));
  }
  return { subject: socket, others: subscribers };
}

/** In this order: one subscribes, the other too, each again, then each cancels; what the XPUB is told. */
const VERBOSITIES = [
  ["by default", {}, {}, [subscription("a"), cancellation("a")]],
  [
    "verbose",
    { verbosity: "allSubs" },
    { verbose: true },
    [subscription("a"), subscription("a"), subscription("a"), cancellation("a")],
  ],
  [
    "verboser",
    { verbosity: "allSubsUnsubs" },
    { verboser: true },
    [subscription("a"), subscription("a"), subscription("a"), cancellation("a"), cancellation("a")],
  ],
] as const;

for (const kind of LIBZMQ) {
  withPeer(kind, "options of publishers", (test) => {
    for (const who of WHO) {
      for (const [name, own, their, expected] of VERBOSITIES) {
        test(`${who}: XPUB, ${name}, with two SUB`, async (stage) => {
          const { subject, others } = await setting(stage, who, ["XPUB", { ours: own, theirs: their }], ["SUB", 2]);
          const [one, two] = others;
          const seen: string[] = [];
          // Between the steps a topic that is always told, so that the two do not overtake each other.
          const step = async (by: Any, work: () => Promise<void>, mark: string): Promise<void> => {
            await work();
            await by.subscribe(text(mark));
            for (;;) {
              const [next] = await subject.receive(1);
              if (next === subscription(mark)) return;
              seen.push(next);
            }
          };
          await step(one, () => one.subscribe(text("a")), "m1");
          await step(two, () => two.subscribe(text("a")), "m2");
          await step(two, () => two.subscribe(text("a")), "m3");
          await step(two, () => two.unsubscribe(text("a")), "m4");
          await step(two, () => two.unsubscribe(text("a")), "m5");
          await step(one, () => one.unsubscribe(text("a")), "m6");
          assert.deepEqual(seen, expected);
        });
      }

      test(`${who}: XPUB with a welcome message, which comes first and only if it is wanted`, async (stage) => {
        const make = (other: Who, type: "XPUB" | "SUB", own: OurOptions, their: PeerOptions): Promise<Side> =>
          other === "ours" ? Promise.resolve(side(stage.ours(type, own))) : stage.theirs(type, their);
        const other = who === "ours" ? "theirs" : "ours";
        const subject = await make(who, "XPUB", { welcomeMessage: "hi there" }, { welcomeMessage: text("hi there") });
        const endpoint = await subject.bind(await newEndpoint("tcp"));
        for (const [topics, expected] of [
          [
            ["hi", "end"],
            ["hi there", "end"],
          ],
          [["end"], ["end"]],
        ]) {
          const sub = await make(other, "SUB", {}, {});
          for (const topic of topics) await sub.subscribe(text(topic));
          await sub.connect(endpoint);
          // Topics that it has been told already are told by nobody: this one is new each time.
          await sub.subscribe(text(`${topics.length}`));
          while ((await subject.receive(1))[0] !== subscription(`${topics.length}`));
          // A SUB tells its topics in no order: the one that "end" needs may come behind it.
          let isOver = false;
          const got = sub.receive(expected.length).finally(() => {
            isOver = true;
          });
          for (; !isOver; await new Promise((resolve) => setTimeout(resolve, 10))) await subject.send(text("end"));
          assert.deepEqual(await got, expected.map(text));
        }
      });

      test(`${who}: XPUB, manual: the program says what a subscription means`, async (stage) => {
        const manual = { ours: ours({ manual: true }), theirs: { manual: true } };
        const { subject, others } = await setting(stage, who, ["XPUB", manual], ["XSUB", 1]);
        const [xsub] = others;
        await xsub.send(subscription("a"));
        assert.deepEqual(await subject.receive(1), [subscription("a")]);
        await subject.subscribe(text("b"));
        await xsub.send(subscription("end"));
        assert.deepEqual(await subject.receive(1), [subscription("end")]);
        await subject.subscribe(text("end"));
        await subject.send(...topics("a", "b", "end"));
        assert.deepEqual(await xsub.receive(2), topics("b", "end"));
        await xsub.send(cancellation("a"));
        assert.deepEqual(await subject.receive(1), [cancellation("a")]);
        await subject.unsubscribe(text("b"));
        await subject.send(...topics("a", "b", "end"));
        assert.deepEqual(await xsub.receive(1), topics("end"));
      });

      test(`${who}: XPUB with inverted matching, and a SUB with it`, async (stage) => {
        const invert = { ours: ours({ invertMatching: true }), theirs: { invertMatching: true } };
        const { subject, others } = await setting(stage, who, ["XPUB", invert], ["SUB", 1, { invertMatching: true }]);
        const [sub] = others;
        await sub.subscribe(text("a"));
        await subject.receive(1);
        await subject.send(...topics("a", "b", "ab", "end"));
        assert.deepEqual(await sub.receive(2), topics("b", "end"));
      });
    }
  });

  withPeer(kind, "options of queues", (test) => {
    test("conflate: of twenty messages for an endpoint that is not there yet, the last arrives", async (stage) => {
      const endpoint = await placeOf(stage);
      const numbers = Array.from({ length: 20 }, (_, i) => text(String(i)));
      const push = stage.ours("PUSH", { conflate: true } as OurOptions);
      push.connect(endpoint);
      await sendAll(push, ...numbers);
      const theirs = await stage.theirs("PULL");
      await theirs.bind(endpoint);
      assert.deepEqual(await theirs.receive(), topics("19"));
      await sendAll(push, text("end"));
      assert.deepEqual(await theirs.receive(), topics("end"));

      const other = await placeOf(stage);
      const theirPush = await stage.theirs("PUSH", { conflate: true });
      await theirPush.connect(other);
      await theirPush.send(...numbers);
      const pull = stage.ours("PULL");
      await pull.bind(other);
      assert.deepEqual(await receiveAll(pull), topics("19"));
      await theirPush.send(text("end"));
      assert.deepEqual(await receiveAll(pull), topics("end"));
    });

    test("immediate: nothing waits for an endpoint that is not there", async (stage) => {
      const numbers = Array.from({ length: 10 }, (_, i) => text(String(i)));
      const push = stage.ours("PUSH", { immediate: true });
      const theirs = await stage.theirs("PULL");
      push.connect(await placeOf(stage));
      await stage.join(push, theirs, "theirs");
      await sendAll(push, ...numbers);
      assert.deepEqual(await theirs.receive(10), numbers);

      const theirPush = await stage.theirs("PUSH", { immediate: true });
      const pull = stage.ours("PULL");
      await theirPush.connect(await placeOf(stage));
      await stage.join(pull, theirPush, "ours");
      await theirPush.send(...numbers);
      assert.deepEqual(await receiveAll(pull, 10), numbers);
    });
  });

  withPeer(kind, "options of REQ", (test) => {
    for (const who of WHO) {
      test(`${who}: correlate and relaxed: a request carries its number, and a late reply to the one before is not taken`, async (stage) => {
        const { req, router } = await questioner(stage, who, { correlate: true, relaxed: true });
        await req.send(text("one"));
        const [one] = await router.receive(1);
        const [id, number, empty, body] = one.split(",");
        assert.deepEqual([number.length, empty, body], [1 + 8, "x", text("one")]);
        await req.send(text("two"));
        const [two] = await router.receive(1);
        assert.notEqual(two.split(",")[1], number);
        assert.equal(two.split(",")[0], id);
        await router.send(one.replace(body, text("late")), two.replace(text("two"), text("answer")));
        assert.deepEqual(await req.receive(1), [text("answer")]);
      });

      test(`${who}: relaxed alone: the second question is asked, and the first one's late answer taken (D44)`, async (stage) => {
        const { req, router } = await questioner(stage, who, { relaxed: true });
        await req.send(text("one"));
        const [one] = await router.receive(1);
        await req.send(text("two"));
        const [two] = await router.receive(1);
        assert.equal(two.split(",").at(-1), text("two"));
        await router.send(one);
        assert.deepEqual(await req.receive(1), [text("one")]);
      });
    }
  });

  // npm zeromq cannot read a message's properties; its ROUTER names connections by an argument of ours, not by an option.
  if (kind !== libzmqNode) {
    withPeer(kind, "properties and named connections", (test) => {
      test("metadata of ours is on their messages, theirs on our peers", async (stage) => {
        const [ours, theirs] = [
          stage.ours("DEALER", { metadata: "X-Colour:blue" } as OurOptions),
          await stage.theirs("DEALER", { metadata: text("X-Shape:round") }),
        ];
        await stage.join(ours, theirs, "ours");
        for (const [name, value] of [
          ["X-Colour", "blue"],
          ["Socket-Type", "DEALER"],
        ]) {
          await sendAll(ours, text("read this"));
          assert.equal(await theirs.property(name), text(value));
        }
        await theirs.send(text("and this"));
        const { peer } = await ours.receiveFrom();
        assert.equal(String(peer.metadata.get("X-Shape")), "round");
      });

      test("their ROUTER names the connection to our DEALER before it is there", async (stage) => {
        const dealer = stage.ours("DEALER");
        await dealer.bind(await newEndpoint("tcp"));
        const router = await stage.theirs("ROUTER", { connectRoutingId: text("named") });
        await router.connect(boundTo(dealer));
        await router.send(`${text("named")},${text("hello")}`);
        assert.deepEqual(await receiveAll(dealer), [text("hello")]);
        await sendAll(dealer, text("back"));
        assert.deepEqual(await router.receive(), [`${text("named")},${text("back")}`]);
      });
    });
  }

  withPeer(kind, "messages of our own making", (test) => {
    test("our ROUTER's hello comes first, each time, and its disconnect message when theirs is gone", async (stage) => {
      const router = stage.ours("ROUTER", { helloMessage: "HELLO", disconnectMessage: "GONE" } as OurOptions);
      await router.bind(await newEndpoint("tcp"));
      for (const name of ["one", "two"]) {
        const dealer = await stage.theirs("DEALER", { routingId: text(name) });
        await dealer.connect(boundTo(router));
        await dealer.send(text("x"));
        assert.deepEqual(await receiveAll(router), [`${text(name)},${text("x")}`]);
        await sendAll(router, `${text(name)},${text("after it")}`);
        assert.deepEqual(await dealer.receive(2), topics("HELLO", "after it"));
        await dealer.close();
        assert.deepEqual(await receiveAll(router), [`${text(name)},${text("GONE")}`]);
      }
    });

    test("our DEALER has a hiccup when theirs is killed", async (stage) => {
      const dealer = stage.ours("DEALER", { hiccupMessage: "HICCUP", reconnectInterval: 10 } as OurOptions);
      const peer = await stage.start();
      const router = await peer.socket("ROUTER", { events: true });
      await stage.join(dealer, router, "theirs");
      const gone = nextEvent(dealer, "disconnect");
      await peer.kill();
      await gone;
      assert.deepEqual(await receiveAll(dealer), [text("HICCUP")]);
    });
  });
}

withPeer(libzmqDraft, "messages of their own making (drafts)", (test) => {
  test("their ROUTER's hello comes first, and its disconnect message when ours is closed", async (stage) => {
    const router = await stage.theirs("ROUTER", { helloMessage: text("HELLO"), disconnectMessage: text("GONE") });
    const endpoint = await router.bind(await newEndpoint("tcp"));
    const dealer = stage.ours("DEALER", { routingId: "ours" });
    dealer.connect(endpoint);
    assert.deepEqual(await receiveAll(dealer), [text("HELLO")]);
    await sendAll(dealer, text("x"));
    assert.deepEqual(await router.receive(), [`${text("ours")},${text("x")}`]);
    await dealer.end();
    assert.deepEqual(await router.receive(), [`${text("ours")},${text("GONE")}`]);
  });
});

/** An endpoint that nobody is bound to now. */
async function placeOf(stage: Stage): Promise<string> {
  const socket = stage.ours("PULL");
  await socket.bind(await newEndpoint("tcp"));
  const endpoint = boundTo(socket);
  await socket.end(0);
  return endpoint;
}

async function questioner(stage: Stage, who: Who, options: Options): Promise<{ readonly req: Any; readonly router: Any }> {
  const socket = stage.ours(who === "ours" ? "REQ" : "ROUTER", who === "ours" ? options : {});
  const theirs: PeerSocket = await stage.theirs(
    who === "ours" ? "ROUTER" : "REQ",
    who === "ours" ? {} : (options as PeerOptions),
  );
  await stage.join(socket, theirs, "theirs");
  return who === "ours" ? { req: wrap(socket), router: theirs } : { req: theirs, router: wrap(socket) };
}
