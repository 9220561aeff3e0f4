// STREAM with libzmq's STREAM, with an HTTP client and an HTTP server of Node, and with a libzmq socket that it talks ZMTP to by hand.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stream } from "../../src/node.ts";
import { join } from "../support/bytes.ts";
import { greeting, message, ready } from "../support/engine-probe.ts";
import { Mortal } from "../support/mortal.ts";
import { boundTo, newEndpoint, type OurSocket, receiveAll, sendAll, TRANSPORTS, type Transport } from "../support/ours.ts";
import { describe, frame, reportOf, text } from "../support/pattern.ts";
import type { PeerSocket } from "../support/peer.ts";
import { libzmqNode } from "../support/peers.ts";
import { SIDES, type Side, type Stage, withPeer } from "../support/with-peer.ts";

const KIB = 1024;
const LARGE = 8 * KIB * KIB;
const SIZES = [1, 255, 256, 8192, 8193, 64 * KIB, LARGE];
const EMPTY = "x";

const headOf = (report: string): string => report.slice(0, report.indexOf(","));

/** So many octets from our STREAM, which must all be of one connection; their report. */
async function collect(stream: OurSocket, octets: number): Promise<string> {
  const pieces: Buffer[] = [];
  let from: Buffer | undefined;
  for (let left = octets; left > 0; left -= pieces[pieces.length - 1].length) {
    const [id, data] = await stream.receive();
    from ??= id;
    assert.deepEqual(id, from);
    assert.notEqual(data.length, 0, "the connection ended");
    pieces.push(data);
  }
  return describe([from as Buffer, Buffer.concat(pieces)]);
}

/** Connects them; both must announce it. Resolves with the ids that each gave. */
async function joined(
  ours: OurSocket,
  theirs: PeerSocket,
  binder: Side,
  transport: Transport = "tcp",
): Promise<{ ourId: string; theirId: string; endpoint: string }> {
  let endpoint: string;
  if (binder === "ours") {
    await ours.bind(await newEndpoint(transport));
    endpoint = boundTo(ours);
    await theirs.connect(endpoint);
  } else {
    endpoint = await theirs.bind(await newEndpoint(transport));
    ours.connect(endpoint);
  }
  const [[mine], [other]] = await Promise.all([receiveAll(ours), theirs.receive()]);
  assert.match(mine, /^x00[0-9a-f]{8},x$/);
  assert.match(other, /^x00[0-9a-f]{8},x$/);
  return { ourId: headOf(mine), theirId: headOf(other), endpoint };
}

