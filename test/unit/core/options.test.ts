// The option table against libzmq: constants, numbers, defaults, ranges, socket types; and what an assignment is told.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZmqError } from "../../../src/base/errors.ts";
import { OPTIONS, type OptionSpec } from "../../../src/core/option-table.ts";
import { checkOption, defaultSettings, hasOption, type OptionName, optionBytes, readOption } from "../../../src/core/options.ts";
import * as api from "../../../src/node.ts";
import { SOCKET_TYPES, type SocketTypeName } from "../../../src/zmtp/socket-type.ts";

const names = Object.keys(OPTIONS) as OptionName[];
const types = Object.keys(SOCKET_TYPES) as SocketTypeName[];
const spec = (name: OptionName): OptionSpec<unknown> => OPTIONS[name] as OptionSpec<unknown>;

const SENDING = "PAIR PUB REQ REP DEALER ROUTER PUSH XPUB XSUB STREAM SERVER CLIENT RADIO SCATTER DGRAM PEER CHANNEL";
const RECEIVING = "PAIR SUB REQ REP DEALER ROUTER PULL XPUB XSUB STREAM SERVER CLIENT DISH GATHER DGRAM PEER CHANNEL";
const MAX = 2 ** 31 - 1;

/** libzmq's number, default, least and greatest value, and socket types ("" = all). */
const EXPECTED: Readonly<
  Record<OptionName, readonly [id: number, value: unknown, min?: number | undefined, max?: number | undefined, types?: string]>
