// Every line of shell on docs/command.md, in the order of the page, does what the page says. Only the ports are others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { freePort } from "../support/harness.ts";
import { CLI, type Running, start, startOther, zmtp } from "./command.ts";

const options = { timeout: 60_000 };
const page = readFileSync("docs/command.md", "utf8");
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) =>
  text
    .trim()
    .split("\n")
    .map((line) => line.replace(/ +# .*$/, "")),
);

/** A block's lines as programs to start, with ports of the system's. */
async function linesOf(t: TestContext, block: number): Promise<{ run: ((environment?: string) => Running)[]; text: string[] }> {
  const ports = new Map<string, number>();
  for (const [port] of blocks[block].join(" ").matchAll(/\b55\d\d\b/g)) if (!ports.has(port)) ports.set(port, await freePort());
  const text = blocks[block].map((line) => line.replace(/\b55\d\d\b/g, (port) => String(ports.get(port))));
  const command = `'${process.execPath}' '${CLI}' `;
  const shell = (line: string): string => line.replace(/^zmtp /, `exec ${command}`).replace("| zmtp ", `| ${command}`);
  return {
    text,
    run: text.map(
      (line) =>
        (environment = "") =>
          startOther(t, "sh", "-c", `${environment}${shell(line)}`),
    ),
  };
}

/** What a command printed, when it has ended well. */
async function printed(running: Running): Promise<string> {
  const { code, stdout, stderr } = await running.done;
  assert.equal(code, 0, stderr);
  return stdout;
}

test("cat: a pipeline, a ticker, question and answer", options, async (t) => {
  const { run, text } = await linesOf(t, 0);
  const [pull, push, pub, rep, req] = run;
  const listening = pull();
  await printed(push());
  await listening.says(/^package\.json$/m);
  const [port] = /\d+/.exec(text[2]) ?? [];
  const sub = start(t, "cat", "sub", "-c", `tcp://127.0.0.1:${port}`, "-n", "2");
  pub();
  assert.equal(await printed(sub), "tick\ntick\n");
  rep();
  assert.equal(await printed(req()), "HELLO\n");
});

test("cat: CURVE by flags", options, async (t) => {
  const { run } = await linesOf(t, 1);
  const [keygen, pull, push] = run;
  const pair = async (running: Promise<string>): Promise<string[]> =>
    [...(await running).matchAll(/key: (.*)/g)].map(([, key]) => key);
  const quoted = (key: string): string => `'${key}'`;
  const server = await pair(printed(keygen()));
  const client = await pair(zmtp(t, ["keygen"]).then(({ stdout }) => stdout));
  const listening = pull(`PUBLIC=${quoted(server[0])} SECRET=${quoted(server[1])};`);
  const sender = push(`PUBLIC=${quoted(server[0])} MINE=${quoted(client[0])} MY_SECRET=${quoted(client[1])};`);
  sender.child.stdin.end("secret\n");
  await printed(sender);
  await listening.says(/^secret$/m);
});

test("perf: one receives and measures, one sends", options, async (t) => {
  const { run } = await linesOf(t, 2);
  const receiving = run[0]();
  await printed(run[1]());
  assert.match(await printed(receiving), /^message size: 100 \[B\]\nmessage count: 100000\nmean throughput: \d+ \[msg\/s\]/);
});

test("proxy, monitor, ping", options, async (t) => {
  const { run } = await linesOf(t, 3);
  run[0]();
  await run[1]().says(/ handshake tcp:/);
  assert.match(await printed(run[2]()), /XPUB/);
});

test("no block is left out", () => assert.equal(blocks.length, 4));