/** Our STREAM as an HTTP server: `answer` is given each whole request, until the socket is closed. */
async function serveHttp(stream: OurSocket, answer: (head: string, body: Buffer) => string | undefined): Promise<number> {
  const requests = new Map<string, Buffer>();
  let connections = 0;
  for await (const [id, data] of stream as AsyncIterable<[Buffer, Buffer]>) {
    const key = id.toString("hex");
    if (data.length === 0) {
      // The notices of its beginning and its end.
      if (!requests.delete(key)) {
        requests.set(key, data);
        connections++;
      }
      continue;
    }
    const all = Buffer.concat([requests.get(key) ?? Buffer.alloc(0), data]);
    requests.set(key, all);
    const end = all.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const head = all.toString("latin1", 0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    const body = all.subarray(end + 4);
    if (body.length < length) continue;
    requests.set(key, Buffer.alloc(0));
    const text = answer(head, body);
    if (text !== undefined) await stream.send([id, text]);
    if (/^connection: close$/im.test(head)) await stream.send([id, ""]);
  }
  return connections;
}

async function ask(port: number, agent: Agent, path: string, body?: Buffer): Promise<string> {
  const headers = body === undefined ? {} : { "Content-Length": body.length };
  const asking = request({ host: "127.0.0.1", port, path, agent, method: body === undefined ? "GET" : "POST", headers });
  asking.end(body);
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return `${response.statusCode} ${Buffer.concat(chunks)}`;
}

const portOf = (stream: OurSocket): number => Number(boundTo(stream).split(":").at(-1));

function agent(stage: Stage, keepAlive: boolean): Agent {
  const made = new Agent({ keepAlive });
  stage.defer(() => made.destroy());
  return made;
}

const echoing = (head: string, body: Buffer): string => {
  const text = `${head.split(" ")[1]} ${body.length}`;
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
};

withPeer(libzmqNode, "STREAM", (test) => {
  for (const binder of SIDES) {
    for (const transport of TRANSPORTS) {
      test(`octets go both ways between ours and theirs over ${transport}, bound by ${binder}`, async (stage) => {
        const ours = stage.ours("STREAM");
        const theirs = await stage.theirs("STREAM");
        const { ourId, theirId } = await joined(ours, theirs, binder, transport);
        for (const size of SIZES) {
          const [got] = await Promise.all([theirs.collect(size), sendAll(ours, `${ourId},${frame(size)}`)]);
          assert.equal(got, reportOf(`${theirId},${frame(size)}`));
          const [back] = await Promise.all([collect(ours, size), theirs.send(`${theirId},${frame(size)}`)]);
          assert.equal(back, reportOf(`${ourId},${frame(size)}`));
        }
      });
    }

    test(`an empty frame of ours ends the connection when what is before it is out, bound by ${binder}`, async (stage) => {
      // Only ours: a libzmq STREAM that does not dial again forgets to tell of the end.
      const ours = stage.ours("STREAM", { reconnectInterval: -1 });
      const theirs = await stage.theirs("STREAM", { reconnectInterval: 60_000 });
      const { ourId, theirId } = await joined(ours, theirs, binder);
      const last = frame(LARGE);
      const [got] = await Promise.all([theirs.collect(LARGE), sendAll(ours, `${ourId},${last}`, `${ourId},${EMPTY}`)]);
      assert.equal(got, reportOf(`${theirId},${last}`));
      assert.deepEqual(await theirs.receive(), [`${theirId},${EMPTY}`]);
      assert.deepEqual(await receiveAll(ours), [`${ourId},${EMPTY}`]);
      await assert.rejects(sendAll(ours, `${ourId},${last}`), { code: "EHOSTUNREACH" });
    });

    test(`an empty frame of theirs ends the connection, bound by ${binder}`, async (stage) => {
      const ours = stage.ours("STREAM", { reconnectInterval: -1 });
      const theirs = await stage.theirs("STREAM", { reconnectInterval: 60_000 });
      const { ourId, theirId } = await joined(ours, theirs, binder);
      const last = frame(64 * KIB);
      const [got] = await Promise.all([collect(ours, 64 * KIB), theirs.send(`${theirId},${last}`)]);
      assert.equal(got, reportOf(`${ourId},${last}`));
      await theirs.send(`${theirId},${EMPTY}`);
      const notice = receiveAll(ours);
      let ended = false;
      void notice.finally(() => {
        ended = true;
      });
      // libzmq goes on with it within a call to its socket.
      while (!ended) await theirs.none(10);
      assert.deepEqual(await notice, [`${ourId},${EMPTY}`]);
      await assert.rejects(sendAll(ours, `${ourId},${last}`), { code: "EHOSTUNREACH" });
    });
  }

  test("their STREAM that dialled is killed: a notice, and another connection for the next", async (stage) => {
    const ours = stage.ours("STREAM");
    const mortal = await Mortal.start(stage, "STREAM");
    const { ourId, endpoint } = await joined(ours, mortal.socket, "ours");
    await mortal.kill(ours);
    assert.deepEqual(await receiveAll(ours), [`${ourId},${EMPTY}`]);
    await assert.rejects(sendAll(ours, `${ourId},${text("x")}`), { code: "EHOSTUNREACH" });
    const again = await mortal.restart();
    await again.connect(endpoint);
    const [notice] = await receiveAll(ours);
    assert.notEqual(headOf(notice), ourId);
    const [theirNotice] = await again.receive();
    await sendAll(ours, `${headOf(notice)},${text("hello")}`);
    assert.equal(await again.collect(5), `${headOf(theirNotice)},${text("hello")}`);
  });

  test("their STREAM that listens is killed: a notice, and one more with the same id when ours has dialled the next", async (stage) => {
    const ours = stage.ours("STREAM");
    const mortal = await Mortal.start(stage, "STREAM");
    const { ourId, endpoint } = await joined(ours, mortal.socket, "theirs");
    await mortal.kill(ours);
    assert.deepEqual(await receiveAll(ours), [`${ourId},${EMPTY}`]);
    const again = await mortal.restart();
    await again.bind(endpoint);
    assert.deepEqual(await receiveAll(ours), [`${ourId},${EMPTY}`]);
    const [theirNotice] = await again.receive();
    await again.send(`${headOf(theirNotice)},${text("hello")}`);
    assert.equal(await collect(ours, 5), `${ourId},${text("hello")}`);
  });

  test("our STREAM speaks ZMTP to their PULL by hand", async (stage) => {
    const ours = stage.ours("STREAM");
    const theirs = await stage.theirs("PULL");
    (ours as unknown as Stream).connect(await theirs.bind(await newEndpoint("tcp")), { routingId: "by hand" });
    const id = text("by hand");
    assert.deepEqual(await receiveAll(ours), [`${id},${EMPTY}`]);
    const READY_OF_PULL = 28;
    await ours.send([Buffer.from("by hand"), join(greeting(), ready("PUSH"))]);
    assert.match(await collect(ours, 64 + READY_OF_PULL), new RegExp(`^${id},`));
    // Before this libzmq would take it for a command out of order.
    await ours.send([Buffer.from("by hand"), message("a", "b")]);
    assert.deepEqual(await theirs.receive(), [`${text("a")},${text("b")}`]);
  });

  test("our STREAM is an HTTP server: requests one after the other on one connection, small and large", async (stage) => {
    const ours = stage.ours("STREAM");
    await ours.bind(await newEndpoint("tcp"));
    const served = serveHttp(ours, echoing);
    const client = agent(stage, true);
    for (let count = 0; count < 10; count++) assert.equal(await ask(portOf(ours), client, `/${count}`), `200 /${count} 0`);
    for (const size of SIZES) assert.equal(await ask(portOf(ours), client, "/up", Buffer.alloc(size)), `200 /up ${size}`);
    await ours.end(0);
    assert.equal(await served, 1);
  });

  test("our STREAM is an HTTP server for many at once, and ends each connection that asks for it", async (stage) => {
    const ours = stage.ours("STREAM");
    await ours.bind(await newEndpoint("tcp"));
    const served = serveHttp(ours, echoing);
    const client = agent(stage, false);
    const asking = Array.from({ length: 50 }, (_, index) => ask(portOf(ours), client, `/${index}`, Buffer.alloc(1000 * index)));
    assert.deepEqual(
      await Promise.all(asking),
      asking.map((_, index) => `200 /${index} ${1000 * index}`),
    );
    await ours.end(0);
    assert.equal(await served, 50);
  });

  test("our STREAM is an HTTP client of Node's server", async (stage) => {
    const server = createServer((_, response) => response.end("x".repeat(64 * KIB)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    stage.defer(() => void server.close());
    const ours = stage.ours("STREAM", { reconnectInterval: -1 });
    ours.connect(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const [id] = await ours.receive();
    await ours.send([id, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]);
    const chunks: Buffer[] = [];
    for (;;) {
      const [from, data] = await ours.receive();
      assert.deepEqual(from, id);
      if (data.length === 0) break;
      chunks.push(data);
    }
    const answer = Buffer.concat(chunks).toString();
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(answer.includes("x".repeat(64 * KIB)));
  });
});