> = {
  affinity: [4, 0, 0, Number.MAX_SAFE_INTEGER],
  routingId: [5, null, 1, 255, "REQ REP DEALER ROUTER"],
  rate: [8, 100, 1, MAX],
  recoveryInterval: [9, 10_000, 0, MAX],
  sendBufferSize: [11, -1, -1, MAX, SENDING],
  receiveBufferSize: [12, -1, -1, MAX, RECEIVING],
  linger: [17, -1, -1, MAX],
  reconnectInterval: [18, 100, -1, MAX],
  backlog: [19, 100, 0, MAX],
  reconnectMaxInterval: [21, 0, 0, MAX],
  maxMessageSize: [22, -1, -1, Number.MAX_SAFE_INTEGER],
  sendHighWaterMark: [23, 1000, 0, MAX, SENDING],
  receiveHighWaterMark: [24, 1000, 0, MAX, RECEIVING],
  multicastHops: [25, 1, 1, MAX, SENDING],
  receiveTimeout: [27, -1, -1, MAX, RECEIVING],
  sendTimeout: [28, -1, -1, MAX, SENDING],
  mandatory: [33, false, undefined, undefined, "ROUTER"],
  tcpKeepalive: [34, -1, -1, 1],
  tcpKeepaliveCount: [35, -1, -1, MAX],
  tcpKeepaliveIdle: [36, -1, -1, MAX],
  tcpKeepaliveInterval: [37, -1, -1, MAX],
  tcpAcceptFilter: [38, null],
  routerRaw: [41, false, undefined, undefined, "ROUTER"],
  immediate: [39, false],
  ipv6: [42, false],
  plainServer: [44, false],
  plainUsername: [45, null],
  plainPassword: [46, null],
  curveServer: [47, false],
  curvePublicKey: [48, null],
  curveSecretKey: [49, null],
  curveServerKey: [50, null],
  curve: [0, null],
  probeRouter: [51, false, undefined, undefined, "REQ DEALER ROUTER"],
  correlate: [52, false, undefined, undefined, "REQ"],
  relaxed: [53, false, undefined, undefined, "REQ"],
  conflate: [54, false, undefined, undefined, "PUB SUB DEALER PULL PUSH GATHER SCATTER"],
  zapDomain: [55, null],
  handover: [56, false, undefined, undefined, "ROUTER"],
  typeOfService: [57, 0, 0, 255],
  handshakeInterval: [66, 30_000, 0, MAX],
  socksProxy: [68, null, 0, MAX],
  noDrop: [69, false, undefined, undefined, "PUB XPUB RADIO"],
  manual: [71, false, undefined, undefined, "XPUB"],
  welcomeMessage: [72, null, 0, MAX, "XPUB"],
  notify: [73, true, undefined, undefined, "STREAM"],
  invertMatching: [74, false, undefined, undefined, "PUB XPUB SUB"],
  heartbeatInterval: [75, 0, 0, MAX],
  heartbeatTimeToLive: [76, 0, 0, 6_553_599],
  heartbeatTimeout: [77, -1, -1, MAX],
  connectTimeout: [79, 0, 0, MAX],
  tcpMaxRetransmitTimeout: [80, 0, 0, MAX],
  multicastMaxTransportDataUnit: [84, 1500, 1, MAX],
  vmciBufferSize: [85, 65_546, 0, Number.MAX_SAFE_INTEGER],
  vmciBufferMinSize: [86, 128, 0, Number.MAX_SAFE_INTEGER],
  vmciBufferMaxSize: [87, 262_144, 0, Number.MAX_SAFE_INTEGER],
  vmciConnectTimeout: [88, -1, -1, MAX],
  interface: [92, null, 0, 16],
  zapEnforceDomain: [93, false],
  loopbackFastPath: [94, false],
  copyReceived: [10, false],
  verbosity: [40, null, undefined, undefined, "XPUB"],
  metadata: [95, null, 0, MAX],
  multicastLoop: [96, true, undefined, undefined, "PUB XPUB RADIO DGRAM"],
  routerNotify: [97, 0, 0, 3, "ROUTER"],
  manualLastValue: [98, false, undefined, undefined, "XPUB"],
  socksUsername: [99, null, 1, 255],
  socksPassword: [100, null, 1, 255],
  wssKeyPem: [103, null],
  wssCertPem: [104, null],
  wssTrustPem: [105, null],
  wssHostname: [106, null],
  wssTrustSystem: [107, false],
  onlyFirstSubscribe: [108, false, undefined, undefined, "XPUB XSUB"],
  reconnectStop: [109, 0, 0, 7],
  helloMessage: [110, null, 0, MAX, "DEALER ROUTER CLIENT SERVER PEER"],
  disconnectMessage: [111, null, 0, MAX, "ROUTER SERVER PEER"],
  busyPoll: [113, 50, 0, 1_000_000, "PAIR SUB REQ REP DEALER ROUTER PULL XSUB STREAM SERVER CLIENT DISH GATHER PEER CHANNEL"],
  hiccupMessage: [114, null, 0, MAX, "DEALER CLIENT PEER"],
  verboseUnsubscribe: [115, false, undefined, undefined, "XSUB"],
  // Ours: without a counterpart in libzmq.
  tls: [0, null],
  maxConnections: [0, 65_536, 1, MAX],
  maxPendingHandshakes: [0, 16_384, 1, MAX],
  maxUnreadSize: [0, 268_435_456, 1, Number.MAX_SAFE_INTEGER, RECEIVING],
  receiveViews: [
    0,
    false,
    undefined,
    undefined,
    "PAIR SUB REQ REP DEALER ROUTER PULL XSUB SERVER CLIENT DISH GATHER PEER CHANNEL",
  ],
  maxFrames: [0, 100_000, 1, MAX],
  maxMetadataSize: [0, 65_536, 0, MAX],
  maxSubscriptions: [0, 1_000_000, 0, MAX, "PUB XPUB RADIO"],
  maxSubscriptionSize: [0, 67_108_864, 0, Number.MAX_SAFE_INTEGER, "PUB XPUB RADIO"],
};

function assertRefused(act: () => unknown, code: string, ...expected: readonly (string | RegExp)[]): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof ZmqError, String(error));
    assert.equal(error.code, code, error.message);
    for (const each of expected) assert.match(error.message, typeof each === "string" ? new RegExp(each) : each);
    return true;
  });
}

