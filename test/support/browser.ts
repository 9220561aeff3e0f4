// Chromium for tests: one headless browser, pages served on localhost by the test itself, with the built library beside them.
//
// Owns the browser's process, its empty profile and the servers. What runs in a page is in test/browser/page.ts.

import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const PROGRAM = "/usr/bin/chromium";

/** Why there is no browser here, for `skip`; false if there is one. */
export const noBrowser: string | false = existsSync(PROGRAM) ? false : `not checked: there is no ${PROGRAM} (Debian: chromium)`;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".html": "text/html", ".map": "application/json" };

/** `/zmtp/…` is dist/, `/test/…` the compiled tests, everything else a page that knows where the library is. */
const pageOf = (script: string): string => `<!doctype html><meta charset="utf-8"><title>zmtp</title>
<script type="importmap">{ "imports": { "zmtp/browser": "/zmtp/browser.js" } }</script>
<script type="module" src="/test/browser/${script}.js"></script>`;
const LIBRARY = '"zmtp/browser"';

// Workers have no import map.
function scriptOf(file: string): Buffer | string {
  return file.includes("/browser/") && file.endsWith(".js")
    ? readFileSync(file, "utf8").replaceAll(LIBRARY, '"/zmtp/browser.js"')
    : readFileSync(file);
}

export const serveFiles =
  (headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    const file = path.startsWith("/zmtp/")
      ? join(ROOT, "dist", path.slice(6))
      : path.startsWith("/test/")
        ? join(ROOT, "build", path)
        : "";
    const body = file === "" ? pageOf(path.slice(1) || "page") : existsSync(file) ? scriptOf(file) : undefined;
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": TYPES[extname(path)] ?? "text/html", ...headers });
    response.end(body);
  };

export class Browser {
  readonly server: Server;
  #context: BrowserContext;
  #profile: string;
  #isolated: Server;

  private constructor(context: BrowserContext, profile: string, server: Server, isolated: Server) {
    this.#context = context;
    this.#profile = profile;
    this.server = server;
    this.#isolated = isolated;
  }

  static async launch(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "zmtp-chromium-"));
    const server = await listen(createServer(serveFiles()));
    const isolated = await listen(
      createServer(serveFiles({ "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" })),
    );
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: PROGRAM,
      args: FLAGS,
      ignoreHTTPSErrors: true,
      // A run that took too long is ended by it; with the handler of Playwright it would go on.
      handleSIGTERM: false,
    });
    return new Browser(context, profile, server, isolated);
  }

  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** A page in which a script of test/browser/ runs, until it has set a global. `isolated`: with shared memory between threads. */
  async page({ isolated = false, script = "page", global = "roles" } = {}): Promise<Page> {
    const page = await this.#context.newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.stack}`));
    const { port } = (isolated ? this.#isolated : this.server).address() as AddressInfo;
    await page.goto(`http://localhost:${port}/${script}`);
    await page.waitForFunction(`globalThis.${global} !== undefined`);
    return page;
  }

  /** A page of somebody else's server. */
  async open(address: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.stack}`));
    await page.goto(address);
    return page;
  }

  async close(): Promise<void> {
    await this.#context.close();
    for (const server of [this.server, this.#isolated]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function listen(server: Server): Promise<Server> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
