// A page of a real Chromium and its web workers talk over inproc, with and without cross-origin isolation.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { Browser, noBrowser } from "../support/browser.ts";
import type { Deeds } from "./threads.ts";

const NAME = "inproc://name";
const TEST = { timeout: 30_000 };

let browser: Browser;
before(async () => {
  if (noBrowser === false) browser = await Browser.launch();
});
after(() => browser?.close());

for (const isolated of [true, false]) {
  describe(`threads of a page ${isolated ? "with" : "without"} cross-origin isolation`, { skip: noBrowser }, () => {
    let page: Page;

    /** In the page. */
    const here = <Name extends keyof Deeds>(name: Name, ...args: unknown[]): Promise<Awaited<ReturnType<Deeds[Name]>>> =>
      page.evaluate(`deeds[${JSON.stringify(name)}](...${JSON.stringify(args)})`);
    /** In a worker of the page. */
    const there = <Name extends keyof Deeds>(
      worker: string,
      name: Name,
      ...args: unknown[]
    ): Promise<Awaited<ReturnType<Deeds[Name]>>> =>
      here("tell", worker, name, ...args) as Promise<Awaited<ReturnType<Deeds[Name]>>>;

    const joined = async (...workers: string[]): Promise<void> => {
      for (const worker of workers) {
        await here("start", worker);
        assert.equal(await there(worker, "joinSelf"), "joined");
        await here("joined", worker);
      }
    };

    /** Each in a page of its own. */
    const test = (title: string, body: () => Promise<void>): void =>
      void it(title, TEST, async () => {
        page = await browser.page({ isolated, script: "threads", global: "deeds" });
        try {
          assert.equal((await here("facts")).isolated, isolated);
          await body();
        } finally {
          await page.close();
        }
      });

    test("REQ in the page asks REP in a worker that binds later, and the other way round", async () => {
      await here("open", "request", "Request");
      await here("connect", "request", NAME);
      await here("send", "request", "early");
      await joined("worker");
      await there("worker", "open", "reply", "Reply");
      assert.equal(await there("worker", "bind", "reply", NAME), "bound");
      await there("worker", "serve", "reply");
      assert.equal(await here("receive", "request"), "answer|early");
      await here("open", "reply", "Reply");
      await here("bind", "reply", "inproc://page");
      await here("serve", "reply");
      await there("worker", "open", "request", "Request");
      await there("worker", "connect", "request", "inproc://page");
      await there("worker", "send", "request", "from inside");
      assert.equal(await there("worker", "receive", "request"), "answer|from inside");
    });

    test("ten thousand messages each way, and large ones", async () => {
      await joined("worker");
      await here("open", "pair", "Pair");
      await here("bind", "pair", NAME);
      await there("worker", "open", "pair", "Pair");
      await there("worker", "connect", "pair", NAME);
      for (const [count, size] of [
        [10_000, 100],
        [3, 20_000_000],
      ]) {
        const right = { wrong: 0, bytes: count * size };
        const there_ = there("worker", "receiveMany", "pair", count);
        await here("sendMany", "pair", count, size);
        assert.deepEqual(await there_, right);
        const here_ = here("receiveMany", "pair", count);
        await there("worker", "sendMany", "pair", count, size);
        assert.deepEqual(await here_, right);
      }
    });

    test("two workers talk with each other, and so does a worker's worker", async () => {
      await joined("one", "two");
      await there("two", "start", "three");
      assert.equal(await there("two", "tell", "three", "joinSelf"), "joined");
      await there("one", "open", "reply", "Reply");
      assert.equal(await there("one", "bind", "reply", NAME), "bound");
      await there("one", "serve", "reply");
      await there("two", "open", "request", "Request");
      await there("two", "connect", "request", NAME);
      await there("two", "send", "request", "second");
      assert.equal(await there("two", "receive", "request"), "answer|second");
      await there("two", "tell", "three", "open", "request", "Request");
      await there("two", "tell", "three", "connect", "request", NAME);
      await there("two", "tell", "three", "send", "request", "third");
      assert.equal(await there("two", "tell", "three", "receive", "request"), "answer|third");
    });

    test("PUB in a worker, SUB in the page; unbinding frees the name", async () => {
      await joined("worker");
      await there("worker", "open", "pub", "Publisher");
      assert.equal(await there("worker", "bind", "pub", NAME), "bound");
      await here("open", "sub", "Subscriber");
      await here("subscribe", "sub", "news");
      await here("connect", "sub", NAME);
      await there("worker", "subscribed", "pub", "news");
      for (const message of ["news 1", "weather", "news 2"]) await there("worker", "send", "pub", message);
      assert.deepEqual([await here("receive", "sub"), await here("receive", "sub")], ["news 1", "news 2"]);
      await here("open", "second", "Publisher");
      assert.match(await here("bind", "second", NAME), /^EADDRINUSE: .*another thread/);
      await there("worker", "unbind", "pub", NAME);
      assert.equal(await here("bind", "second", NAME), "bound");
    });

    test("marks hold: a writer is refused when both are full", async () => {
      await joined("worker");
      await there("worker", "open", "pull", "Pull", { receiveHighWaterMark: 30 });
      await there("worker", "bind", "pull", NAME);
      await here("open", "push", "Push", { sendHighWaterMark: 20 });
      await here("connect", "push", NAME);
      await here("send", "push", "first");
      assert.equal(await there("worker", "receive", "pull"), "first");
      const count = await here("fill", "push");
      assert.ok(count >= 25 && count <= 50, `${count} of 50`);
      for (let i = 0; i < count; i++) assert.equal(await there("worker", "receive", "pull"), String(i));
      await here("send", "push", "again");
      assert.equal(await there("worker", "receive", "pull"), "again");
    });

    test("a worker that is terminated is a disconnect; its name is free, and the next has it", async () => {
      await joined("first", "second");
      await there("first", "open", "pull", "Pull");
      await there("first", "bind", "pull", NAME);
      await here("open", "push", "Push");
      const gone = here("event", "push", "disconnect");
      await here("connect", "push", NAME);
      await here("send", "push", "to the first");
      assert.equal(await there("first", "receive", "pull"), "to the first");
      await here("terminate", "first");
      assert.equal(await gone, "thread-ended");
      await there("second", "open", "pull", "Pull");
      assert.equal(await there("second", "bind", "pull", NAME), "bound");
      await here("open", "next", "Push");
      await here("connect", "next", NAME);
      await here("send", "next", "to the second");
      assert.equal(await there("second", "receive", "pull"), "to the second");
    });

    test("blocking: in a worker with shared memory; never in the page", async () => {
      await joined("worker");
      await there("worker", "open", "pull", "Pull");
      await there("worker", "bind", "pull", NAME);
      await here("open", "push", "Push");
      await here("connect", "push", NAME);
      await here("send", "push", "joined");
      assert.equal(await there("worker", "receive", "pull"), "joined");
      if (isolated) {
        const blocked = there("worker", "receiveSync", "pull", 20_000);
        await here("send", "push", "wake up");
        assert.equal(await blocked, "wake up");
        assert.match(await there("worker", "receiveSync", "pull", 10), /^EAGAIN/);
      } else assert.match(await there("worker", "receiveSync", "pull", 10), /^ENOTSUP: .*crossOriginIsolated/);
      await here("open", "pull", "Pull");
      assert.match(await here("receiveSync", "pull", 10), /^ENOTSUP: .*not for a page's main thread/);
    });

    test("what is not joined stays apart; misuse is told", async () => {
      await here("start", "apart", false);
      await there("apart", "open", "push", "Push");
      await there("apart", "connect", "push", NAME);
      await there("apart", "send", "push", "unheard");
      await here("open", "pull", "Pull");
      await here("bind", "pull", NAME);
      const [page_, nothing] = await here("misuse");
      assert.match(page_, /^EINVAL: joinThreads\(self\) is for web workers/);
      assert.match(nothing, /^EINVAL: joinThreads needs a Worker/);
      await joined("worker");
      await there("worker", "open", "push", "Push");
      await there("worker", "connect", "push", NAME);
      await there("worker", "send", "push", "heard");
      assert.equal(await here("receive", "pull"), "heard");
    });
  });
}
