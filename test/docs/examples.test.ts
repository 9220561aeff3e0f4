// Every program in examples/ runs, ends by itself, and prints what it should.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Network, noNamespaces } from "../support/namespaces.ts";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const programs = readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .map((name) => name.slice(0, -3));

/** The lines of each program; those of programs in `UNORDERED` come in any order. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  "balanced-request": [1, 2, 3, 4, 5, 6].map((i) => `request ${i} was answered by ${i % 2 === 1 ? "red" : "blue"}`),
  "echo-server": ["one", "two", "three"].map((word) => `sent "${word}", the echo is "${word}"`),
  "football-scores": [
    "Anna saw: Ajax 1, Celtic 1, Ajax 2, Celtic 2",
    "Everyone saw: Ajax 1, Porto 1, Celtic 1, Ajax 2, Porto 2, Celtic 2",
    "Rui saw: Porto 1, Porto 2",
  ],
  "graceful-shutdown": [
    "worker: stopping, no more jobs",
    "worker: did 10 jobs",
    "end with a peer: 0 lost",
    "end without a peer: 1 lost",
  ],
  "market-data": [
    "ACME desk: 125 quotes, 0 packets lost, last: ACME 596",
    "U to W desk: 250 quotes, 0 packets lost, last: UMBR 598, WAYN 599",
    "all desk: 500 quotes, 0 packets lost, last: ACME 596, INIT 597, UMBR 598, WAYN 599",
  ],
  monitoring: [
    "event: bind",
    "event: handshake with a SUB",
    "peer: SUB, ready, room for 100 messages",
    "event: drop, because of the high-water-mark",
    "counted: some drops, the events told of each",
    "received: everything else",
    "event: disconnect, peer-closed, nothing to try again",
  ],
  pipeline: ["1000 tasks, the sum of their squares is 333833500", "each of 4 workers did some: true"],
  "router-dealer": ["alice asked for 60, 30, 1 and got 1, 30, 60", "bob asked for 60, 30, 1 and got 1, 30, 60"],
  simulation: ["every run ended with 20 orders booked"],
  streams: ["the squares of 2000 numbers add up to 2664667000"],
  "two-endpoints": ["over tcp: you asked: does tcp work?", "over ipc: you asked: does ipc work?"],
};
const UNORDERED = ["football-scores", "market-data", "router-dealer"];
/** Those that send to others run on a host of their own, made of a namespace. */
const APART = ["market-data"];

test("every example is known here", () => assert.deepEqual(programs.sort(), Object.keys(LINES).sort()));

for (const name of programs) {
  const apart = APART.includes(name);
  test(`examples/${name}.ts`, { skip: apart && noNamespaces }, async (t) => {
    let command: readonly string[] = [process.execPath, `${folder}${name}.js`];
    if (apart) {
      const network = Network.make(1);
      t.after(() => network.remove());
      command = network.hosts[0].command(...command);
    }
    const { stdout, stderr } = await promisify(execFile)(command[0], command.slice(1), { timeout: 30_000 });
    const lines = stdout.trim().split("\n");
    assert.equal(stderr, "");
    assert.deepEqual(UNORDERED.includes(name) ? lines.sort() : lines, LINES[name]);
  });
}

const everyTransport = `${folder}every-transport/main.js`;

test("examples/every-transport loses and changes nothing, and ends by itself", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [everyTransport], { timeout: 30_000 });
  assert.equal(stderr, "");
  assert.match(stdout, /\nws +queue +3000 +0 +0 /);
  assert.match(stdout, /\nAll is well: \d+ messages, 0 lost, 0 changed\.\n$/);
});

for (const [sabotage, words] of [
  ["lose", "1 lost, 0 changed"],
  ["change", "0 lost, 1 changed"],
]) {
  test(`examples/every-transport fails on sabotage: ${sabotage}`, async () => {
    const run = promisify(execFile)(process.execPath, [everyTransport, `--sabotage=${sabotage}`], { timeout: 30_000 });
    await assert.rejects(run, (error: { code: number; stdout: string }) => {
      assert.equal(error.code, 1);
      assert.ok(error.stdout.includes(`${words}.`), error.stdout);
      return true;
    });
  });
}
