// The outbox: what reaches the link, when a message counts as sent, and what is given back at a break: every message once, none twice.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { Outbox } from "../../../src/core/outbox.ts";
import { SlabPool } from "../../../src/core/slab.ts";
import type { Link } from "../../../src/core/transport.ts";
import { hex, join, text, toHexText } from "../../support/bytes.ts";
import { command, greeting, message, ready } from "../../support/engine-probe.ts";
import { decodeMessages, frames, said } from "../../support/pipes.ts";

const PONG = command("PONG");

class FakeLink {
  /** Each write's bytes, copied at once. */
  readonly writes: Buffer[] = [];
  /** What `write` answers. */
  takes = true;
  open = true;

  write(parts: readonly Uint8Array[]): boolean {
    this.writes.push(join(...parts));
    return this.takes;
  }

  get all(): Buffer {
    return join(...this.writes);
  }
}

const SILENT = { onBatchTaken: () => undefined, onBatchUnformed: () => undefined };

function outbox(): { box: Outbox; link: FakeLink; pool: SlabPool; taken: number[]; bytes: () => number } {
  const link = new FakeLink();
  const pool = new SlabPool();
  const taken: number[] = [];
  let bytes = 0;
  const box = new Outbox(link as unknown as Link, pool, {
    onBatchTaken(messages, size) {
      taken.push(messages);
      bytes += size;
    },
    onBatchUnformed: (messages) => taken.push(-messages),
  });
  return { box, link, pool, taken, bytes: () => bytes };
}

describe("Outbox: another form on the wire", () => {
  it("that cannot be made: what was to be written is told and gone, the rest waits to be given back", () => {
    const { box, link, taken } = outbox();
    box.form = () => null;
    box.add(frames("lost"));
    box.flush();
    assert.deepEqual(taken, [-1]);
    box.add(frames("kept"));
    box.flush();
    assert.equal(link.all.length, 0);
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map(said), sent], [["kept"], 0]);
  });

  const upper = (parts: readonly Uint8Array[]): Uint8Array[] => parts.map((part) => Buffer.from(String(part).toUpperCase()));

  it("writes it, counts its octets, and leaves what was gathered before as it is", () => {
    const { box, link, bytes } = outbox();
    box.addEncoded(text("greeting"));
    box.form = (parts) => [...upper(parts), text("!")];
    box.add(frames("abc"));
    box.flush();
    assert.equal(String(link.all), "greeting\0\x03ABC!");
    assert.equal(bytes(), link.all.length);
    box.add(frames("d"));
    box.flush();
    assert.equal(String(link.writes[1]), "\0\x01D!");
  });

  it("writes what was gathered in a former form in that form, also behind a write in flight, and gives back the messages after it", () => {
    const { box, link, bytes } = outbox();
    link.takes = false;
    box.form = (parts) => parts.map((part) => Buffer.from(`<${part}>`));
    box.addEncoded(text("first"));
    box.flush();
    box.addEncoded(text("second"));
    box.form = upper;
    box.add(frames("abc"));
    box.taken();
    box.flush();
    assert.deepEqual(link.writes.map(String), ["<first>", "<second>\0\x03ABC"]);
    box.add(frames("def"));
    assert.deepEqual(box.unsent().messages.map(said), ["abc", "def"]);
    assert.equal(bytes(), "<first>".length);
  });

  it("gives messages back in the plain form, in flight and gathered: the next connection has a form of its own", () => {
    const { box, link } = outbox();
    box.form = upper;
    link.takes = false;
    box.add(frames("abc"));
    box.flush();
    box.add(frames("def"));
    assert.deepEqual(box.unsent().messages.map(said), ["abc", "def"]);
  });
});

