/** libzmq's test_setsockopt, test_socket_options_fuzzer, test_timeo, test_ctx_options and test_socket_null, as far as they apply. */
import assert from "node:assert/strict";
import {
  Context,
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
  ZmqError,
} from "../../src/node.ts";
import { bound, check, freeEndpoint, notApplicable, own, receive } from "../support/harness.ts";

const TYPES = { Pair, Publisher, Subscriber, Request, Reply, Dealer, Router, Pull, Push, XPublisher, XSubscriber };
type AnySocket = Socket & Record<string, unknown>;
const make = (name: string, options: object = {}): AnySocket =>
  new (TYPES as unknown as Record<string, new (options: object) => AnySocket>)[name](options);

/** Options of every socket with libzmq's defaults, as npm `zeromq` names them. */
const COMMON: Record<string, unknown> = {
  affinity: 0,
  rate: 100,
  recoveryInterval: 10000,
  linger: -1,
  reconnectInterval: 100,
  backlog: 100,
  reconnectMaxInterval: 0,
  maxMessageSize: -1,
  tcpKeepalive: -1,
  tcpKeepaliveCount: -1,
  tcpKeepaliveIdle: -1,
  tcpKeepaliveInterval: -1,
  tcpAcceptFilter: null,
  immediate: false,
  ipv6: false,
  plainServer: false,
  plainUsername: null,
  plainPassword: null,
  zapDomain: null,
  typeOfService: 0,
  handshakeInterval: 30000,
  socksProxy: null,
  heartbeatInterval: 0,
  heartbeatTimeToLive: 0,
  connectTimeout: 0,
  tcpMaxRetransmitTimeout: 0,
  multicastMaxTransportDataUnit: 1500,
  interface: null,
  zapEnforceDomain: false,
  loopbackFastPath: false,
};
const SENDING = { sendHighWaterMark: 1000, sendTimeout: -1, sendBufferSize: -1, multicastHops: 1 };
const RECEIVING = { receiveHighWaterMark: 1000, receiveTimeout: -1, receiveBufferSize: -1 };
const OWN: Record<string, Record<string, unknown>> = {
  Pair: { ...SENDING, ...RECEIVING },
  Publisher: { ...SENDING, conflate: false, noDrop: false, invertMatching: false },
  Subscriber: { ...RECEIVING, linger: 0, conflate: false, invertMatching: false },
  Request: { ...SENDING, ...RECEIVING, routingId: null, probeRouter: false, correlate: false, relaxed: false },
  Reply: { ...SENDING, ...RECEIVING, routingId: null },
  Dealer: { ...SENDING, ...RECEIVING, routingId: null, probeRouter: false, conflate: false },
  Router: { ...SENDING, ...RECEIVING, routingId: null, mandatory: false, probeRouter: false, handover: false },
  Pull: { ...RECEIVING, conflate: false },
  Push: { ...SENDING, conflate: false },
  XPublisher: {
    ...SENDING,
    ...RECEIVING,
    noDrop: false,
    manual: false,
    welcomeMessage: null,
    invertMatching: false,
    verbosity: null,
  },
  XSubscriber: { ...SENDING, ...RECEIVING, linger: 0 },
};
const NUMBERS: Record<string, number> = {
  Pair: 0,
  Publisher: 1,
  Subscriber: 2,
  Request: 3,
  Reply: 4,
  Dealer: 5,
  Router: 6,
  Pull: 7,
  Push: 8,
  XPublisher: 9,
  XSubscriber: 10,
};

