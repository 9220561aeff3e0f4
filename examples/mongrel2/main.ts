/**
 * `npm run example:mongrel2`: the web server Mongrel2 with two handler processes behind it, until it is interrupted.
 * With `--check` it asks itself for each page and ends.
 *
 * Needs `mongrel2` and `m2sh` (Debian: mongrel2-core).
 */
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ControlPort } from "zmtp/mongrel2";

const HANDLERS = 2;
const PATIENCE_MS = 10_000;

async function main(check: boolean): Promise<void> {
  try {
    execFileSync("m2sh", ["version"], { stdio: "ignore" });
  } catch {
    console.error("m2sh is not here; on Debian: apt-get install mongrel2-core");
    process.exitCode = 1;
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "mongrel2-"));
  // As root Mongrel2 makes its directory the root of its file system; its paths then begin there.
  const root = process.getuid?.() === 0 ? directory : undefined;
  const template = `${root === undefined ? directory : ""}/uploads/XXXXXX`;
  const [port, requests, replies] = [await freePort(), await freePort(), await freePort()];
  for (const name of ["run", "logs", "uploads"]) mkdirSync(join(directory, name));
  writeFileSync(join(directory, "mongrel2.conf"), configuration(port, requests, replies, template));

  const options = { cwd: directory, stdio: "ignore", env: { ...process.env, LOGNAME: process.env.LOGNAME ?? "root" } } as const;
  execFileSync("m2sh", ["load", "-config", "mongrel2.conf", "-db", "config.sqlite"], options);
  const server = spawn("m2sh", ["start", "-db", "config.sqlite", "-name", "main"], options);
  const program = fileURLToPath(new URL("./handler.js", import.meta.url));
  const endpoints = [requests, replies].map((each) => `tcp://127.0.0.1:${each}`);
  const handlers = Array.from({ length: HANDLERS }, () =>
    fork(program, [...endpoints, template, ...(root === undefined ? [] : [root])]),
  );
  try {
    await Promise.all([accepts(port), ...handlers.map((handler) => once(handler, "message"))]);
    const site = `http://127.0.0.1:${port}`;
    console.log(`Mongrel2 and ${HANDLERS} handlers are ready. Open`);
    console.log(`  ${site}/                a page with a WebSocket and an upload`);
    console.log(`  ${site}/hello?name=you  ask again: the handlers take turns`);
    console.log(`  ${site}/count           a body in pieces: curl -N`);
    if (check) await ask(site);
    else await interrupted();
  } finally {
    await stop(server, handlers, `ipc://${directory}/run/control`);
    rmSync(directory, { recursive: true, force: true });
  }
}

function configuration(port: number, requests: number, replies: number, template: string): string {
  return `
app = Handler(send_spec='tcp://127.0.0.1:${requests}', send_ident='34f9ceee-cd52-4b7f-b197-88bf2f0ec378',
              recv_spec='tcp://127.0.0.1:${replies}', recv_ident='', protocol='tnetstring')

site = Host(name="127.0.0.1", routes={ '/': app })

main = Server(uuid="2f62bd5-9e59-49cd-993c-3b6013c28f05", name="main", chroot="./", pid_file="/run/mongrel2.pid",
              access_log="/logs/access.log", error_log="/logs/error.log", default_host="127.0.0.1",
              bind_addr="127.0.0.1", port=${port}, hosts=[site])

settings = { "server.daemonize": 0, "upload.temp_store": "${template}", "upload.temp_store_mode": "0600" }
servers = [main]
`;
}

async function ask(site: string): Promise<void> {
  for (const path of ["/hello?name=you", "/count"])
    console.log(`${path}: ${JSON.stringify(await (await fetch(`${site}${path}`)).text())}`);
  for (const size of [10, 10_000_000]) {
    const answer = await fetch(`${site}/upload`, { method: "POST", body: new Uint8Array(size) });
    console.log(`/upload: ${(await answer.text()).trim()}`);
  }
}

function interrupted(): Promise<unknown> {
  console.log("Interrupt (Ctrl-C) to stop.");
  return once(process, "SIGINT");
}

async function stop(server: ChildProcess, handlers: readonly ChildProcess[], endpoint: string): Promise<void> {
  const gone = [server, ...handlers].map((child) =>
    child.exitCode !== null || child.signalCode !== null ? undefined : once(child, "exit"),
  );
  const control = new ControlPort(endpoint);
  await control.terminate();
  control.close();
  for (const handler of handlers) handler.kill("SIGTERM");
  await Promise.all(gone);
}

async function accepts(port: number): Promise<void> {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; ) {
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Mongrel2 does not accept connections at port ${port}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

await main(process.argv.includes("--check"));
