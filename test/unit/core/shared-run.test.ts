// Messages encoded once for many links: one memory, each link's own order, and nothing written over while somebody holds it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { Outbox } from "../../../src/core/outbox.ts";
import { SharedRun } from "../../../src/core/shared-run.ts";
import { SlabPool } from "../../../src/core/slab.ts";
import type { Link } from "../../../src/core/transport.ts";
import { join } from "../../support/bytes.ts";
import { command } from "../../support/engine-probe.ts";
import { decodeMessages, frames, said } from "../../support/pipes.ts";

const RUN_BYTES = 65_536 + 4096;

/** A link that holds on to what it was given until it is taken, as the kernel does. */
class HoldingLink {
  readonly open = true;
  takes = true;
  readonly writes: (readonly Uint8Array[])[] = [];
  /** Each write's octets when it was made. */
  readonly copies: Buffer[] = [];

  write(parts: readonly Uint8Array[]): boolean {
    this.writes.push(parts);
    this.copies.push(join(...parts));
    return this.takes;
  }
}

interface Subscriber {
  readonly box: Outbox;
  readonly link: HoldingLink;
  acknowledged: number;
}

function subscriber(pool: SlabPool): Subscriber {
  const link = new HoldingLink();
  const one: Subscriber = {
    link,
    acknowledged: 0,
    box: new Outbox(link as unknown as Link, pool, {
      onBatchTaken: (messages) => {
        one.acknowledged += messages;
      },
      onBatchUnformed: () => assert.fail(),
    }),
  };
  return one;
}

function sendToAll(run: SharedRun, boxes: readonly Outbox[], ...parts: string[]): void {
  const message = frames(...parts);
  assert.ok(run.begin(message));
  for (const box of boxes) assert.ok(box.addShared(message, run));
  run.end();
}

