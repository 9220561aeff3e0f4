// Subscriptions on the wire: which topics arrive, what publishers are told, and when.

import assert from "node:assert/strict";
import { deadline, receiveAll, sendAll } from "../support/ours.ts";
import { reportOf, text } from "../support/pattern.ts";
import { LIBZMQ } from "../support/peers.ts";
import { SIDES, withPeer } from "../support/with-peer.ts";

const subscription = (topic: string): string => text(`\x01${topic}`);
const cancellation = (topic: string): string => text(`\x00${topic}`);
const messages = (...topics: readonly string[]): string[] => topics.map((topic) => `${text(topic)},x00`);

/** Published in this order, the last is wanted by everyone. */
const PUBLISHED = ["b", "a", "", "ab", "abc", "A", "aa", "end"];

for (const kind of LIBZMQ) {
  withPeer(kind, "subscriptions", (test) => {
    for (const binder of SIDES) {
      test(`their SUB gets its topics from our XPUB, bound by ${binder}`, async (stage) => {
        const [ours, theirs] = [stage.ours("XPUB"), await stage.theirs("SUB")];
        await theirs.subscribe(text("ab"));
        await stage.join(ours, theirs, binder);
        await theirs.subscribe(text("end"));
        await theirs.subscribe(text("a"));
        assert.deepEqual(await receiveAll(ours, 3), ["ab", "end", "a"].map(subscription));
        await sendAll(ours, ...messages(...PUBLISHED));
        assert.deepEqual(await theirs.receive(5), messages("a", "ab", "abc", "aa", "end"));

        await theirs.unsubscribe(text("a"));
        assert.deepEqual(await receiveAll(ours), [cancellation("a")]);
        await sendAll(ours, ...messages(...PUBLISHED));
        assert.deepEqual(await theirs.receive(3), messages("ab", "abc", "end"));
      });

      test(`our SUB gets its topics from their XPUB, bound by ${binder}`, async (stage) => {
        const [ours, theirs] = [stage.ours("SUB"), await stage.theirs("XPUB")];
        ours.subscribe("ab");
        await stage.join(ours, theirs, binder);
        ours.subscribe("end", "a");
        assert.deepEqual(await theirs.receive(3), ["ab", "end", "a"].map(subscription));
        await theirs.send(...messages(...PUBLISHED));
        assert.deepEqual(await receiveAll(ours, 5), messages("a", "ab", "abc", "aa", "end"));

        ours.unsubscribe("a");
        assert.deepEqual(await theirs.receive(), [cancellation("a")]);
        await theirs.send(...messages(...PUBLISHED));
        assert.deepEqual(await receiveAll(ours, 3), messages("ab", "abc", "end"));
      });
    }

    // A SUB looks at what it gets once more, an XSUB does not: this shows what we really send, and that we do not look where we should not.
    test("publishers filter, not subscribers", async (stage) => {
      const [ours, theirs] = [stage.ours("XPUB"), await stage.theirs("XSUB")];
      await stage.join(ours, theirs, "theirs");
      await theirs.send(subscription("ab"), subscription("end"));
      await ours.subscribed("end", 1, deadline());
      await sendAll(ours, ...messages(...PUBLISHED));
      assert.deepEqual(await theirs.receive(3), messages("ab", "abc", "end"));

      const [ourXSub, theirXPub] = [stage.ours("XSUB"), await stage.theirs("XPUB")];
      await stage.join(ourXSub, theirXPub, "theirs");
      await sendAll(ourXSub, subscription("ab"), subscription("end"));
      assert.deepEqual(await theirXPub.receive(2), [subscription("ab"), subscription("end")]);
      await theirXPub.send(...messages(...PUBLISHED));
      assert.deepEqual(await receiveAll(ourXSub, 3), messages("ab", "abc", "end"));
    });

    test("two of our SUB with one topic are one subscription to their XPUB, until the second is gone", async (stage) => {
      const theirs = await stage.theirs("XPUB");
      const [first, second] = [stage.ours("SUB"), stage.ours("SUB")];
      const endpoint = await stage.join(first, theirs, "theirs");
      first.subscribe("t");
      assert.deepEqual(await theirs.receive(), [subscription("t")]);
      second.connect(endpoint);
      second.subscribe("t", "u");
      // The "t" of the second is not news.
      assert.deepEqual(await theirs.receive(), [subscription("u")]);
      await theirs.send(...messages("t1"));
      assert.deepEqual([...(await receiveAll(first)), ...(await receiveAll(second))], messages("t1", "t1"));
      await first.end();
      second.unsubscribe("u");
      assert.deepEqual(await theirs.receive(), [cancellation("u")]);
      await second.end();
      assert.deepEqual(await theirs.receive(), [cancellation("t")]);
    });

    test("our XPUB hears of the end of their SUB", async (stage) => {
      const [ours, theirs] = [stage.ours("XPUB"), await stage.start().then((peer) => peer.socket("SUB", { events: true }))];
      await theirs.subscribe(text("t"));
      await stage.join(ours, theirs, "ours");
      assert.deepEqual(await receiveAll(ours), [subscription("t")]);
      await theirs.peer.kill();
      assert.deepEqual(await receiveAll(ours), [cancellation("t")]);
    });

    test("messages go from XSUB to XPUB too", async (stage) => {
      const [ourXPub, theirXSub] = [stage.ours("XPUB"), await stage.theirs("XSUB")];
      await stage.join(ourXPub, theirXSub, "ours");
      await theirXSub.send(subscription("t"), text("hello"), `${text("more")},x,${text("frames")}`);
      assert.deepEqual(await receiveAll(ourXPub, 3), [subscription("t"), text("hello"), `${text("more")},x,${text("frames")}`]);

      const [ourXSub, theirXPub] = [stage.ours("XSUB"), await stage.theirs("XPUB")];
      await stage.join(ourXSub, theirXPub, "theirs");
      await sendAll(ourXSub, subscription("t"), text("hello"), `${text("more")},x,${text("frames")}`);
      assert.deepEqual(await theirXPub.receive(3), [subscription("t"), text("hello"), `${text("more")},x,${text("frames")}`]);
    });

    test("a thousand subscriptions, and topics of all sizes", async (stage) => {
      const topics = Array.from({ length: 1000 }, (_, i) => `${i}`.padStart(1 + (i % 250), "t"));
      const [ourXPub, theirXSub] = [stage.ours("XPUB", { receiveHighWaterMark: 0 }), await stage.theirs("XSUB")];
      await stage.join(ourXPub, theirXSub, "theirs");
      await theirXSub.send(...topics.map(subscription));
      await ourXPub.subscribed(topics.at(-1), 1, deadline());
      const expected = topics.map((topic) => reportOf(subscription(topic))).sort();
      assert.deepEqual((await receiveAll(ourXPub, 1000)).sort(), expected);

      const [ourSub, theirXPub] = [stage.ours("SUB"), await stage.theirs("XPUB")];
      ourSub.subscribe(...topics);
      await stage.join(ourSub, theirXPub, "theirs");
      assert.deepEqual((await theirXPub.receive(1000)).sort(), expected);
    });
  });
}
