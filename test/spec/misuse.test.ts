// A wrong call throws at once, with libzmq's code and a message that says what was expected and what came; the socket goes on working.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Context,
  Dealer,
  Observer,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Subscriber,
  XPublisher,
  ZmqError,
} from "../../src/node.ts";
import { guard, kept, type TestContext } from "../support/raw-peer.ts";

interface Wrong {
  readonly title: string;
  readonly call: (push: Push, pull: Pull) => unknown;
  readonly code: string;
  /** What the message must say: what failed with its value, and what was expected. */
  readonly says: readonly RegExp[];
}

const any = (value: unknown): never => value as never;

const WRONG: readonly Wrong[] = [
  {
    title: "send of nothing",
    call: (push) => push.send(any(undefined)),
    code: "EINVAL",
    says: [/Message must be present/, /bytes, a string/],
  },
  {
    title: "send of an object",
    call: (push) => push.send(any({ a: 1 })),
    code: "EINVAL",
    says: [/an instance of Object/, /JSON\.stringify/],
  },
  {
    title: "send of an array with a hole",
    call: (push) => push.send(any(["a", undefined])),
    code: "EINVAL",
    says: [/got undefined/],
  },
  {
    title: "send of an array with an object",
    call: (push) => push.send(any(["a", new Map()])),
    code: "EINVAL",
    says: [/an instance of Map/],
  },
  { title: "send of a symbol", call: (push) => push.send(any(Symbol("s"))), code: "EINVAL", says: [/bytes, a string/] },
  {
    title: "trySend of nothing",
    call: (push) => push.trySend(any(undefined)),
    code: "EINVAL",
    says: [/Message must be present/],
  },
  {
    title: "connect to nothing",
    call: (push) => push.connect(any(undefined)),
    code: "EINVAL",
    says: [/must be a string/, /got undefined/],
  },
  {
    title: "connect to a number",
    call: (push) => push.connect(any(5555)),
    code: "EINVAL",
    says: [/must be a string such as/, /got 5555/],
  },
  {
    title: "connect to a text without a scheme",
    call: (push) => push.connect("127.0.0.1:5555"),
    code: "EINVAL",
    says: [/scheme:\/\/address/],
  },
  {
    title: "connect with a scheme that is not offered",
    call: (push) => push.connect("foo://a"),
    code: "EPROTONOSUPPORT",
    says: [/"foo"/, /offered here: .*tcp/],
  },
  { title: "connect without a port", call: (push) => push.connect("tcp://127.0.0.1"), code: "EINVAL", says: [/port is missing/] },
  { title: "connect to a wildcard", call: (push) => push.connect("tcp://*:5555"), code: "EINVAL", says: [/needs a host/] },
  {
    title: "connect to port 65536",
    call: (push) => push.connect("tcp://127.0.0.1:65536"),
    code: "EINVAL",
    says: [/0 to 65535/, /65536/],
  },
  {
    title: "connect to IPv6 without the option",
    call: (push) => push.connect("tcp://[::1]:5555"),
    code: "ENODEV",
    says: [/ipv6/],
  },
  {
    title: "connect to an ipc path that is too long",
    call: (push) => push.connect(`ipc:///tmp/${"x".repeat(200)}`),
    code: "ENAMETOOLONG",
    says: [/ipc/],
  },
  {
    title: "disconnect from what was never connected",
    call: (push) => push.disconnect("tcp://127.0.0.1:1"),
    code: "ENOENT",
    says: [/cannot disconnect "tcp:\/\/127\.0\.0\.1:1"/, /has: /],
  },
  { title: "disconnectPeer of nobody", call: (push) => push.disconnectPeer(999_999), code: "EINVAL", says: [/no peer 999999/] },
  {
    title: "bindSync to a text without a scheme",
    call: (push) => push.bindSync("nowhere"),
    code: "EINVAL",
    says: [/scheme:\/\/address/],
  },
  {
    title: "unbindSync of what was never bound",
    call: (push) => push.unbindSync("tcp://127.0.0.1:1"),
    code: "ENOENT",
    says: [/cannot unbind/],
  },
  {
    title: "takeMany without a handler",
    call: (_, pull) => pull.takeMany(any(undefined), 5),
    code: "EINVAL",
    says: [/must be a function/, /got undefined/],
  },
  {
    title: "takeMany of none",
    call: (_, pull) => pull.takeMany(() => undefined, 0),
    code: "EINVAL",
    says: [/at least 1, got 0/],
  },
  {
    title: "takeMany of NaN",
    call: (_, pull) => pull.takeMany(() => undefined, Number.NaN),
    code: "EINVAL",
    says: [/at least 1, got NaN/],
  },
  {
    title: "receiveMany of less than one",
    call: (_, pull) => pull.receiveMany(-1),
    code: "EINVAL",
    says: [/at least 1, got -1/],
  },
  { title: "batches of less than one", call: (_, pull) => pull.batches(0), code: "EINVAL", says: [/at least 1, got 0/] },
  {
    title: "drain without a handler",
    call: (_, pull) => pull.drain(any("x")),
    code: "EINVAL",
    says: [/must be a function/, /got string/],
  },
  { title: "end with a wrong time", call: (push) => push.end(-2), code: "EINVAL", says: [/from -1/, /got -2/] },
  { title: "end with a fraction", call: (push) => push.end(1.5), code: "EINVAL", says: [/got 1\.5/] },
  {
    title: "an option out of range",
    call: (push) => Object.assign(push, { sendHighWaterMark: -1 }),
    code: "EINVAL",
    says: [/"sendHighWaterMark"/, /from 0 to/, /got -1/],
  },
  {
    title: "an option of the wrong type",
    call: (push) => Object.assign(push, { linger: "5" }),
    code: "EINVAL",
    says: [/"linger"/, /whole number/, /got "5"/],
  },
  {
    title: "an unknown option",
    call: () => new Push(any({ sendHighWatermark: 5 })),
    code: "EINVAL",
    says: [/PUSH/, /did you mean "sendHighWaterMark"/],
  },
  { title: "options that are no object", call: () => new Push(any(5)), code: "EINVAL", says: [/must be an object, got 5/] },
  { title: "a context that is none", call: () => new Push(any({ context: {} })), code: "EINVAL", says: [/must be a Context/] },
  { title: "an unknown option of a context", call: () => new Context(any({ threads: 1 })), code: "EINVAL", says: [/"threads"/] },
  {
    title: "an option of a context out of range",
    call: () => new Context({ maxSockets: 0 }),
    code: "EINVAL",
    says: [/"maxSockets"/, /from 1 to 65535/, /got 0/],
  },
];

