/**
 * How long a program lives: idle sockets do not keep it, a waiting call does, unsent messages do for as long as `linger` says.
 *
 * Each test is a program of its own, in a child process; its last line is what it printed.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { Pull, Push } from "../../src/node.ts";
import { bound, check, freeEndpoint, own, receive, receiveEach } from "../support/harness.ts";

/** A program that lives longer is held by something. */
const HELD_MS = 10_000;

const ENTRY = new URL("../../src/node.js", import.meta.url).href;

interface Program {
  readonly child: ChildProcess;
  /** Resolves with the exit code, the lines printed, and how long it lived after the first: at least that long, for its end is seen late, if anything. */
  readonly done: Promise<{ code: number | null; lines: string[]; ms: number; errors: string }>;
  line(): Promise<string>;
}

/** Runs a script with the library's exports in scope as `z`; `print` writes a line, with the time at which it did. */
function run(t: TestContext, script: string): Program {
  const source = `import * as z from ${JSON.stringify(ENTRY)};\nconst print = (text) => console.log(Date.now() + " " + text);\n${script}`;
  const folder = mkdtempSync(join(tmpdir(), "zmtp-lifetime-"));
  const file = join(folder, "program.mjs");
  writeFileSync(file, source);
  const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "pipe"] });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let since = 0;
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  let taken = 0;
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (printed) => {
    const [, at, line] = /^(\d+) (.*)$/.exec(printed) as unknown as [string, string, string];
    if (lines.length === 0) since = Number(at);
    lines.push(line);
    waiting.shift()?.(line);
  });
  return {
    child,
    done: new Promise((resolve) => child.on("close", (code) => resolve({ code, lines, ms: Date.now() - since, errors }))),
    line() {
      const index = taken++;
      if (index < lines.length) return Promise.resolve(lines[index]);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

check("a program with only idle sockets ends at once", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = await bound(pull);
  const program = run(
    t,
    `const push = new z.Push(); push.connect("${endpoint}"); await push.connected();
     const pub = new z.Publisher(); await pub.bind("tcp://127.0.0.1:*"); await pub.bind("ipc://*"); await pub.bind("inproc://x");
     const nobody = new z.Dealer(); nobody.connect("tcp://127.0.0.1:1");
     pub.events.on("accept", () => {});
     print("idle");`,
  );
  const { code, lines, ms, errors } = await program.done;
  assert.deepEqual([code, lines, errors], [0, ["idle"], ""]);
  assert.ok(ms < HELD_MS, `${ms} ms`);
});

check("a program that connects a SUB and subscribes, and then does nothing, ends at once", async (t) => {
  const program = run(t, `const sub = new z.Subscriber(); sub.subscribe("x"); sub.connect("tcp://127.0.0.1:1"); print("idle");`);
  const { code, ms } = await program.done;
  assert.equal(code, 0);
  assert.ok(ms < HELD_MS, `${ms} ms`);
});

for (const [title, call] of [
  ["receive", "await pull.receive()"],
  ["for await", "for await (const m of pull) { print(String(m)); break; }"],
  ["batches", "for await (const m of pull.batches()) { print(String(m[0])); break; }"],
  ["drain", "await pull.drain((m) => { print(String(m)); pull.close(); })"],
  ["connected", "await pull.connected()"],
  ["events.receive", "await pull.events.receive(); await pull.events.receive()"],
] as const) {
  check(`a waiting ${title} keeps the program alive`, async (t) => {
    const program = run(
      t,
      `const pull = new z.Pull(); await pull.bind("tcp://127.0.0.1:*"); ${title === "events.receive" ? "pull.events;" : ""}
       print(pull.lastEndpoint); ${call}; print("went on");`,
    );
    const endpoint = await program.line();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(program.child.exitCode, null);
    const push = own(t, new Push());
    push.connect(endpoint);
    await push.send("x");
    const { code, lines } = await program.done;
    assert.equal(code, 0);
    assert.equal(lines.at(-1), "went on");
  });
}

check("a waiting send keeps the program alive", async (t) => {
  const program = run(
    t,
    `const push = new z.Push(); await push.bind("tcp://127.0.0.1:*"); print(push.lastEndpoint); await push.send("x");`,
  );
  const endpoint = await program.line();
  const pull = own(t, new Pull());
  pull.connect(endpoint);
  assert.deepEqual(await receive(pull), ["x"]);
  assert.equal((await program.done).code, 0);
});

check("unsent messages at a natural end are delivered when the peer appears (linger -1)", async (t) => {
  const endpoint = await freeEndpoint("tcp");
  const program = run(
    t,
    `const push = new z.Push({ reconnectInterval: 10 }); push.connect("${endpoint}");
     for (let i = 0; i < 100; i++) await push.send(String(i)); print("end of the program");`,
  );
  await program.line();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(program.child.exitCode, null);
  const pull = own(t, new Pull());
  await pull.bind(endpoint);
  assert.deepEqual(
    await receiveEach(pull, 100),
    Array.from({ length: 100 }, (_, i) => String(i)),
  );
  const { code, ms } = await program.done;
  assert.equal(code, 0);
  assert.ok(ms < HELD_MS, `${ms} ms`);
});

check("unsent messages at a natural end hold the program for linger and no longer", async (t) => {
  const endpoint = await freeEndpoint("tcp");
  const program = run(
    t,
    `const push = new z.Push({ linger: 200 }); push.connect("${endpoint}"); await push.send("x"); print("end of the program");`,
  );
  const { code, ms } = await program.done;
  assert.equal(code, 0);
  assert.ok(ms > 150 && ms < HELD_MS, `${ms} ms`);
});

check("linger 0, or a context that is not blocky: unsent messages do not hold the program", async (t) => {
  const endpoint = await freeEndpoint("tcp");
  for (const options of ["{ linger: 0 }", "{ context: new z.Context({ blocky: false }) }"]) {
    const program = run(
      t,
      `const push = new z.Push(${options}); push.connect("${endpoint}"); await push.send("x"); print("end");`,
    );
    const { code, ms } = await program.done;
    assert.equal(code, 0);
    assert.ok(ms < HELD_MS, `${ms} ms`);
  }
});

check("close() at the end delivers what was sent, much or little", async (t) => {
  const pull = own(t, new Pull({ receiveHighWaterMark: 0 }));
  const endpoint = await bound(pull);
  const program = run(
    t,
    `const push = new z.Push({ sendHighWaterMark: 0 }); push.connect("${endpoint}");
     const body = Buffer.alloc(10000); for (let i = 0; i < 2000; i++) { body.writeUInt32BE(i); push.trySend(Buffer.from(body)); }
     push.close(); print("closed");`,
  );
  for (let i = 0; i < 2000; i++) assert.equal((await pull.receive({ timeout: 5000 }))[0].readUInt32BE(), i);
  const { code, ms } = await program.done;
  assert.equal(code, 0);
  assert.ok(ms < HELD_MS, `${ms} ms`);
});

check("close() with linger holds the program for that long when nobody comes", async (t) => {
  const endpoint = await freeEndpoint("tcp");
  const program = run(
    t,
    `const push = new z.Push({ linger: 200 }); push.connect("${endpoint}"); await push.send("x"); push.close(); print("closed");`,
  );
  const { code, ms } = await program.done;
  assert.equal(code, 0);
  assert.ok(ms > 150 && ms < HELD_MS, `${ms} ms`);
});

check("a REP server in a loop and a REQ that ends: the client's program ends, the server's goes on", async (t) => {
  const server = run(
    t,
    `const rep = new z.Reply(); await rep.bind("tcp://127.0.0.1:*"); print(rep.lastEndpoint);
     for await (const [m] of rep) { await rep.send("re: " + m); if (String(m) === "stop") break; } print("stopped");`,
  );
  const endpoint = await server.line();
  for (const text of ["hello", "stop"]) {
    const client = run(
      t,
      `const req = new z.Request(); req.connect("${endpoint}"); await req.send("${text}"); print(String(await req.receive()));`,
    );
    const { code, lines } = await client.done;
    assert.deepEqual([code, lines], [0, [`re: ${text}`]]);
  }
  const { code, lines } = await server.done;
  assert.deepEqual([code, lines.at(-1)], [0, "stopped"]);
});

check("an unhandled rejection of a call is the program's, with the code", async (t) => {
  const program = run(t, `const pull = new z.Pull(); pull.receive({ timeout: 5 });`);
  const { code, errors } = await program.done;
  assert.notEqual(code, 0);
  assert.match(errors, /EAGAIN|timed out/);
});

check("a socket closed while the name it binds is looked up leaves no listener behind", async (t) => {
  const program = run(
    t,
    `const pull = new z.Pull(); const binding = pull.bind("tcp://localhost:*").catch((error) => print(error.code)); pull.close(); await binding;`,
  );
  const { code, lines } = await program.done;
  assert.deepEqual([code, lines], [0, ["EAGAIN"]]);
});
