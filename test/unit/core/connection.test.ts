// A connection and what it writes in a handshake: at once what one chunk of the peer's calls for, also over a slow link, also before an end.
import assert from "node:assert/strict";
import type { LinkSink } from "../../../src/core/transport.ts";
import { Pull } from "../../../src/node.ts";
import { StreamLink } from "../../../src/transports/node-stream.ts";
import { greeting } from "../../support/engine-probe.ts";
import { bound, check, own } from "../../support/harness.ts";
import { RawPeer } from "../../support/raw-peer.ts";

check("what a handshake says while a write is in flight goes out when that is taken", async (t) => {
  const { start, write } = StreamLink.prototype;
  t.after(() => Object.assign(StreamLink.prototype, { start, write }));
  const sinks = new WeakMap<StreamLink, LinkSink>();
  StreamLink.prototype.start = function (sink) {
    sinks.set(this, sink);
    start.call(this, sink);
  };
  // As on Deno, or behind a full buffer: taken some time after the peer's answer has come.
  StreamLink.prototype.write = function (parts) {
    assert.equal(write.call(this, parts), true);
    setTimeout(() => sinks.get(this)?.onTaken(), 30);
    return false;
  };
  const endpoint = await bound(own(t, new Pull()));
  const peer = await RawPeer.connect(t, endpoint);
  peer.send(greeting());
  assert.equal((await peer.read(64))[63], 0);
});

check("a peer's greeting that comes at once is answered by one write, READY and all", async (t) => {
  const { write } = StreamLink.prototype;
  t.after(() => Object.assign(StreamLink.prototype, { write }));
  const writes: number[] = [];
  StreamLink.prototype.write = function (parts) {
    writes.push(parts.reduce((sum, { length }) => sum + length, 0));
    return write.call(this, parts);
  };
  const endpoint = await bound(own(t, new Pull()));
  const peer = await RawPeer.connect(t, endpoint);
  peer.send(greeting());
  await peer.read(64);
  const [, { length: size }] = [await peer.read(1), await peer.read((await peer.read(1))[0])];
  assert.deepEqual(writes, [10, 54 + 2 + size]);
});

check("a peer that cannot be spoken with still gets the whole greeting, to learn the reason", async (t) => {
  const endpoint = await bound(own(t, new Pull()));
  const peer = await RawPeer.connect(t, endpoint);
  peer.send(greeting({ mechanism: "PLAIN" }));
  assert.equal((await peer.read(64)).subarray(12, 16).toString(), "NULL");
});
