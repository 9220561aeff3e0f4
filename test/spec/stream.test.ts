// STREAM (libzmq test_stream, test_stream_disconnect, test_stream_empty, test_connect_rid): plain TCP as a socket.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { Dealer, Stream } from "../../src/node.ts";

const port = (endpoint: string | null): number => Number(endpoint?.split(":").pop());

test("test_stream, test_stream_disconnect: a browser's request and our answer: connect notice, bytes, and an empty frame that ends the connection", async () => {
  const stream = new Stream();
  await stream.bind("tcp://127.0.0.1:*");
  const served = (async () => {
    const [id, notice] = await stream.receive();
    assert.equal(id.length, 5);
    assert.equal(notice.length, 0);
    const [sameId, request] = await stream.receive();
    assert.deepEqual(sameId, id);
    assert.match(String(request), /^GET \/hello HTTP\/1.1/);
    await stream.send([id, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello World"]);
    await stream.send([id, ""]);
    assert.deepEqual(await stream.receive(), [id, Buffer.alloc(0)], "the disconnect notice");
  })();
  const response = await fetch(`http://127.0.0.1:${port(stream.lastEndpoint)}/hello`);
  assert.equal(await response.text(), "Hello World");
  await served;
  stream.close();
});

test("test_connect_rid (STREAM), test_stream_disconnect: connecting: the id of connect names the connection; notices on both ends of it; then it is unreachable", async () => {
  const server = createServer((socket) => socket.on("data", (data) => socket.end(`echo ${data}`)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const stream = new Stream({ reconnectInterval: -1 });
  stream.connect(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, { routingId: "server" });
  assert.throws(() => stream.connect("tcp://127.0.0.1:9", { routingId: "server" }), { code: "EINVAL" });
  assert.deepEqual((await stream.receive()).map(String), ["server", ""]);
  await stream.send(["server", "ping"]);
  assert.deepEqual((await stream.receive()).map(String), ["server", "echo ping"]);
  assert.deepEqual((await stream.receive()).map(String), ["server", ""]);
  await assert.rejects(stream.send(["server", "anybody?"]), { code: "EHOSTUNREACH" });
  stream.close();
  server.close();
});

test("without notify only bytes are reported", async () => {
  const stream = new Stream({ notify: false });
  await stream.bind("tcp://127.0.0.1:*");
  const socket = connect(port(stream.lastEndpoint), "127.0.0.1");
  socket.end("first and last");
  const [, data] = await stream.receive();
  assert.equal(String(data), "first and last");
  stream.close();
});

test("test_stream: a DEALER's greeting and READY, byte by byte as a STREAM sees them", async () => {
  const stream = new Stream({ notify: false });
  await stream.bind("tcp://127.0.0.1:*");
  const dealer = new Dealer({ routingId: "A", linger: 0 });
  dealer.connect(stream.lastEndpoint as string);
  let seen = Buffer.alloc(0);
  let peer: Buffer = Buffer.alloc(0);
  const until = async (length: number): Promise<void> => {
    while (seen.length < length) {
      const [id, data] = await stream.receive();
      peer = id;
      seen = Buffer.concat([seen, data]);
    }
  };
  await until(10);
  assert.equal(seen.toString("hex"), "ff00000000000000027f");
  const greeting = Buffer.alloc(64);
  greeting.write("ff00000000000000017f0301", "hex");
  greeting.write("NULL", 12);
  await stream.send([peer, greeting]);
  await until(64 + 44);
  assert.equal(seen.subarray(10, 12).toString("hex"), "0301");
  assert.equal(
    seen.subarray(64).toString("hex"),
    "042a0552454144590b536f636b65742d54797065000000064445414c4552084964656e746974790000000141",
  );
  stream.close();
  dealer.close();
});

test("test_stream, test_stream_exceeds_buffer: 8 MiB go through in order, whatever the pieces", async () => {
  const stream = new Stream();
  await stream.bind("tcp://127.0.0.1:*");
  const socket = connect(port(stream.lastEndpoint), "127.0.0.1");
  const [id] = await stream.receive();
  const blob = Buffer.from(Uint32Array.from({ length: 2 << 20 }, (_, index) => index).buffer);
  const echoed: Buffer[] = [];
  let length = 0;
  const back = new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      echoed.push(chunk);
      length += chunk.length;
      if (length === blob.length) resolve();
    });
  });
  socket.write(blob);
  for (let received = 0; received < blob.length; ) {
    const [, data] = await stream.receive();
    received += data.length;
    await stream.send([id, data]);
  }
  await back;
  assert.ok(Buffer.concat(echoed).equals(blob));
  socket.destroy();
  stream.close();
});

