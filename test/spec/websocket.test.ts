// Listening and dialling of ws and wss: shared servers, users' servers, refusals, TLS, proxies.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket as TcpSocket, connect as tcpConnect } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { Dealer, Pull, Push, Reply, Request, Router } from "../../src/node.ts";
import { certificates, noCertificates } from "../support/certificate.ts";
import { type Body, check, eventually, freePort, receive } from "../support/harness.ts";
import { EventLog, guard, kept, type TestContext } from "../support/raw-peer.ts";
import { WebPeer } from "../support/web.ts";

const it = (title: string, body: Body, skip?: string | false): void => check(title, body, skip);

async function userServer(t: TestContext, server: Server = createServer()): Promise<{ server: Server; port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function talks(t: TestContext, endpoint: string, pull: Pull, text: string): Promise<void> {
  const push = kept(t, new Push({ reconnectInterval: 5 }));
  push.connect(endpoint);
  await push.send(text);
  assert.deepEqual(await receive(pull), [text]);
}

it("test_ws_transport (paths): several sockets share a port by path", async (t) => {
  const [a, b, rest] = [kept(t, new Pull()), kept(t, new Pull()), kept(t, new Pull())];
  await a.bind("ws://127.0.0.1:*/a");
  const { port } = new URL(a.lastEndpoint as string);
  assert.equal(a.lastEndpoint, `ws://127.0.0.1:${port}/a`);
  await b.bind(`ws://127.0.0.1:${port}/deep/b`);
  assert.equal(b.lastEndpoint, `ws://127.0.0.1:${port}/deep/b`);
  await talks(t, `ws://127.0.0.1:${port}/a`, a, "to a");
  await talks(t, `ws://127.0.0.1:${port}/deep/b`, b, "to b");
  // As libzmq asks for it: the last segment only.
  await talks(t, `ws://127.0.0.1:${port}/b`, b, "to b as well");
  await rest.bind(`ws://127.0.0.1:${port}`);
  await talks(t, `ws://127.0.0.1:${port}/whatever`, rest, "to the rest");
  await talks(t, `ws://127.0.0.1:${port}`, rest, "to the rest as well");
});

it("a path is bound once, and free after unbind; the port is free after the last", async (t) => {
  const [a, b] = [kept(t, new Pull()), kept(t, new Pull())];
  await a.bind(`ws://127.0.0.1:${await freePort()}/x`);
  const endpoint = a.lastEndpoint as string;
  await assert.rejects(b.bind(endpoint), { code: "EADDRINUSE", message: /the path \/x is bound/ });
  await b.bind(endpoint.replace("/x", "/y"));
  await a.unbind(endpoint);
  await assert.rejects(a.unbind(endpoint), { code: "ENOENT" });
  await b.unbind(b.lastEndpoint as string);
  await a.bind(endpoint);
  await talks(t, endpoint, a, "again");
});

it("a port that somebody else has is in use", async (t) => {
  const { port } = await userServer(t);
  await assert.rejects(kept(t, new Pull()).bind(`ws://127.0.0.1:${port}`), { code: "EADDRINUSE" });
});

it("sockets on a user's server, beside what else it serves", async (t) => {
  const { server, port } = await userServer(
    t,
    createServer((request, response) => response.end(`you asked for ${request.url}`)),
  );
  const others = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/chat") others.handleUpgrade(request, socket, head, (chat) => chat.send("hello"));
  });
  const [one, two] = [kept(t, new Pull()), kept(t, new Pull())];
  await one.bind("ws://*:*/one", { server });
  assert.equal(one.lastEndpoint, `ws://127.0.0.1:${port}/one`);
  await two.bind("ws://*:*/two", { server });
  await talks(t, `ws://127.0.0.1:${port}/one`, one, "first");
  await talks(t, `ws://127.0.0.1:${port}/two`, two, "second");
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/page`)).text(), "you asked for /page");
  const chat = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  const [greeting] = await once(chat, "message");
  assert.equal(String(greeting), "hello");
  chat.terminate();
  await one.unbind(one.lastEndpoint as string);
  await two.unbind(two.lastEndpoint as string);
  assert.equal(server.listenerCount("upgrade"), 1);
  assert.ok(server.listening);
});

it("a user's server that listens later", async (t) => {
  const server = createServer();
  const pull = kept(t, new Pull());
  await pull.bind("ws://*:*/later", { server });
  const { port } = await userServer(t, server);
  await talks(t, `ws://127.0.0.1:${port}/later`, pull, "in time");
});

