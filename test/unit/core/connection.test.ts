// A connection whose link is slow to take what is written.
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
