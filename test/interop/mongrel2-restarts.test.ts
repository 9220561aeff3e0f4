// What survives the end of handlers and of the server itself: every request gets its own answer or none.

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Handler, type Mongrel2Reply } from "../../src/mongrel2.ts";
import { eventually } from "../support/harness.ts";
import { ask } from "../support/http-client.ts";
import { Mongrel2, mongrel2Missing } from "../support/mongrel2.ts";
import { undoing } from "../support/undoing.ts";

const TIMEOUT_MS = 90_000;
const REQUESTS = 10_000;
const CONNECTIONS = 50;
const HANDLERS = 4;
/** A request whose handler was killed has no answer; a browser would not wait for ever either. */
const GIVE_UP_MS = 400;

const program = fileURLToPath(new URL("../support/mongrel2-handler.js", import.meta.url));

/** Handler processes that are killed and started again, one after the other. */
class Mortals {
  kills = 0;
  readonly #address: { requests: string; replies: string };
  #processes: ChildProcess[] = [];

  constructor(address: { requests: string; replies: string }) {
    this.#address = address;
  }

  async start(): Promise<void> {
    const child = fork(program, [this.#address.requests, this.#address.replies]);
    this.#processes.push(child);
    await once(child, "message");
  }

  /** The oldest one is ended, and another takes its place. */
  async replace(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#processes.shift() as ChildProcess;
    const gone = once(child, "exit");
    child.kill(signal);
    this.kills++;
    await Promise.all([gone, this.start()]);
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#processes.map((child) => (child.exitCode !== null || !child.kill("SIGKILL") ? undefined : once(child, "exit"))),
    );
  }
}

/** One request; undefined if no answer came in time. */
function tryAsk(server: Mongrel2, path: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = httpRequest(`${server.url}${path}`, { agent, timeout: GIVE_UP_MS }, (answer) => {
      let body = "";
      answer.setEncoding("latin1").on("data", (chunk: string) => {
        body += chunk;
      });
      answer.on("error", () => resolve(undefined));
      answer.on("end", () => resolve(body));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(undefined));
    call.end();
  });
}

describe("restarts with Mongrel2", { skip: mongrel2Missing, timeout: TIMEOUT_MS }, () => {
  const atEnd = undoing();
  let server: Mongrel2;
  before(async () => {
    server = await Mongrel2.start();
  });
  after(() => server?.end());

  /** A run of the server that has numbered no client yet. */
  async function freshRun(): Promise<void> {
    await server.kill();
    await server.restart();
  }

  it("ten thousand requests while handlers are killed and restarted: each gets its own answer", async (t) => {
    const mortals = new Mortals(server.address);
    atEnd(() => mortals.end());
    await Promise.all(Array.from({ length: HANDLERS }, () => mortals.start()));
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    let next = 0;
    let again = 0;
    const client = async (): Promise<void> => {
      while (next < REQUESTS || mortals.kills < HANDLERS) {
        const wanted = `request-${next++}`;
        let body = await tryAsk(server, `/?${wanted}`, agent);
        for (; body === undefined; body = await tryAsk(server, `/?${wanted}`, agent)) again++;
        assert.equal(body, wanted);
      }
    };
    let over = false;
    const killing = async (): Promise<void> => {
      for (let i = 0; !over; i++) await mortals.replace(i % 2 === 0 ? "SIGKILL" : "SIGTERM");
    };
    const killed = killing();
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    over = true;
    await killed;
    agent.destroy();
    t.diagnostic(`${mortals.kills} handlers ended meanwhile, ${again} requests were asked again`);

    assert.ok(again <= mortals.kills * CONNECTIONS, `${again} requests had no answer`);
  });

  it("a reply never reaches a client of the server's next run, which has the same number", async () => {
    await freshRun();
    const held: Mongrel2Reply[] = [];
    const handler = new Handler({ servers: server.address }, (_, reply) => void held.push(reply));
    atEnd(() => handler.close());
    const downs: number[] = [];
    handler.events.on("down", ({ lost }) => downs.push(lost));
    await handler.ready();
    const askAll = (): Promise<(string | undefined)[]> =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          ask(server, `/${i}`).then(
            ({ body }) => body,
            () => undefined,
          ),
        ),
      );

    const early = askAll();
    await eventually(() => held.length === 20);
    const old = held.splice(0);
    await server.kill();
    assert.deepEqual(await early, Array(20).fill(undefined));
    await eventually(() => downs.length === 1);
    assert.equal(handler.stats().servers, 0);

    await server.restart();
    await handler.ready();
    const late = askAll();
    await eventually(() => held.length === 20);
    const numbers = (replies: Mongrel2Reply[]): number[] => replies.map(({ request }) => request.connection).sort();
    assert.ok(
      numbers(held).some((each) => numbers(old).includes(each)),
      "the server used a number again",
    );
    for (const reply of old) assert.equal(reply.http(200, {}, "old"), false);
    for (const reply of held) assert.equal(reply.http(200, {}, "new"), true);
    assert.deepEqual(await late, Array(20).fill("new"));
  });

  it("replies that waited when the server ended do not go to the next one", async () => {
    await freshRun();
    const held: Mongrel2Reply[] = [];
    const handler = new Handler({ servers: server.address }, (_, reply) => void held.push(reply));
    atEnd(() => handler.close());
    await handler.ready();
    const early = ask(server, "/early").catch(() => undefined);
    await eventually(() => held.length === 1);
    process.kill(server.pid, "SIGSTOP"); // It takes nothing more, so what is sent now waits.
    const [old] = held.splice(0);
    const large = Buffer.alloc(1 << 20, "o");
    for (let i = 0; i < 20; i++) old.raw(large);
    await server.kill();
    await early;
    await eventually(() => handler.stats().lost > 0);

    await server.restart();
    await handler.ready();
    const late = ask(server, "/late").catch(() => undefined);
    await eventually(() => held.length === 1);
    assert.equal(held[0].request.connection, old.request.connection);
    held[0].http(200, {}, "new");
    assert.equal((await late)?.body, "new");
  });

  it("requests that were asked while no handler was there are answered when one comes", async () => {
    const answers = Promise.all(Array.from({ length: 10 }, (_, i) => ask(server, `/?${i}`).then(({ body }) => body)));
    const handler = new Handler({ servers: server.address }, (request, reply) => reply.http(200, {}, request.query));
    atEnd(() => handler.close());
    assert.deepEqual(
      await answers,
      Array.from({ length: 10 }, (_, i) => String(i)),
    );
  });

  it("a handler that closes answers what it is working on", async () => {
    const handler = new Handler({ servers: server.address }, async (request, reply) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      reply.http(200, {}, request.query);
    });
    await handler.ready();
    const answer = ask(server, "/?last");
    await eventually(() => handler.stats().active === 1);
    await handler.close();
    assert.equal((await answer).body, "last");
  });
});
