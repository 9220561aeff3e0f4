// Request.request(): the reply of that request or an error, whatever happens to the peer, and a socket that is never stuck.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Reply, Request, Router } from "../../src/node.ts";
import { freePort } from "../support/free-port.ts";

async function server(): Promise<Router> {
  const router = new Router({ linger: 0 });
  await router.bind(`tcp://127.0.0.1:${await freePort()}`);
  return router;
}

test("resolves with the reply; overlapping calls wait for their turn, in order", async () => {
  const reply = new Reply();
  await reply.bind(`tcp://127.0.0.1:${await freePort()}`);
  const served = (async () => {
    for await (const [text] of reply) await reply.send([`re: ${text}`, "second frame"]);
  })();
  const request = new Request();
  request.connect(reply.lastEndpoint as string);
  const answers = await Promise.all(["a", "b", "c"].map((text) => request.request(text)));
  assert.deepEqual(
    answers.map((answer) => answer.map(String)),
    [
      ["re: a", "second frame"],
      ["re: b", "second frame"],
      ["re: c", "second frame"],
    ],
  );
  assert.equal(request.correlate && request.relaxed, true);
  request.close();
  reply.close();
  await served;
});

test("a timeout rejects with EAGAIN, and the late reply is not taken for the next one", async () => {
  const router = await server();
  const request = new Request({ linger: 0 });
  request.connect(router.lastEndpoint as string);
  const first = request.request("slow", { timeout: 50 });
  const [peer, id] = await router.receive();
  await assert.rejects(first, { code: "EAGAIN" });
  const second = request.request("quick", { timeout: 5000 });
  const [, secondId] = await router.receive();
  await router.send([peer, id, "", "too late"]);
  await router.send([peer, secondId, "", "in time"]);
  assert.equal(String(await second), "in time");
  request.close();
  router.close();
});

test("retries send the request again, with a new id", async () => {
  const router = await server();
  const request = new Request({ linger: 0 });
  request.connect(router.lastEndpoint as string);
  const answer = request.request("again", { timeout: 60, retries: 5 });
  const [peer, firstId] = await router.receive();
  const [, secondId, , text] = await router.receive();
  assert.notDeepEqual(secondId, firstId);
  assert.equal(String(text), "again");
  await router.send([peer, secondId, "", "finally"]);
  assert.equal(String(await answer), "finally");
  request.close();
  router.close();
});

test("a peer that dies with the request rejects it with ECONNRESET; with a retry the next one answers", async () => {
  for (const retries of [0, 1]) {
    const router = await server();
    const endpoint = router.lastEndpoint as string;
    const request = new Request({ linger: 0, reconnectInterval: 1 });
    request.connect(endpoint);
    const answer = request.request("to whom?", { retries });
    const outcome = answer.then(String, (error) => error.code);
    await router.receive();
    await router.end(0);
    if (retries === 0) assert.equal(await outcome, "ECONNRESET");
    const next = new Reply();
    await next.bind(endpoint);
    if (retries === 0) void request.request("anew");
    const [text] = await next.receive();
    assert.equal(String(text), retries === 0 ? "anew" : "to whom?");
    await next.send("me");
    if (retries === 1) assert.equal(await outcome, "me");
    request.close();
    next.close();
  }
});

test("an abort rejects with its reason and frees the socket; close rejects what waits", async () => {
  const router = await server();
  const request = new Request({ linger: 0 });
  request.connect(router.lastEndpoint as string);
  const stop = new AbortController();
  const first = request.request("one", { signal: stop.signal });
  await router.receive();
  stop.abort(new Error("enough"));
  await assert.rejects(first, { message: "enough" });
  const second = request.request("two");
  const third = request.request("three");
  const [peer, id, , text] = await router.receive();
  assert.equal(String(text), "two");
  await router.send([peer, id, "", "ok"]);
  assert.equal(String(await second), "ok");
  await router.receive();
  request.close();
  await assert.rejects(third, { code: "EAGAIN" });
  assert.throws(() => request.request("four"), { code: "EBADF" });
  router.close();
});

test("without a peer the time of a request covers its sending", async () => {
  const request = new Request({ linger: 0 });
  await assert.rejects(request.request("nobody", { timeout: 30 }), { code: "EAGAIN" });
  request.close();
});
