/** Threads that inherited nothing: the library was loaded in workers first, or in this thread after them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { check } from "../support/harness.ts";

const program = fileURLToPath(new URL("../support/strangers.js", import.meta.url));
const run = promisify(execFile);

for (const [how, text] of [
  ["workers", "two workers of a main thread without the library"],
  ["late", "a worker, and a main thread that loads the library later"],
])
  check(`${text} have one name space`, async () => {
    const args = process.versions.deno !== undefined ? ["run", "--allow-all", program, how] : [program, how];
    const { stdout } = await run(process.execPath, args, { timeout: 8000 });
    assert.deepEqual(stdout.trim().split("\n").sort(), ["EADDRINUSE", "got hello"]);
  });
