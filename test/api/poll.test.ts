// poll() over several sockets (zmq_poll): who is ready, now or later; timeouts, aborts, closing.
import assert from "node:assert/strict";
import { Context, Pull, Push, poll, Request } from "../../src/node.ts";
import { bound, check, notApplicable, own } from "../support/harness.ts";

check(
  "test_poller (wait): it resolves at once with those that are ready, in order, and later with the one that becomes so",
  async (t) => {
    const pulls = [own(t, new Pull()), own(t, new Pull())];
    const pushes = [own(t, new Push()), own(t, new Push())];
    for (const [i, pull] of pulls.entries()) pushes[i].connect(await bound(pull));
    const items = pulls.map((socket) => ({ socket, readable: true }));
    const later = poll(items);
    await pushes[1].send("second");
    assert.deepEqual(
      (await later).map(({ socket }) => pulls.indexOf(socket)),
      [1],
    );
    await pushes[0].send("first");
    while ((await poll(items)).length < 2);
    assert.deepEqual(
      (await poll(items)).map(({ socket }) => pulls.indexOf(socket)),
      [0, 1],
    );
    assert.equal(String(await pulls[0].receive()), "first");
    assert.equal(String(await pulls[1].receive()), "second");
    assert.deepEqual(await poll(items, { timeout: 0 }), []);
  },
);

check("test_poller (events): it tells reading from writing; a REQ is one or the other", async (t) => {
  const request = own(t, new Request({ linger: 0 }));
  assert.deepEqual(await poll([{ socket: request }], { timeout: 0 }), []);
  const writable = poll([{ socket: request, writable: true }]);
  request.connect("inproc://poll-request");
  assert.deepEqual(await writable, [{ socket: request, readable: false, writable: true }]);
  await request.send("question");
  assert.deepEqual(await poll([{ socket: request }], { timeout: 5 }), []);
});

check(
  "test_poller (errors): a timeout gives none; an abort its reason; a closed socket EAGAIN or, before, EBADF; nothing to poll EINVAL",
  async (t) => {
    const pull = own(t, new Pull());
    assert.deepEqual(await poll([{ socket: pull }], { timeout: 10 }), []);
    await assert.rejects(poll([{ socket: pull }], { signal: AbortSignal.abort(new Error("no")) }), { message: "no" });
    const stop = new AbortController();
    const aborted = poll([{ socket: pull }], { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(aborted, { message: "enough" });
    const waiting = poll([{ socket: pull }]);
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    pull.close();
    await assert.rejects(waiting, { code: "EAGAIN" });
    await assert.rejects(poll([{ socket: pull }]), { code: "EBADF" });
    await assert.rejects(poll([]), { code: "EINVAL" });
  },
);

check("test_poller (ETERM, one socket twice): a shutdown ends it; a socket asked for twice answers twice", async () => {
  const context = new Context();
  const pull = new Pull({ context });
  const push = new Push({ context });
  push.connect(await bound(pull));
  const twice = poll([
    { socket: pull, readable: true },
    { socket: pull, readable: true },
  ]);
  await push.send("x");
  assert.equal((await twice).length, 2);
  await pull.receive();
  const waiting = assert.rejects(poll([{ socket: pull, readable: true }]), { code: "ETERM" });
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  context.shutdown();
  await waiting;
  await context.end();
});

notApplicable("test_poller (add, modify, remove, size, descriptors)", "a call is given its list; no runtime shows descriptors");
