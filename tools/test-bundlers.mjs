// @ts-check
// `npm run test:bundlers`: the packed package in a page that Vite and webpack bundle without any setting, and that then runs in Chromium. The
// bundlers are installed beside it, in a folder of the run, and come from npm's cache after the first time: they are no dependencies.

import { execFile } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { buildIfStale } from "./build.mjs";
import { isMain, root } from "./common.mjs";

const run = promisify(execFile);
const VERSIONS = { vite: "8.3.8", webpack: "5.112.2" };
const CHROMIUM = "/usr/bin/chromium";
const DONE = "inproc, 40, joined";

const PAGE = `<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="SCRIPT"></script>`;
const PROGRAM = `
import { curveKeyPair, joinThreads, Pair } from "zmtp";
const one = new Pair();
const two = new Pair();
await one.bind("inproc://page");
two.connect("inproc://page");
await two.send("inproc");
const text = new TextDecoder().decode((await one.receive())[0]);
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
await joinThreads(worker);
document.title = [text, curveKeyPair().secretKey.length, "joined"].join(", ");
`;
const WORKER = `import { joinThreads } from "zmtp";\njoinThreads(self);\n`;

/**
 * The program that uses a bundler without settings; both are run inside the project. What it writes and what the page loads.
 * @type {Readonly<Record<string, { code: string, folder: string, script: string | null }>>}
 */
const BUNDLERS = {
  vite: { code: 'import { build } from "vite"; await build({ logLevel: "warn" });', folder: "dist", script: null },
  webpack: {
    code: `import webpack from "webpack";
      webpack({ mode: "production", entry: "./index.js" }).run((error, stats) => {
        if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exitCode = 1; }
      });`,
    folder: "dist",
    script: "main.js",
  },
};

async function main() {
  if ((await buildIfStale()) !== 0) return 1;
  const project = mkdtempSync(join(tmpdir(), "zmtp-bundlers-"));
  try {
    await install(project);
    let failed = 0;
    for (const name of Object.keys(BUNDLERS)) {
      const outcome = await judge(name, project);
      console.log(
        `${name} ${VERSIONS[/** @type {"vite"} */ (name)]}: ${outcome ?? "bundles without settings, and the page runs"}`,
      );
      if (outcome !== null) failed++;
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
  writeFileSync(join(project, "index.js"), PROGRAM);
  writeFileSync(join(project, "worker.js"), WORKER);
  writeFileSync(join(project, "index.html"), PAGE.replace("SCRIPT", "/index.js"));
  const packages = [join(project, filename), ...Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`)];
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, ...packages], { cwd: project, shell, maxBuffer: 1e7 });
}

/**
 * What is wrong, or null.
 * @param {string} name
 * @param {string} project
 */
async function judge(name, project) {
  const { code, folder, script } = BUNDLERS[name];
  rmSync(join(project, "dist"), { recursive: true, force: true });
  writeFileSync(join(project, "bundle.mjs"), code);
  try {
    await run(process.execPath, ["bundle.mjs"], { cwd: project });
  } catch (error) {
    return `does not bundle: ${error}`;
  }
  if (script !== null) writeFileSync(join(project, folder, "index.html"), PAGE.replace("SCRIPT", script));
  if (!existsSync(CHROMIUM)) return `bundles; the page was not run, for there is no ${CHROMIUM}`;
  return titleOf(join(project, folder));
}

/** @param {string} folder */
async function titleOf(folder) {
  const types = /** @type {Record<string, string>} */ ({ ".js": "text/javascript", ".html": "text/html" });
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    const file = join(folder, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
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
    const done = await page
      .waitForFunction(`document.title === ${JSON.stringify(DONE)}`, null, { timeout: 10_000 })
      .catch(() => null);
    return done === null ? `the page says "${await page.title()}" ${errors.join(" ")}` : null;
  } finally {
    await browser.close();
    server.close();
  }
}

if (isMain(import.meta.url)) process.exitCode = await main();
