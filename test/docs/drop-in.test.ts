// The drop-in as programs get it: from ES modules, from CommonJS, and by an alias in the place of `zeromq`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "zmtp-drop-in-"));
after(() => rmSync(project, { recursive: true, force: true }));
mkdirSync(join(project, "node_modules"));
// As `npm install zmtp` and `npm install zeromq@npm:zmtp` put them there.
for (const name of ["zmtp", "zeromq"]) symlinkSync(root, join(project, "node_modules", name), "junction");

const names = Object.keys(createRequire(import.meta.url)("zeromq"))
  .sort()
  .join();

async function output(file: string, program: string): Promise<{ stdout: string; stderr: string }> {
  writeFileSync(join(project, file), program);
  return run(process.execPath, [join(project, file)], { cwd: project, timeout: 15_000 });
}

const REQUEST = `
  const server = new zmq.Reply(), client = new zmq.Request({ linger: 0 });
  server.bind("tcp://127.0.0.1:*").then(async () => {
    client.connect(server.lastEndpoint);
    await client.send("hello");
    await server.send(await server.receive());
    console.log(String(await client.receive()));
    client.close();
    server.close();
  });`;

for (const [kind, file, head] of [
  ["CommonJS", "a.cjs", 'const zmq = require("zmtp/zeromq");'],
  ["a default import", "b.mjs", 'import zmq from "zmtp/zeromq";'],
  ["a namespace import", "c.mjs", 'import * as zmq from "zmtp/zeromq";'],
] as const) {
  test(`${kind}: the original's names, and a request`, async () => {
    const keys = 'Object.keys(zmq).filter((name) => name !== "default" && name !== "module.exports").sort().join()';
    const { stdout } = await output(file, `${head}\nconsole.log(${keys});${REQUEST}`);
    assert.equal(stdout, `${names}\nhello\n`);
  });
}

test("CommonJS gets no other name; both kinds of modules get the same classes", async () => {
  const { stdout } = await output(
    "d.cjs",
    `const zmq = require("zmtp/zeromq");
     const socket = new zmq.Dealer();
     console.log(Object.keys(zmq).length, zmq.Dealer.name, Object.isSealed(socket));
     import("zmtp/zeromq").then((names) => { console.log(names.Dealer === zmq.Dealer, names.default === zmq || names.default.Dealer === zmq.Dealer); socket.close(); });`,
  );
  assert.equal(stdout, "20 Dealer true\ntrue true\n");
});

test("drafts and version 5, with the classes and the context of the drop-in", async () => {
  const { stdout, stderr } = await output(
    "e.cjs",
    `const zmq = require("zmtp/zeromq"), draft = require("zmtp/zeromq/draft"), v5 = require("zmtp/zeromq/v5-compat");
     const client = new draft.Client();
     console.log(Object.keys(draft).sort().join(), client instanceof zmq.Socket, client.context === zmq.context);
     console.log(typeof v5.socket, v5.ZMQ_XPUB, v5.version);
     client.close();`,
  );
  assert.equal(stdout, "Client,Datagram,Dish,Gather,Radio,Scatter,Server true true\nfunction 9 4.3.5\n");
  assert.match(stderr, /ZeroMQ draft features are experimental/);
});

test("a program that waits for its last messages says so", async () => {
  const { stderr } = await output(
    "g.cjs",
    `const zmq = require("zmtp/zeromq");
     const socket = new zmq.Dealer({ linger: 700 });
     socket.connect("tcp://127.0.0.1:1");
     socket.send("x");`,
  );
  assert.match(
    stderr,
    /^\(node:\d+\) WARNING: Waiting for queued ZeroMQ messages to be delivered\. Set 'context\.blocky = false'/,
  );
});

test("the alias: zeromq is zmtp, with its drafts and version 5", async () => {
  const { stdout } = await output(
    "f.mjs",
    `import * as zmq from "zeromq";
     import { Server } from "zeromq/draft";
     import v5 from "zeromq/v5-compat";
     console.log(new Server({ context: zmq.context }) instanceof zmq.Socket, v5.socket("pub").close().closed);
     ${REQUEST}`,
  );
  assert.equal(stdout, "true true\nhello\n");
});

test("the types of the drop-in serve both kinds of modules", { timeout: 60_000 }, async () => {
  const body = `
const socket: Dealer = new Dealer({ linger: 0, routingId: "x" });
socket.events.on("connect:retry", ({ interval }) => interval.toFixed());
// @ts-expect-error PUSH cannot receive
new Push().receive();
`;
  writeFileSync(
    join(project, "esm.mts"),
    `import zmq, { Dealer, Push } from "zmtp/zeromq";\nimport { Server } from "zmtp/zeromq/draft";\nvoid [zmq.Pull, Server];${body}`,
  );
  writeFileSync(
    join(project, "common.cts"),
    `import { Dealer, Push } from "zmtp/zeromq";\nimport v5 = require("zmtp/zeromq/v5-compat");\nvoid v5.socket("pub");${body}`,
  );
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2023,esnext.disposable"];
  const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node", "--skipLibCheck"];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, ...options, ...types, "esm.mts", "common.cts"], { cwd: project }).catch((error) =>
    assert.fail(error.stdout),
  );
});
