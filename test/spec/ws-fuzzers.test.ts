/**
 * libzmq's test_bind_ws_fuzzer and test_connect_ws_fuzzer: whatever bytes come over ws, from the first on or after a good beginning, cost their sender
 * its connection and nobody else anything.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { seededRandom } from "../../src/base/random.ts";
import { Pull, Push } from "../../src/node.ts";
import { command } from "../support/engine-probe.ts";
import { check, Events, own, receive } from "../support/harness.ts";
import { RawListener, RawPeer } from "../support/raw-peer.ts";
import { BINARY, frame, WebPeer } from "../support/web.ts";

const STREAMS = 60;
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const random = seededRandom(45);
const noise = (least: number, most: number): Buffer =>
  Buffer.from(Array.from({ length: least + random.next(most - least) }, () => random.next(256)));

/** What may follow an upgrade: noise, a whole frame of noise, a good stream with a bit turned, cut, or with noise behind it. */
function afterUpgrade(kind: number, masked: boolean): Buffer {
  const properties = Buffer.from("\x0bSocket-Type\x00\x00\x00\x04PUSH", "latin1");
  const ready = Buffer.concat([Buffer.from([2]), command("READY", properties).subarray(2)]);
  const good = Buffer.concat([
    frame(BINARY, ready, { masked }),
    frame(BINARY, Buffer.from("\x01first"), { masked }),
    frame(BINARY, Buffer.from("\x00last"), { masked }),
  ]);
  if (kind === 0) return noise(1, 200);
  if (kind === 1) return frame(random.next(16), noise(0, 100), { masked, rsv: random.next(8), fin: random.next(2) === 0 });
  if (kind === 2) {
    good[random.next(good.length)] ^= 1 << random.next(8);
    return good;
  }
  return kind === 3 ? good.subarray(0, random.next(good.length)) : Buffer.concat([good.subarray(0, 40), noise(1, 60)]);
}

check("test_bind_ws_fuzzer: a listener survives any bytes, and a good peer still gets through", async (t) => {
  const pull = own(t, new Pull({ handshakeInterval: 500 }));
  await pull.bind("ws://127.0.0.1:*");
  const endpoint = pull.lastEndpoint as string;
  for (let i = 0; i < STREAMS; i++) {
    if (i % 6 === 5) {
      const raw = await RawPeer.connect(t, endpoint.replace("ws:", "tcp:"));
      raw.send(i % 12 === 5 ? noise(1, 300) : Buffer.concat([Buffer.from("GET / HTTP/1.1\r\n"), noise(1, 300)]));
      raw.socket.end();
      continue;
    }
    const peer = await WebPeer.connect(t, endpoint);
    assert.match(await peer.ask("/"), /^HTTP\/1.1 101 /);
    peer.send(afterUpgrade(i % 6, true));
    peer.raw.socket.end();
  }
  const push = own(t, new Push());
  push.connect(endpoint);
  await push.send("good");
  for (;;) {
    const [first] = await receive(pull);
    if (first === "good") break;
  }
});

/** Answers the upgrade of one connection of ours. */
async function upgrade(peer: RawPeer): Promise<void> {
  let request = "";
  while (!request.endsWith("\r\n\r\n")) request += (await peer.read(1)).toString("latin1");
  const key = /^sec-websocket-key: (\S+)/im.exec(request)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}${ACCEPT_SUFFIX}`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  peer.send(
    Buffer.from([...lines, `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: ZWS2.0/NULL", "", ""].join("\r\n")),
  );
}

check("test_connect_ws_fuzzer: a client survives any bytes of a server, and its other endpoints are not touched", async (t) => {
  const listener = await RawListener.listen(t);
  const good = new Push({ linger: 0 });
  t.after(() => good.end(0));
  await good.bind("ws://127.0.0.1:*");
  for (let i = 0; i < STREAMS; i++) {
    const pull = new Pull({ reconnectInterval: -1, handshakeInterval: 500 });
    t.after(() => pull.end(0));
    const events = new Events(pull);
    pull.connect(listener.endpoint.replace("tcp:", "ws:"));
    const peer = await listener.accept();
    if (i % 6 === 5) peer.send(i % 12 === 5 ? noise(1, 300) : Buffer.concat([Buffer.from("HTTP/1.1 "), noise(1, 300)]));
    else {
      await upgrade(peer);
      peer.send(afterUpgrade(i % 6, false));
    }
    peer.socket.end();
    await Promise.race([events.next("disconnect"), events.next("close")]);
    pull.connect(good.lastEndpoint as string);
    await good.connected();
    await good.send("good");
    for (;;) {
      const [first] = await receive(pull);
      if (first === "good") break;
    }
    await pull.end(0);
  }
});
