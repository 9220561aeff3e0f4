// The tour ends by itself and says that all is well; it notices a message that was changed or lost; Ctrl-C ends it in
// order.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../examples/tour/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "zmtp-tour-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Runs the tour until it and its children, which hold its stdout too, have ended; `interruptAt` is the text that is
 * answered with Ctrl-C.
 */
function run(args: readonly string[], interruptAt?: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let interrupted = false;
  const onText = (text: string): void => {
    output += text;
    if (interruptAt === undefined || interrupted || !output.includes(interruptAt)) return;
    interrupted = true;
    child.kill("SIGINT");
  };
  child.stdout.setEncoding("utf8").on("data", onText);
  child.stderr.setEncoding("utf8").on("data", onText);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}

test("the tour loses and changes nothing, and ends by itself", { timeout: 60_000 }, async () => {
  const { code, output } = await run(["--seconds=2"]);
  assert.equal(code, 0, output);
  assert.match(output, /\n1 s: [\d,]+ messages, [\d,]+ per second, 0 lost, 0 changed\n/);
  assert.match(output, /\nAll is well: [\d,]+ messages, 0 lost, 0 changed; each was checked\.\n$/);
  for (const row of [/inproc +request\/reply/, /ipc +pipeline/, /tcp +publish\/subscribe.*libzmq/, /tcp +router\/dealer/]) {
    assert.match(output, row);
  }
  assert.ok(!output.includes("\x1b"), "no control characters outside a terminal");
  assert.deepEqual(readdirSync(folder), [], "no file is left");
});

test("the tour fails when a message was changed", { timeout: 60_000 }, async () => {
  const { code, output } = await run(["--seconds=1", "--sabotage=change"]);
  assert.equal(code, 1, output);
  assert.match(output, /\nFAILED: [\d,]+ messages, 0 lost, 1 changed\.\n$/);
});

test("the tour fails when a message was lost", { timeout: 60_000 }, async () => {
  const { code, output } = await run(["--seconds=1", "--sabotage=lose"]);
  assert.equal(code, 1, output);
  assert.match(output, /\nFAILED: [\d,]+ messages, 1 lost, 0 changed\.\n$/);
});

test("Ctrl-C ends the tour, its children and its files", { timeout: 60_000 }, async () => {
  const { code, output } = await run(["--seconds=50"], "1 s: ");
  assert.equal(code, 130, output);
  assert.match(output, /\nInterrupted: [\d,]+ messages, 0 lost, 0 changed; each was checked\.\n$/);
  assert.deepEqual(readdirSync(folder), [], "no file is left");
});