for (const name of Object.keys(TYPES)) {
  check(`${name}: its options have libzmq's defaults, and its type its number`, (t) => {
    const socket = own(t, make(name));
    for (const [option, value] of Object.entries({ ...COMMON, ...OWN[name] })) assert.deepEqual(socket[option], value, option);
    assert.equal(socket.type, NUMBERS[name]);
    assert.equal(socket.securityMechanism, null);
    assert.equal(socket.threadSafe, false);
    assert.equal(socket.lastEndpoint, null);
    assert.equal(socket.closed, false);
    assert.equal(socket.context, new Pair().context);
  });

  check(`${name}: options of other types do not exist on it`, (t) => {
    const socket = own(t, make(name));
    const mine = { ...COMMON, ...OWN[name] };
    for (const options of Object.values(OWN))
      for (const option of Object.keys(options)) if (!(option in mine)) assert.equal(option in socket, false, option);
  });

  check(`test_setsockopt: ${name}: what is set is read back, also when given to the constructor`, (t) => {
    const socket = own(t, make(name));
    const refused = [
      "tcpAcceptFilter",
      "plainUsername",
      "plainPassword",
      "zapDomain",
      "socksProxy",
      "plainServer",
      "zapEnforceDomain",
    ];
    for (const [option, before] of Object.entries({ ...COMMON, ...OWN[name] })) {
      if (refused.includes(option)) continue;
      const after =
        option === "verbosity" ? "allSubs" : typeof before === "boolean" ? !before : typeof before === "number" ? 1 : "some text";
      socket[option] = after;
      assert.deepEqual(socket[option], after, option);
      const another = own(t, make(name, { [option]: after }));
      assert.deepEqual(another[option], after, option);
      socket[option] = before;
      assert.deepEqual(socket[option], before, option);
    }
  });
}

check("test_socket_options_fuzzer: any value for any option is taken or refused with EINVAL, and does no harm", async (t) => {
  const values: unknown[] = [
    ...[undefined, null, true, false, 0, -0, 1, -1, -2, 255, 256, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 1e300, 0.5, Number.NaN],
    ...[
      Number.POSITIVE_INFINITY,
      "",
      "x",
      "\0",
      "x".repeat(300),
      "\ud800",
      5n,
      Symbol.iterator,
      () => 1,
      [],
      [1],
      {},
      new Date(0),
    ],
    ...[Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(300), new Uint8Array([0xff, 0xfe]), new DataView(new ArrayBuffer(4))],
    ...[new ArrayBuffer(3), new Proxy({}, {}), Object.create(null), new Map(), /x/, new Error("x")],
  ];
  for (const name of Object.keys(TYPES)) {
    const socket = own(t, make(name));
    for (const option of Object.keys({ ...COMMON, ...OWN[name] })) {
      for (const value of values) {
        try {
          socket[option] = value;
        } catch (error) {
          assert.ok(error instanceof ZmqError, `${name}.${option}: ${error}`);
          assert.ok(error.code === "EINVAL" || error.code === "ENOTSUP", `${name}.${option}: ${error.code}`);
          assert.ok(error.message.includes(option), error.message);
        }
      }
      assert.doesNotThrow(() => socket[option], option);
    }
    socket.linger = 0;
  }
});

check("an option's error says the option, what was expected and what came", (t) => {
  const socket = own(t, make("Dealer"));
  const wrong: [string, unknown, RegExp][] = [
    ["linger", "x", /"linger" must be a whole number from -1 to 2147483647 \(ms\), got "x"/],
    ["linger", -2, /from -1 .*got -2/],
    ["linger", 1.5, /whole number.*got 1\.5/],
    ["sendHighWaterMark", -1, /from 0 .*\(messages\), got -1/],
    ["immediate", 1, /"immediate" must be a boolean, got 1/],
    ["routingId", 5, /"routingId" must be a string, a Buffer or null, got 5/],
    ["tcpKeepalive", 2, /from -1 to 1, got 2/],
    ["typeOfService", 256, /from 0 to 255/],
  ];
  for (const [option, value, message] of wrong)
    assert.throws(() => (socket[option] = value), { code: "EINVAL", errno: 22, reason: "invalid-option", message });
});

check(
  "options of features that this version does not have can only be their default, so that nobody believes to be protected",
  (t) => {
    const socket = own(t, make("Pull"));
    for (const option of ["curveServer", "plainServer", "zapEnforceDomain"]) {
      if (!(option in socket)) continue;
      socket[option] = false;
    }
    for (const option of ["curvePublicKey", "plainUsername", "zapDomain", "socksProxy", "tcpAcceptFilter"]) {
      if (!(option in socket)) continue;
      socket[option] = null;
      assert.equal(socket[option], null);
    }
  },
);

