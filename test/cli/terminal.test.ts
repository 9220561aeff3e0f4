// What the command does on a terminal only: colour, the bar of a long transfer, Ctrl-C. The terminal is that of `script`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { freePort } from "../support/harness.ts";
import { CLI, type Running, start, startOther } from "./command.ts";

const options = {
  timeout: 25_000,
  skip: spawnSync("script", ["--version"]).status === 0 ? false : "no `script` to make a terminal",
};
const place = async (): Promise<string> => `tcp://127.0.0.1:${await freePort()}`;

/** The command with a terminal for its input and outputs, which `stdout` then has together. */
function onTerminal(t: TestContext, args: string, environment = ""): Running {
  return startOther(t, "script", "-qefc", `env ${environment} '${process.execPath}' '${CLI}' ${args}`, "/dev/null");
}

test("errors and events have colour, unless NO_COLOR is set", options, async (t) => {
  assert.ok((await onTerminal(t, "cat foo").done).stdout.startsWith("\u001b[31mzmtp:\u001b[0m There is no socket type"));
  assert.match((await onTerminal(t, "cat foo", "NO_COLOR=1").done).stdout, /^zmtp: There is no socket type/);
  const endpoint = await place();
  const monitor = onTerminal(t, `monitor pull -b ${endpoint}`);
  await monitor.says(/\[\d+mbind/);
});

test("a long file has a bar, which is gone at the end", options, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "zmtp-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "lines");
  // Each line is more than one read of the file, so that the pause between two lines stands between two reads.
  writeFileSync(file, `${"x".repeat(100_000)}\n`.repeat(3));
  const endpoint = await place();
  const pull = start(t, "cat", "pull", "-b", endpoint, "-n", "3");
  const push = await onTerminal(t, `cat push -c ${endpoint} -L ${file} -i 0.6`).done;
  assert.equal(push.code, 0, push.stdout);
  assert.match(push.stdout, /\r\[#+\.+\] \d\d %/);
  assert.ok(push.stdout.endsWith("\r\u001b[K"), JSON.stringify(push.stdout.slice(-80)));
  assert.equal((await pull.done).stdout.length, 300_003);
});

test("Ctrl-C ends it with 130", options, async (t) => {
  const endpoint = await place();
  const pull = onTerminal(t, `cat pull -b ${endpoint}`);
  const push = start(t, "cat", "push", "-c", endpoint, "-D", "here");
  await pull.says(/here/);
  pull.child.stdin.write("\u0003");
  assert.equal((await pull.done).code, 130);
  assert.equal((await push.done).code, 0);
});