function assertError(error: unknown, code: string, says: readonly RegExp[]): void {
  assert.ok(error instanceof ZmqError, `a ZmqError was expected, ${String(error)} came`);
  assert.equal(error.code, code, error.message);
  assert.equal(error.origin, "local");
  assert.ok(error.errno > 0);
  for (const each of says) assert.match(error.message, each);
}

/** A PUSH and a PULL of a context of their own, joined. */
async function joined(t: TestContext): Promise<{ push: Push; pull: Pull; works: () => Promise<void> }> {
  const context = new Context();
  const pull = kept(t, new Pull({ context, linger: 0 }));
  const push = kept(t, new Push({ context, linger: 0 }));
  await pull.bind("inproc://a");
  push.connect("inproc://a");
  return {
    push,
    pull,
    async works() {
      await push.send("fine");
      assert.deepEqual((await guard(pull.receive(), "a message")).map(String), ["fine"]);
    },
  };
}

describe("misuse: a wrong call throws at once and says what was expected", () => {
  for (const { title, call, code, says } of WRONG) {
    it(title, async (t) => {
      const { push, pull, works } = await joined(t);
      assert.throws(
        () => call(push, pull),
        (error: unknown) => {
          assertError(error, code, says);
          return true;
        },
      );
      await works();
    });
  }

  const rejected: readonly [string, string, string, RegExp][] = [
    ["bind to a text without a scheme", "bind", "nowhere", /scheme:\/\/address/],
    ["bind to a port that is none", "bind", "tcp://127.0.0.1:http", /port must be 0 to 65535 or \*/],
    ["bind to a name that is bound", "bind", "inproc://a", /already in use/],
    ["unbind of what was never bound", "unbind", "tcp://127.0.0.1:1", /cannot unbind/],
  ];
  for (const [title, method, endpoint, says] of rejected) {
    it(`${title} rejects`, async (t) => {
      const { push, works } = await joined(t);
      await assert.rejects(
        () => (method === "bind" ? push.bind(endpoint) : push.unbind(endpoint)),
        (error: unknown) => {
          const code = title.includes("is bound") ? "EADDRINUSE" : method === "unbind" ? "ENOENT" : "EINVAL";
          assert.ok(error instanceof ZmqError);
          assert.equal(error.code, code);
          assert.match(error.message, says);
          return true;
        },
      );
      await works();
    });
  }
});