check("text options: a Buffer is taken, an empty one is null", (t) => {
  const dealer = own(t, new Dealer());
  dealer.routingId = Buffer.from("id") as unknown as string;
  assert.equal(dealer.routingId, "id");
  dealer.routingId = "";
  assert.equal(dealer.routingId, null);
});

check(
  "the constructor refuses an unknown option, with a hint, a wrong value, and what is no object; and leaves no socket behind",
  (t) => {
    const context = new Context({ maxSockets: 1 });
    const bad: [unknown, RegExp][] = [
      [{ lingr: 1 }, /no option "lingr"/],
      [{ Linger: 1 }, /did you mean "linger"/],
      [{ sendHighWatermark: 1 }, /did you mean "sendHighWaterMark"/],
      [{ mandatory: true }, /no option "mandatory"/],
      [{ linger: "x" }, /must be a whole number/],
      [{ type: 5 }, /no option "type"/],
      [{ lastEndpoint: "x" }, /no option "lastEndpoint"/],
    ];
    for (const [options, message] of bad)
      assert.throws(() => new Dealer({ context, ...(options as object) }), { code: "EINVAL", message });
    for (const options of [1, "x", null, true])
      assert.throws(() => new Dealer(options as unknown as object), { code: "EINVAL", message: /Options must be an object/ });
    assert.throws(() => new Dealer({ context: {} as Context }), { code: "EINVAL", message: /must be a Context/ });
    own(t, new Dealer({ context }));
  },
);

check("the options object is not changed", (t) => {
  const options = Object.freeze({ context: new Context(), linger: 0, sendHighWaterMark: 5 });
  const push = own(t, new Push(options));
  assert.equal(push.linger, 0);
  assert.equal(push.context, options.context);
});

check("options that come too late warn once, those that work at once do not", async (t) => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  const router = own(t, new Router());
  router.reconnectInterval = 5;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, []);
  await bound(router, "inproc");
  router.linger = 0;
  router.mandatory = true;
  router.handover = true;
  router.probeRouter = true;
  router.sendHighWaterMark = 5;
  router.receiveHighWaterMark = 5;
  router.sendTimeout = 5;
  router.receiveTimeout = 5;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, []);
  router.reconnectInterval = 6;
  router.maxMessageSize = 6;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, ["Socket option will not take effect until next connect/bind."]);
});

check("test_timeo: receiveTimeout and sendTimeout are measured", async (t) => {
  const pull = own(t, new Pull());
  const push = own(t, new Push());
  const measure = async (call: () => Promise<unknown>): Promise<number> => {
    const before = performance.now();
    await assert.rejects(call, { code: "EAGAIN", message: /^Operation was not possible or timed out/ });
    return performance.now() - before;
  };
  for (const timeout of [0, 25, 60]) {
    pull.receiveTimeout = timeout;
    push.sendTimeout = timeout;
    for (const waited of [await measure(() => pull.receive()), await measure(() => push.send("x"))])
      assert.ok(waited >= timeout - 2 && waited < 10_000, `${waited} ms for ${timeout}`);
  }
});

check("test_timeo: with room and a message there is nothing to time out", async (t) => {
  const pull = own(t, new Pull({ receiveTimeout: 500 }));
  const push = own(t, new Push({ sendTimeout: 500 }));
  push.connect(await bound(pull));
  await push.send("in time");
  assert.deepEqual(await receive(pull), ["in time"]);
});

check("a timeout changed while a call waits is for the next call; one given with a call goes before the socket's", async (t) => {
  const pull = own(t, new Pull({ receiveTimeout: 10 }));
  const waiting = pull.receive();
  pull.receiveTimeout = 5000;
  await assert.rejects(waiting, { code: "EAGAIN" });
  await assert.rejects(pull.receive({ timeout: 0 }), { code: "EAGAIN" });
});

