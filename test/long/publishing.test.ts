// The package for those who install it: publint and are-the-types-wrong have nothing to say.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const bin = (path: string): string => join(root, "node_modules", path);

test("publint has nothing to say", { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, [bin("publint/src/cli.js"), root, "--strict"], { cwd: root });
  assert.match(stdout, /All good!/);
});

test("the types are not wrong, for any way to resolve them", { timeout: 90_000 }, async () => {
  const attw = bin("@arethetypeswrong/cli/dist/index.js");
  const { stdout } = await run(process.execPath, [attw, "--pack", root, "--format", "table-flipped"], {
    cwd: root,
  }).catch((error) => assert.fail(error.stdout));
  assert.doesNotMatch(stdout, /❌|💀|⚠️/);
});
