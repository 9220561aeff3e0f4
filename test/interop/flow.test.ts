// Floods: 100,000 small messages each way, both at once where the types can; none is lost, doubled or out of order.

import assert from "node:assert/strict";
import { deadline, echoAll, type OurSocket, TRANSPORTS } from "../support/ours.ts";
import { framesOf } from "../support/pattern.ts";
import { LIBZMQ, libzmqDraft } from "../support/peers.ts";
import { withPeer } from "../support/with-peer.ts";

const COUNT = 100_000;
const SIZE = 10;

async function sendFlow(socket: OurSocket, count: number): Promise<void> {
  const [filler] = framesOf(`p${SIZE}:0`);
  for (let number = 0; number < count; number++) {
    const body = Buffer.from(filler);
    body.writeUInt32BE(number);
    await socket.send(body);
  }
}

async function receiveFlow(socket: OurSocket, count: number): Promise<void> {
  const [expected] = framesOf(`p${SIZE}:0`);
  for (let number = 0; number < count; number++) {
    expected.writeUInt32BE(number);
    const frames = await socket.receive();
    // Not through assert: it would cost more than all the rest.
    if (frames.length !== 1 || !expected.equals(frames[0])) assert.deepEqual(frames, [expected], `message ${number}`);
  }
}

for (const kind of LIBZMQ) {
  withPeer(kind, "flow", (test) => {
    for (const transport of TRANSPORTS) {
      test(`our PUSH and their PULL over ${transport}`, async (stage) => {
        const [ours, theirs] = [stage.ours("PUSH"), await stage.theirs("PULL")];
        await stage.join(ours, theirs, "ours", transport);
        await Promise.all([sendFlow(ours, COUNT), theirs.flow(0, COUNT, SIZE)]);
      });

      test(`our PULL and their PUSH over ${transport}`, async (stage) => {
        const [ours, theirs] = [stage.ours("PULL"), await stage.theirs("PUSH")];
        await stage.join(ours, theirs, "theirs", transport);
        await Promise.all([receiveFlow(ours, COUNT), theirs.flow(COUNT, 0, SIZE)]);
      });

      test(`DEALER and DEALER, both ways at once, over ${transport}`, async (stage) => {
        const [ours, theirs] = [stage.ours("DEALER"), await stage.theirs("DEALER")];
        await stage.join(ours, theirs, "ours", transport);
        await Promise.all([sendFlow(ours, COUNT), receiveFlow(ours, COUNT), theirs.flow(COUNT, COUNT, SIZE)]);
      });
    }

    test("PAIR and PAIR, both ways at once", async (stage) => {
      const [ours, theirs] = [stage.ours("PAIR"), await stage.theirs("PAIR")];
      await stage.join(ours, theirs, "theirs");
      await Promise.all([sendFlow(ours, COUNT), receiveFlow(ours, COUNT), theirs.flow(COUNT, COUNT, SIZE)]);
    });

    // Without high-water marks: a PUB drops what goes above them.
    test("our PUB and their SUB", async (stage) => {
      const ours = stage.ours("PUB", { sendHighWaterMark: 0 });
      const theirs = await stage.theirs("SUB", { receiveHighWaterMark: 0 });
      await stage.join(ours, theirs, "ours");
      await theirs.subscribe("x");
      await ours.subscribed("", 1, deadline());
      await Promise.all([sendFlow(ours, COUNT), theirs.flow(0, COUNT, SIZE)]);
    });

    test("our XPUB that does not drop and their SUB, with high-water marks", async (stage) => {
      const ours = stage.ours("XPUB", { noDrop: true });
      const theirs = await stage.theirs("SUB");
      await stage.join(ours, theirs, "ours");
      await theirs.subscribe("x");
      await ours.subscribed("", 1, deadline());
      await Promise.all([sendFlow(ours, COUNT), theirs.flow(0, COUNT, SIZE)]);
    });

    test("our SUB and their XPUB", async (stage) => {
      const ours = stage.ours("SUB", { receiveHighWaterMark: 0 });
      const theirs = await stage.theirs("XPUB", { sendHighWaterMark: 0 });
      await stage.join(ours, theirs, "theirs");
      ours.subscribe();
      assert.deepEqual(await theirs.receive(), ["x01"]);
      await Promise.all([receiveFlow(ours, COUNT), theirs.flow(COUNT, 0, SIZE)]);
    });
  });
}

// Fewer: libzmq's own lock on these types makes it slow.
const FEWER = 20_000;

withPeer(libzmqDraft, "flow of draft types", (test) => {
  test("our SCATTER and their GATHER", async (stage) => {
    const [ours, theirs] = [stage.ours("SCATTER"), await stage.theirs("GATHER")];
    await stage.join(ours, theirs, "ours");
    await Promise.all([sendFlow(ours, FEWER), theirs.flow(0, FEWER, SIZE)]);
  });

  test("our GATHER and their SCATTER", async (stage) => {
    const [ours, theirs] = [stage.ours("GATHER"), await stage.theirs("SCATTER")];
    await stage.join(ours, theirs, "theirs");
    await Promise.all([receiveFlow(ours, FEWER), theirs.flow(FEWER, 0, SIZE)]);
  });

  test("CHANNEL and CHANNEL, both ways at once", async (stage) => {
    const [ours, theirs] = [stage.ours("CHANNEL"), await stage.theirs("CHANNEL")];
    await stage.join(ours, theirs, "ours");
    await Promise.all([sendFlow(ours, FEWER), receiveFlow(ours, FEWER), theirs.flow(FEWER, FEWER, SIZE)]);
  });

  test("our CLIENT asks without waiting, their SERVER answers", async (stage) => {
    const ours = stage.ours("CLIENT");
    // A libzmq SERVER does not wait for a full CLIENT: it refuses the message.
    const theirs = await stage.theirs("SERVER", { sendHighWaterMark: 0 });
    await stage.join(ours, theirs, "theirs");
    await Promise.all([sendFlow(ours, FEWER), receiveFlow(ours, FEWER), theirs.echo(FEWER)]);
  });

  test("their CLIENT asks without waiting, our SERVER answers", async (stage) => {
    const [ours, theirs] = [stage.ours("SERVER"), await stage.theirs("CLIENT")];
    await stage.join(ours, theirs, "ours");
    await Promise.all([echoAll(ours, FEWER), theirs.flow(FEWER, FEWER, SIZE)]);
  });
});
