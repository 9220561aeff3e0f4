// Connections that break in the middle of traffic: nobody ever gets a part of a message or a message twice, and what comes after is in order.

import assert from "node:assert/strict";
import { boundTo, DEADLINE_MS, newEndpoint, nextEvent, type OurSocket, receiveAll, sendAll } from "../support/ours.ts";
import { frame, reportOf, text } from "../support/pattern.ts";
import type { PeerSocket } from "../support/peer.ts";
import { LIBZMQ, ourselves } from "../support/peers.ts";
import { Tap } from "../support/tap.ts";
import { withPeer } from "../support/with-peer.ts";

const MIB = 1024 * 1024;
const END = text("end");

/** More than what both queues and the system's buffers hold. */
const STREAM = Array.from({ length: 5000 }, (_, i) => frame(4096, i));
const STREAM_REPORTS = STREAM.map(reportOf);

/** Frames of all kinds, 8 MiB in all, so that a break is likely to fall into the middle of one. */
const BULKY = [frame(3 * MIB, 1), frame(0), `p100:1*500`, frame(5 * MIB, 2), frame(1)].join(",");

/** Receives until END; resolves with the numbers of the messages of STREAM, which must grow. */
async function numbersUntilEnd(theirs: PeerSocket, last: number): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const [report] = await theirs.receive();
    if (report === END) return numbers;
    const number = STREAM_REPORTS.indexOf(report, last + 1);
    assert.ok(number > last, `${report} after message ${last}: twice, out of order, or never sent`);
    numbers.push(number);
    last = number;
  }
}

async function stream(ours: OurSocket): Promise<void> {
  await sendAll(ours, ...STREAM, END);
}