describe("option table", () => {
  for (const name of Object.keys(EXPECTED) as OptionName[]) {
    it(`${name}: number, default, range and socket types are libzmq's`, () => {
      const [id, value, min, max, of] = EXPECTED[name];
      const row = spec(name);
      assert.deepEqual([row.id, row.default], [id, value]);
      if (min !== undefined) assert.deepEqual([row.min, row.max], [min, max]);
      const expected = of === undefined ? types : of.split(" ");
      assert.deepEqual(types.filter((type) => hasOption(type, name)).sort(), [...expected].sort());
      if (id === 0) assert.equal(row.constant, "");
      else assert.match(row.constant, /^ZMQ_[A-Z0-9_]+(, ZMQ_[A-Z0-9_]+)*$/);
      assert.equal(defaultSettings()[name], value);
    });
  }

  it("each number stands once", () => {
    const numbers = names.map((name) => spec(name).id).filter((id) => id !== 0);
    assert.equal(new Set(numbers).size, numbers.length);
  });

  it("each default passes the check of its own option", () => {
    for (const name of names) assert.equal(checkOption(name, spec(name).default), spec(name).default, name);
  });

  it("settings of two sockets are two objects", () => {
    assert.notEqual(defaultSettings(), defaultSettings());
  });
});

describe("option checks", () => {
  const ints = names.filter((name) => spec(name).kind === "int");
  const booleans = names.filter((name) => spec(name).kind === "boolean");
  const texts = names.filter((name) => spec(name).kind === "text" || spec(name).kind === "bytes");

  it("a whole number is taken at both ends of its range and refused beyond, with the range and the value in the message", () => {
    for (const name of ints) {
      const { min, max } = spec(name);
      for (const value of [min, max]) assert.equal(checkOption(name, value), value, name);
      for (const value of [min - 1, max + (max === Number.MAX_SAFE_INTEGER ? 2 : 1)]) {
        assertRefused(() => checkOption(name, value), "EINVAL", `"${name}"`, `from ${min} to ${max}`, `got ${value}`);
      }
    }
  });

  it("anything else is no whole number", () => {
    for (const name of ints) {
      for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", 5n, true, null, undefined, {}, [5]]) {
        assertRefused(() => checkOption(name, value), "EINVAL", `"${name}"`, "a whole number");
      }
    }
  });

  it("a boolean is true or false and nothing like it", () => {
    for (const name of booleans) {
      assert.equal(checkOption(name, false), false);
      for (const value of [0, 1, "true", "", null, undefined, {}]) {
        assertRefused(() => checkOption(name, value), "EINVAL", `"${name}" must be a boolean`);
      }
    }
  });

  it("a text is a string, a Buffer or null", () => {
    for (const name of texts) {
      assert.equal(checkOption(name, null), null);
      assert.equal(checkOption(name, ""), null, "empty is none");
      for (const value of [5, true, undefined, {}, ["a"], new ArrayBuffer(1)]) {
        assertRefused(() => checkOption(name, value), "EINVAL", `"${name}"`, "a string, a Buffer or null");
      }
    }
  });

  it("a routing id has 1 to 255 octets, counted in UTF-8", () => {
    assert.equal(checkOption("routingId", "x".repeat(255)), "x".repeat(255));
    assert.equal(checkOption("routingId", "ä".repeat(127)), "ä".repeat(127));
    for (const value of ["x".repeat(256), "ä".repeat(128), Buffer.alloc(256)]) {
      assertRefused(() => checkOption("routingId", value), "EINVAL", "1 to 255 octets, got .*256 octets");
    }
  });

  it("a routing id of any octets comes back as the same octets", () => {
    const all = Uint8Array.from({ length: 255 }, (_, i) => i + 1);
    for (const id of [
      all,
      Uint8Array.of(0xff),
      Uint8Array.of(0x80, 0x00),
      Buffer.from("text"),
      Buffer.from("ä€"),
      Uint8Array.of(0xef, 0xb7, 0x90),
    ]) {
      assert.deepEqual([...optionBytes(checkOption("routingId", id))], [...id]);
    }
    assert.equal(optionBytes(null).length, 0);
  });

  it("octets that are no text are read back one character per octet", () => {
    const settings = defaultSettings();
    settings.routingId = checkOption("routingId", Uint8Array.of(0xff, 0x61));
    assert.equal(readOption(settings, "routingId"), "\xffa");
    settings.routingId = checkOption("routingId", "plain");
    assert.equal(readOption(settings, "routingId"), "plain");
    assert.equal(readOption(settings, "linger"), -1);
  });

  it("a choice is one of its values, which the message names", () => {
    for (const value of [null, "allSubs", "allSubsUnsubs"]) assert.equal(checkOption("verbosity", value), value);
    for (const value of ["all", 1, true, undefined, ""]) {
      assertRefused(() => checkOption("verbosity", value), "EINVAL", /null or "allSubs" or "allSubsUnsubs"/);
    }
  });

  it("an accept filter is an address or CIDR", () => {
    for (const value of ["127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fe80::/10"]) {
      assert.equal(checkOption("tcpAcceptFilter", value), value);
    }
    for (const value of ["localhost", "10.0.0.0/33", "10.0.0.256", "10.0.0", "::1/129", "10.0.0.0/", "/8", "1.2.3.4/8/8"]) {
      assertRefused(() => checkOption("tcpAcceptFilter", value), "EINVAL", "CIDR");
    }
  });
});