describe("misuse: the wrong direction, the wrong state, the wrong time", () => {
  it("a socket type has no method for a direction it has not", () => {
    const members = (socket: object): boolean[] =>
      ["send", "trySend", "receive", "tryReceive", "drain"].map((name) => name in socket);
    const sockets: [Push | Pull | Publisher | Subscriber, boolean, boolean][] = [
      [new Push(), true, false],
      [new Publisher(), true, false],
      [new Pull(), false, true],
      [new Subscriber(), false, true],
    ];
    for (const [socket, sends, receives] of sockets) {
      assert.deepEqual(members(socket), [sends, sends, receives, receives, receives]);
      socket.close();
    }
  });

  it("REQ: tryReceive before a question and a second question are EFSM, with what to do", async (t) => {
    const context = new Context();
    const reply = kept(t, new Reply({ context, linger: 0 }));
    const request = kept(t, new Request({ context, linger: 0 }));
    await reply.bind("inproc://a");
    request.connect("inproc://a");
    assert.throws(
      () => request.tryReceive(),
      (error: unknown) => {
        assertError(error, "EFSM", [/asked nothing/, /send a request first/]);
        return true;
      },
    );
    await request.send("question");
    assert.throws(
      () => request.trySend("another"),
      (error: unknown) => {
        assertError(error, "EFSM", [/waiting for a reply from inproc:\/\/a/, /receive it first, or set `relaxed`/]);
        return true;
      },
    );
    assert.throws(
      () => reply.trySend("unasked"),
      (error: unknown) => {
        assertError(error, "EFSM", [/no request to answer/, /receive one first/]);
        return true;
      },
    );
    assert.deepEqual((await reply.receive()).map(String), ["question"]);
    assert.throws(
      () => reply.tryReceive(),
      (error: unknown) => {
        assertError(error, "EFSM", [/not answered/, /send the reply first/]);
        return true;
      },
    );
    await reply.send("answer");
    assert.deepEqual((await request.receive()).map(String), ["answer"]);
  });

  it("a mandatory ROUTER and an id nobody has: EHOSTUNREACH with the id", (t) => {
    const router = kept(t, new Router({ linger: 0, mandatory: true }));
    assert.throws(
      () => router.trySend(["no\x01body", "x"]),
      (error: unknown) => {
        assertError(error, "EHOSTUNREACH", [/"no\\x01body"/]);
        return true;
      },
    );
  });

  it("an XPUB that is not manual decides itself", (t) => {
    const xpub = kept(t, new XPublisher({ linger: 0 }));
    assert.throws(
      () => xpub.subscribe("a"),
      (error: unknown) => {
        assertError(error, "EINVAL", [/set `manual`/]);
        return true;
      },
    );
  });

  it("a routing id for connect has 1 to 255 bytes", (t) => {
    const router = kept(t, new Router({ linger: 0 }));
    for (const routingId of ["", "x".repeat(256)]) {
      assert.throws(() => router.connect("inproc://a", { routingId }), {
        code: "EINVAL",
        message: /1 to 255 bytes, got (0|256)/,
      });
    }
  });

  it("every call on a closed socket is EBADF; close itself, and reading options, are not", () => {
    const dealer = new Dealer();
    dealer.close();
    const calls: (() => unknown)[] = [
      () => dealer.send("x"),
      () => dealer.trySend("x"),
      () => dealer.receive(),
      () => dealer.tryReceive(),
      () => dealer.receiveFrom(),
      () => dealer.receiveMany(),
      () => dealer.takeMany(() => undefined, 1),
      () => dealer.drain(() => undefined),
      () => dealer.connect("inproc://a"),
      () => dealer.disconnect("inproc://a"),
      () => dealer.bindSync("inproc://a"),
      () => dealer.unbindSync("inproc://a"),
      () => dealer.connected(),
      () => dealer.disconnectPeer(1),
      () => new Observer(dealer),
      () => Object.assign(dealer, { linger: 1 }),
    ];
    for (const call of calls) {
      assert.throws(
        call,
        (error: unknown) => {
          assertError(error, "EBADF", [/closed/]);
          return true;
        },
        String(call),
      );
    }
    dealer.close();
    assert.deepEqual([dealer.closed, dealer.linger, dealer.readable, dealer.writable], [true, -1, false, false]);
  });

  it("one socket more than maxSockets is EMFILE with both numbers", () => {
    const context = new Context({ maxSockets: 2 });
    const sockets = [new Push({ context }), new Pull({ context })];
    assert.throws(() => new Push({ context }), { code: "EMFILE", message: /2 open sockets, maxSockets is 2/ });
    for (const socket of sockets) socket.close();
  });

  it("events are read or listened to, not both", (t) => {
    const push = kept(t, new Push({ linger: 0 }));
    push.events.on("connect", () => undefined);
    assert.throws(() => push.events.receive(), { code: "EBUSY", message: /event emitter mode/ });
  });
});