describe("Outbox: writing", () => {
  it("gathers, and writes once when flushed", () => {
    const { box, link, taken, bytes } = outbox();
    box.add(frames("a"));
    box.add(frames("b", "c"));
    assert.deepEqual([link.writes.length, box.empty, box.messages, box.bytes], [0, false, 2, 3 + 6]);
    box.flush();
    assert.equal(toHexText(link.all), toHexText(join(message("a"), message("b", "c"))));
    assert.deepEqual([link.writes.length, taken, bytes(), box.empty, box.messages, box.bytes], [1, [2], 9, true, 0, 0]);
    box.flush();
    assert.equal(link.writes.length, 1, "nothing to write");
  });

  it("encodes bodies of every size around its limits, in order", () => {
    const sizes = [0, 1, 8, 9, 255, 256, 1999, 2000, 2001, 4096, 8192, 65_535, 65_536, 65_537, 200_000];
    const { box, link } = outbox();
    const expected: Buffer[] = [];
    for (const first of sizes) {
      for (const second of [0, 5, 700, 1000]) {
        const parts = [Buffer.alloc(first, 1), Buffer.alloc(second, 2)];
        while (!box.add(parts)) box.flush();
        expected.push(message(...parts));
      }
    }
    box.flush();
    assert.ok(link.all.equals(join(...expected)));
  });

  it("copies small bodies when they are added, and refers to large ones", () => {
    const { box, link } = outbox();
    const small = Buffer.alloc(2000, "s");
    const large = Buffer.alloc(2001, "l");
    box.add([small]);
    box.add([large]);
    small.fill("x");
    large.fill("x");
    box.flush();
    assert.deepEqual(decodeMessages(link.all), ["s".repeat(2000), "x".repeat(2001)]);
  });

  it("keeps commands and messages in order", () => {
    const { box, link } = outbox();
    box.add(frames("a"));
    box.addEncoded(PONG);
    box.add(frames("b"));
    box.addEncoded(Buffer.alloc(1000, PONG));
    box.add(frames("c"));
    box.flush();
    assert.equal(toHexText(link.all), toHexText(join(message("a"), PONG, message("b"), Buffer.alloc(1000, PONG), message("c"))));
  });

  it("a command that a program causes waits as a message does, and counts as none", () => {
    const { box, link, taken } = outbox();
    const command = Buffer.alloc(1000, "c");
    const wire = Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 3, 0xe8]), command]);
    link.takes = false;
    box.add(frames("a"));
    assert.equal(box.addCommand(text("short")), true);
    box.flush();
    let gathered = 0;
    while (box.addCommand(command)) gathered++;
    assert.equal(gathered, Math.ceil(65536 / wire.length));
    assert.equal(box.messages, 1);
    link.takes = true;
    box.taken();
    assert.equal(box.addCommand(command), true);
    box.flush();
    assert.deepEqual(
      taken.filter((messages) => messages > 0),
      [1],
    );
    const all = join(message("a"), Buffer.from("\x04\x05short"), ...Array.from({ length: gathered + 1 }, () => wire));
    assert.equal(toHexText(link.all), toHexText(all));
  });

  it("one write in flight: nothing is written until it is taken", () => {
    const { box, link, taken } = outbox();
    link.takes = false;
    box.add(frames("a"));
    box.flush();
    assert.deepEqual([box.busy, box.empty, box.messages, taken], [true, false, 1, []]);
    box.add(frames("b"));
    box.flush();
    box.addEncoded(PONG);
    box.flush();
    assert.equal(link.writes.length, 1);
    box.taken();
    assert.deepEqual([taken, box.busy, box.messages], [[1], false, 1]);
    link.takes = true;
    box.flush();
    assert.equal(toHexText(link.all), toHexText(join(message("a"), message("b"), PONG)));
    assert.deepEqual(taken, [1, 1]);
  });

  it("taken without a flight is harmless", () => {
    const { box, taken } = outbox();
    box.taken();
    assert.deepEqual([taken, box.empty], [[], true]);
  });

  it("behind a flight at most 64 KiB and one message wait", () => {
    const { box, link } = outbox();
    link.takes = false;
    box.add(frames("flight"));
    box.flush();
    let count = 0;
    while (box.add(frames("x".repeat(1000)))) count++;
    assert.ok(count >= 64 && count <= 66, `${count} messages of 1000 bytes`);
    assert.equal(box.messages, count + 1);
    box.taken();
    assert.equal(box.add(frames("more")), true);
  });

  it("without a flight it writes by itself at 64 KiB", () => {
    const { box, link } = outbox();
    for (let i = 0; i < 1000; i++) assert.equal(box.add(frames("x".repeat(1000))), true);
    assert.ok(link.writes.length >= 14);
    assert.ok(link.writes.every((bytes) => bytes.length < 70_000));
  });
});

