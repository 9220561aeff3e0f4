/** RFC 31 (EXPAIR); libzmq's test_pair_inproc, test_pair_ipc and test_pair_tcp. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { Pair } from "../../src/node.ts";
import {
  anyEndpoint,
  assertNothing,
  bound,
  check,
  each,
  eventually,
  freeEndpoint,
  freePort,
  join2,
  own,
  receive,
  SCHEMES,
  STREAMS,
} from "../support/harness.ts";

each(SCHEMES, "test_pair_inproc, test_pair_ipc, test_pair_tcp: two PAIRs bounce messages", async (t, scheme) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  await join2(one, two, scheme);
  for (let i = 0; i < 3; i++) {
    await one.send(["12345678ABCDEFGH12345678abcdefgh", ""]);
    assert.deepEqual(await receive(two), ["12345678ABCDEFGH12345678abcdefgh", ""]);
    await two.send(["back", "again"]);
    assert.deepEqual(await receive(one), ["back", "again"]);
  }
});

check("test_pair_inproc (send_const): bytes sent are the bytes received", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  await join2(one, two, "inproc");
  const [foo, bar] = [Buffer.from("foo"), Buffer.from("foobar")];
  await one.send([foo, bar]);
  assert.deepEqual(await receive(two), ["foo", "foobar"]);
  assert.equal(String(foo), "foo");
});

check("test_pair_tcp: by name", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  const port = await freePort();
  await one.bind(`tcp://127.0.0.1:${port}`);
  two.connect(`tcp://localhost:${port}`);
  await two.send("by name");
  assert.deepEqual(await receive(one), ["by name"]);
});

each(SCHEMES, "RFC 31: PAIR SHALL block on sending, or return an error, when it has no connected peer", async (t, scheme) => {
  const pair = own(t, new Pair());
  await pair.bind(anyEndpoint(scheme));
  assert.equal(pair.trySend("x"), false);
  await assert.rejects(pair.send("x", { timeout: 5 }), { code: "EAGAIN" });
});

each(SCHEMES, "RFC 31: PAIR SHALL NOT discard messages, and blocks when its peer is full", async (t, scheme) => {
  const one = own(t, new Pair({ sendHighWaterMark: 2 }));
  const endpoint = await freeEndpoint(scheme);
  one.connect(endpoint);
  assert.ok(one.trySend("1"));
  assert.ok(one.trySend("2"));
  assert.equal(one.trySend("3"), false);
  const third = one.send("3");
  const two = own(t, new Pair());
  await two.bind(endpoint);
  await third;
  for (const text of ["1", "2", "3"]) assert.deepEqual(await receive(two), [text]);
});

each(
  SCHEMES,
  "RFC 31, D16: a second peer is ignored: it gets nothing, nothing of it is read, and the first is not disturbed",
  async (t, scheme) => {
    const one = own(t, new Pair());
    const first = own(t, new Pair());
    const endpoint = await join2(one, first, scheme);
    const second = own(t, new Pair());
    second.connect(endpoint);
    await second.connected();
    await second.send("from the second");
    await eventually(() => one.peers().length === 2);
    await eventually(() => one.peers().some((peer) => peer.state === "ignored"));
    await one.send("for the first");
    assert.deepEqual(await receive(first), ["for the first"]);
    await first.send("from the first");
    assert.deepEqual(await receive(one), ["from the first"]);
    await assertNothing(one);
    assert.equal(second.readable, false);
  },
);

each(SCHEMES, "4.7: a second peer is not adopted when the first leaves; a third one is", async (t, scheme) => {
  const one = own(t, new Pair());
  const first = new Pair();
  const endpoint = await join2(one, first, scheme);
  const second = own(t, new Pair());
  second.connect(endpoint);
  await eventually(() => one.peers().some((peer) => peer.state === "ignored"));
  await first.end(0);
  await eventually(() => one.peers().length === 1);
  assert.equal(one.trySend("x"), false);
  const third = own(t, new Pair());
  third.connect(endpoint);
  await one.connected();
  await one.send("for the third");
  assert.deepEqual(await receive(third), ["for the third"]);
  assert.equal(second.readable, false);
});

each(STREAMS, "a PAIR goes on with its peer after the connection broke", async (t, scheme) => {
  const two = own(t, new Pair({ reconnectInterval: 5 }));
  const endpoint = await freeEndpoint(scheme);
  let one = own(t, new Pair());
  await one.bind(endpoint);
  two.connect(endpoint);
  await two.connected();
  await one.end(0);
  one = own(t, new Pair());
  await one.bind(endpoint);
  await two.send("again");
  assert.deepEqual(await receive(one), ["again"]);
  await one.send("and back");
  assert.deepEqual(await receive(two), ["and back"]);
});

check(
  "test_pair_ipc: a path of 107 characters is bound, one of 108 is ENAMETOOLONG",
  async (t) => {
    const [one, two] = [own(t, new Pair()), own(t, new Pair())];
    const fill = (length: number): string =>
      `${tmpdir()}/`.padEnd(length - 6, "z") + String(process.pid % 1_000_000).padStart(6, "0");
    await assert.rejects(async () => one.bind(`ipc://${fill(108)}`), {
      code: "ENAMETOOLONG",
      message: /108 bytes, 107 is the most/,
    });
    assert.throws(() => two.connect(`ipc://${fill(108)}`), { code: "ENAMETOOLONG" });
    const endpoint = `ipc://${fill(107)}`;
    await one.bind(endpoint);
    assert.equal(one.lastEndpoint, endpoint);
    two.connect(endpoint);
    await two.send("long way");
    assert.deepEqual(await receive(one), ["long way"]);
  },
  process.platform !== "linux" && "the limit is that of Linux",
);

check("a PAIR closes with messages unread and unsent", async (t) => {
  const [one, two] = [own(t, new Pair()), own(t, new Pair())];
  two.connect(await bound(one));
  for (let i = 0; i < 100; i++) await two.send("x");
  await receive(one);
  await one.end(0);
});
