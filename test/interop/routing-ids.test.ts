// Routing ids: who is addressed by which, who has none, and what becomes of two with the same.

import assert from "node:assert/strict";
import { boundTo, DEADLINE_MS, deadline, newEndpoint, nextEvent, receiveAll, sendAll } from "../support/ours.ts";
import { text } from "../support/pattern.ts";
import type { PeerSocket } from "../support/peer.ts";
import { LIBZMQ } from "../support/peers.ts";
import { SIDES, withPeer } from "../support/with-peer.ts";

const HELLO = text("hello");
const ID = text("alpha");
/** The longest, with every octet from 1 on. */
const LONG_ID = `x${Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1)).toString("hex")}`;

/** Sends through a mandatory ROUTER of theirs, which knows a peer a moment after its handshake and has no event for that. */
async function sendWhenKnown(router: PeerSocket, message: string): Promise<void> {
  for (const { signal } = deadline(); ; ) {
    try {
      return await router.send(message);
    } catch (error) {
      if (!/unreachable|EHOSTUNREACH/i.test(String(error)) || signal.aborted) throw error;
    }
  }
}

for (const kind of LIBZMQ) {
  withPeer(kind, "routing ids", (test) => {
    for (const binder of SIDES) {
      test(`our ROUTER speaks first to their DEALER, bound by ${binder}`, async (stage) => {
        const [ours, theirs] = [stage.ours("ROUTER", { mandatory: true }), await stage.theirs("DEALER", { routingId: ID })];
        await stage.join(ours, theirs, binder);
        await sendAll(ours, `${ID},${HELLO}`);
        assert.deepEqual(await theirs.receive(), [HELLO]);
      });

      test(`their ROUTER speaks first to our DEALER, bound by ${binder}`, async (stage) => {
        const [ours, theirs] = [stage.ours("DEALER", { routingId: "alpha" }), await stage.theirs("ROUTER", { mandatory: true })];
        await stage.join(ours, theirs, binder);
        await sendWhenKnown(theirs, `${ID},${HELLO}`);
        assert.deepEqual(await receiveAll(ours), [HELLO]);
      });
    }

    test("REQ has an id as well", async (stage) => {
      const [router, req] = [stage.ours("ROUTER"), await stage.theirs("REQ", { routingId: ID })];
      await stage.join(router, req, "ours");
      const [[answer]] = await Promise.all([
        req.ask(HELLO),
        receiveAll(router).then(async ([request]) => {
          assert.equal(request, `${ID},x,${HELLO}`);
          await sendAll(router, request);
        }),
      ]);
      assert.equal(answer, HELLO);

      const [theirRouter, ourReq] = [await stage.theirs("ROUTER"), stage.ours("REQ", { routingId: "alpha" })];
      await stage.join(ourReq, theirRouter, "theirs");
      await sendAll(ourReq, HELLO);
      assert.deepEqual(await theirRouter.receive(), [`${ID},x,${HELLO}`]);
    });

    test("ids of 255 octets", async (stage) => {
      const [ours, theirs] = [stage.ours("ROUTER"), await stage.theirs("DEALER", { routingId: LONG_ID })];
      await stage.join(ours, theirs, "ours");
      await theirs.send(HELLO);
      const [id, body] = await ours.receive();
      assert.equal(`x${id.toString("hex")}`, LONG_ID);
      await ours.send([id, body]);
      assert.deepEqual(await theirs.receive(), [HELLO]);

      const bytes = Buffer.from(LONG_ID.slice(1), "hex");
      const dealer = stage.ours("DEALER");
      dealer.routingId = bytes as unknown as string;
      const router = await stage.theirs("ROUTER", { mandatory: true });
      await stage.join(dealer, router, "ours");
      await sendWhenKnown(router, `${LONG_ID},${HELLO}`);
      assert.deepEqual(await receiveAll(dealer), [HELLO]);
    });

    test("who has none is given five octets, the first of them 0", async (stage) => {
      const [ours, theirs] = [stage.ours("ROUTER"), await stage.theirs("DEALER")];
      await stage.join(ours, theirs, "ours");
      await theirs.send(HELLO);
      const [id] = await ours.receive();
      assert.deepEqual([id.length, id[0]], [5, 0]);

      const [dealer, router] = [stage.ours("DEALER"), await stage.theirs("ROUTER")];
      await stage.join(dealer, router, "theirs");
      await sendAll(dealer, HELLO);
      const [report] = await router.receive();
      assert.match(report, /^x00[0-9a-f]{8},x68656c6c6f$/);
    });

    test("connect gives an id to a peer that has another", async (stage) => {
      const theirs = await stage.theirs("DEALER", { routingId: ID });
      const endpoint = await theirs.bind(await newEndpoint("tcp"));
      const ours = stage.ours("ROUTER", { mandatory: true });
      (ours.connect as (endpoint: string, options: { routingId: string }) => void)(endpoint, { routingId: "named" });
      await ours.connected(1, deadline());
      await sendAll(ours, `${text("named")},${HELLO}`);
      assert.deepEqual(await theirs.receive(), [HELLO]);
      await theirs.send(HELLO);
      assert.deepEqual(await receiveAll(ours), [`${text("named")},${HELLO}`]);
    });

    test("of two of theirs with one id our ROUTER keeps the first", async (stage) => {
      const ours = stage.ours("ROUTER");
      const [first, second] = [await stage.theirs("DEALER", { routingId: ID }), await stage.theirs("DEALER", { routingId: ID })];
      const endpoint = await stage.join(ours, first, "ours");
      await second.connect(endpoint);
      await second.event("handshake");
      await second.send(text("second"));
      await first.send(text("first"));
      assert.deepEqual(await receiveAll(ours), [`${ID},${text("first")}`]);
      await sendAll(ours, `${ID},${HELLO}`);
      assert.deepEqual(await first.receive(), [HELLO]);
      // The end of the second comes behind its message.
      const gone = nextEvent(ours, "disconnect");
      await second.close();
      await gone;
      assert.equal(ours.readable, false);
      await first.send(text("still"));
      assert.deepEqual(await receiveAll(ours), [`${ID},${text("still")}`]);
    });

    test("of two of theirs with one id our ROUTER with handover takes the second", async (stage) => {
      const ours = stage.ours("ROUTER", { handover: true });
      // One that comes again takes its id back.
      const first = await stage.theirs("DEALER", { routingId: ID, reconnectInterval: -1 });
      const second = await stage.theirs("DEALER", { routingId: ID });
      const endpoint = await stage.join(ours, first, "ours");
      await second.connect(endpoint);
      await second.send(text("second"));
      assert.deepEqual(await receiveAll(ours), [`${ID},${text("second")}`]);
      await sendAll(ours, `${ID},${HELLO}`);
      assert.deepEqual(await second.receive(), [HELLO]);
    });

    test("of two of ours with one id their ROUTER keeps the first", async (stage) => {
      const theirs = await stage.theirs("ROUTER");
      const [first, second] = [stage.ours("DEALER", { routingId: "alpha" }), stage.ours("DEALER", { routingId: "alpha" })];
      const endpoint = await stage.join(first, theirs, "theirs");
      await sendAll(first, HELLO);
      assert.deepEqual(await theirs.receive(), [`${ID},${HELLO}`]);
      second.connect(endpoint);
      await second.connected(1, deadline());
      await sendAll(second, text("second"));
      await sendAll(first, text("first"));
      assert.deepEqual(await theirs.receive(), [`${ID},${text("first")}`]);
      await theirs.send(`${ID},${HELLO}`);
      assert.deepEqual(await receiveAll(first), [HELLO]);
      // What the second sent is on its way before this.
      await second.end(DEADLINE_MS);
      await sendAll(first, text("still"));
      assert.deepEqual(await theirs.receive(), [`${ID},${text("still")}`]);
    });

    test("of two of ours with one id their ROUTER with handover takes the second", async (stage) => {
      const theirs = await stage.theirs("ROUTER", { handover: true });
      const first = stage.ours("DEALER", { routingId: "alpha", reconnectInterval: -1 });
      const second = stage.ours("DEALER", { routingId: "alpha" });
      const endpoint = await stage.join(first, theirs, "theirs");
      await sendAll(first, HELLO);
      assert.deepEqual(await theirs.receive(), [`${ID},${HELLO}`]);
      second.connect(endpoint);
      await sendAll(second, text("second"));
      assert.deepEqual(await theirs.receive(), [`${ID},${text("second")}`]);
      await theirs.send(`${ID},${HELLO}`);
      assert.deepEqual(await receiveAll(second), [HELLO]);
    });

    test("a probe tells a ROUTER of a DEALER that says nothing", async (stage) => {
      const [ours, theirs] = [stage.ours("ROUTER"), await stage.theirs("DEALER", { routingId: ID, probeRouter: true })];
      await stage.join(ours, theirs, "ours");
      assert.deepEqual(await receiveAll(ours), [`${ID},x`]);

      const router = await stage.theirs("ROUTER");
      const dealer = stage.ours("DEALER", { routingId: "alpha", probeRouter: true });
      await stage.join(dealer, router, "theirs");
      assert.deepEqual(await router.receive(), [`${ID},x`]);
    });

    test("a mandatory ROUTER knows who is not there", async (stage) => {
      const ours = stage.ours("ROUTER", { mandatory: true });
      await ours.bind(await newEndpoint("tcp"));
      await assert.rejects(
        async () => ours.send(["nobody", ""]),
        (error: { code?: string }) => error.code === "EHOSTUNREACH",
      );
      const theirs = await stage.theirs("DEALER", { routingId: ID });
      const gone = nextEvent(ours, "disconnect");
      await theirs.connect(boundTo(ours));
      await ours.connected(1, deadline());
      await sendAll(ours, `${ID},${HELLO}`);
      assert.deepEqual(await theirs.receive(), [HELLO]);
      await theirs.close();
      await gone;
      await assert.rejects(
        async () => ours.send(["alpha", ""]),
        (error: { code?: string }) => error.code === "EHOSTUNREACH",
      );
    });
  });
}