describe("Outbox: a break at every state", () => {
  it("the link is gone before anything was written: nothing is handed to it, all of it is given back", () => {
    const { box, link, taken } = outbox();
    link.open = false;
    box.add(frames("a"));
    box.flush();
    box.add(frames("b"));
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map(said), sent, link.writes.length, taken], [["a", "b"], 0, 0, []]);
  });

  it("empty: nothing is given back", () => {
    assert.deepEqual(outbox().box.unsent(), { messages: [], sent: 0 });
  });

  it("gathered only: all of it, in order", () => {
    const { box } = outbox();
    for (const each of ["a", "b", "c"]) box.add(frames(each, "x".repeat(800)));
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map((parts) => String(parts[0])), sent], [["a", "b", "c"], 0]);
    assert.deepEqual([box.empty, box.messages, box.bytes], [true, 0, 0]);
  });

  it("all taken: nothing", () => {
    const { box } = outbox();
    box.add(frames("a"));
    box.flush();
    assert.deepEqual(box.unsent(), { messages: [], sent: 0 });
  });

  it("one in flight: it, for it cannot be complete", () => {
    const { box, link } = outbox();
    link.takes = false;
    box.add(frames("a", "b"));
    box.flush();
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map(said), sent], [["a|b"], 0]);
  });

  it("several in flight: the last; the others count as sent, for nothing may be sent twice", () => {
    const { box, link } = outbox();
    link.takes = false;
    for (const each of ["a", "b", "c"]) box.add(frames(each));
    box.flush();
    box.add(frames("d"));
    box.add(frames("e"));
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map(said), sent], [["c", "d", "e"], 2]);
  });

  it("a command behind the last message of the flight: that message may have arrived whole, so it counts as sent", () => {
    const { box, link } = outbox();
    link.takes = false;
    box.add(frames("a"));
    box.addEncoded(PONG);
    box.flush();
    box.add(frames("b"));
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map(said), sent], [["b"], 1]);
  });

  it("a flight of commands only gives nothing back", () => {
    const { box, link } = outbox();
    link.takes = false;
    box.addEncoded(PONG);
    box.addEncoded(PONG);
    box.flush();
    box.addEncoded(PONG);
    box.add(frames("a"));
    const { messages, sent } = box.unsent();
    assert.deepEqual([messages.map(said), sent], [["a"], 0]);
  });

  it("the greeting in front of messages does not confuse it, in flight or gathered", () => {
    const bytes = greeting();
    const stages = [bytes.subarray(0, 10), bytes.subarray(10, 11), bytes.subarray(11)];
    for (let inFlight = 0; inFlight <= stages.length; inFlight++) {
      const { box, link } = outbox();
      link.takes = false;
      for (const stage of stages.slice(0, inFlight)) box.addEncoded(stage);
      box.flush();
      for (const stage of stages.slice(inFlight)) box.addEncoded(stage);
      box.addEncoded(ready("PUSH"));
      box.add(frames("a"));
      box.add(frames("b"));
      const { messages, sent } = box.unsent();
      assert.deepEqual([messages.map(said), sent], [["a", "b"], 0], `${inFlight} stages in flight`);
    }
  });

  it("nothing at all is a message of a link without framing, also as the first", () => {
    const { box, link, taken } = outbox();
    assert.ok(box.addRaw(Buffer.alloc(0)));
    assert.ok(box.addRaw(Buffer.from("a")));
    box.flush();
    assert.deepEqual([String(link.all), taken], ["a", [2]]);
  });

  it("what is given back has memory of its own: slabs are used again", () => {
    const pool = new SlabPool();
    const link = new FakeLink();
    const box = new Outbox(link as unknown as Link, pool, SILENT);
    box.add(frames("precious", "x".repeat(100)));
    const { messages } = box.unsent();
    const other = new Outbox(link as unknown as Link, pool, SILENT);
    other.add(frames("y".repeat(700), "z".repeat(700)));
    assert.equal(said(messages[0]), `precious|${"x".repeat(100)}`);
  });

  it("memory lent to a form is the pool's again when the kernel has the write, or when there was no form, and not before", () => {
    for (const end of ["taken", "lost", "unformed"]) {
      const { box, link, pool } = outbox();
      const lent: Uint8Array[] = [];
      box.form = (_, lender) => {
        lent.push(lender.lend(70_000));
        return end === "unformed" && lent.length === 1 ? null : [lent.at(-1) as Uint8Array];
      };
      link.takes = false;
      box.add(frames("a"));
      box.flush();
      const other = new Outbox(link as unknown as Link, pool, SILENT);
      const isLent = (): boolean => pool.takeFor(70_000) === lent[0];
      assert.equal(other.lend(70_000) === lent[0], end === "unformed", "while the kernel has not all of it");
      if (end === "unformed") continue;
      if (end === "taken") box.taken();
      else box.unsent();
      assert.equal(isLent(), true, end);
    }
  });

  it("goes on working after a break", () => {
    const { box, link } = outbox();
    link.takes = false;
    box.add(frames("a"));
    box.flush();
    box.unsent();
    link.takes = true;
    box.add(frames("b"));
    box.flush();
    assert.deepEqual(decodeMessages(link.writes[1]), ["b"]);
  });

  it("whatever happens before: acknowledged, counted as sent or given back, each message once, in order", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const { box, link, taken } = outbox();
      const added: string[] = [];
      const flights: number[] = [];
      const steps = random.next(60);
      for (let step = 0; step < steps; step++) {
        const action = random.next(10);
        link.takes = random.next(3) > 0;
        if (action < 5) {
          const size = [0, 3, 300, 800, 30_000, 70_000][random.next(6)];
          const parts = frames(`${added.length}:`, "x".repeat(size));
          const label = said(parts) as string;
          const writes = link.writes.length;
          if (box.add(parts)) added.push(label);
          if (link.writes.length > writes) flights.push(link.writes.length);
        } else if (action < 6) {
          if (random.next(2) === 0) box.addEncoded(PONG);
          else box.addCommand(text("command"));
        } else if (action < 8) box.flush();
        else box.taken();
      }
      const acknowledged = taken.reduce((sum, each) => sum + each, 0);
      assert.equal(box.messages, added.length - acknowledged, `seed ${seed}`);
      const busy = box.busy;
      const { messages, sent } = box.unsent();
      assert.equal(acknowledged + sent + messages.length, added.length, `seed ${seed}: every message once`);
      assert.deepEqual(
        messages.map(said),
        added.slice(added.length - messages.length),
        `seed ${seed}: the newest ones, in order`,
      );
      const whole = decodeMessages(link.all);
      assert.deepEqual(whole, added.slice(0, whole.length), `seed ${seed}: what was written is what was added`);
      // What is given back though it was handed to the link is one message at most: the last of the write in flight.
      const again = whole.length + messages.length - added.length;
      assert.ok(again === 0 || (again === 1 && busy), `seed ${seed}: ${again} messages are written again`);
    }
  });
});

