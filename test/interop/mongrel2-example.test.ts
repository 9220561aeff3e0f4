// `npm run example:mongrel2` starts what it says, answers, and leaves nothing behind.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { mongrel2Missing } from "../support/mongrel2.ts";

const program = fileURLToPath(new URL("../../examples/mongrel2/main.js", import.meta.url));

test("the example with Mongrel2 asks itself", { skip: mongrel2Missing, timeout: 40_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, "--check"], { timeout: 35_000 });
  assert.equal(stderr, "");
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => line.replaceAll(/process \d+/g, "process N").replaceAll(/127\.0\.0\.1:\d+/g, "HOST"));
  for (const line of [
    "process N serves tcp://HOST",
    "Mongrel2 and 2 handlers are ready. Open",
    '/hello?name=you: "hello you, from process N\\n"',
    '/count: "1\\n2\\n3\\n4\\n5\\n"',
    "/upload: 10 octets, with the request",
    "/upload: 10000000 octets, through a file",
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${stdout}`);
  }
});
