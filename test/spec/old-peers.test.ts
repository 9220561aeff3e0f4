/**
 * test_mock_pub_sub (older peers). Peers older than ZMTP 3 (RFC 13: ZMTP 1.0, RFC 15: ZMTP 2.0; the greetings between versions are libzmq's), by hand-written peers.
 */
import assert from "node:assert/strict";
import { Dealer, Publisher, Pull, Reply, Router, Subscriber, XPublisher } from "../../src/node.ts";
import { hex, join, toHexText } from "../support/bytes.ts";
import { EngineProbe } from "../support/engine-probe.ts";
import { check, own, receive } from "../support/harness.ts";
import { CONVERSATIONS, type Conversation, OldPeer, type Subject } from "../support/old-peers.ts";
import { EventLog, RawListener, RawPeer } from "../support/raw-peer.ts";

const CLASSES = { ROUTER: Router, DEALER: Dealer, SUB: Subscriber, XPUB: XPublisher, PULL: Pull, REP: Reply } as const;

type Any = Dealer & Subscriber;

function make({ type, routingId }: Conversation): Any {
  const socket = new CLASSES[type]() as unknown as Any;
  if (routingId !== undefined) socket.routingId = routingId;
  return socket;
}

function subjectOf(socket: Any): Subject {
  return {
    send: (...frames) => socket.send(frames),
    receives: async (...frames) => assert.deepEqual(await receive(socket), frames),
    subscribe: async (topic) => socket.subscribe(topic),
    unsubscribe: async (topic) => socket.unsubscribe(topic),
  };
}

for (const conversation of CONVERSATIONS) {
  for (const bytewise of [false, true]) {
    const how = bytewise ? "octet by octet" : "in pieces";
    check(`test_mock_pub_sub (older peers): ${conversation.title} (peer connects, ${how})`, async (t) => {
      const socket = own(t, make(conversation));
      await socket.bind("tcp://127.0.0.1:*");
      const raw = await RawPeer.connect(t, socket.lastEndpoint as string);
      await conversation.talk(new OldPeer(raw, bytewise), subjectOf(socket));
    });
  }
  check(`test_mock_pub_sub (older peers): ${conversation.title} (peer is connected to)`, async (t) => {
    const listener = await RawListener.listen(t);
    const socket = own(t, make(conversation));
    socket.connect(listener.endpoint);
    await conversation.talk(new OldPeer(await listener.accept(), false), subjectOf(socket));
  });
}

check("the peer says which protocol is spoken, and has a handshake event", async (t) => {
  for (const [bytes, protocol] of [
    ["03 00 69 64", "1.0"],
    ["ff 0000000000000001 7f 00 05 03 00 69 64", "1.0"],
    ["ff 0000000000000001 7f 01 05 00 02 69 64", "2.0"],
  ]) {
    const socket = own(t, new Router());
    const log = new EventLog(socket);
    await socket.bind("tcp://127.0.0.1:*");
    const raw = await RawPeer.connect(t, socket.lastEndpoint as string);
    raw.send(hex(bytes));
    const { peer } = await log.first("handshake");
    assert.deepEqual([peer.protocol, String(peer.routingId), peer.socketType], [protocol, "id", ""]);
  }
});

check("ZMTP 1.0, PUB: a subscriber of that time says nothing and gets everything", async (t) => {
  const pub = own(t, new Publisher());
  await pub.bind("tcp://127.0.0.1:*");
  const raw = await RawPeer.connect(t, pub.lastEndpoint as string);
  raw.send(hex("01 00"));
  await pub.subscribed("");
  await pub.send("abc");
  assert.equal(toHexText(await raw.read(15)), "ff00000000000000017f0400616263");
});

check("no PING, no PONG, no ERROR and nothing else of a newer version is sent", () => {
  for (const opening of ["01 00", "ff 0000000000000001 7f 00 05 01 00", "ff 0000000000000001 7f 01 05 00 00"]) {
    const probe = new EngineProbe({ intervalMs: 10, timeoutMs: 5 }).feed(hex(opening));
    assert.equal(probe.engine.state, "ready");
    probe.takeOutput();
    assert.equal(probe.engine.deadline, Number.POSITIVE_INFINITY);
    probe.engine.tick(1_000_000);
    // What a newer peer would take for a PING.
    if (opening.includes("7f 01")) probe.feed(hex("04 07 04 50494e47 0000"));
    assert.equal(probe.takeOutput().length, 0);
    assert.equal(probe.failures.length, 0);
    assert.equal(probe.messages.length, 0);
  }
});

check("an identity of more than 255 octets ends the connection", () => {
  for (const bytes of [
    join(hex("ff 0000000000000001 7f 01 05 02 0000000000000100"), Buffer.alloc(256)),
    join(hex("ff 0000000000000001 7f 00 05 ff 0000000000000101 00"), Buffer.alloc(256)),
  ]) {
    assert.equal(new EngineProbe().feed(bytes).failure().reason, "invalid-metadata");
  }
});

check("a frame of ZMTP 1.0 beyond maxMessageSize ends the connection before anything is reserved", () => {
  const probe = new EngineProbe({ limits: { maxFrameBytes: 1000 } }).feed(hex("01 00 ff 00000000000003ea 00"));
  assert.equal(probe.failure().reason, "message-too-large");
});

check("where peers are authenticated, older ones are refused by name", () => {
  for (const bytes of ["01 00", "ff 0000000000000001 7f 00 05", "ff 0000000000000001 7f 01 05"]) {
    const failure = new EngineProbe({ acceptsOldPeers: false }).feed(hex(bytes)).failure();
    assert.equal(failure.reason, "old-protocol");
  }
});