describe("SlabPool", () => {
  it("lends slabs of three sizes and takes them back", () => {
    const pool = new SlabPool();
    const sizes = [0, 1, 2].map((level) => pool.take(level).length);
    assert.deepEqual(sizes, [4096, 16_384, 65_536]);
    const slab = pool.take(0);
    pool.give(slab);
    assert.equal(pool.take(0), slab);
  });

  it("lends what is asked for from the smallest slab that has it, and forgets what is larger than any", () => {
    const pool = new SlabPool();
    const sizes = [1, 4096, 4097, 16_385, 65_537, 163_840, 163_841].map((bytes) => pool.takeFor(bytes).length);
    assert.deepEqual(sizes, [4096, 4096, 16_384, 65_536, 69_632, 163_840, 163_841]);
    const large = pool.takeFor(200_000);
    pool.give(large);
    assert.notEqual(pool.takeFor(200_000), large);
  });

  it("keeps a limited number", () => {
    const pool = new SlabPool();
    const slabs = Array.from({ length: 100 }, () => pool.take(2));
    for (const slab of slabs) pool.give(slab);
    const known = new Set(slabs);
    let again = 0;
    for (let i = 0; i < 100; i++) if (known.has(pool.take(2))) again++;
    assert.equal(again, 32);
  });
});

it("the test's own commands are what the engine sends", () => {
  assert.equal(toHexText(PONG), toHexText(hex("04 05 04 504f4e47")));
  assert.equal(text("a").length, 1);
});
