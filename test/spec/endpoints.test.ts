/**
 * Endpoints: libzmq's test_last_endpoint, test_term_endpoint, test_unbind_wildcard, test_bind_after_connect_tcp, test_bind_src_address,
 * test_connect_resolve, test_bind_fuzzer and test_connect_fuzzer.
 */
import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { Dealer, Pair, Pull, Push, Request, Router, type Socket, ZmqError } from "../../src/node.ts";
import {
  anyEndpoint,
  bound,
  check,
  codeOf,
  Events,
  each,
  eventually,
  freeEndpoint,
  freePort,
  join2,
  noIpv6,
  own,
  receive,
  receiveEach,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

check("test_last_endpoint: it is what was bound, for each bind", async (t) => {
  const router = own(t, new Router());
  assert.equal(router.lastEndpoint as unknown, null);
  for (let i = 0; i < 2; i++) {
    const endpoint = `tcp://127.0.0.1:${await freePort()}`;
    await router.bind(endpoint);
    assert.equal(String(router.lastEndpoint), endpoint);
  }
  await router.bind("tcp://127.0.0.1:*");
  assert.match(String(router.lastEndpoint), /^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
  await router.bind("tcp://127.0.0.1:0");
  assert.match(String(router.lastEndpoint), /^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
  await router.bind("tcp://*:*");
  assert.match(String(router.lastEndpoint), /^tcp:\/\/0\.0\.0\.0:[1-9]\d+$/);
  const name = anyEndpoint("inproc");
  await router.bind(name);
  assert.equal(String(router.lastEndpoint), name);
});

each(STREAMS, "test_last_endpoint: after a connect it is what was connected", async (t, scheme) => {
  const push = own(t, new Push());
  const endpoint = await freeEndpoint(scheme);
  push.connect(endpoint);
  assert.equal(push.lastEndpoint, endpoint);
});

each(SCHEMES, "test_term_endpoint (unbind): sending is EAGAIN afterwards, for the socket that was bound", async (t, scheme) => {
  const [push, pull] = [own(t, new Push()), own(t, new Pull())];
  const endpoint = await join2(push, pull, scheme);
  await push.send("ABC");
  assert.deepEqual(await receive(pull), ["ABC"]);
  await push.unbind(endpoint);
  if (scheme === "inproc") {
    // As libzmq has it: the name is free, those who are connected stay so.
    await push.send("still there");
    assert.deepEqual(await receive(pull), ["still there"]);
  } else await assert.rejects(push.send("DEF", { timeout: 5 }), { code: "EAGAIN" });
});

each(
  SCHEMES,
  "test_term_endpoint (disconnect): sending is EAGAIN afterwards, for the socket that was connected",
  async (t, scheme) => {
    const [push, pull] = [own(t, new Push()), own(t, new Pull())];
    const endpoint = await join2(pull, push, scheme);
    await push.send("ABC");
    assert.deepEqual(await receive(pull), ["ABC"]);
    push.disconnect(endpoint);
    await assert.rejects(push.send("DEF", { timeout: 5 }), { code: "EAGAIN" });
  },
);

each(STREAMS, "6.4: unbind ends the connections that came by that endpoint, and only those", async (t, scheme) => {
  const pull = own(t, new Pull());
  const [one, two] = [own(t, new Push({ reconnectInterval: 5 })), own(t, new Push({ reconnectInterval: 5 }))];
  const first = await bound(pull, scheme);
  const second = await bound(pull, scheme);
  one.connect(first);
  two.connect(second);
  await Promise.all([pull.connected(2), one.connected(), two.connected()]);
  await pull.unbind(first);
  await eventually(() => one.peers()[0].state === "connecting");
  await two.send("by the second");
  assert.deepEqual(await receive(pull), ["by the second"]);
  assert.equal(pull.peers().length, 1);
});

for (const endpoint of ["tcp://127.0.0.1:*", "tcp://*:*", "tcp://127.0.0.1:0"]) {
  check(
    `test_term_endpoint, test_unbind_wildcard: ${endpoint} is not unbound by its own text, but by lastEndpoint`,
    async (t) => {
      const pull = own(t, new Pull());
      await pull.bind(endpoint);
      const real = pull.lastEndpoint as string;
      await assert.rejects(
        async () => pull.unbind(endpoint),
        (error: NodeJS.ErrnoException & { address?: string }) => {
          assert.equal(error.code, "ENOENT");
          assert.equal(error.address, endpoint);
          assert.match(error.message, /No such endpoint/);
          assert.ok(error.message.includes(real), "it names what is bound");
          return true;
        },
      );
      await pull.unbind(real);
      const other = own(t, new Pull());
      await other.bind(real);
    },
  );
}

check(
  "test_unbind_wildcard (IPv6)",
  async (t) => {
    const pull = own(t, new Pull({ ipv6: true }));
    for (const endpoint of ["tcp://[::1]:*", "tcp://[::]:*", "tcp://*:*"]) {
      await pull.bind(endpoint);
      const real = pull.lastEndpoint as string;
      assert.match(real, endpoint === "tcp://[::1]:*" ? /^tcp:\/\/\[::1\]:\d+$/ : /^tcp:\/\/\[::\]:\d+$/);
      await assert.rejects(async () => pull.unbind(endpoint), { code: "ENOENT" });
      await pull.unbind(real);
    }
  },
  noIpv6,
);

check(
  "5.1: with ipv6 a wildcard takes both families",
  async (t) => {
    const pull = own(t, new Pull({ ipv6: true }));
    await pull.bind("tcp://*:*");
    const port = (pull.lastEndpoint as string).split(":").at(-1);
    for (const host of ["127.0.0.1", "[::1]", "localhost"]) {
      const push = own(t, new Push({ ipv6: true }));
      push.connect(`tcp://${host}:${port}`);
      await push.send(host);
      const { message, peer } = await pull.receiveFrom({ timeout: 5000 });
      assert.equal(String(message[0]), host);
      if (host === "127.0.0.1") assert.match(peer.address, /^tcp:\/\/127\.0\.0\.1:\d+$/, "not written as a mapped address");
    }
  },
  noIpv6,
);

check("test_bind_after_connect_tcp: what was sent before the other end binds arrives in order once it does", async (t) => {
  const endpoint = await freeEndpoint("tcp");
  const [dealer, router] = [own(t, new Dealer({ reconnectInterval: 5 })), own(t, new Router())];
  dealer.connect(endpoint);
  for (const text of ["foobar", "baz", "buzz"]) await dealer.send(text);
  await router.bind(endpoint);
  for (const text of ["foobar", "baz", "buzz"]) assert.equal((await receive(router))[1], text);
});

check("test_bind_src_address: source;destination with an address, with a port, with an interface", async (t) => {
  const pull = own(t, new Pull());
  const target = (await bound(pull)).slice("tcp://".length);
  const port = await freePort();
  const interfaces = Object.entries(networkInterfaces());
  const loopback = interfaces.find(([, list]) => list?.some((each) => each.address === "127.0.0.1"))?.[0];
  const sources: [string, RegExp][] = [
    ["127.0.0.1:0", /^tcp:\/\/127\.0\.0\.1:\d+$/],
    ["127.0.0.1:*", /^tcp:\/\/127\.0\.0\.1:\d+$/],
    [`127.0.0.1:${port}`, new RegExp(`^tcp://127\\.0\\.0\\.1:${port}$`)],
    ["*:0", /^tcp:\/\/127\.0\.0\.1:\d+$/],
  ];
  if (process.platform === "linux") sources.push(["127.0.0.2:0", /^tcp:\/\/127\.0\.0\.2:\d+$/]);
  if (loopback !== undefined) sources.push([`${loopback}:0`, /^tcp:\/\/127\.0\.0\.1:\d+$/]);
  for (const [source, address] of sources) {
    const push = own(t, new Push());
    push.connect(`tcp://${source};${target}`);
    await push.send(source);
    const { message, peer } = await pull.receiveFrom({ timeout: 5000 });
    assert.equal(String(message[0]), source);
    assert.match(peer.address, address, source);
    push.disconnect(`tcp://${source};${target}`);
  }
});

check("a dial that the system joins with itself is refused, and leaves the port to who binds it", async (t) => {
  // With the port to dial as the dial's own, TCP's simultaneous open does always what chance does now and then.
  const port = await freePort();
  const address = `tcp://127.0.0.1:${port};127.0.0.1:${port}`;
  const dealer = own(t, new Dealer({ reconnectInterval: 5 }));
  const events = new Events(dealer);
  dealer.connect(address);
  const { error } = await events.next("connect:retry");
  assert.equal(error.code, "ECONNREFUSED");
  assert.match(error.message, /nobody listens there, and the system connected the dial to itself/);
  assert.deepEqual(events.of("connect"), []);
  dealer.disconnect(address);
  const router = own(t, new Router());
  await router.bind(`tcp://127.0.0.1:${port}`);
});

check("5.1: an interface's name can be bound", async (t) => {
  const [name] = Object.entries(networkInterfaces()).find(([, list]) => list?.some((each) => each.address === "127.0.0.1")) ?? [];
  const pull = own(t, new Pull());
  await pull.bind(`tcp://${name}:*`);
  assert.match(pull.lastEndpoint as string, /^tcp:\/\/127\.0\.0\.1:\d+$/);
});

check("test_connect_resolve: host names connect; spaces, an empty host and a bad service name are EINVAL", async (t) => {
  const pull = own(t, new Pull());
  const port = (await bound(pull)).split(":").at(-1);
  const push = own(t, new Push());
  push.connect(`tcp://localhost:${port}`);
  await push.send("by name");
  assert.deepEqual(await receive(pull), ["by name"]);
  for (const wrong of [
    "tcp://local host:1234",
    "tcp:// :1234",
    "tcp://:1234",
    "tcp://localhost:",
    "tcp://localhost:service",
    "tcp://localhost",
    "tcp://localhost:65536",
    "tcp://localhost:-1",
    "tcp://localhost:1.5",
    "tcp://localhost:0x50",
    "tcp://*:1234",
    "tcp://localhost:*",
    "tcp://[::1:1234",
    "tcp://[zz]:1234",
    "tcp://:0;localhost:1234",
    "tcp://a;b;localhost:1234",
    "ipc://*",
    "inproc://",
  ])
    assert.throws(() => push.connect(wrong), { code: "EINVAL" }, wrong);
  for (const wrong of ["invalid://localhost:1234", "vmci://localhost:1", "norm://x", "TCP://localhost:1"])
    assert.throws(() => push.connect(wrong), { code: "EPROTONOSUPPORT", message: /Protocol not supported/ }, wrong);
});

check("test_connect_resolve (IPv6): only with the option, otherwise ENODEV, which says so", async (t) => {
  const push = own(t, new Push());
  for (const call of [() => push.connect("tcp://[::1]:1234"), () => push.bind("tcp://[::1]:*")])
    await assert.rejects(async () => call(), { code: "ENODEV", message: /option `ipv6`/ });
  push.ipv6 = true;
  push.connect("tcp://[::1]:1234");
  push.disconnect("tcp://[::1]:1234");
});

check("5.1: a name that cannot be resolved is no error of connect but an event, and is tried again", async (t) => {
  const push = own(t, new Push({ reconnectInterval: 5 }));
  const events = new Events(push);
  push.connect("tcp://name.invalid:1234");
  const retry = await events.next("connect:retry", 2);
  assert.ok(retry.interval >= 5 && retry.interval < 10);
  assert.equal(retry.address, "tcp://name.invalid:1234");
  assert.equal(retry.error.origin, "system");
});

check("binding to an address that is not ours is EADDRNOTAVAIL, to a name that is none an error too", async (t) => {
  const pull = own(t, new Pull());
  await assert.rejects(async () => pull.bind("tcp://192.0.2.1:*"), { code: "EADDRNOTAVAIL", address: "tcp://192.0.2.1:0" });
  const code = await codeOf(() => pull.bind("tcp://name.invalid:*"));
  assert.ok(["ENODEV", "ENOENT", "EINVAL", "EADDRNOTAVAIL"].includes(code), code);
  assert.equal(pull.lastEndpoint, null);
});

check("bindSync checks at once, is bound for inproc at once, and for tcp with its event", async (t) => {
  const pull = own(t, new Pull());
  const events = new Events(pull);
  assert.throws(() => pull.bindSync("tcp://127.0.0.1"), { code: "EINVAL" });
  const name = anyEndpoint("inproc");
  pull.bindSync(name);
  assert.throws(() => pull.bindSync(name), { code: "EADDRINUSE" });
  pull.bindSync("tcp://127.0.0.1:*");
  const { address } = await events.next("bind");
  assert.equal(pull.lastEndpoint, address);
  pull.unbindSync(address);
  pull.unbindSync(name);
  assert.throws(() => pull.unbindSync(name), { code: "ENOENT" });
  assert.equal((await events.next("close")).address, address);
});

check("a tcp address in use is EADDRINUSE, and a bind:error event", async (t) => {
  const [one, two] = [own(t, new Pull()), own(t, new Pull())];
  const endpoint = await bound(one);
  const events = new Events(two);
  await assert.rejects(two.bind(endpoint), { code: "EADDRINUSE", address: endpoint });
  const event = await events.next("bind:error");
  assert.equal(event.address, endpoint);
  assert.equal(event.error.code, "EADDRINUSE");
  assert.equal(two.lastEndpoint, null);
});

// Fuzzers ---------------------------------------------------------------------------------------------------------------------------------

/** Reproducible: the same texts in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function* endpointTexts(count: number): Generator<string> {
  const next = random(20_240_101);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)];
  const bits = [
    "tcp",
    "ipc",
    "inproc",
    "udp",
    "://",
    ":",
    "/",
    "*",
    "@",
    ";",
    "[",
    "]",
    "%",
    "::1",
    "127.0.0.1",
    "0",
    "65536",
    "-1",
    " ",
  ];
  const more = ["\0", "é", "\u{1f600}", "\ud800", "x".repeat(300), "..", "~", "?", "#", "lo", "\n", "1e3", "%s%n"];
  for (let i = 0; i < count; i++) {
    let text = next() < 0.7 ? pick(["tcp://", "ipc://", "inproc://"]) : "";
    for (let n = Math.floor(next() * 6); n >= 0; n--)
      text += next() < 0.8 ? pick([...bits, ...more]) : String.fromCharCode(Math.floor(next() * 256));
    yield text;
  }
}

/** Endpoints that reach into the file system are judged only. */
const harmless = (text: string): boolean => !text.startsWith("ipc://");

function assertClean(error: unknown, text: string): void {
  assert.ok(error instanceof ZmqError, `${JSON.stringify(text)}: ${error}`);
  assert.ok(error.errno > 0 && error.message.length > 10, `${JSON.stringify(text)}: ${error.message}`);
}

check("test_connect_fuzzer: any text given to connect works or throws a ZmqError, and does no harm", async (t) => {
  const push = own(t, new Push({ linger: 0 }));
  for (const text of endpointTexts(2000)) {
    if (!harmless(text)) continue;
    try {
      push.connect(text);
      push.disconnect(text);
    } catch (error) {
      assertClean(error, text);
    }
  }
  const pull = own(t, new Pull());
  push.connect(await bound(pull));
  await push.send("alive");
  assert.deepEqual(await receive(pull), ["alive"]);
});

check("test_bind_fuzzer: any text given to bind works or throws a ZmqError, and does no harm", async (t) => {
  const pull = own(t, new Pull());
  const binds: Promise<void>[] = [];
  for (const text of endpointTexts(600)) {
    if (!harmless(text)) continue;
    binds.push(
      (async () => {
        try {
          await pull.bind(text);
        } catch (error) {
          assertClean(error, text);
        }
      })(),
    );
  }
  await Promise.all(binds);
  const push = own(t, new Push());
  push.connect(await bound(pull));
  await push.send("alive");
  assert.deepEqual(await receive(pull), ["alive"]);
});

check("test_many_sockets: going past maxSockets fails cleanly, and a closed socket makes room", async (t) => {
  const { Context } = await import("../../src/node.ts");
  const context = new Context({ maxSockets: 5 });
  const sockets: Socket[] = [];
  for (let i = 0; i < 5; i++) sockets.push(own(t, new Pair({ context })));
  assert.throws(() => new Pair({ context }), { code: "EMFILE", message: /Too many open file descriptors.*maxSockets is 5/ });
  await sockets[0].end();
  own(t, new Request({ context }));
  assert.throws(() => new Pair({ context }), { code: "EMFILE" });
});

check("test_many_sockets: a thousand and twenty-three by default", (t) => {
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.close();
  });
  return import("../../src/node.ts").then(({ Context }) => {
    const context = new Context();
    for (let i = 0; i < 1023; i++) sockets.push(new Pair({ context }));
    assert.throws(() => new Pair({ context }), { code: "EMFILE" });
  });
});

check("test_shutdown_stress (adapted): a hundred rounds of sockets that connect and close at once", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = await bound(pull);
  for (let round = 0; round < 100; round++) {
    const pushes = Array.from({ length: 5 }, () => new Push());
    for (const push of pushes) push.connect(endpoint);
    for (const push of pushes) push.close();
  }
  await eventually(() => pull.peers().length === 0);
  const push = own(t, new Push());
  push.connect(endpoint);
  await push.send("alive");
  assert.deepEqual(await receiveEach(pull, 1), ["alive"]);
});
