// Heartbeats: ours do not disturb libzmq and its do not disturb us, and each side finds out when the other is silent.

import assert from "node:assert/strict";
import { boundTo, deadline, newEndpoint, nextEvent, type OurOptions, receiveAll, sendAll } from "../support/ours.ts";
import { text } from "../support/pattern.ts";
import type { PeerOptions, TypeName } from "../support/peer.ts";
import { libzmqC, libzmqNode } from "../support/peers.ts";
import { Tap } from "../support/tap.ts";
import { SIDES, type Side, type Stage, withPeer } from "../support/with-peer.ts";

const HELLO = text("hello");
/** Often, and with much patience: a loaded machine must not look like a silent peer. */
const BEATS = { heartbeatInterval: 30, heartbeatTimeout: 10_000 };
const ENOUGH = 5;

/** Joins one of ours and one of theirs through a tap. */
async function tapped(
  stage: Stage,
  binder: Side,
  [ourType, ourOptions]: readonly [TypeName, OurOptions],
  [theirType, theirOptions]: readonly [TypeName, PeerOptions],
) {
  const ours = stage.ours(ourType, ourOptions);
  const theirs = await stage.theirs(theirType, theirOptions);
  let tap: Tap;
  if (binder === "ours") {
    await ours.bind(await newEndpoint("tcp"));
    tap = await Tap.to(boundTo(ours));
    await theirs.connect(tap.endpoint);
  } else {
    tap = await Tap.to(await theirs.bind(await newEndpoint("tcp")));
    ours.connect(tap.endpoint);
  }
  stage.defer(() => tap.close());
  await Promise.all([ours.connected(1, deadline()), theirs.event("handshake")]);
  return {
    ours,
    theirs,
    tap,
    we: binder === "ours" ? "listener" : "dialler",
    they: binder === "ours" ? "dialler" : "listener",
  } as const;
}

const PAIRS: readonly (readonly [ours: TypeName, theirs: TypeName])[] = [
  ["PUSH", "PULL"],
  ["PULL", "PUSH"],
  ["PUB", "SUB"],
  ["SUB", "PUB"],
  ["REQ", "REP"],
  ["REP", "REQ"],
  ["DEALER", "ROUTER"],
  ["ROUTER", "DEALER"],
  ["PAIR", "PAIR"],
];

// Time has to pass here, and Python has the same libzmq as C.
for (const kind of [libzmqNode, libzmqC]) {
  withPeer(kind, "heartbeats", (test) => {
    for (const binder of SIDES) {
      test(`ours are answered, bound by ${binder}`, async (stage) => {
        const { ours, theirs, tap, we, they } = await tapped(stage, binder, ["PUSH", BEATS], ["PULL", {}]);
        await Promise.all([tap.seen(we, "PING", ENOUGH), tap.seen(they, "PONG", ENOUGH)]);
        await sendAll(ours, HELLO);
        assert.deepEqual(await theirs.receive(), [HELLO]);
        assert.equal(tap.connections, 1);
      });

      test(`theirs are answered, bound by ${binder}`, async (stage) => {
        const { ours, theirs, tap, we, they } = await tapped(stage, binder, ["PUSH", {}], ["PULL", BEATS]);
        await Promise.all([tap.seen(they, "PING", ENOUGH), tap.seen(we, "PONG", ENOUGH)]);
        await sendAll(ours, HELLO);
        assert.deepEqual(await theirs.receive(), [HELLO]);
        assert.equal(tap.connections, 1);
      });

      test(`we find out that they are silent, bound by ${binder}`, async (stage) => {
        const ours = stage.ours("DEALER", { heartbeatInterval: 100, heartbeatTimeout: 1000 });
        const peer = await stage.start();
        const theirs = await peer.socket("DEALER", { events: true });
        await stage.join(ours, theirs, binder);
        const gone = nextEvent(ours, "disconnect");
        peer.freeze();
        assert.equal((await gone).reason, "heartbeat-timeout");
        peer.thaw();
        await ours.connected(1, deadline());
        await sendAll(ours, HELLO);
        assert.deepEqual(await theirs.receive(), [HELLO]);
      });

      test(`they find out that we are silent, bound by ${binder}`, async (stage) => {
        const beats = { heartbeatInterval: 100, heartbeatTimeout: 1000 };
        const { ours, theirs, tap } = await tapped(stage, binder, ["DEALER", {}], ["DEALER", beats]);
        tap.silence();
        await theirs.event("disconnect");
        // Without heartbeats of our own we learn it only now.
        tap.cut();
        await theirs.event("handshake");
        await theirs.send(HELLO);
        assert.deepEqual(await receiveAll(ours), [HELLO]);
      });
    }

    for (const [ourType, theirType] of PAIRS) {
      test(`both at once, our ${ourType} and their ${theirType}`, async (stage) => {
        const { tap, we, they } = await tapped(stage, "ours", [ourType, BEATS], [theirType, BEATS]);
        await Promise.all([we, they].flatMap((side) => [tap.seen(side, "PING", ENOUGH), tap.seen(side, "PONG", ENOUGH)]));
        assert.equal(tap.connections, 1);
      });
    }

    test("a time to live that they announce ends the connection when they fall silent", async (stage) => {
      const ours = stage.ours("PULL");
      const peer = await stage.start();
      const theirs = await peer.socket("PUSH", { events: true, ...BEATS, heartbeatTimeToLive: 1000 });
      await ours.bind(await newEndpoint("tcp"));
      const tap = await Tap.to(boundTo(ours));
      stage.defer(() => tap.close());
      await theirs.connect(tap.endpoint);
      await tap.seen("dialler", "PING", 1);
      const gone = nextEvent(ours, "disconnect");
      peer.freeze();
      assert.equal((await gone).reason, "ttl-expired");
      peer.thaw();
      // What it sent before it sees the end would be lost with the connection.
      await theirs.event("disconnect");
      await theirs.event("handshake");
      await theirs.send(HELLO);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
    });

    test("a time to live that we announce ends the connection when we fall silent", async (stage) => {
      const beats = { ...BEATS, heartbeatTimeToLive: 1000 };
      const { theirs, tap } = await tapped(stage, "theirs", ["PUSH", beats], ["PULL", {}]);
      await tap.seen("listener", "PONG", 1);
      tap.silence();
      await theirs.event("disconnect");
    });
  });
}
