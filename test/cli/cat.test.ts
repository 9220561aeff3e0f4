// zmtp cat: every direction, formats, refusals; with pyzmq at the other end.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { freePort } from "../support/harness.ts";
import { libzmqPython } from "../support/peers.ts";
import { start, startOther, zmtp } from "./command.ts";

const place = async (): Promise<string> => `tcp://127.0.0.1:${await freePort()}`;
const options = { timeout: 25_000 };

test("push to pull: lines are messages", options, async (t) => {
  const endpoint = await place();
  const pull = start(t, "cat", "pull", "-b", endpoint, "-n", "3");
  const push = await zmtp(t, ["cat", "push", "-c", endpoint], "one\n\nünï✓");
  assert.deepEqual(push, { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(await pull.done, { code: 0, stdout: "one\n\nünï✓\n", stderr: "" });
});

for (const [format, input, output] of [
  ["hex", "00ff\t41\n", "00ff\t41\n"],
  ["quoted", "a\\x00\\tb\\\\\tc\n", "a\\x00\\tb\\\\\tc\n"],
  ["json", '["a",{"base64":"/wA="},""]\n"one"\n', '["a",{"base64":"/wA="},""]\n["one"]\n'],
] as const) {
  test(`format ${format}: what is printed can be read back`, options, async (t) => {
    const endpoint = await place();
    const count = String(input.split("\n").length - 1);
    const pull = start(t, "cat", "pull", "-b", endpoint, "-f", format, "-n", count);
    const push = await zmtp(t, ["cat", "push", "-c", endpoint, "-f", format, "-m"], input);
    assert.equal(push.code, 0, push.stderr);
    assert.equal((await pull.done).stdout, output);
  });
}

test("NUL instead of newlines, and a file as one message", options, async (t) => {
  const endpoint = await place();
  const pull = start(t, "cat", "pull", "-b", endpoint, "-0", "-n", "3");
  assert.equal((await zmtp(t, ["cat", "push", "-c", endpoint, "-0"], "a\nb\0c")).code, 0);
  assert.equal((await zmtp(t, ["cat", "push", "-c", endpoint, "-F", "package.json"])).code, 0);
  const { stdout } = await pull.done;
  assert.ok(stdout.startsWith('a\nb\0c\0{\n  "name": "zmtp"'), stdout.slice(0, 60));
});

test("request and reply, with a command that makes the answer", options, async (t) => {
  const endpoint = await place();
  const rep = start(t, "cat", "rep", "-b", endpoint, "-x", "tr a-z A-Z", "-n", "2");
  const req = await zmtp(t, ["cat", "req", "-c", endpoint], "hello\nworld\n");
  assert.deepEqual(req, { code: 0, stdout: "HELLO\nWORLD\n", stderr: "" });
  assert.equal((await rep.done).stdout, "hello\nworld\n");
});

test("router echoes to whoever asked; a dealer with a name", options, async (t) => {
  const endpoint = await place();
  start(t, "cat", "router", "-b", endpoint, "--echo");
  const dealer = await zmtp(t, ["cat", "dealer", "-c", endpoint, "--routing-id", "me", "-n", "2"], "one\ntwo\n");
  assert.deepEqual(dealer, { code: 0, stdout: "one\ntwo\n", stderr: "" });
});

test("publish to those who subscribed, when they have", options, async (t) => {
  const endpoint = await place();
  const sub = start(t, "cat", "sub", "-c", endpoint, "-s", "b", "-n", "1");
  const pub = await zmtp(t, ["cat", "pub", "-b", endpoint, "-w"], "a1\nb2\n");
  assert.equal(pub.code, 0, pub.stderr);
  assert.equal((await sub.done).stdout, "b2\n");
});

test("groups: radio to dish", options, async (t) => {
  const endpoint = await place();
  const dish = start(t, "cat", "dish", "-b", endpoint, "-j", "news", "-n", "1");
  await zmtp(t, ["cat", "radio", "-c", endpoint, "-g", "news", "-d", "0.5"], "hello\n");
  assert.equal((await dish.done).stdout, "news\thello\n");
});

test("a server answers its client by number", options, async (t) => {
  const endpoint = await place();
  start(t, "cat", "server", "-b", endpoint, "--echo");
  const client = await zmtp(t, ["cat", "client", "-c", endpoint, "-n", "1"], "hello\n");
  assert.equal(client.stdout, "hello\n", client.stderr);
});

test("an interrupt ends it", options, async (t) => {
  const endpoint = await place();
  const pull = start(t, "cat", "pull", "-b", endpoint);
  const push = await zmtp(t, ["cat", "push", "-c", endpoint], "here\n");
  assert.equal(push.code, 0);
  await pull.says(/here/);
  pull.child.kill("SIGINT");
  assert.deepEqual(await pull.done, { code: 130, stdout: "here\n", stderr: "" });
});

test("a timeout is a failure", options, async (t) => {
  const { code, stderr } = await zmtp(t, ["cat", "pull", "-b", "tcp://127.0.0.1:*", "-t", "0.1"]);
  assert.equal(code, 1);
  assert.equal(stderr, "zmtp: Nothing happened in 0.1 s\n");
});

const refusals: readonly [args: string[], code: number, text: RegExp][] = [
  [["cat", "foo"], 2, /There is no socket type "foo"; there are: pair, pub/],
  [["cat", "pull"], 2, /Give at least one --bind ENDPOINT or --connect ENDPOINT/],
  [["cat", "pull", "-b", "foo://x"], 1, /Protocol not supported: "foo"/],
  [["cat", "pull", "-b", "tcp://127.0.0.1"], 2, /tcp/],
  [["cat", "pull", "-b", "tcp://127.0.0.1:*", "-n", "0"], 2, /--count must be a whole number from 1 on, got "0"/],
  [["cat", "pull", "-b", "tcp://127.0.0.1:*", "-f", "xml"], 2, /--format must be one of text, quoted, hex, json, raw/],
  [["cat", "pull", "-b", "tcp://127.0.0.1:*", "--mandatory", "true"], 2, /A PULL socket has no option --mandatory/],
  [["cat", "pull", "-b", "tcp://127.0.0.1:*", "--linger", "x"], 2, /--linger must be a whole number/],
  [["cat", "push", "-b", "tcp://127.0.0.1:*", "--echo"], 2, /--echo is for types that receive and then send/],
  [["ct"], 2, /unknown command 'ct'\n\(Did you mean cat\?\)/],
  [["cat", "pull", "--no-such-flag"], 2, /unknown option/],
];
for (const [args, code, text] of refusals) {
  test(`zmtp ${args.join(" ")} is refused`, options, async (t) => {
    const result = await zmtp(t, args);
    assert.equal(result.code, code);
    assert.match(result.stderr, text);
    assert.equal(result.stdout, "");
  });
}

test("help and version", options, async (t) => {
  const help = await zmtp(t, ["cat", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Examples:\n {2}zmtp cat pull -b/);
  assert.match((await zmtp(t, ["--version"])).stdout, /^ZeroMQ 4\.3\.5 by zmtp\n$/);
  const { stdout } = await zmtp(t, ["options", "sub"]);
  assert.match(stdout, /--receive-high-water-mark <messages> {2}\(ZMQ_RCVHWM, 1000 unless given\)/);
  assert.doesNotMatch(stdout, /--send-high-water-mark/);
});

const python = (t: TestContext, ...lines: string[]) =>
  startOther(t, "/usr/bin/python3", "-c", ["import zmq", "c = zmq.Context()", ...lines].join("\n"));

test("pyzmq: lines to its PULL, its PUSH to us, a multipart reply of its REP", {
  ...options,
  skip: libzmqPython.missing,
}, async (t) => {
  const [one, two, three] = [await place(), await place(), await place()];
  const pull = python(t, "s = c.socket(zmq.PULL)", `s.bind("${one}")`, "print(s.recv(), s.recv_multipart(), flush=True)");
  assert.equal((await zmtp(t, ["cat", "push", "-c", one, "-m", ","], "one\na,b\n")).code, 0);
  assert.equal((await pull.done).stdout, "b'one' [b'a', b'b']\n");
  const ours = start(t, "cat", "pull", "-b", two, "-n", "1", "-f", "quoted");
  python(t, "s = c.socket(zmq.PUSH)", `s.connect("${two}")`, 's.send_multipart([b"x\\0y", b"z"])', "s.close()", "c.term()");
  assert.equal((await ours.done).stdout, "x\\x00y\tz\n");
  python(
    t,
    "s = c.socket(zmq.REP)",
    `s.bind("${three}")`,
    "m = s.recv()",
    's.send_multipart([b"got", m])',
    "s.close()",
    "c.term()",
  );
  assert.equal((await zmtp(t, ["cat", "req", "-c", three, "-D", "question"])).stdout, "got\tquestion\n");
});
