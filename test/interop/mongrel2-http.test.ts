// Handlers behind the real Mongrel2: HTTP in both forms of headers, keep-alive, streaming, failures, many at once.

import assert from "node:assert/strict";
import { Agent } from "node:http";
import { after, before, describe, it } from "node:test";
import { Handler, type Mongrel2Reply, type Mongrel2Request } from "../../src/mongrel2.ts";
import { ask, raw } from "../support/http-client.ts";
import { Mongrel2, mongrel2Missing } from "../support/mongrel2.ts";

type Route = (request: Mongrel2Request, reply: Mongrel2Reply) => unknown;

const ROUTES: Record<string, Route> = {
  "/echo": (request, reply) =>
    reply.http(200, { "Content-Type": "text/plain", "X-Many": ["a", "b"] }, `${request.method} ${request.uri} ${request.body}`),
  "/json": (_, reply) => reply.json({ é: 1 }, 201),
  "/empty": (_, reply) => reply.http(204),
  "/throws": () => {
    throw new Error("as asked");
  },
  "/rejects": () => Promise.reject(new Error("as asked")),
  "/stream": async (_, reply) => {
    const stream = reply.stream(200, { "Content-Type": "text/plain" });
    for (const piece of ["one ", "two ", "", "three"]) await stream.write(piece);
    stream.end();
  },
  "/breaks": async (_, reply) => {
    const stream = reply.stream(200);
    await stream.write("half");
    stream.abort();
  },
  "/headers": (request, reply) => reply.json([request.header("x-tab"), request.headerValues("x-two"), request.query]),
  "/misuse": (_, reply) => {
    reply.http(200, {}, "first");
    try {
      reply.http(200, {}, "second");
    } catch (error) {
      misuse = (error as { reason: string }).reason;
    }
  },
};
let misuse = "";

for (const form of ["json", "tnetstring"] as const) {
  describe(`HTTP through Mongrel2, ${form} headers`, { skip: mongrel2Missing, timeout: 60_000 }, () => {
    let server: Mongrel2;
    let handler: Handler;
    const failures: string[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });

    before(async () => {
      server = await Mongrel2.start({ form });
      handler = new Handler({ servers: server.address }, (request, reply) =>
        (ROUTES[request.path] ?? ROUTES["/echo"])(request, reply),
      );
      handler.events.on("failed", ({ error }) => failures.push(String(error)));
      await handler.ready();
    });
    after(async () => {
      agent.destroy();
      await handler?.close();
      await server?.end();
    });

    it("method, path, query, body and headers go both ways", async () => {
      const answer = await ask(server, "/echo?a=b%20c", { method: "PUT", body: "héllo", headers: { "Content-Length": "6" } });
      assert.deepEqual([answer.status, answer.body], [200, "PUT /echo?a=b%20c héllo"]);
      assert.deepEqual([answer.headers["content-type"], answer.headers["x-many"]], ["text/plain", "a, b"]);
    });

    it("headers twice, and with a tab", async () => {
      const text = await raw(
        server,
        `GET /headers?q=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Two: a\r\nX-Two: b"\\\r\nX-Tab: a\tb\r\n\r\n`,
      );
      assert.deepEqual(JSON.parse(text.split("\r\n\r\n")[1]), ["a\tb", ["a", 'b"\\'], "q=1"]);
    });

    it("a body that JSON and UTF-8 make longer has its true length", async () => {
      const answer = await ask(server, "/json");
      assert.deepEqual([answer.status, answer.headers["content-length"], answer.body], [201, "8", '{"é":1}']);
    });

    it("requests of one client use one connection", async () => {
      const ports = new Set<number | undefined>();
      for (const path of ["/echo", "/empty", "/stream", "/throws", "/echo"]) ports.add((await ask(server, path, { agent })).port);
      assert.equal(ports.size, 1);
    });

    it("204 has neither body nor length, HEAD has a length and no body", async () => {
      const empty = await ask(server, "/empty", { agent });
      assert.deepEqual([empty.status, empty.headers["content-length"], empty.body], [204, undefined, ""]);
      const head = await ask(server, "/echo", { agent, method: "HEAD" });
      assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "11", ""]);
    });

    it("Connection: close and HTTP/1.0 close", async () => {
      const closing = await raw(server, "GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
      assert.match(closing, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(closing, /\r\nConnection: close\r\n\r\nGET \/echo $/);
      const old = await raw(server, "GET /stream HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
      assert.match(old, /\r\n\r\none two three$/);
      assert.doesNotMatch(old, /chunked/);
    });

    it("a body in pieces is one body", async () => {
      const answer = await ask(server, "/stream", { agent });
      assert.deepEqual([answer.headers["transfer-encoding"], answer.body], ["chunked", "one two three"]);
    });

    it("a body that is given up does not look whole", () => assert.rejects(ask(server, "/breaks")));

    it("what fails becomes a 500, and an event", async () => {
      for (const path of ["/throws", "/rejects"]) assert.equal((await ask(server, path, { agent })).status, 500);
      assert.deepEqual(failures.slice(-2), ["Error: as asked", "Error: as asked"]);
    });

    it("a second answer is a mistake of the program", async () => {
      assert.equal((await ask(server, "/misuse")).body, "first");
      assert.equal(misuse, "reply-ended");
    });

    it("a thousand requests over fifty connections get each its own answer", async () => {
      const many = new Agent({ keepAlive: true, maxSockets: 50 });
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(server, `/echo?${i}`, { agent: many })));
      many.destroy();
      assert.deepEqual(
        answers.map(({ body }) => body),
        answers.map((_, i) => `GET /echo?${i} `),
      );
      assert.equal(handler.stats().refused, 0);
      assert.equal(handler.stats().active, 0);
    });
  });
}
