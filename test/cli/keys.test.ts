// zmtp keygen and cert, their files read by pyzmq; and CURVE and PLAIN by flags, with pyzmq at the other end.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { curvePublicKey } from "../../src/node.ts";
import { freePort } from "../support/harness.ts";
import { libzmqPython } from "../support/peers.ts";
import { start, startOther, zmtp } from "./command.ts";

const options = { timeout: 25_000 };
const folder = mkdtempSync(join(tmpdir(), "zmtp-keys-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const KEYS = /^public key: (.{40})\nsecret key: (.{40})\n$/;

test("keygen: keys that belong together, and the public one of a secret one", options, async (t) => {
  const [, publicKey, secretKey] = KEYS.exec((await zmtp(t, ["keygen"])).stdout) as RegExpExecArray;
  assert.equal(curvePublicKey(secretKey), publicKey);
  assert.equal((await zmtp(t, ["keygen", "--secret", secretKey])).stdout, `public key: ${publicKey}\n`);
  const pair = JSON.parse((await zmtp(t, ["keygen", "--json"])).stdout);
  assert.equal(curvePublicKey(pair.secretKey), pair.publicKey);
  assert.equal((await zmtp(t, ["keygen", "--secret", "short"])).code, 2);
});

test("cert: files for pyzmq, the secret one for its owner only", options, async (t) => {
  const path = join(folder, "server.key");
  const made = await zmtp(t, ["cert", path, "-m", "name=broker"]);
  assert.match(made.stdout, /^public key: .{40}\nsecret key: in the file\nname: broker\n$/, made.stderr);
  const [, publicKey] = /public-key = "(.{40})"/.exec(readFileSync(path, "utf8")) as RegExpExecArray;
  assert.ok(made.stdout.includes(publicKey));
  if (process.platform !== "win32") assert.equal(statSync(`${path}_secret`).mode & 0o077, 0);
  const again = await zmtp(t, ["cert", path]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /is there already; --force replaces it/);
  assert.equal((await zmtp(t, ["cert", path, "--show"])).stdout, made.stdout);
  assert.match((await zmtp(t, ["cert", join(folder, "x"), "-m", "x"])).stderr, /--meta takes name=value/);
  if (libzmqPython.missing) return t.diagnostic(String(libzmqPython.missing));
  const read = startOther(t, "/usr/bin/python3", "-c", `import zmq.auth\nprint(*zmq.auth.load_certificate("${path}_secret"))`);
  const { stdout } = await read.done;
  const [, theirs, secret] = /b'(.{40})' b'(.{40})'/.exec(stdout.replace(/b"(.{40})"/g, "b'$1'")) as RegExpExecArray;
  assert.equal(theirs, publicKey);
  assert.equal(curvePublicKey(secret), publicKey);
});

test("CURVE and PLAIN by flags: between ours, and to pyzmq", { ...options, skip: libzmqPython.missing }, async (t) => {
  const keys = async (): Promise<string[]> => (KEYS.exec((await zmtp(t, ["keygen"])).stdout) as RegExpExecArray).slice(1);
  const [[serverPublic, serverSecret], [publicKey, secretKey]] = [await keys(), await keys()];
  const endpoint = `tcp://127.0.0.1:${await freePort()}`;
  const client = ["--curve-server-key", serverPublic, "--curve-public-key", publicKey, "--curve-secret-key", secretKey];
  const program = [
    "import zmq",
    "s = zmq.Context().socket(zmq.PULL)",
    `s.curve_server, s.curve_secretkey = True, ${JSON.stringify(serverSecret)}.encode()`,
    `s.bind("${endpoint}")`,
    "print(s.recv(), flush=True)",
  ];
  const theirs = startOther(t, "/usr/bin/python3", "-c", program.join("\n"));
  assert.equal((await zmtp(t, ["cat", "push", "-c", endpoint, "-D", "secret", ...client])).code, 0);
  assert.equal((await theirs.done).stdout, "b'secret'\n");
  const plain = `tcp://127.0.0.1:${await freePort()}`;
  const ping = start(t, "cat", "rep", "-b", plain, "--curve-server", "true", "--curve-secret-key", serverSecret, "--echo");
  assert.equal((await zmtp(t, ["cat", "req", "-c", plain, "-D", "hello", "-t", "10", ...client])).stdout, "hello\n");
  assert.match((await zmtp(t, ["ping", plain])).stdout, /mechanism CURVE\nits socket type is told only to those/);
  ping.child.kill();
});
