// Pages of a real Chromium talk with sockets here, over ws and wss.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { Authenticator, curveKeyPair, Dealer, Publisher, Pull, Push, Reply, Router, type Socket } from "../../src/node.ts";
import { Browser, noBrowser } from "../support/browser.ts";
import { certificates, noCertificates } from "../support/certificate.ts";
import { freePort } from "../support/free-port.ts";
import type { roles } from "./page.ts";

type Roles = typeof roles;
type RoleName = keyof Roles;

/** Calls a role in the page. */
function call<Name extends RoleName>(
  page: Page,
  name: Name,
  ...args: Parameters<Roles[Name]>
): Promise<Awaited<ReturnType<Roles[Name]>>> {
  return page.evaluate(`roles[${JSON.stringify(name)}](...${JSON.stringify(args)})`);
}

const TEST = { timeout: 30_000 };

describe("a page", { skip: noBrowser }, () => {
  let browser: Browser;
  let page: Page;
  const sockets: Socket[] = [];

  before(async () => {
    browser = await Browser.launch();
    page = await browser.page();
  });
  after(() => browser.close());

  function own<S extends Socket>(socket: S): S {
    sockets.push(socket);
    return socket;
  }

  async function bound<S extends Socket>(socket: S, scheme = "ws"): Promise<S & { readonly lastEndpoint: string }> {
    const { key, certificate } = scheme === "wss" ? certificates() : { key: "", certificate: "" };
    await own(socket).bind(
      `${scheme}://127.0.0.1:${await freePort()}/zmq`,
      scheme === "wss" ? { tls: { key, cert: certificate } } : {},
    );
    return socket as S & { readonly lastEndpoint: string };
  }

  /** A test whose sockets end with it. */
  const test = (title: string, body: () => Promise<void>, skip: string | false = false): void =>
    void it(title, { ...TEST, skip }, async () => {
      try {
        await body();
      } finally {
        for (const socket of sockets.splice(0)) await socket.end(0);
      }
    });

  test("frames are Uint8Array, what there is is said, and what a page cannot do is refused with a reason", async () => {
    const push = await bound(new Push());
    const facts = call(page, "facts", push.lastEndpoint);
    await push.send("x");
    const { frame, buffer, features, bind, tcp } = await facts;
    assert.equal(frame, "Uint8Array");
    assert.equal(buffer, false);
    assert.deepEqual([features.ws, features.wss, features.ipc], [true, true, false]);
    assert.match(bind, /^ENOTSUP: .*a page cannot listen/);
    assert.match(tcp, /^EPROTONOSUPPORT: .*offered here: ws:\/\/, wss:\/\/, inproc:\/\//);
  });

  for (const scheme of ["ws", "wss"] as const) {
    const needs = scheme === "wss" ? noCertificates : false;
    const over = (title: string, body: () => Promise<void>): void => test(`${scheme}: ${title}`, body, needs);

    over("REQ asks REP", async () => {
      const reply = await bound(new Reply(), scheme);
      const answers = call(page, "request", reply.lastEndpoint, "one", "two", "");
      for (let i = 0; i < 3; i++) await reply.send(["answer", ...(await reply.receive())]);
      assert.deepEqual(await answers, ["answer|one", "answer|two", "answer|"]);
    });

    over("DEALER talks with ROUTER, which knows its name", async () => {
      const router = await bound(new Router(), scheme);
      const answers = call(page, "dealer", router.lastEndpoint, "the page", 50);
      for (let i = 0; i < 50; i++) {
        const [id, number, text] = await router.receive();
        assert.deepEqual([id, number, text].map(String), ["the page", String(i), "question"]);
        await router.send([id, number, "answer"]);
      }
      assert.deepEqual(
        await answers,
        Array.from({ length: 50 }, (_, i) => `${i}|answer`),
      );
    });

    for (const own of [true, false])
      over(`CURVE, with keys made in the page ${own ? "by the program" : "for the socket"}`, async () => {
        const keyPair = curveKeyPair();
        const reply = await bound(new Reply({ curve: { keyPair, allow: "any" } }), scheme);
        const answer = call(page, "secure", reply.lastEndpoint, { serverKey: keyPair.publicKey, own }, "sealed");
        assert.deepEqual((await reply.receive()).map(String), ["sealed"]);
        await reply.send(["answer", Buffer.alloc(100_000, "l")]);
        assert.deepEqual(await answer, ["answer", "l".repeat(100_000), "true"]);
      });

    over("PLAIN, with a password that an authenticator knows", async () => {
      const authenticator = new Authenticator({ plain: { page: "s3same" } });
      const reply = await bound(new Reply({ plainServer: true, zapDomain: "pages" }), scheme);
      const answer = call(page, "secure", reply.lastEndpoint, { password: "s3same" }, "let me in");
      const { message, peer } = await reply.receiveFrom();
      assert.deepEqual([String(message[0]), peer.userId], ["let me in", "page"]);
      await reply.send("welcome");
      assert.deepEqual(await answer, ["welcome", "true"]);
      authenticator.close();
    });

    over("SUB gets its topic", async () => {
      const pub = await bound(new Publisher(), scheme);
      const got = call(page, "subscribe", pub.lastEndpoint, "news", 3);
      await pub.subscribed("news");
      for (const message of ["news 1", "weather", "news 2", ["news", "3"]]) await pub.send(message);
      assert.deepEqual(await got, ["news 1", "news 2", "news|3"]);
    });

    over("PUSH sends ten thousand messages", async () => {
      const pull = await bound(new Pull(), scheme);
      const outcome = call(page, "push", pull.lastEndpoint, 10_000, 100);
      for (let i = 0; i < 10_000; i++) {
        const [number, body] = await pull.receive();
        assert.equal(String(number), String(i));
        assert.equal(body.length, 100);
      }
      assert.equal((await outcome).dropped, 0);
    });

    over("PULL receives ten thousand messages", async () => {
      const push = await bound(new Push(), scheme);
      const outcome = call(page, "pull", push.lastEndpoint, 10_000);
      const body = Buffer.alloc(100, "x");
      for (let i = 0; i < 10_000; i++) await push.send([String(i), body]);
      assert.deepEqual(await outcome, { received: 10_000, wrong: 0, bytes: 1_000_000 });
    });

    over("large messages go both ways", async () => {
      const pull = await bound(new Pull(), scheme);
      const sent = call(page, "push", pull.lastEndpoint, 2, 3_000_000);
      for (let i = 0; i < 2; i++) assert.equal((await pull.receive())[1].length, 3_000_000);
      await sent;
      const push = await bound(new Push(), scheme);
      const outcome = call(page, "pull", push.lastEndpoint, 2);
      for (let i = 0; i < 2; i++) await push.send([String(i), Buffer.alloc(3_000_000)]);
      assert.deepEqual(await outcome, { received: 2, wrong: 0, bytes: 6_000_000 });
    });

    over("a page connects again when the server restarts", async () => {
      const first = await bound(new Push(), scheme);
      const endpoint = first.lastEndpoint;
      await call(page, "open", "staying", endpoint);
      await first.send("before");
      assert.deepEqual(await call(page, "next", "staying"), ["before"]);
      await first.end(0);
      const second = own(new Push());
      const { key, certificate } = scheme === "wss" ? certificates() : { key: "", certificate: "" };
      await second.bind(endpoint, scheme === "wss" ? { tls: { key, cert: certificate } } : {});
      await second.send("after");
      assert.deepEqual(await call(page, "next", "staying"), ["after"]);
      await call(page, "close", "staying");
    });
  }

  test("the server's pings find a page that lives", async () => {
    const dealer = await bound(new Dealer({ heartbeatInterval: 20, heartbeatTimeout: 2000 }));
    const answers = call(page, "dealer", dealer.lastEndpoint, "", 1);
    const [number] = await dealer.receive();
    // A page that did not answer would be given up meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 2200));
    await dealer.send([number, "alive"]);
    assert.deepEqual(await answers, ["0|alive"]);
  });

  test("a page of another origin is refused", async () => {
    const push = own(new Push());
    await push.bind("ws://127.0.0.1:*", { origins: ["https://elsewhere.example"] });
    const { reason, message } = await call(page, "event", push.lastEndpoint as string, "connect:retry");
    assert.equal(reason, "connect-failed");
    assert.match(message, /the platform gives no reason \(close code 1006\)/);
    await push.bind("ws://127.0.0.1:*", { origins: [browser.origin] });
    assert.equal((await call(page, "event", push.lastEndpoint as string, "handshake")).type, "handshake");
  });

  test("inproc within a page", async () => {
    assert.deepEqual(await call(page, "inproc", ["a", "", "b"]), ["a", "", "b"]);
  });
});
