// tcp through a SOCKS5 proxy: microsocks (with and without a login) and Dante, to a REP of libzmq.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { Request, type SocketOptions } from "../../src/node.ts";
import { Events, freePort, own } from "../support/harness.ts";
import { Peer } from "../support/peer.ts";
import { libzmqNode } from "../support/peers.ts";

const DANTED = "/usr/sbin/danted";
const folder = mkdtempSync(join(tmpdir(), "zmtp-socks-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Proxy {
  readonly name: string;
  readonly missing: string | false;
  start(port: number, login?: readonly [user: string, password: string]): ChildProcess;
}

const MICROSOCKS: Proxy = {
  name: "microsocks",
  missing: spawnSync("microsocks", ["-?"]).error === undefined ? false : "not checked: there is no microsocks",
  start(port, login) {
    const user = login === undefined ? [] : ["-u", login[0], "-P", login[1]];
    return spawn("microsocks", ["-i", "127.0.0.1", "-p", String(port), ...user], { stdio: "ignore" });
  },
};

const DANTE: Proxy = {
  name: "Dante",
  missing: existsSync(DANTED) ? false : "not checked: there is no danted (Debian: dante-server)",
  start(port) {
    const file = join(folder, "danted.conf");
    const rules = "{ from: 127.0.0.0/8 to: 0.0.0.0/0 }";
    const head = `logoutput: /dev/null\ninternal: 127.0.0.1 port = ${port}\nexternal: lo\nclientmethod: none\nsocksmethod: none\n`;
    writeFileSync(file, `${head}user.unprivileged: nobody\nclient pass ${rules}\nsocks pass ${rules}\n`);
    return spawn(DANTED, ["-f", file, "-p", join(folder, "danted.pid")], { stdio: "ignore" });
  },
};

/** Starts a proxy and waits until it listens. */
async function start(t: TestContext, proxy: Proxy, login?: readonly [string, string]): Promise<string> {
  const port = await freePort();
  const child = proxy.start(port, login);
  t.after(() => child.kill("SIGTERM"));
  for (let attempt = 0; attempt < 500; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return `127.0.0.1:${port}`;
    assert.equal(child.exitCode, null, `${proxy.name} ended before it listened`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${proxy.name} does not listen`);
}

/** A REP of libzmq that answers so many requests with themselves. */
async function server(t: TestContext, requests: number): Promise<string> {
  const peer = await Peer.start(libzmqNode);
  const rep = await peer.socket("REP");
  const endpoint = await rep.bind("tcp://127.0.0.1:*");
  const answering = rep.echo(requests);
  // The end may come before the word that all are answered.
  t.after(() => Promise.allSettled([answering, peer.kill()]));
  return endpoint;
}

async function ask(t: TestContext, endpoint: string, options: SocketOptions<Request>): Promise<string> {
  const req = own(t, new Request({ receiveTimeout: 5000, ...options }));
  req.connect(endpoint);
  await req.send("hello");
  return String((await req.receive())[0]);
}

for (const proxy of [MICROSOCKS, DANTE]) {
  const skip = proxy.missing || libzmqNode.missing;
  test(`${proxy.name}: a request goes through`, { skip, timeout: 20_000 }, async (t) => {
    const socksProxy = await start(t, proxy);
    const endpoint = await server(t, 2);
    assert.equal(await ask(t, endpoint, { socksProxy }), "hello");
    // The proxy looks names up.
    assert.equal(await ask(t, endpoint.replace("127.0.0.1", "localhost"), { socksProxy }), "hello");
  });
}

const skip = MICROSOCKS.missing || libzmqNode.missing;

test("microsocks: with user and password, and with a wrong one", { skip, timeout: 20_000 }, async (t) => {
  const socksProxy = await start(t, MICROSOCKS, ["joe", "secret word"]);
  const endpoint = await server(t, 1);
  const login = { socksProxy, socksUsername: "joe", socksPassword: "secret word" };
  assert.equal(await ask(t, endpoint, login), "hello");
  for (const wrong of [{ ...login, socksPassword: "guess" }, { socksProxy }]) {
    const req = own(t, new Request(wrong));
    const events = new Events(req);
    req.connect(endpoint);
    const { error } = await events.next("connect:retry");
    assert.equal(error.reason, "proxy-refused");
    assert.equal(error.address, endpoint);
    assert.doesNotMatch(JSON.stringify(error) + error.message, /guess|joe/);
  }
});

test("microsocks: a target that nobody listens on is tried again", { skip, timeout: 20_000 }, async (t) => {
  const socksProxy = await start(t, MICROSOCKS);
  const endpoint = `tcp://127.0.0.1:${await freePort()}`;
  const req = own(t, new Request({ socksProxy, reconnectInterval: 20 }));
  const events = new Events(req);
  req.connect(endpoint);
  const { error } = await events.next("connect:retry", 2);
  assert.equal(error.reason, "proxy-refused");
  assert.equal(error.code, "ECONNREFUSED");
});

test("a proxy that is not there is a refused connection, and a wrong text throws", async (t) => {
  const port = await freePort();
  const req = own(t, new Request({ socksProxy: `127.0.0.1:${port}` }));
  const events = new Events(req);
  req.connect("tcp://127.0.0.1:1");
  const { error } = await events.next("connect:retry");
  assert.equal(error.reason, "connection-refused");
  assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
  req.socksProxy = "no port";
  assert.throws(() => req.connect("tcp://127.0.0.1:1"), { code: "EINVAL", message: /"socksProxy" must be host:port/ });
});
