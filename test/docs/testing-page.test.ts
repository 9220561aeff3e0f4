// The program of docs/testing.md runs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("the first program of docs/testing.md", async () => {
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs/testing.md"), "utf8"))?.[1] ?? "";
  assert.match(program, /simulation\.close\(\)/);
  const folder = join(root, "build", "testing-page");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "program.mjs");
  writeFileSync(file, (await transform(program, { loader: "ts", format: "esm" })).code);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 });
  assert.deepEqual([stdout, stderr], ["", ""]);
});
