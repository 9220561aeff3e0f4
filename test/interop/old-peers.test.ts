// The conversations of spec/old-peers.test.ts, held with libzmq's sockets: the octets that ours are tested for are those that libzmq sends.

import assert from "node:assert/strict";
import { CONVERSATIONS, OldPeer, type Subject } from "../support/old-peers.ts";
import { newEndpoint } from "../support/ours.ts";
import { describe, text } from "../support/pattern.ts";
import type { PeerSocket } from "../support/peer.ts";
import { LIBZMQ } from "../support/peers.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { withPeer } from "../support/with-peer.ts";

function subjectOf(socket: PeerSocket): Subject {
  return {
    send: (...frames) => socket.send(frames.map(text).join(",")),
    receives: async (...frames) =>
      assert.deepEqual(await socket.receive(), [describe(frames.map((frame) => Buffer.from(frame)))]),
    subscribe: (topic) => socket.subscribe(text(topic)),
    unsubscribe: (topic) => socket.unsubscribe(text(topic)),
  };
}

for (const kind of LIBZMQ) {
  withPeer(kind, "old peers", (test) => {
    for (const { title, type, routingId, talk } of CONVERSATIONS) {
      test(title, async (stage) => {
        const socket = await stage.theirs(type, routingId === undefined ? {} : { routingId: text(routingId) });
        const endpoint = await socket.bind(await newEndpoint("tcp"));
        const raw = await RawPeer.connect({ after: (close) => stage.defer(() => void close()) }, endpoint);
        await talk(new OldPeer(raw, false), subjectOf(socket));
      });
    }
  });
}