describe("options of the socket classes", () => {
  const CLASSES: Readonly<Record<SocketTypeName, new (options?: object) => api.Socket>> = {
    PAIR: api.Pair,
    PUB: api.Publisher,
    SUB: api.Subscriber,
    REQ: api.Request,
    REP: api.Reply,
    DEALER: api.Dealer,
    ROUTER: api.Router,
    PULL: api.Pull,
    PUSH: api.Push,
    XPUB: api.XPublisher,
    XSUB: api.XSubscriber,
    STREAM: api.Stream,
    SERVER: api.Server,
    CLIENT: api.Client,
    RADIO: api.Radio,
    DISH: api.Dish,
    GATHER: api.Gather,
    SCATTER: api.Scatter,
    DGRAM: api.Datagram,
    PEER: api.PeerSocket,
    CHANNEL: api.Channel,
  };

  for (const type of types) {
    it(`${type} has its options with their defaults, and no others`, () => {
      const socket = new CLASSES[type]() as api.Socket & Record<string, unknown>;
      assert.equal(socket.type, SOCKET_TYPES[type].number);
      for (const name of names) {
        // libzmq gives these types a linger of 0: what they send is subscriptions.
        const lingers = name !== "linger" || !["SUB", "XSUB", "DISH"].includes(type);
        // And what these send nobody answers.
        const looks = name !== "busyPoll" || !["SUB", "XSUB", "DISH", "PULL", "GATHER"].includes(type);
        const own = lingers && looks ? spec(name).default : 0;
        if (hasOption(type, name)) assert.equal(socket[name], own, name);
        else assert.equal(name in socket, false, name);
      }
      socket.close();
    });
  }

  it("an option of another type, or none at all, is refused with a hint", () => {
    assertRefused(() => new api.Push({ handover: true } as object), "EINVAL", "A PUSH socket has no option");
    assertRefused(() => new api.Push({ Linger: 5 } as object), "EINVAL", 'did you mean "linger"');
    assertRefused(() => new api.Push({ __proto__x: 1 } as object), "EINVAL");
    assertRefused(() => new api.Push(5 as never), "EINVAL", "Options must be an object, got 5");
  });

  it("a wrong value throws at the assignment, and the old one stays", () => {
    const push = new api.Push({ linger: 0 });
    assertRefused(() => Object.assign(push, { linger: -2 }), "EINVAL", "linger");
    assert.equal(push.linger, 0);
    push.close();
    assertRefused(() => Object.assign(push, { linger: 1 }), "EBADF");
    assert.equal(push.linger, 0, "reading goes on when closed");
  });

  it("a wrong value in the constructor leaves no socket behind", () => {
    const context = new api.Context({ maxSockets: 1 });
    assertRefused(() => new api.Push({ context, linger: -2 }), "EINVAL");
    new api.Push({ context }).close();
  });
});
