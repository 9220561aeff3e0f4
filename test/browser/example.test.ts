// The live page of examples/web: a browser opens it, prices move, a muted symbol is no longer sent. With ZMTP_SCREENSHOT=FILE its picture is written.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { Browser, noBrowser } from "../support/browser.ts";

describe("examples/web", { skip: noBrowser }, () => {
  let browser: Browser;
  let server: ChildProcess;
  let page: Page;

  before(async () => {
    server = spawn(process.execPath, [fileURLToPath(new URL("../../examples/web/server.js", import.meta.url)), "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [[address], launched] = await Promise.all([
      once(createInterface({ input: server.stdout as NodeJS.ReadableStream }), "line"),
      Browser.launch(),
    ]);
    browser = launched;
    page = await browser.open(address);
  });
  after(async () => {
    await browser.close();
    server.kill();
    await once(server, "exit");
  });

  it("shows every symbol, live", { timeout: 60_000 }, async () => {
    await page.waitForFunction("document.querySelectorAll('article').length === 6");
    assert.equal(await page.textContent("#state"), "live");
    await page.waitForFunction("parseInt(document.querySelector('#count').textContent) >= 30");
    const { ZMTP_SCREENSHOT: file } = process.env;
    if (file === undefined) return;
    await page.setViewportSize({ width: 900, height: 520 });
    await page.waitForFunction("parseInt(document.querySelector('#count').textContent) >= 200");
    await page.screenshot({ path: file });
  });

  it("a muted symbol stands still, the others move", { timeout: 60_000 }, async () => {
    await page.click("article:first-child button");
    const prices = (): Promise<string[]> => page.$$eval(".price", (all) => all.map((each) => each.textContent ?? ""));
    // What was on its way has come.
    await page.waitForTimeout(500);
    const then = await prices();
    await page.waitForFunction(`document.querySelectorAll(".price")[1].textContent !== ${JSON.stringify(then[1])}`);
    await page.waitForTimeout(500);
    const now = await prices();
    assert.equal(now[0], then[0]);
    assert.notDeepEqual(now.slice(1), then.slice(1));
  });

  it("fits a phone", { timeout: 60_000 }, async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
  });
});
