// ROUTER with ZMQ_ROUTER_RAW: plain TCP through a ROUTER, as programs from before STREAM had it (libzmq router.cpp, zmq_setsockopt(3)).
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Router } from "../../src/node.ts";
import { check, freePort, own, receive } from "../support/harness.ts";

const portOf = (socket: Router): number => Number(socket.lastEndpoint?.split(":").pop());

check("bytes come as [id, data] between two notices; empty data ends the connection", async (t) => {
  const router = own(t, new Router({ routerRaw: true }));
  await router.bind("tcp://127.0.0.1:*");
  const served = (async () => {
    const [id, notice] = await router.receive();
    assert.deepEqual([id.length, notice.length], [5, 0]);
    const [same, request] = await router.receive();
    assert.deepEqual(same, id);
    assert.match(String(request), /^GET \/raw HTTP\/1.1/);
    await router.send([id, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello"]);
    await router.send([id, ""]);
    assert.deepEqual(await router.receive(), [id, Buffer.alloc(0)]);
  })();
  assert.equal(await (await fetch(`http://127.0.0.1:${portOf(router)}/raw`)).text(), "Hello");
  await served;
});

check("it connects too, by the id of connect", async (t) => {
  const server = createServer((socket) => socket.on("data", (data) => socket.end(`echo ${data}`)));
  const port = await freePort();
  await once(server.listen(port, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const router = own(t, new Router({ routerRaw: true, reconnectInterval: -1 }));
  router.connect(`tcp://127.0.0.1:${port}`, { routingId: "server" });
  assert.deepEqual(await receive(router), ["server", ""]);
  await router.send(["server", "ping"]);
  assert.deepEqual(await receive(router), ["server", "echo ping"]);
  assert.deepEqual(await receive(router), ["server", ""]);
});

check("a message is an id and data, nothing else; inproc has no bytes", async (t) => {
  const router = own(t, new Router({ routerRaw: true }));
  await router.bind("tcp://127.0.0.1:*");
  const socket = connect(portOf(router), "127.0.0.1");
  t.after(() => socket.destroy());
  const [id] = await router.receive();
  await assert.rejects(router.send([id, "a", "b"]), { code: "EINVAL" });
  await assert.rejects(async () => router.bind("inproc://raw"), { code: "ENOCOMPATPROTO" });
});

check("mandatory holds for bytes as well", async (t) => {
  const router = own(t, new Router({ routerRaw: true, mandatory: true }));
  await assert.rejects(router.send(["nobody", "data"]), { code: "EHOSTUNREACH" });
});
