/** libzmq's test_ipc_wildcard, test_rebind_ipc and test_abstract_ipc. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Pair, Pull, Push } from "../../src/node.ts";
import { check, freeEndpoint, notApplicable, own, receive } from "../support/harness.ts";

const windows = process.platform === "win32" && "Windows has named pipes instead of files";
const path = (endpoint: string | null): string => (endpoint as string).slice("ipc://".length);

check(
  "test_ipc_wildcard: ipc://* makes a usable name, which is gone after close",
  async (t) => {
    const [one, two] = [own(t, new Pair()), own(t, new Pair())];
    await one.bind("ipc://*");
    const endpoint = one.lastEndpoint as string;
    assert.match(endpoint, /^ipc:\/\/\/./);
    assert.ok(existsSync(path(endpoint)));
    two.connect(endpoint);
    await two.send("wild");
    assert.deepEqual(await receive(one), ["wild"]);
    await one.end(0);
    assert.equal(existsSync(path(endpoint)), false);
    assert.equal(existsSync(dirname(path(endpoint))), false);
  },
  windows,
);

check(
  "test_rebind_ipc: a second bind of a path takes it over, and the first one's close does not remove it",
  async (t) => {
    const [first, second] = [own(t, new Pull()), own(t, new Pull())];
    const endpoint = await freeEndpoint("ipc");
    await first.bind(endpoint);
    const early = own(t, new Push());
    early.connect(endpoint);
    await early.send("to the first");
    assert.deepEqual(await receive(first), ["to the first"]);
    await second.bind(endpoint);
    await first.end(0);
    assert.ok(existsSync(path(endpoint)));
    const late = own(t, new Push());
    late.connect(endpoint);
    await late.send("to the second");
    assert.deepEqual(await receive(second), ["to the second"]);
  },
  windows,
);

check(
  "a file that a dead process left is replaced",
  async (t) => {
    const endpoint = await freeEndpoint("ipc");
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(path(endpoint), resolve));
    const pull = own(t, new Pull());
    await pull.bind(endpoint);
    await new Promise((resolve) => dead.close(resolve));
    await pull.unbind(endpoint);
    await pull.bind(endpoint);
    const push = own(t, new Push());
    push.connect(endpoint);
    await push.send("x");
    assert.deepEqual(await receive(pull), ["x"]);
  },
  windows,
);

check(
  "a directory that does not exist is ENOENT, and says so",
  async (t) => {
    const pull = own(t, new Pull());
    await assert.rejects(async () => pull.bind(`ipc://${join(tmpdir(), "no-such-directory", "x")}`), { code: "ENOENT" });
  },
  windows,
);

check(
  "no other file is left beside the path, and none after unbind",
  async (t) => {
    const { readdirSync } = await import("node:fs");
    const directory = mkdtempSync(join(tmpdir(), "zmtp-test-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const pull = own(t, new Pull());
    await pull.bind(`ipc://${directory}/a`);
    await pull.bind(`ipc://${directory}/b`);
    assert.deepEqual(readdirSync(directory).sort(), ["a", "b"]);
    await pull.unbind(`ipc://${directory}/a`);
    assert.deepEqual(readdirSync(directory), ["b"]);
    await pull.end();
    assert.deepEqual(readdirSync(directory), []);
  },
  windows,
);

check(
  "an ordinary file in the way",
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "zmtp-test-"));
    t.after(() => rmSync(directory, { recursive: true }));
    writeFileSync(`${directory}/file`, "precious");
    const pull = own(t, new Pull());
    // libzmq unlinks whatever is there; ours may replace it as well, but must be bound or say that it is not.
    await pull.bind(`ipc://${directory}/file`).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "EADDRINUSE"));
  },
  windows,
);

const linux = process.platform !== "linux" && "abstract names are Linux's";

check(
  "test_abstract_ipc: ipc://@name exchanges messages, lastEndpoint keeps the @ form, nothing is in the file system",
  async (t) => {
    const [one, two] = [own(t, new Pair()), own(t, new Pair())];
    const endpoint = `ipc://@zmtp-test-${process.pid}`;
    await one.bind(endpoint);
    assert.equal(one.lastEndpoint, endpoint);
    two.connect(endpoint);
    await two.send("abstract");
    assert.deepEqual(await receive(one), ["abstract"]);
    assert.equal(existsSync(`@zmtp-test-${process.pid}`), false);
  },
  linux,
);

check(
  "test_abstract_ipc: a bare @ is EINVAL, for bind and connect",
  async (t) => {
    const pair = own(t, new Pair());
    await assert.rejects(async () => pair.bind("ipc://@"), { code: "EINVAL" });
    assert.throws(() => pair.connect("ipc://@"), { code: "EINVAL" });
  },
  linux,
);

check(
  "test_abstract_ipc: an abstract name in use is EADDRINUSE",
  async (t) => {
    const [one, two] = [own(t, new Pair()), own(t, new Pair())];
    const endpoint = `ipc://@zmtp-test-${process.pid}-used`;
    await one.bind(endpoint);
    await assert.rejects(two.bind(endpoint), { code: "EADDRINUSE" });
  },
  linux,
);

notApplicable("test_filter_ipc", "no runtime offers a peer's uid, gid or pid");
