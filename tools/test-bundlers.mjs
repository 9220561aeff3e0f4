// @ts-check
// `npm run test:bundlers`: the packed package in pages that Vite, webpack and esbuild bundle without any setting of ours, and that then run in
// Chromium; and what such a page loads before it does anything, gzipped, against the bounds. The bundlers are installed beside it, in a
// folder of the run, and come from npm's cache after the first time: they are no dependencies.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { buildIfStale } from "./build.mjs";
import { isMain, root } from "./common.mjs";

const run = promisify(execFile);
const VERSIONS = { vite: "8.3.8", webpack: "5.112.2", esbuild: "0.28.2" };
const CHROMIUM = "/usr/bin/chromium";

/**
 * A page: its program (and that of its worker), the title it has when all went well, and the most kB, gzipped, that it may load until then.
 * @typedef {{ program: string, worker?: string, done: string, mostKB?: number }} Page
 */

/** @type {Readonly<Record<string, Page>>} */
const PAGES = {
  talk: {
    program: `
      import { curveKeyPair, joinThreads, Pair } from "zmtp";
      const one = new Pair();
      const two = new Pair();
      await one.bind("inproc://page");
      two.connect("inproc://page");
      await two.send("inproc");
      const text = new TextDecoder().decode((await one.receive())[0]);
      const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
      await joinThreads(worker);
      document.title = [text, curveKeyPair().secretKey.length, "joined"].join(", ");`,
    worker: `import { joinThreads } from "zmtp";\njoinThreads(self);\n`,
    done: "inproc, 40, joined",
  },
  "one socket type": {
    program: `import { Subscriber } from "zmtp"; new Subscriber().subscribe(""); document.title = "subscribed";`,
    done: "subscribed",
    mostKB: 40,
  },
  everything: {
    program: `import * as zmtp from "zmtp"; globalThis.zmtp = zmtp; document.title = typeof zmtp.Dealer;`,
    done: "function",
    mostKB: 60,
  },
};

/** @param {string} script */
const html = (script) =>
  `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

/**
 * The program that uses a bundler without settings, in the page's folder; the script that the page loads, where the bundler writes no page; and
 * whether it bundles workers.
 * @type {Readonly<Record<string, { code: string, script: string | null, workers: boolean }>>}
 */
const BUNDLERS = {
  vite: { code: 'import { build } from "vite"; await build({ logLevel: "warn" });', script: null, workers: true },
  webpack: {
    code: `import webpack from "webpack";
      webpack({ mode: "production", entry: "./index.js" }).run((error, stats) => {
        if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exitCode = 1; }
      });`,
    script: "main.js",
    workers: true,
  },
  esbuild: {
    code: `import { build } from "esbuild";
      await build({ entryPoints: ["index.js"], bundle: true, splitting: true, format: "esm", minify: true, outdir: "dist" });`,
    script: "index.js",
    workers: false,
  },
};

async function main() {
  if ((await buildIfStale()) !== 0) return 1;
  const project = mkdtempSync(join(tmpdir(), "zmtp-bundlers-"));
  try {
    await install(project);
    let failed = 0;
    for (const [bundler, version] of Object.entries(VERSIONS)) {
      for (const [name, page] of Object.entries(PAGES)) {
        if (page.worker !== undefined && !BUNDLERS[bundler].workers) continue;
        const { problem, bytes } = await judge(BUNDLERS[bundler], page, join(project, name.replaceAll(" ", "-")));
        const size = bytes === undefined ? "" : `, ${(bytes / 1000).toFixed(1)} kB gzipped`;
        const bound = page.mostKB === undefined ? "" : ` (at most ${page.mostKB})`;
        console.log(`${bundler} ${version}, ${name}: ${problem ?? "bundled without settings, and it runs"}${size}${bound}`);
        if (problem !== null) failed++;
      }
    }
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** @param {string} project */
async function install(project) {
  const shell = process.platform === "win32"; // npm is a .cmd file there
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
    cwd: root,
    shell,
  });
  const [{ filename }] = JSON.parse(stdout);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const packages = [join(project, filename), ...Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`)];
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, ...packages], { cwd: project, shell, maxBuffer: 1e7 });
}

/**
 * What is wrong with a page, or null; and how much it loads.
 * @param {typeof BUNDLERS[string]} bundler
 * @param {Page} page
 * @param {string} folder for it, below the project
 * @returns {Promise<{ problem: string | null, bytes?: number }>}
 */
async function judge({ code, script }, page, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "index.js"), page.program);
  if (page.worker !== undefined) writeFileSync(join(folder, "worker.js"), page.worker);
  writeFileSync(join(folder, "index.html"), html("/index.js"));
  writeFileSync(join(folder, "bundle.mjs"), code);
  try {
    await run(process.execPath, ["bundle.mjs"], { cwd: folder });
  } catch (error) {
    return { problem: `does not bundle: ${error}` };
  }
  const site = join(folder, "dist");
  if (script !== null) writeFileSync(join(site, "index.html"), html(script));
  if (!existsSync(CHROMIUM)) return { problem: `bundles; the page was not run, for there is no ${CHROMIUM}` };
  const { problem, bytes } = await load(site, page.done);
  if (problem !== null || page.mostKB === undefined || bytes <= page.mostKB * 1000) return { problem, bytes };
  return { problem: "too large", bytes };
}

/**
 * Loads the page in Chromium until it has the title.
 * @param {string} site
 * @param {string} done
 * @returns {Promise<{ problem: string | null, bytes: number }>} the scripts that it asked for, gzipped one by one
 */
async function load(site, done) {
  const types = /** @type {Record<string, string>} */ ({ ".js": "text/javascript", ".html": "text/html" });
  let bytes = 0;
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    const file = join(site, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    const contents = readFileSync(file);
    if (extname(file) === ".js") bytes += gzipSync(contents, { level: 9 }).length;
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    response.end(contents);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://localhost:${port}/`);
    const seen = await page
      .waitForFunction(`document.title === ${JSON.stringify(done)}`, null, { timeout: 10_000 })
      .catch(() => null);
    return { problem: seen === null ? `the page says "${await page.title()}" ${errors.join(" ")}` : null, bytes };
  } finally {
    await browser.close();
    server.close();
  }
}

if (isMain(import.meta.url)) process.exitCode = await main();