it("a plain WebSocket client is refused with a reason", async (t) => {
  const pull = kept(t, new Pull());
  const log = new EventLog(pull);
  await pull.bind("ws://127.0.0.1:*");
  for (const [protocols, said] of [
    [[], "none"],
    [["chat"], "chat"],
  ] as const) {
    const client = new WebSocket(pull.lastEndpoint as string, [...protocols]);
    client.on("error", () => undefined);
    const [, response] = await once(client, "unexpected-response");
    assert.equal(response.statusCode, 400);
    assert.match(
      response.headers["x-zmtp-reason"],
      new RegExp(`speaks the sub-protocol ZWS2.0/NULL or ZWS2.0; the client offered ${said}`),
    );
    const { error, address } = await log.first("accept:error", (event) => event.error.message.endsWith(said));
    assert.equal(error.reason, "subprotocol-mismatch");
    assert.equal(address, pull.lastEndpoint);
    client.terminate();
  }
});

it("origins are checked; programs have none", async (t) => {
  const pull = kept(t, new Pull());
  const log = new EventLog(pull);
  await pull.bind("ws://127.0.0.1:*", { origins: ["https://example.com"] });
  const endpoint = pull.lastEndpoint as string;
  const ask = async (origin: string | undefined): Promise<string> =>
    (await WebPeer.connect(t, endpoint)).ask("/", { Origin: origin });
  assert.match(await ask("https://example.com"), /^HTTP\/1\.1 101 /);
  assert.match(await ask(undefined), /^HTTP\/1\.1 101 /);
  assert.match(await ask("https://evil.example"), /^HTTP\/1\.1 403 Forbidden\r\n/);
  const { error } = await log.first("accept:error");
  assert.equal(error.reason, "origin-refused");
  assert.match(error.message, /pages of https:\/\/evil\.example may not connect here/);
});

it("origins can be judged by a function", async (t) => {
  const pull = kept(t, new Pull());
  const seen: (string | undefined)[] = [];
  await pull.bind("ws://127.0.0.1:*", { origins: (origin) => seen.push(origin) > 1 });
  const endpoint = pull.lastEndpoint as string;
  assert.match(await (await WebPeer.connect(t, endpoint)).ask("/", { Origin: "null" }), /^HTTP\/1\.1 403 /);
  assert.match(await (await WebPeer.connect(t, endpoint)).ask("/"), /^HTTP\/1\.1 101 /);
  assert.deepEqual(seen, ["null", undefined]);
});

it("an origins function that fails lets nobody in, and only the program hears why", async (t) => {
  const pull = kept(t, new Pull());
  const log = new EventLog(pull);
  const fault = new Error("secret");
  const origins = (): boolean => {
    throw fault;
  };
  await pull.bind("ws://127.0.0.1:*", { origins });
  const answer = await (await WebPeer.connect(t, pull.lastEndpoint as string)).ask("/");
  assert.match(answer, /^HTTP\/1\.1 403 /);
  assert.doesNotMatch(answer, /secret/);
  const { error } = await log.first("accept:error");
  assert.equal(error.reason, "origin-refused");
  assert.match(error.message, /`origins` failed \(Error: secret\)/);
  assert.equal(error.cause, fault);
});