describe("SharedRun", () => {
  it("all links write the same memory, in one part each", () => {
    const pool = new SlabPool();
    const run = new SharedRun(pool);
    const all = [1, 2, 3].map(() => subscriber(pool));
    const boxes = all.map(({ box }) => box);
    for (let i = 0; i < 10; i++) sendToAll(run, boxes, `${i}`, "x".repeat(300));
    for (const { box, link } of all) {
      box.flush();
      assert.equal(link.writes.length, 1);
      assert.equal(link.writes[0].length, 1);
      assert.equal(link.writes[0][0].buffer, all[0].link.writes[0][0].buffer);
      assert.deepEqual(
        decodeMessages(link.copies[0]),
        Array.from({ length: 10 }, (_, i) => `${i}|${"x".repeat(300)}`),
      );
    }
    assert.deepEqual(
      all.map(({ acknowledged }) => acknowledged),
      [10, 10, 10],
    );
  });

  it("a flood goes out in whole slabs, one part a write", () => {
    const pool = new SlabPool();
    const run = new SharedRun(pool);
    const one = subscriber(pool);
    for (let i = 0; i < 2000; i++) sendToAll(run, [one.box], `${i}`.padStart(100));
    one.box.flush();
    assert.deepEqual(
      one.link.writes.map((parts) => parts.length),
      [1, 1, 1, 1],
    );
    assert.equal(decodeMessages(join(...one.link.copies)).length, 2000);
  });

  it("a link that began in the middle of a slab begins anew with the next", () => {
    const pool = new SlabPool();
    const run = new SharedRun(pool);
    const [first, late] = [subscriber(pool), subscriber(pool)];
    for (let i = 0; i < 300; i++) sendToAll(run, [first.box], "x".repeat(100));
    for (let i = 0; i < 1000; i++) sendToAll(run, [first.box, late.box], `${i}`.padStart(100));
    for (const { box } of [first, late]) box.flush();
    assert.deepEqual(
      late.link.writes.map((parts) => parts.length),
      [1, 1, 1],
    );
    assert.equal(late.link.writes[1][0].buffer, first.link.writes[1][0].buffer);
    assert.equal(decodeMessages(join(...late.link.copies)).length, 1000);
  });

  it("what does not follow upon the last message is copied, and what the link says itself goes between", () => {
    const pool = new SlabPool();
    const run = new SharedRun(pool);
    const [a, b] = [subscriber(pool), subscriber(pool)];
    sendToAll(run, [a.box, b.box], "1");
    sendToAll(run, [b.box], "2");
    sendToAll(run, [a.box, b.box], "3");
    b.box.addEncoded(command("PONG"));
    sendToAll(run, [a.box, b.box], "4");
    for (const { box } of [a, b]) box.flush();
    assert.deepEqual(decodeMessages(a.link.copies[0]), ["1", "3", "4"]);
    assert.deepEqual(decodeMessages(b.link.copies[0]), ["1", "2", "3", "4"]);
    assert.equal(b.link.writes[0][0].buffer, a.link.writes[0][0].buffer);
    assert.deepEqual([a.link.writes[0].length, b.link.writes[0].length], [2, 2]);
  });

  it("leaves to each link what has a large frame, or is large as a whole", () => {
    const run = new SharedRun(new SlabPool());
    assert.equal(run.begin(frames("x".repeat(2000))), true);
    run.end();
    assert.equal(run.begin(frames("x".repeat(2001))), false);
    assert.equal(run.begin(frames("a", "x".repeat(2001))), false);
    assert.equal(run.begin(frames("x".repeat(2000), "x".repeat(2000), "x".repeat(2000))), false);
    assert.equal(run.begin(frames(...Array.from({ length: 500 }, () => ""))), false);
  });

  it("its slab is the pool's again when the last link's write is taken, and not before", () => {
    const pool = new SlabPool();
    const run = new SharedRun(pool);
    const [quick, slow] = [subscriber(pool), subscriber(pool)];
    slow.link.takes = false;
    sendToAll(run, [quick.box, slow.box], "x");
    for (const { box } of [quick, slow]) box.flush();
    const used = Buffer.from(slow.link.writes[0][0].buffer);
    assert.notEqual(pool.takeFor(RUN_BYTES).buffer, used.buffer);
    slow.box.taken();
    assert.equal(pool.takeFor(RUN_BYTES).buffer, used.buffer);
    // Nobody else's memory is written to: the next message gets another slab.
    const before = Buffer.from(used);
    sendToAll(run, [quick.box], "y");
    assert.ok(used.equals(before));
  });

  it("of a link that is lost the messages come back, and its slab", () => {
    const pool = new SlabPool();
    const run = new SharedRun(pool);
    const one = subscriber(pool);
    one.link.takes = false;
    sendToAll(run, [one.box], "1");
    one.box.flush();
    sendToAll(run, [one.box], "2");
    sendToAll(run, [one.box], "3", "more");
    const { buffer } = one.link.writes[0][0];
    const { messages, sent } = one.box.unsent();
    assert.deepEqual([messages.map(said), sent], [["1", "2", "3|more"], 0]);
    assert.equal(pool.takeFor(RUN_BYTES).buffer, buffer);
  });

  it("any order of messages, links, writes and losses: each link gets its own, once, and no octet changes under a write", () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed);
      const pool = new SlabPool();
      const run = new SharedRun(pool);
      const all = Array.from({ length: 1 + random.next(5) }, () => ({ ...subscriber(pool), added: [] as string[] }));
      for (let step = 0; step < 300; step++) {
        const text = `${step}:${"x".repeat([0, 3, 100, 300, 2000, 1999, 5000][random.next(7)])}`;
        const message = random.next(4) === 0 ? frames("topic", text) : frames(text);
        const shared = run.begin(message);
        for (const { box, link, added } of all) {
          link.takes = random.next(3) > 0;
          if (random.next(8) === 0) continue;
          if (shared ? box.addShared(message, run) : box.add(message)) added.push(said(message) as string);
          if (random.next(20) === 0) box.addEncoded(command("PONG"));
          if (random.next(12) === 0) box.flush();
        }
        if (shared) run.end();
        for (const { box, link } of all) {
          if (!box.busy || random.next(3) > 0) continue;
          const held = link.writes.at(-1) as readonly Uint8Array[];
          assert.ok(join(...held).equals(link.copies.at(-1) as Buffer), `seed ${seed}: a write in flight is as it was`);
          box.taken();
        }
      }
      for (const { box, link, added } of all) {
        if (box.busy) assert.ok(join(...(link.writes.at(-1) as readonly Uint8Array[])).equals(link.copies.at(-1) as Buffer));
        const cut = box.busy ? 1 : 0;
        const { messages } = box.unsent();
        const whole = decodeMessages(join(...link.copies));
        assert.deepEqual(whole, added.slice(0, whole.length), `seed ${seed}: what was written is what was added`);
        assert.deepEqual(messages.map(said), added.slice(added.length - messages.length), `seed ${seed}: the newest ones`);
        assert.ok(whole.length + messages.length - added.length <= cut, `seed ${seed}: one is given back twice at most`);
        assert.ok(whole.length + messages.length >= added.length, `seed ${seed}: none is lost`);
      }
    }
  });
});