test("inproc is no stream of bytes: ENOCOMPATPROTO; a message is [id, data]: EINVAL", async () => {
  const stream = new Stream();
  assert.throws(() => stream.connect("inproc://x"), { code: "ENOCOMPATPROTO" });
  await assert.rejects(stream.bind("inproc://x"), { code: "ENOCOMPATPROTO" });
  await assert.rejects(stream.send("alone"), { code: "EINVAL", message: /\[id, data\]/ });
  stream.close();
});

for (const [title, binds] of [
  ["test_bind_stream_fuzzer", true],
  ["test_connect_stream_fuzzer", false],
] as const) {
  test(`${title}: any bytes are data, in order, and nothing else happens`, async () => {
    const stream = new Stream({ notify: false, reconnectInterval: -1 });
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919 + (index >> 3)) & 0xff));
    const server = createServer((socket) => socket.end(bytes));
    if (binds) {
      await stream.bind("tcp://127.0.0.1:*");
      connect(port(stream.lastEndpoint), "127.0.0.1").end(bytes);
    } else {
      await once(server.listen(0, "127.0.0.1"), "listening");
      stream.connect(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    const chunks: Buffer[] = [];
    while (Buffer.concat(chunks).length < bytes.length) chunks.push((await stream.receive())[1]);
    assert.ok(Buffer.concat(chunks).equals(bytes));
    stream.close();
    server.close();
  });
}

test("test_stream (STREAM to STREAM), test_stream_disconnect: each side hears the other come, speak and go", async () => {
  const server = new Stream();
  await server.bind("tcp://127.0.0.1:*");
  const client = new Stream({ reconnectInterval: -1 });
  client.connect(server.lastEndpoint as string, { routingId: "web" });
  assert.deepEqual((await client.receive()).map(String), ["web", ""]);
  const [browser, notice] = await server.receive();
  assert.equal(notice.length, 0);
  await client.send(["web", "GET /\n\n"]);
  assert.deepEqual((await server.receive()).map(String), [String(browser), "GET /\n\n"]);
  const page = Buffer.alloc(65_536, "page");
  await server.send([browser, page]);
  const parts: Buffer[] = [];
  while (Buffer.concat(parts).length < page.length) parts.push((await client.receive())[1]);
  assert.ok(Buffer.concat(parts).equals(page));
  await client.send(["web", ""]);
  assert.deepEqual(await server.receive(), [browser, Buffer.alloc(0)]);
  assert.deepEqual((await client.receive()).map(String), ["web", ""]);
  await assert.rejects(server.send([browser, "anybody?"]), { code: "EHOSTUNREACH" });
  server.close();
  client.close();
});

test("test_stream_empty: an empty frame to a connection that is ending, and from a peer that says nothing, does no harm", async () => {
  const server = new Stream();
  await server.bind("tcp://127.0.0.1:*");
  const client = new Dealer({ linger: 0 });
  client.connect(server.lastEndpoint as string);
  const [id] = await server.receive();
  await server.send([id, ""]);
  for (let ended = false; !ended; ) {
    const [from, data] = await server.receive();
    ended = from.equals(id) && data.length === 0;
  }
  await assert.rejects(server.send([id, ""]), { code: "EHOSTUNREACH" });
  client.close();
  server.close();
});
