// Full queues, limits and endpoints that come and go, with libzmq on the other side.

import assert from "node:assert/strict";
import { boundTo, deadline, newEndpoint, nextEvent, receiveAll, sendAll } from "../support/ours.ts";
import { frame, framesOf, reportOf, text } from "../support/pattern.ts";
import { LIBZMQ } from "../support/peers.ts";
import { withPeer } from "../support/with-peer.ts";

const HELLO = text("hello");
const KIB64 = 64 * 1024;

for (const kind of LIBZMQ) {
  withPeer(kind, "limits", (test) => {
    test("our PUSH has no room when their PULL does not read, and has again when it does", async (stage) => {
      const ours = stage.ours("PUSH", { sendHighWaterMark: 10 });
      const theirs = await stage.theirs("PULL", { receiveHighWaterMark: 10 });
      await stage.join(ours, theirs, "ours");
      let sent = 0;
      // Full is full only when it stays so while the event loop turns and the system's buffers have filled.
      for (let refused = 0; refused < 50; ) {
        if (ours.trySend(framesOf(frame(KIB64, sent)))) {
          sent++;
          refused = 0;
        } else {
          refused++;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
      assert.ok(sent >= 20, `${sent} were taken`);
      const waiting = ours.send(framesOf(frame(KIB64, sent)));
      assert.deepEqual(
        await theirs.receive(sent + 1),
        Array.from({ length: sent + 1 }, (_, i) => reportOf(frame(KIB64, i))),
      );
      await waiting;
    });

    test("their PUSH has no room when our PULL does not read, and nothing is lost", async (stage) => {
      const ours = stage.ours("PULL", { receiveHighWaterMark: 10 });
      const theirs = await stage.theirs("PUSH", { sendHighWaterMark: 10, timeout: 500 });
      await stage.join(ours, theirs, "ours");
      let sent = 0;
      await assert.rejects(async () => {
        for (; ; sent++) await theirs.send(frame(KIB64, sent));
      });
      assert.ok(sent >= 20, `${sent} were taken`);
      assert.deepEqual(
        await receiveAll(ours, sent),
        Array.from({ length: sent }, (_, i) => reportOf(frame(KIB64, i))),
      );
      await theirs.send(HELLO);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
    });

    test("a frame above our limit costs them the connection, one at it does not", async (stage) => {
      const ours = stage.ours("PULL", { maxMessageSize: 1000 });
      const theirs = await stage.theirs("PUSH");
      await stage.join(ours, theirs, "ours");
      await theirs.send(`${frame(1000)},${frame(1000)}`);
      assert.deepEqual(await receiveAll(ours), [reportOf(`${frame(1000)},${frame(1000)}`)]);
      const gone = nextEvent(ours, "disconnect", "handshake:error:protocol");
      await theirs.send(frame(1001));
      assert.equal((await gone).error.reason, "message-too-large");
      await theirs.event("disconnect");
      await theirs.event("handshake");
      await theirs.send(HELLO);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
    });

    test("our unbind ends their connection; after a new bind they are back", async (stage) => {
      const [ours, theirs] = [stage.ours("PULL"), await stage.theirs("PUSH")];
      const endpoint = await stage.join(ours, theirs, "ours");
      await ours.unbind(endpoint);
      await theirs.event("disconnect");
      await theirs.send(HELLO);
      await ours.bind(endpoint);
      await theirs.event("handshake");
      assert.deepEqual(await receiveAll(ours), [HELLO]);
    });

    test("our disconnect ends the connection; after a new connect it is back", async (stage) => {
      const [ours, theirs] = [stage.ours("PUSH"), await stage.theirs("PULL")];
      const endpoint = await stage.join(ours, theirs, "theirs");
      await sendAll(ours, HELLO);
      ours.disconnect(endpoint);
      await theirs.event("disconnect");
      assert.deepEqual(await theirs.receive(), [HELLO]);
      ours.connect(endpoint);
      await ours.connected(1, deadline());
      await sendAll(ours, HELLO);
      assert.deepEqual(await theirs.receive(), [HELLO]);
    });

    test("our SUB that conflates sees the last of what their PUB said", async (stage) => {
      const [ours, theirs] = [stage.ours("SUB", { conflate: true }), await stage.theirs("XPUB")];
      ours.subscribe();
      await stage.join(ours, theirs, "theirs");
      assert.deepEqual(await theirs.receive(), ["x01"]);
      await theirs.send(...Array.from({ length: 100 }, (_, i) => text(`${i}`)));
      // Some may be read before the last has come, but none behind it; and what comes in one read of the network is one message.
      const read: string[] = [];
      while (read.at(-1) !== text("99")) read.push(...(await receiveAll(ours)));
      assert.ok(read.length < 100, `${read.length} of 100 were read`);
      assert.equal(read.length + (ours.stats().dropped.conflated ?? 0), 100);
      assert.equal(ours.readable, false);
    });

    test("our sockets wait for their bind, and messages with them", async (stage) => {
      // A port that is free: a process that is gone had it. (A closed socket of libzmq gives it back in the background.)
      const before = await stage.start();
      const endpoint = await (await before.socket("PULL")).bind(await newEndpoint("tcp"));
      await before.kill();
      const ours = stage.ours("PUSH");
      const refused = nextEvent(ours, "connect:retry");
      ours.connect(endpoint);
      await sendAll(ours, HELLO, text("2"), text("3"));
      await refused;
      const theirs = await stage.theirs("PULL");
      await theirs.bind(endpoint);
      assert.deepEqual(await theirs.receive(3), [HELLO, text("2"), text("3")]);
    });

    test("their sockets wait for our bind, and messages with them", async (stage) => {
      const before = stage.ours("PULL");
      await before.bind(await newEndpoint("ipc"));
      const endpoint = boundTo(before);
      await before.end();
      const theirs = await stage.theirs("PUSH");
      await theirs.connect(endpoint);
      await theirs.send(HELLO, text("2"), text("3"));
      await theirs.event("connect:retry");
      const ours = stage.ours("PULL");
      await ours.bind(endpoint);
      assert.deepEqual(await receiveAll(ours, 3), [HELLO, text("2"), text("3")]);
    });
  });
}
