/** libzmq's test_socks: the octets that a SOCKS5 proxy gets from us (RFC 1928, RFC 1929), and what becomes of its answers. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { Push, Reply, Request, type SocketOptions } from "../../src/node.ts";
import { hex, join, text, toHexText } from "../support/bytes.ts";
import { check, Events, own, receive } from "../support/harness.ts";
import { RawListener, type RawPeer } from "../support/raw-peer.ts";

const SUCCESS = hex("05 00 00 01 00000000 0000");

/** The proxy, told by the test; the client dials `target` through it. */
async function dialled(
  t: Parameters<Parameters<typeof check>[1]>[0],
  target: string,
  options: SocketOptions<Request> = {},
): Promise<{ proxy: RawPeer; request: Request }> {
  const listener = await RawListener.listen(t);
  const request = own(t, new Request({ ...options, socksProxy: listener.endpoint.slice("tcp://".length) }));
  request.connect(target);
  return { proxy: await listener.accept(), request };
}

async function expect(proxy: RawPeer, octets: Uint8Array): Promise<void> {
  assert.equal(toHexText(await proxy.read(octets.length)), toHexText(octets));
}

check("test_socks: without a login, a name goes to the proxy as it is; its answers may come octet by octet", async (t) => {
  const reply = own(t, new Reply());
  await reply.bind("tcp://127.0.0.1:*");
  const port = Number(reply.lastEndpoint?.split(":").pop());
  const { proxy, request } = await dialled(t, `tcp://a.name.nobody.knows:${port}`);
  await expect(proxy, hex("05 01 00"));
  for (const octet of hex("05 00")) {
    proxy.send(Buffer.of(octet));
    await new Promise(setImmediate);
  }
  const name = "a.name.nobody.knows";
  await expect(proxy, join(hex("05 01 00 03"), Buffer.of(name.length), text(name), Buffer.of(port >> 8, port & 0xff)));
  const target = connect(port, "127.0.0.1");
  t.after(() => target.destroy());
  for (const octet of SUCCESS) {
    proxy.send(Buffer.of(octet));
    await new Promise(setImmediate);
  }
  // From here on it only passes octets on.
  target.pipe(proxy.socket);
  proxy.socket.pipe(target);
  proxy.socket.unshift(proxy.unread);
  await request.send("hello");
  assert.deepEqual(await receive(reply), ["hello"]);
  await reply.send("world");
  assert.deepEqual(await receive(request), ["world"]);
});

check("test_socks: what the target says right behind the proxy's answer is not lost", async (t) => {
  const { proxy, request } = await dialled(t, "tcp://127.0.0.1:9");
  await proxy.read(3);
  proxy.send(hex("05 00"));
  await proxy.read(10);
  const events = new Events(request);
  proxy.send(join(SUCCESS, text("GET / HTTP/1.1\r\n")));
  assert.equal((await events.next("disconnect")).reason, "not-zmtp");
});

check("test_socks: IPv6 addresses, and a user with a password", async (t) => {
  const options = { ipv6: true, socksUsername: "joe", socksPassword: "secret" };
  const { proxy } = await dialled(t, "tcp://[::1]:80", options);
  const methods = await proxy.read(2);
  assert.equal(methods[0], 5);
  assert.ok((await proxy.read(methods[1])).includes(2), "login is offered");
  proxy.send(hex("05 02"));
  await expect(proxy, join(hex("01 03"), text("joe"), hex("06"), text("secret")));
  proxy.send(hex("01 00"));
  await expect(proxy, join(hex("05 01 00 04"), hex("00*15 01"), hex("0050")));
});

check("test_socks: a proxy that refuses, that wants another method, or that speaks nonsense is tried again", async (t) => {
  for (const answer of [hex("05 ff"), text("HTTP/1.1 400\r\n"), join(hex("05 00"), hex("05 05 00 01 00000000 0000"))]) {
    const listener = await RawListener.listen(t);
    const push = own(t, new Push({ reconnectInterval: 1, socksProxy: listener.endpoint.slice("tcp://".length) }));
    const events = new Events(push);
    push.connect("tcp://127.0.0.1:9");
    const proxy = await listener.accept();
    await proxy.read(3);
    proxy.send(answer);
    assert.equal((await events.next("connect:retry")).error.reason, "proxy-refused");
    await listener.accept();
  }
});
