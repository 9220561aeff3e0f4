// The handler against a front end of our own sockets: order of connecting, hostile frames, back-pressure, the frames of replies.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  Handler,
  type HandlerOptions,
  MAX_TARGETS,
  type Mongrel2Reply,
  type RequestFunction,
  tnetstring,
} from "../../../src/mongrel2.ts";
import { Push, Subscriber } from "../../../src/node.ts";
import { BRIEFLY, eventually, freeEndpoint } from "../../support/harness.ts";

const NAME = "name-1";

/** Mongrel2's side. */
class FrontEnd {
  readonly push = new Push({ linger: 0 });
  readonly sub = new Subscriber({ linger: 0 });

  static async start(t: TestContext, subscribed = true): Promise<FrontEnd> {
    const front = new FrontEnd();
    t.after(() => Promise.all([front.push.end(0), front.sub.end(0)]));
    await Promise.all([front.push.bind("tcp://127.0.0.1:*"), front.sub.bind("tcp://127.0.0.1:*")]);
    if (subscribed) front.sub.subscribe();
    return front;
  }

  get address(): { requests: string; replies: string } {
    return { requests: String(this.push.lastEndpoint), replies: String(this.sub.lastEndpoint) };
  }

  request(id: number, fields: Record<string, string> = {}, body = ""): Buffer {
    const headers = tnetstring.encode({ METHOD: "GET", VERSION: "HTTP/1.1", ...fields });
    return Buffer.concat([Buffer.from(`${NAME} ${id} / `), headers, tnetstring.netstring(body)]);
  }

  async reply(): Promise<string> {
    const [frame] = await this.sub.receive({ timeout: 5000 });
    return Buffer.from(frame).toString("latin1");
  }
}

async function handling(
  t: TestContext,
  front: FrontEnd,
  handle: RequestFunction,
  options: Partial<HandlerOptions> = {},
): Promise<Handler> {
  const handler = new Handler({ servers: front.address, ...options }, handle);
  t.after(() => handler.close(0));
  await handler.ready();
  return handler;
}

