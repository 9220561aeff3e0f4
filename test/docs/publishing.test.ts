// What the package is for pages: bundlers take the browser build as it is, nothing of Node.js is on its path, and its types need none of Node.js.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "zmtp-publishing-"));
after(() => rmSync(project, { recursive: true, force: true }));
mkdirSync(join(project, "node_modules"));
symlinkSync(root, join(project, "node_modules/zmtp"), "dir");

test("no module of Node.js is on the path of the browser build", () => {
  const files = readdirSync(join(root, "dist")).filter((name) => name.endsWith(".js"));
  const seen = new Set(["browser.js"]);
  for (const name of seen) {
    const text = readFileSync(join(root, "dist", name), "utf8");
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*"([^"\n]+)"/g)) {
      const file = specifier.replace("./", "");
      assert.ok(files.includes(file), `${name} imports ${specifier}`);
      seen.add(file);
    }
  }
});

test("a bundler finds the browser build by itself, and drops the sockets that a page does not use", async () => {
  // What a page loads at once; libsodium is a file of its own, for the first CURVE connection.
  const bundle = async (contents: string): Promise<string> => {
    const { outputFiles, metafile } = await build({
      stdin: { contents, resolveDir: project },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      splitting: true,
      outdir: project,
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
    const loaded = [Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === "<stdin>") as string];
    for (const path of loaded)
      for (const { path: other, kind } of metafile.outputs[path].imports)
        if (kind === "import-statement" && !loaded.includes(other)) loaded.push(other);
    assert.ok(loaded.length < texts.size, "libsodium is apart");
    return loaded.map((path) => texts.get(basename(path)) as string).join("");
  };
  const one = await bundle('import { Subscriber } from "zmtp"; globalThis.socket = new Subscriber();');
  const all = await bundle('import * as zmtp from "zmtp"; globalThis.zmtp = zmtp;');
  assert.ok(one.length < all.length * 0.9, `${one.length} of ${all.length} characters`);
  const kilobytes = (text: string): number => gzipSync(text).length / 1000;
  assert.ok(kilobytes(one) <= 40, `${kilobytes(one)} kB with one type`);
  assert.ok(kilobytes(all) <= 60, `${kilobytes(all)} kB with all`);
  assert.ok(all.includes("a page cannot listen"), "this is the browser build");
});

test("its types need no types of Node.js, and frames are Uint8Array", { timeout: 60_000 }, async () => {
  const program = `import { Subscriber, type Message } from "zmtp/browser";
const socket = new Subscriber();
socket.connect("wss://example.com/prices");
for await (const [topic] of socket) { const bytes: Uint8Array = topic; void bytes; }
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same: Same<Message, Uint8Array> = true;
void same;
`;
  writeFileSync(join(project, "page.mts"), program);
  const lib = ["es2023", "dom", "esnext.disposable"];
  const compilerOptions = { noEmit: true, strict: true, module: "nodenext", target: "es2022", lib, types: [] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["page.mts"] }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", project], { cwd: project }).catch((error) => assert.fail(error.stdout));
});