for (const kind of LIBZMQ) {
  withPeer(kind, "breaks", (test) => {
    test("their PULL is killed in a stream of our PUSH", async (stage) => {
      const ours = stage.ours("PUSH");
      const first = await (await stage.start()).socket("PULL", { events: true });
      const endpoint = await stage.join(ours, first, "theirs");
      const sending = stream(ours);
      assert.deepEqual(await first.receive(500), STREAM_REPORTS.slice(0, 500));
      const gone = nextEvent(ours, "disconnect");
      await first.peer.kill();
      await gone;
      const second = await stage.theirs("PULL");
      await second.bind(endpoint);
      const [numbers] = await Promise.all([numbersUntilEnd(second, 499), sending]);
      // From the first on that came through the new connection there are no holes.
      assert.deepEqual(numbers, STREAM.map((_, i) => i).slice(STREAM.length - numbers.length));
    });

    test("the network between our PUSH and their PULL breaks in a stream", async (stage) => {
      const [ours, theirs] = [stage.ours("PUSH"), await stage.theirs("PULL")];
      const tap = await Tap.to(await theirs.bind(await newEndpoint("tcp")));
      stage.defer(() => tap.close());
      ours.connect(tap.endpoint);
      const sending = stream(ours);
      assert.deepEqual(await theirs.receive(500), STREAM_REPORTS.slice(0, 500));
      const gone = nextEvent(ours, "disconnect");
      tap.cut();
      await gone;
      const [numbers] = await Promise.all([numbersUntilEnd(theirs, 499), sending]);
      const last = numbers.at(-1);
      assert.equal(last, STREAM.length - 1);
    });

    test("their PULL is killed in a large message; the next gets it whole", async (stage) => {
      const ours = stage.ours("PUSH");
      const first = await (await stage.start()).socket("PULL", { events: true, receiveHighWaterMark: 1 });
      const endpoint = await stage.join(ours, first, "theirs");
      // The first goes through; the others are more than what the system buffers.
      await sendAll(ours, BULKY, BULKY, BULKY, BULKY, BULKY, END);
      assert.deepEqual(await first.receive(), [reportOf(BULKY)]);
      first.peer.freeze();
      const gone = nextEvent(ours, "disconnect");
      await first.peer.kill();
      await gone;
      const second = await stage.theirs("PULL");
      await second.bind(endpoint);
      let whole = 0;
      for (let [report] = await second.receive(); report !== END; [report] = await second.receive(), whole++)
        assert.equal(report, reportOf(BULKY));
      assert.ok(whole >= 1 && whole <= 4, `${whole} came`);
    });

    test("their PUSH is killed in a large message; our PULL never sees it", async (stage) => {
      const ours = stage.ours("PULL", { receiveHighWaterMark: 1 });
      await ours.bind(await newEndpoint("tcp"));
      const peer = await stage.start();
      const theirs = await peer.socket("PUSH", { events: true, sendHighWaterMark: 0 });
      await theirs.connect(boundTo(ours));
      await theirs.send(BULKY, BULKY, BULKY, BULKY, BULKY, BULKY);
      assert.deepEqual(await receiveAll(ours), [reportOf(BULKY)]);
      const gone = nextEvent(ours, "disconnect");
      await peer.kill();
      const next = await stage.theirs("PUSH");
      await next.connect(boundTo(ours));
      await next.send(END);
      // Two peers: the END of the second may overtake what is left of the first.
      const reports: string[] = [];
      let ended = false;
      gone.then(() => {
        ended = true;
      });
      while (!ended || !reports.includes(END) || ours.readable) {
        if (ours.readable || !reports.includes(END)) reports.push(...(await receiveAll(ours)));
        else await gone;
      }
      const whole = reports.filter((report) => report !== END);
      assert.deepEqual(whole, Array<string>(whole.length).fill(reportOf(BULKY)));
      assert.ok(whole.length <= 5, `${whole.length} came`);
    });

    test("our process with a PUSH is killed in a large message; their PULL never sees it", async (stage) => {
      const theirs = await stage.theirs("PULL", { receiveHighWaterMark: 1 });
      const endpoint = await theirs.bind(await newEndpoint("tcp"));
      const peer = await stage.start(ourselves);
      const ours = await peer.socket("PUSH", { events: true });
      await ours.connect(endpoint);
      await ours.send(BULKY, BULKY, BULKY, BULKY, BULKY, BULKY);
      assert.deepEqual(await theirs.receive(), [reportOf(BULKY)]);
      await peer.kill();
      const next = stage.ours("PUSH");
      next.connect(endpoint);
      await sendAll(next, END);
      const whole: string[] = [];
      for (let [report] = await theirs.receive(); report !== END; [report] = await theirs.receive()) whole.push(report);
      assert.deepEqual(whole, Array<string>(whole.length).fill(reportOf(BULKY)));
      assert.ok(whole.length <= 5, `${whole.length} came`);
    });

    test("what lingers in our closed PUSH arrives", async (stage) => {
      const [ours, theirs] = [stage.ours("PUSH"), await stage.theirs("PULL")];
      await stage.join(ours, theirs, "theirs");
      await sendAll(ours, BULKY, BULKY, ...STREAM.slice(0, 500), END);
      const ended = ours.end(DEADLINE_MS);
      assert.deepEqual(await theirs.receive(503), [reportOf(BULKY), reportOf(BULKY), ...STREAM_REPORTS.slice(0, 500), END]);
      assert.equal((await ended).dropped, 0);
    });

    test("what lingers in their closed PUSH arrives", async (stage) => {
      const [ours, theirs] = [stage.ours("PULL"), await stage.theirs("PUSH", { linger: -1 })];
      await stage.join(ours, theirs, "theirs");
      await theirs.send(BULKY, BULKY, ...STREAM.slice(0, 500), END);
      await theirs.close();
      const expected = [reportOf(BULKY), reportOf(BULKY), ...STREAM_REPORTS.slice(0, 500), END];
      assert.deepEqual(await receiveAll(ours, 503), expected);
    });
  });
}