it("an origins function may close the socket: nobody comes in any more", async (t) => {
  const pull = kept(t, new Pull());
  const origins = (): boolean => {
    pull.close();
    return true;
  };
  await pull.bind("ws://127.0.0.1:*", { origins });
  const peer = await WebPeer.connect(t, pull.lastEndpoint as string);
  assert.match(await peer.ask("/"), /^HTTP\/1\.1 404 /);
});

it("maxConnections refuses one more, until one ends", async (t) => {
  const pull = kept(t, new Pull());
  const log = new EventLog(pull);
  await pull.bind("ws://127.0.0.1:*", { maxConnections: 1 });
  const endpoint = pull.lastEndpoint as string;
  const first = await WebPeer.connect(t, endpoint);
  assert.match(await first.ask("/"), /^HTTP\/1\.1 101 /);
  assert.match(await (await WebPeer.connect(t, endpoint)).ask("/"), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  assert.equal((await log.first("accept:error")).error.reason, "too-many-connections");
  first.raw.socket.destroy();
  await log.first("disconnect");
  assert.match(await (await WebPeer.connect(t, endpoint)).ask("/"), /^HTTP\/1\.1 101 /);
});

it("tcpAcceptFilter counts here too", async (t) => {
  const pull = kept(t, new Pull({ tcpAcceptFilter: "10.0.0.0/8" }));
  const log = new EventLog(pull);
  await pull.bind("ws://127.0.0.1:*");
  assert.match(await (await WebPeer.connect(t, pull.lastEndpoint as string)).ask("/"), /^HTTP\/1\.1 403 /);
  assert.equal((await log.first("accept:error")).error.reason, "filtered");
});

/** Requests that are none. */
const REQUESTS: readonly (readonly [
  title: string,
  status: string,
  reason: string,
  headers: Readonly<Record<string, string | undefined>>,
])[] = [
  ["without upgrade", "426", "not-websocket", { Upgrade: undefined, Connection: undefined }],
  ["to upgrade to something else", "400", "not-websocket", { Upgrade: "h2c" }],
  ["without a key", "400", "not-websocket", { "Sec-WebSocket-Key": undefined }],
  ["with a key that is none", "400", "not-websocket", { "Sec-WebSocket-Key": "short" }],
  ["of another version", "400", "not-websocket", { "Sec-WebSocket-Version": "7" }],
];

for (const [title, status, reason, headers] of REQUESTS) {
  it(`a request ${title} is answered ${status}`, async (t) => {
    const pull = kept(t, new Pull());
    const log = new EventLog(pull);
    await pull.bind("ws://127.0.0.1:*");
    const peer = await WebPeer.connect(t, pull.lastEndpoint as string);
    assert.match(await peer.ask("/", headers), new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal((await log.first("accept:error")).error.reason, reason);
    await peer.raw.closed();
  });
}

it("a refused request leaves nothing behind for the next one", async (t) => {
  const pull = kept(t, new Pull());
  await pull.bind("ws://127.0.0.1:*");
  const endpoint = pull.lastEndpoint as string;
  for (const [, , , headers] of REQUESTS) await (await WebPeer.connect(t, endpoint)).ask("/", headers);
  const answer = await (await WebPeer.connect(t, endpoint)).ask("/");
  assert.match(answer, /^HTTP\/1\.1 101 /);
  assert.equal(answer.match(/sec-websocket-protocol/gi)?.length, 1);
  await talks(t, endpoint, pull, "still here");
});

it("what is no HTTP at all is answered 400", async (t) => {
  const pull = kept(t, new Pull());
  const log = new EventLog(pull);
  await pull.bind("ws://127.0.0.1:*");
  const peer = await WebPeer.connect(t, pull.lastEndpoint as string);
  peer.raw.send(Buffer.from("ff00000000000000017f03", "hex"));
  assert.match(await peer.readHead(), /^HTTP\/1\.1 400 /);
  assert.equal((await log.first("accept:error")).error.reason, "not-websocket");
  await peer.raw.closed();
});

it("a path that nobody has bound is answered 404, and found when it is bound", async (t) => {
  const pull = kept(t, new Pull());
  const log = new EventLog(pull);
  await pull.bind("ws://127.0.0.1:*/here");
  const endpoint = (pull.lastEndpoint as string).replace("here", "there");
  const push = kept(t, new Push({ reconnectInterval: 5 }));
  const pushLog = new EventLog(push);
  push.connect(endpoint);
  const { error } = await pushLog.first("connect:retry");
  assert.equal(error.reason, "upgrade-failed");
  assert.match(error.message, /the server answered 404 Not Found: no socket is bound at \/there/);
  assert.equal((await log.first("accept:error")).error.reason, "unknown-path");
  const late = kept(t, new Pull());
  await late.bind(endpoint);
  await push.send("found");
  assert.deepEqual(await receive(late), ["found"]);
});

/** What a dialer makes of servers that are none of ours. */
const ANSWERS: readonly (readonly [status: number, reason: string, again: boolean])[] = [
  [503, "upgrade-failed", true],
  [429, "upgrade-failed", true],
  [403, "upgrade-refused", false],
  [200, "upgrade-refused", false],
];

for (const [status, reason, again] of ANSWERS) {
  it(`a server that answers ${status}: ${again ? "tried again" : "given up"}`, async (t) => {
    const { server, port } = await userServer(t);
    server.on("upgrade", (_request, socket) => socket.end(`HTTP/1.1 ${status} Because\r\nContent-Length: 0\r\n\r\n`));
    const push = kept(t, new Push({ reconnectInterval: 5 }));
    const log = new EventLog(push);
    push.connect(`ws://127.0.0.1:${port}`);
    const { error } = await log.first("close");
    assert.equal(error?.reason, reason);
    assert.match(error?.message ?? "", new RegExp(`answered ${status} Because`));
    if (again) await log.first("connect:retry");
    else assert.equal(log.of("connect:retry").length, 0);
  });
}

it("a server that agrees on another sub-protocol is given up", async (t) => {
  const { server, port } = await userServer(t);
  const strange = new WebSocketServer({ noServer: true });
  strange.on("headers", (headers) => headers.push("Sec-WebSocket-Protocol: chat"));
  server.on("upgrade", (request, socket, head) => {
    request.headers["sec-websocket-protocol"] = undefined;
    strange.handleUpgrade(request, socket, head, () => undefined);
  });
  const push = kept(t, new Push({ reconnectInterval: 5 }));
  const log = new EventLog(push);
  push.connect(`ws://127.0.0.1:${port}`);
  assert.equal((await log.first("close")).error?.reason, "subprotocol-mismatch");
  assert.equal(log.of("connect:retry").length, 0);
});

/** Answers to an upgrade that are none: what is changed of a right one, and what the error says of it. */
const NO_UPGRADES: readonly (readonly [title: string, headers: Readonly<Record<string, string | undefined>>, said: RegExp])[] = [
  ["upgrades to something else", { Upgrade: "h2c" }, /something else than a WebSocket/],
  ["answers another key", { "Sec-WebSocket-Accept": "c3RyYW5nZXI=" }, /does not belong to our key/],
  ["answers no key", { "Sec-WebSocket-Accept": undefined }, /does not belong to our key/],
  ["wants an extension", { "Sec-WebSocket-Extensions": "permessage-deflate" }, /extension that was not offered/],
  [
    "agrees on no sub-protocol",
    { "Sec-WebSocket-Protocol": undefined },
    /sub-protocol none; ZWS2\.0\/NULL or ZWS2\.0 was offered/,
  ],
];

for (const [title, headers, said] of NO_UPGRADES) {
  it(`a server that ${title} is given up`, async (t) => {
    const { server, port } = await userServer(t);
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const right = {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Accept": createHash("sha1").update(key).digest("base64"),
        "Sec-WebSocket-Protocol": "ZWS2.0",
      };
      const lines = Object.entries({ ...right, ...headers }).flatMap(([name, value]) =>
        value === undefined ? [] : `${name}: ${value}\r\n`,
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
    });
    const push = kept(t, new Push({ reconnectInterval: 5 }));
    const log = new EventLog(push);
    push.connect(`ws://127.0.0.1:${port}`);
    const { error } = await log.first("close");
    assert.equal(error?.reason, "subprotocol-mismatch");
    assert.match(error?.message ?? "", said);
    assert.equal(log.of("connect:retry").length, 0);
  });
}

it("a server that is not there, and one without a name, are tried again", async (t) => {
  for (const [endpoint, reason] of [
    [`ws://127.0.0.1:${await freePort()}`, "connection-refused"],
    ["ws://no.such.host.invalid:80", "name-not-found"],
  ]) {
    const push = kept(t, new Push({ reconnectInterval: 5 }));
    const log = new EventLog(push);
    push.connect(endpoint);
    assert.equal((await log.first("connect:retry")).error.reason, reason);
  }
});

it("wrong endpoints and options are refused at once", async (t) => {
  const pull = kept(t, new Pull());
  for (const wrong of [
    "ws://",
    "ws://127.0.0.1",
    "ws://127.0.0.1:70000",
    "ws://a b:1",
    "ws://127.0.0.1:1/a b",
    "ws://127.0.0.1:1/a#b",
  ])
    await assert.rejects(async () => pull.bind(wrong), { code: "EINVAL" }, wrong);
  assert.throws(() => pull.connect("ws://*:80/x"), { code: "EINVAL", message: /a connect needs a host/ });
  assert.throws(() => pull.connect("ws://[::1]:80/x"), { code: "ENODEV", message: /set the option `ipv6`/ });
  await assert.rejects(async () => pull.bind("ws://*:*", { maxConnections: 0 }), { code: "EINVAL" });
  await assert.rejects(async () => pull.bind("ws://*:*", { path: "/x" } as object), {
    code: "EINVAL",
    message: /has no option "path"/,
  });
  await assert.rejects(async () => pull.bind("ws://*:*", { server: {} as Server }), { code: "EINVAL" });
  await assert.rejects(async () => pull.bind("tcp://127.0.0.1:*", { maxConnections: 1 }), { code: "EINVAL", message: /for ws/ });
});

it("ws over IPv6", async (t) => {
  const pull = kept(t, new Pull({ ipv6: true }));
  await pull.bind("ws://[::1]:*/six");
  const endpoint = pull.lastEndpoint as string;
  assert.match(endpoint, /^ws:\/\/\[::1\]:\d+\/six$/);
  const push = kept(t, new Push({ ipv6: true }));
  push.connect(endpoint);
  await push.send("six");
  assert.deepEqual(await receive(pull), ["six"]);
});

it("a proxy that closes idle connections is survived: nothing that was sent afterwards is lost", async (t) => {
  const pull = kept(t, new Pull());
  await pull.bind("ws://127.0.0.1:*");
  const { port } = new URL(pull.lastEndpoint as string);
  const through = new Set<TcpSocket>();
  const proxy = createTcpServer((inside) => {
    const outside = tcpConnect(Number(port), "127.0.0.1");
    for (const each of [inside, outside]) {
      through.add(each);
      each.on("error", () => undefined);
    }
    inside.pipe(outside);
    outside.pipe(inside);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    proxy.close();
    for (const each of through) each.destroy();
  });
  const push = kept(t, new Push({ reconnectInterval: 5 }));
  const log = new EventLog(push);
  push.connect(`ws://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  for (let round = 0; round < 3; round++) {
    await push.send(`round ${round}`);
    assert.deepEqual(await receive(pull), [`round ${round}`]);
    for (const each of through) each.destroy();
    through.clear();
    await guard(
      eventually(() => log.of("disconnect").length > round),
      "the loss of the connection",
    );
  }
});

// wss -----------------------------------------------------------------------------------------------------------------

it(
  "test_wss_transport: request and reply with a private authority, by socket options",
  async (t) => {
    const { authority, key, certificate } = certificates();
    const reply = kept(t, new Reply({ wssKeyPem: key, wssCertPem: certificate }));
    await reply.bind("wss://127.0.0.1:*/secure");
    assert.match(reply.lastEndpoint as string, /^wss:\/\/127\.0\.0\.1:\d+\/secure$/);
    const request = kept(t, new Request({ wssTrustPem: authority }));
    request.connect(reply.lastEndpoint as string);
    await request.send("secret");
    assert.deepEqual(await receive(reply), ["secret"]);
    await reply.send("kept");
    assert.deepEqual(await receive(request), ["kept"]);
  },
  noCertificates,
);

it(
  "test_wss_transport: by the platform's TLS options, and a name that the certificate has",
  async (t) => {
    const { authority, key, certificate } = certificates();
    const router = kept(t, new Router());
    await router.bind("wss://127.0.0.1:*", { tls: { key, cert: certificate, minVersion: "TLSv1.3" } });
    const endpoint = router.lastEndpoint as string;
    const byName = kept(t, new Dealer({ wssTrustPem: authority, wssHostname: "example.test", routingId: "name" }));
    byName.connect(endpoint);
    const byOptions = kept(t, new Router({ routingId: "options" }));
    byOptions.connect(endpoint, { routingId: "r", tls: { ca: authority } });
    await router.connected(2);
    await router.send(["name", "a"]);
    await router.send(["options", "b"]);
    assert.deepEqual(await receive(byName), ["a"]);
    assert.deepEqual(await receive(byOptions), ["r", "b"]);
  },
  noCertificates,
);

it(
  "test_wss_transport: a certificate that is not trusted, or has another name, lets nobody in",
  async (t) => {
    const { authority, key, certificate } = certificates();
    const pull = kept(t, new Pull({ wssKeyPem: key, wssCertPem: certificate }));
    const pullLog = new EventLog(pull);
    await pull.bind("wss://127.0.0.1:*");
    for (const [options, said] of [
      [{}, /certificate|issuer/],
      [{ wssTrustPem: authority, wssHostname: "elsewhere.test" }, /does not match|altnames/],
    ] as const) {
      const push = kept(t, new Push({ reconnectInterval: 5, ...options }));
      const log = new EventLog(push);
      push.connect(pull.lastEndpoint as string);
      const { error } = await log.first("connect:retry");
      assert.equal(error.reason, "tls-failed");
      assert.match(error.message, said);
    }
    const plain = await WebPeer.connect(t, (pull.lastEndpoint as string).replace("wss", "ws"));
    plain.raw.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    assert.equal((await pullLog.first("accept:error", ({ error }) => /TLS/.test(error.message))).error.reason, "not-websocket");
  },
  noCertificates,
);

it(
  "wss on a user's https.Server",
  async (t) => {
    const { authority, key, certificate } = certificates();
    const { server, port } = await userServer(
      t,
      createSecureServer({ key, cert: certificate }, (_, response) => response.end("page")),
    );
    const pull = kept(t, new Pull());
    await pull.bind("wss://*:*/zmq", { server });
    const push = kept(t, new Push({ wssTrustPem: authority }));
    push.connect(`wss://localhost:${port}/zmq`);
    await push.send("over https");
    assert.deepEqual(await receive(pull), ["over https"]);
  },
  noCertificates,
);

it("wss without a key and a certificate cannot be bound", async (t) => {
  await assert.rejects(async () => kept(t, new Pull()).bind("wss://127.0.0.1:*"), { code: "EINVAL", message: /wssKeyPem/ });
});
