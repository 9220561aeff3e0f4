// How programs end: with and without messages that wait, by themselves and by process.exit; the same on the original.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ORIGINAL = createRequire(import.meta.url).resolve("zeromq");
const OURS = fileURLToPath(new URL("../../src/zeromq.js", import.meta.url));

interface End {
  readonly code: number | null;
  readonly output: string;
  readonly ms: number;
}

/** Runs a program that has `zmq`, and measures how long it lives after it has said "over", by its own clock: at least that long, for its end is seen late, if anything. */
async function endOf(path: string, program: string): Promise<End> {
  const text = `const over = (...words) => console.log("over", ...words, Date.now()); import(${JSON.stringify(path)}).then(async ({ default: zmq }) => { ${program} });`;
  const child = spawn(process.execPath, ["-e", text], { timeout: 10_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece) => {
      output += String(piece);
    });
  }
  const [code] = await once(child, "close");
  const ended = Date.now();
  const said = /(over.*) (\d{13})/.exec(output);
  return { code, output: output.replace(/node:\d+/, "node:PID").replace(said?.[2] ?? "", ""), ms: ended - Number(said?.[2]) };
}

const queued = (options: string): string =>
  `const socket = new zmq.Dealer(${options}); socket.connect("tcp://127.0.0.1:1"); await socket.send("x"); over();`;

for (const [title, program, leastMs] of [
  ["an idle socket does not hold the process", 'new zmq.Dealer().bind("tcp://127.0.0.1:*").then(() => over());', 0],
  ["without linger", queued("{ linger: 0 }"), 0],
  ["with a linger, and a line after half a second", queued("{ linger: 1000 }"), 900],
  ["with a linger in a context that is not blocky", `zmq.context.blocky = false; ${queued("{ linger: 1000 }")}`, 900],
  ["by process.exit", `${queued("{ linger: 1000 }")} process.exit(3);`, 0],
  [
    "while a call waits, until it is closed",
    `const socket = new zmq.Pull(); socket.receive().catch((error) => over(error.code)); setTimeout(() => socket.close(), 50);`,
    0,
  ],
] as const) {
  test(`exit ${title}`, { timeout: 20_000 }, async () => {
    const [theirs, ours] = await Promise.all([endOf(ORIGINAL, program), endOf(OURS, program)]);
    assert.equal(ours.output, theirs.output);
    assert.equal(ours.code, theirs.code);
    for (const end of [theirs, ours]) assert.ok(end.ms >= leastMs, `${end.ms} ms`);
  });
}
