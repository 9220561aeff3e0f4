// Each side is killed (SIGKILL) or closed, and comes back at the same endpoint: what waited arrives in order, subscriptions are sent again, ids are
// known again, and questions are answered.

import assert from "node:assert/strict";
import { Mortal, reopen } from "../support/mortal.ts";
import { deadline, newEndpoint, receiveAll, sendAll, TRANSPORTS } from "../support/ours.ts";
import { text } from "../support/pattern.ts";
import { LIBZMQ, ourselves } from "../support/peers.ts";
import { withPeer } from "../support/with-peer.ts";

const HELLO = text("hello");
const QUEUED = Array.from({ length: 100 }, (_, i) => text(`queued ${i}`));

for (const kind of LIBZMQ) {
  withPeer(kind, "restarts", (test) => {
    for (const transport of TRANSPORTS) {
      test(`their PULL is killed; what our PUSH queues arrives in order, over ${transport}`, async (stage) => {
        const ours = stage.ours("PUSH");
        const mortal = await Mortal.start(stage, "PULL");
        const endpoint = await stage.join(ours, mortal.socket, "theirs", transport);
        await sendAll(ours, HELLO);
        assert.deepEqual(await mortal.socket.receive(), [HELLO]);
        await mortal.kill(ours);
        await sendAll(ours, ...QUEUED);
        const again = await mortal.restart();
        await again.bind(endpoint);
        assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
      });

      test(`their PUSH is killed; our PULL hears of the next one, over ${transport}`, async (stage) => {
        const ours = stage.ours("PULL");
        const mortal = await Mortal.start(stage, "PUSH");
        const endpoint = await stage.join(ours, mortal.socket, "theirs", transport);
        await mortal.socket.send(HELLO);
        assert.deepEqual(await receiveAll(ours), [HELLO]);
        await mortal.kill(ours);
        const again = await mortal.restart();
        await again.bind(endpoint);
        await again.send(...QUEUED);
        assert.deepEqual(await receiveAll(ours, QUEUED.length), QUEUED);
      });

      test(`our PULL is closed; what their PUSH queues arrives in order at the next, over ${transport}`, async (stage) => {
        const ours = stage.ours("PULL");
        const theirs = await stage.theirs("PUSH");
        await stage.join(ours, theirs, "ours", transport);
        await theirs.send(HELLO);
        assert.deepEqual(await receiveAll(ours), [HELLO]);
        const again = await reopen(stage, ours, "PULL", theirs, () => theirs.send(...QUEUED));
        assert.deepEqual(await receiveAll(again, QUEUED.length), QUEUED);
      });
    }

    test("their PULL that dialled is killed; our PUSH waits for the next one", async (stage) => {
      const ours = stage.ours("PUSH");
      const mortal = await Mortal.start(stage, "PULL");
      const endpoint = await stage.join(ours, mortal.socket, "ours");
      await sendAll(ours, HELLO);
      assert.deepEqual(await mortal.socket.receive(), [HELLO]);
      await mortal.kill(ours);
      assert.equal(ours.writable, false);
      const sending = sendAll(ours, ...QUEUED);
      const again = await mortal.restart();
      await again.connect(endpoint);
      assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
      await sending;
    });

    test("our PUSH is closed; their PULL hears of the next one", async (stage) => {
      const ours = stage.ours("PUSH");
      const theirs = await stage.theirs("PULL");
      await stage.join(ours, theirs, "ours");
      await sendAll(ours, HELLO);
      assert.deepEqual(await theirs.receive(), [HELLO]);
      const again = await reopen(stage, ours, "PUSH", theirs);
      await sendAll(again, ...QUEUED);
      assert.deepEqual(await theirs.receive(QUEUED.length), QUEUED);
    });

    test("their XPUB is killed; our SUB subscribes again", async (stage) => {
      const ours = stage.ours("SUB");
      ours.subscribe("a", "b", "c");
      const mortal = await Mortal.start(stage, "XPUB");
      const endpoint = await stage.join(ours, mortal.socket, "theirs");
      assert.deepEqual(
        (await mortal.socket.receive(3)).sort(),
        ["a", "b", "c"].map((topic) => text(`\x01${topic}`)),
      );
      ours.unsubscribe("b");
      assert.deepEqual(await mortal.socket.receive(), [text("\x00b")]);
      await mortal.kill(ours);
      ours.subscribe("d");
      ours.unsubscribe("c");
      const again = await mortal.restart();
      await again.bind(endpoint);
      assert.deepEqual(
        (await again.receive(2)).sort(),
        ["a", "d"].map((topic) => text(`\x01${topic}`)),
      );
      await again.send(text("b1"), text("c1"), text("d1"), text("a1"));
      assert.deepEqual(await receiveAll(ours, 2), [text("d1"), text("a1")]);
    });

    test("our XPUB is closed; their SUB subscribes again", async (stage) => {
      const ours = stage.ours("XPUB");
      const theirs = await stage.theirs("SUB");
      await theirs.subscribe(text("a"));
      await theirs.subscribe(text("b"));
      await stage.join(ours, theirs, "ours");
      await ours.subscribed("b", 1, deadline());
      let received: Promise<string[]> | undefined;
      const again = await reopen(stage, ours, "XPUB", theirs, async () => {
        // libzmq subscribes again within a call to its socket.
        received = theirs.receive();
        received.catch(() => undefined);
      });
      const topics = await receiveAll(again, 2);
      assert.deepEqual(
        topics.sort(),
        ["a", "b"].map((topic) => text(`\x01${topic}`)),
      );
      await sendAll(again, text("c1"), text("b1"));
      assert.deepEqual(await received, [text("b1")]);
    });

    test("their XPUB that dialled is killed; our SUB tells the next one what it wants", async (stage) => {
      const ours = stage.ours("SUB");
      ours.subscribe("a");
      const mortal = await Mortal.start(stage, "XPUB");
      const endpoint = await stage.join(ours, mortal.socket, "ours");
      assert.deepEqual(await mortal.socket.receive(), [text("\x01a")]);
      await mortal.kill(ours);
      const again = await mortal.restart();
      await again.connect(endpoint);
      assert.deepEqual(await again.receive(), [text("\x01a")]);
      await again.send(text("b1"), text("a1"));
      assert.deepEqual(await receiveAll(ours), [text("a1")]);
    });

    test("their REP is killed between two questions of our REQ", async (stage) => {
      const ours = stage.ours("REQ");
      const mortal = await Mortal.start(stage, "REP");
      const endpoint = await stage.join(ours, mortal.socket, "theirs");
      await Promise.all([mortal.socket.echo(1), sendAll(ours, text("1"))]);
      assert.deepEqual(await receiveAll(ours), [text("1")]);
      await mortal.kill(ours);
      await sendAll(ours, text("2"));
      const again = await mortal.restart();
      await again.bind(endpoint);
      await again.echo(1);
      assert.deepEqual(await receiveAll(ours), [text("2")]);
    });

    test("their REP is killed with a question of our REQ, which asks again", async (stage) => {
      const ours = stage.ours("REQ", { relaxed: true, correlate: true });
      const mortal = await Mortal.start(stage, "REP");
      const endpoint = await stage.join(ours, mortal.socket, "theirs");
      await sendAll(ours, text("lost"));
      assert.deepEqual(await mortal.socket.receive(), [text("lost")]);
      await mortal.kill(ours);
      await sendAll(ours, text("asked again"));
      const again = await mortal.restart();
      await again.bind(endpoint);
      assert.deepEqual(await again.receive(), [text("asked again")]);
      await again.send(text("answer"));
      assert.deepEqual(await receiveAll(ours), [text("answer")]);
    });

    test("their REQ is killed while our REP has its question; the next is answered", async (stage) => {
      const ours = stage.ours("REP");
      const mortal = await Mortal.start(stage, "REQ");
      const endpoint = await stage.join(ours, mortal.socket, "ours");
      await mortal.socket.send(text("lost"));
      assert.deepEqual(await receiveAll(ours), [text("lost")]);
      await mortal.kill(ours);
      await sendAll(ours, text("answer to nobody"));
      const again = await mortal.restart();
      await again.connect(endpoint);
      await again.send(text("question"));
      assert.deepEqual(await receiveAll(ours), [text("question")]);
      await sendAll(ours, text("answer"));
      assert.deepEqual(await again.receive(), [text("answer")]);
    });

    test("our REP is closed between two questions of their REQ", async (stage) => {
      const ours = stage.ours("REP");
      const theirs = await stage.theirs("REQ");
      await stage.join(ours, theirs, "ours");
      await theirs.send(text("1"));
      assert.deepEqual(await receiveAll(ours), [text("1")]);
      await sendAll(ours, text("answer 1"));
      assert.deepEqual(await theirs.receive(), [text("answer 1")]);
      const again = await reopen(stage, ours, "REP", theirs, () => theirs.send(text("2")));
      assert.deepEqual(await receiveAll(again), [text("2")]);
      await sendAll(again, text("answer 2"));
      assert.deepEqual(await theirs.receive(), [text("answer 2")]);
    });

    test("their DEALER is killed; our ROUTER knows it by its id when it is back", async (stage) => {
      const ours = stage.ours("ROUTER", { mandatory: true });
      const mortal = await Mortal.start(stage, "DEALER", { routingId: text("alpha") });
      const endpoint = await stage.join(ours, mortal.socket, "ours");
      await mortal.kill(ours);
      const again = await mortal.restart();
      await again.connect(endpoint);
      await ours.connected(1, deadline());
      await sendAll(ours, `${text("alpha")},${HELLO}`);
      assert.deepEqual(await again.receive(), [HELLO]);
    });

    test("their ROUTER is killed; what our DEALER queues arrives with its id", async (stage) => {
      const ours = stage.ours("DEALER", { routingId: "alpha" });
      const mortal = await Mortal.start(stage, "ROUTER");
      const endpoint = await stage.join(ours, mortal.socket, "theirs");
      await mortal.kill(ours);
      await sendAll(ours, ...QUEUED);
      const again = await mortal.restart();
      await again.bind(endpoint);
      assert.deepEqual(
        await again.receive(QUEUED.length),
        QUEUED.map((message) => `${text("alpha")},${message}`),
      );
      await again.send(`${text("alpha")},${HELLO}`);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
    });

    test("their PAIR is killed; ours goes on with the next one", async (stage) => {
      const ours = stage.ours("PAIR");
      const mortal = await Mortal.start(stage, "PAIR");
      const endpoint = await stage.join(ours, mortal.socket, "ours");
      await mortal.kill(ours);
      const again = await mortal.restart();
      await again.connect(endpoint);
      await ours.connected(1, deadline());
      await sendAll(ours, HELLO);
      assert.deepEqual(await again.receive(), [HELLO]);
      await again.send(HELLO);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
    });

    test("our process with a PULL is killed; what their PUSH queues arrives at the next", async (stage) => {
      const mortal = await Mortal.start(stage, "PULL", {}, ourselves);
      const theirs = await stage.theirs("PUSH");
      const endpoint = await mortal.socket.bind(await newEndpoint("tcp"));
      await theirs.connect(endpoint);
      await theirs.send(HELLO);
      assert.deepEqual(await mortal.socket.receive(), [HELLO]);
      await mortal.socket.peer.kill();
      await theirs.event("disconnect");
      await theirs.send(...QUEUED);
      const again = await mortal.restart();
      await again.bind(endpoint);
      assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
    });

    test("our process with a SUB over ipc is killed; their XPUB hears of its end and of the next one", async (stage) => {
      const mortal = await Mortal.start(stage, "SUB", {}, ourselves);
      const theirs = await stage.theirs("XPUB");
      // The listener is ours: its file stays behind when it is killed, and must not be in the way.
      const endpoint = await mortal.socket.bind(await newEndpoint(TRANSPORTS.at(-1) ?? "tcp"));
      await mortal.socket.subscribe(text("a"));
      await theirs.connect(endpoint);
      assert.deepEqual(await theirs.receive(), [text("\x01a")]);
      await mortal.socket.peer.kill();
      await theirs.event("disconnect");
      const again = await mortal.restart();
      await again.subscribe(text("b"));
      await again.bind(endpoint);
      // A dialled pipe outlives the connection, with the old subscription in libzmq's XPUB.
      assert.deepEqual(await theirs.receive(), [text("\x01b")]);
      await theirs.send(text("b1"));
      assert.deepEqual(await again.receive(), [text("b1")]);
    });
  });
}