describe("a Mongrel2 handler", { timeout: 20_000 }, () => {
  it("hands out no request before the server has subscribed", async (t) => {
    const front = await FrontEnd.start(t, false);
    const handler = new Handler({ servers: front.address }, (_, reply) => reply.http(200, {}, "early"));
    t.after(() => handler.close(0));
    await front.push.send(front.request(1));
    await new Promise((resolve) => setTimeout(resolve, BRIEFLY));
    assert.deepEqual([handler.stats().servers, handler.stats().requests], [0, 0]);
    front.sub.subscribe();
    assert.match(await front.reply(), /early$/);
  });

  it("connects for requests only where replies can go", async (t) => {
    const front = await FrontEnd.start(t);
    const handler = new Handler({ servers: { ...front.address, replies: await freeEndpoint("tcp") } }, () => undefined);
    t.after(() => handler.close(0));
    await assert.rejects(front.push.connected(1, { signal: AbortSignal.timeout(BRIEFLY) }), { name: "TimeoutError" });
  });

  it("closed before the server has subscribed, it hands out nothing any more", async (t) => {
    const front = await FrontEnd.start(t, false);
    const handler = new Handler({ servers: front.address }, () => undefined);
    await front.push.send(front.request(1));
    const closing = handler.close();
    front.sub.subscribe();
    await closing;
    assert.equal(handler.stats().requests, 0);
  });

  it("a reply has Mongrel2's form", async (t) => {
    const front = await FrontEnd.start(t);
    await handling(t, front, (_, reply) => reply.http(200, { A: "b" }, "body"));
    await front.push.send(front.request(42));
    assert.equal(await front.reply(), `${NAME} 2:42, HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\nbody`);
    await front.push.send(front.request(7, { connection: "close" }));
    assert.match(await front.reply(), /Connection: close\r\n\r\nbody$/);
    assert.equal(await front.reply(), `${NAME} 1:7, `);
  });

  it("many clients are named 128 at a time, also in extended replies", async (t) => {
    const front = await FrontEnd.start(t);
    const handler = await handling(t, front, () => undefined);
    assert.equal(handler.deliver(NAME, [1], "x"), false, "nobody has asked by this name yet");
    await front.push.send(front.request(1));
    await eventually(() => handler.stats().requests === 1);
    const ids = Array.from({ length: 300 }, (_, i) => i);
    assert.equal(handler.deliver(NAME, ids, "news"), true);
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      const [, size, list] = /^name-1 (\d+):([\d ]+), news$/.exec(await front.reply()) as RegExpExecArray;
      const group = list.split(" ").map(Number);
      assert.equal(list.length, Number(size));
      assert.ok(group.length <= MAX_TARGETS);
      seen.push(...group);
    }
    assert.deepEqual(seen, ids);
    handler.deliverExtended(NAME, [5, 6], "ctl", { "keep-alive": true });
    assert.equal(await front.reply(), `${NAME} 5:X 5 6, 31:3:ctl,21:10:keep-alive,4:true!}]`);
    assert.throws(() => handler.deliver("no name", [1], "x"), { code: "EINVAL" });
    assert.throws(() => handler.deliver(NAME, [-1], "x"), { code: "EINVAL" });
  });

  it("what is no request is refused, counted and told, and the next is served", async (t) => {
    const front = await FrontEnd.start(t);
    const handler = await handling(t, front, (_, reply) => reply.http(200));
    const reasons: string[] = [];
    handler.events.on("refused", ({ error }) => reasons.push(error.reason));
    for (const wrong of ["", "x", `${NAME} 1 / 3:{a:,0:,`, `${NAME} 1 / 999999:x`]) await front.push.send(wrong);
    await front.push.send([front.request(1), "second frame"]);
    await front.push.send(front.request(2));
    assert.match(await front.reply(), /^name-1 1:2, HTTP\/1\.1 200 OK/);
    assert.equal(handler.stats().refused, 5);
    assert.equal(reasons.length, 5);
    assert.equal(handler.stats().requests, 1);
  });

  it("no header can smuggle another one in", async (t) => {
    const front = await FrontEnd.start(t);
    const codes: unknown[] = [];
    await handling(t, front, (_, reply) => {
      for (const headers of [
        { a: "b\r\nc: d" },
        { "a\r\n": "b" },
        { "": "x" },
        { a: "\u0100" },
        { a: "\0" },
        { a: ["b", "c\n"] },
      ]) {
        try {
          reply.http(200, headers);
        } catch (error) {
          codes.push((error as { code: string }).code);
        }
      }
      reply.http(200, { ok: "yes" }); // A wrong call was no answer.
    });
    await front.push.send(front.request(1));
    assert.match(await front.reply(), /\r\nok: yes\r\n/);
    assert.deepEqual(codes, Array(6).fill("EINVAL"));
  });

  it("what is no status is refused, also when one like it was used before", async (t) => {
    const front = await FrontEnd.start(t);
    const codes: unknown[] = [];
    await handling(t, front, (request, reply) => {
      if (request.connection === 1) return reply.http(200);
      for (const status of ["200", "length", 99, 1000, 200.5, Number.NaN]) {
        try {
          reply.http(status as number);
        } catch (error) {
          codes.push((error as { code: string }).code);
        }
      }
      return reply.http(404);
    });
    await front.push.send(front.request(1));
    assert.match(await front.reply(), / 200 OK/);
    await front.push.send(front.request(2));
    assert.match(await front.reply(), / 404 Not Found/);
    assert.deepEqual(codes, Array(6).fill("EINVAL"));
  });

  it("works on no more than `concurrency` at once; the rest waits", async (t) => {
    const front = await FrontEnd.start(t);
    const held: Mongrel2Reply[] = [];
    let most = 0;
    const handler: Handler = await handling(
      t,
      front,
      (_, reply) =>
        new Promise<void>((resolve) => {
          held.push(reply);
          most = Math.max(most, handler.stats().active);
          setImmediate(() => {
            reply.http(200);
            resolve();
          });
        }),
      { concurrency: 3 },
    );
    for (let i = 0; i < 50; i++) await front.push.send(front.request(i));
    for (let i = 0; i < 50; i++) await front.reply();
    assert.equal(most, 3);
    assert.equal(held.length, 50);
  });

  it("replies wait when the server is slow, and none is lost", async (t) => {
    const front = await FrontEnd.start(t);
    const handler = await handling(t, front, (_, reply) => reply.http(200, {}, Buffer.alloc(10_000)));
    const asked = 5000;
    void (async () => {
      for (let i = 0; i < asked; i++) await front.push.send(front.request(i));
    })();
    await eventually(() => handler.stats().requests > 1000);
    for (let i = 0; i < asked; i++) assert.ok((await front.reply()).startsWith(`${NAME} ${String(i).length}:${i}, `));
  });

  it("wrong options are refused at once", () => {
    const address = { requests: "tcp://127.0.0.1:1", replies: "tcp://127.0.0.1:2" };
    const wrong: [unknown, unknown][] = [
      [{ servers: { requests: "nonsense", replies: "tcp://127.0.0.1:1" } }, () => 1],
      [{ servers: { requests: "tcp://127.0.0.1:1", replies: "nonsense" } }, () => 1],
      [{ servers: address, concurrency: -1 }, () => 1],
      [{ servers: address, uploads: { template: "/tmp/upload" } }, () => 1],
      [{ servers: address, uploads: { template: "/tmp/u.XXXXXX", root: "/none/such" } }, () => 1],
      [{ servers: address }, undefined],
      [{ servers: [] }, () => 1],
    ];
    for (const [options, handle] of wrong)
      assert.throws(
        () => new Handler(options as HandlerOptions, handle as RequestFunction),
        { code: "EINVAL" },
        JSON.stringify(options),
      );
  });

  it("close() rejects who waits for it to be ready", async () => {
    const handler = new Handler({ servers: { requests: "tcp://127.0.0.1:1", replies: "tcp://127.0.0.1:1" } }, () => undefined);
    const ready = handler.ready();
    await handler.close();
    await assert.rejects(ready, { code: "EAGAIN" });
  });
});