check("test_ctx_options: defaults, ranges, and what flows into new sockets", (t) => {
  const context = new Context();
  const defaults = {
    ioThreads: 1,
    maxSockets: 1023,
    maxSocketsLimit: 65535,
    maxMessageSize: 2147483647,
    ipv6: false,
    blocky: true,
  };
  for (const [name, value] of Object.entries(defaults))
    assert.equal((context as unknown as Record<string, unknown>)[name], value, name);
  context.ioThreads = 4;
  assert.equal(context.ioThreads, 4);
  context.maxMessageSize = 1000;
  assert.equal(context.maxMessageSize, 1000);
  context.ipv6 = true;
  assert.equal(own(t, new Pair({ context })).ipv6, true);
  context.ipv6 = false;
  assert.equal(own(t, new Pair({ context })).ipv6, false);
  assert.equal(own(t, new Pair({ context })).linger, -1);
  context.blocky = false;
  assert.equal(own(t, new Pair({ context })).linger, 0);
  assert.equal(own(t, new Pair({ context, linger: 7 })).linger, 7);
  for (const [name, value] of [
    ["ioThreads", -1],
    ["maxSockets", 0],
    ["maxSockets", 65536],
    ["maxSockets", "5"],
    ["maxMessageSize", -1],
    ["ipv6", 1],
    ["blocky", null],
  ] as const) {
    assert.throws(() => Object.assign(context, { [name]: value }), { code: "EINVAL", message: new RegExp(`"${name}" must be`) });
    assert.throws(() => new Context({ [name]: value }), { code: "EINVAL" });
  }
  assert.throws(() => new Context({ unknown: 1 } as object), { code: "EINVAL", message: /no option "unknown"/ });
  assert.throws(() => Object.assign(context, { maxSocketsLimit: 5 }), TypeError);
});

check("test_socket_null (adapted): everything on a closed socket is EBADF, except reading what it was", async () => {
  const dealer = new Dealer({ linger: 5, routingId: "x" });
  const endpoint = await freeEndpoint("tcp");
  dealer.close();
  dealer.close();
  const calls: (() => unknown)[] = [
    () => dealer.bind(endpoint),
    () => dealer.unbind(endpoint),
    () => dealer.connect(endpoint),
    () => dealer.disconnect(endpoint),
    () => dealer.bindSync(endpoint),
    () => dealer.unbindSync(endpoint),
    () => dealer.send("x"),
    () => dealer.trySend("x"),
    () => dealer.receive(),
    () => dealer.tryReceive(),
    () => dealer.receiveMany(),
    () => dealer.receiveFrom(),
    () => dealer.takeMany(() => undefined, 1),
    () => dealer.drain(() => undefined),
    () => dealer.connected(),
    () => dealer.disconnectPeer(1),
    () => (dealer.linger = 5),
    () => dealer.events,
  ];
  for (const call of calls)
    await assert.rejects(
      async () => call(),
      { code: "EBADF", errno: 9, reason: "socket-closed", message: /^Socket is closed/ },
      String(call),
    );
  assert.equal(dealer.closed, true);
  assert.equal(dealer.readable, false);
  assert.equal(dealer.writable, false);
  assert.equal(dealer.linger, 5);
  assert.deepEqual(await dealer.end(), { flushed: 0, dropped: 0 });
});

check("test_diffserv: typeOfService reads back what was set", (t) => {
  const dealer = own(t, new Dealer({ typeOfService: 0x28 }));
  assert.equal(dealer.typeOfService, 0x28);
  dealer.typeOfService = 0x58;
  assert.equal(dealer.typeOfService, 0x58);
});

check("test_busy_poll: busyPoll is set and read back", (t) => {
  const dealer = own(t, new Dealer({ busyPoll: 1 }));
  assert.equal(dealer.busyPoll, 1);
  dealer.busyPoll = 0;
  assert.equal(dealer.busyPoll, 0);
});

notApplicable("test_setsockopt (BINDTODEVICE, PRIORITY), test_srcfd", "no runtime offers them");
notApplicable("test_setsockopt (USE_FD), test_use_fd", "descriptors are not adopted; only Node.js could");
notApplicable("test_ctx_options (thread options)", "there are no I/O threads; the options are kept and read back");
