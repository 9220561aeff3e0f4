// The frame decoder: pausing after any message, limits, copies and views, and what is left after the end.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DecoderLimits, FrameDecoder, type FrameSink } from "../../../src/zmtp/frame-decoder.ts";
import { cuts, hex, hexFrames, join, own, text, toHexText } from "../../support/bytes.ts";
import { command, frame, limits, message } from "../../support/engine-probe.ts";

class Sink implements FrameSink {
  readonly seen: string[] = [];
  readonly frames: Uint8Array[] = [];
  readonly faults: { reason: string; text: string; offset: number; hex: string }[] = [];
  decoder: FrameDecoder;
  /** Whether to go on after the nth of what is seen. */
  goOn: (count: number) => boolean = () => true;

  constructor(changed: Partial<DecoderLimits> = {}) {
    this.decoder = new FrameDecoder(this, limits(changed));
    this.decoder.handshaking = false;
  }

  onMessage(frames: Uint8Array[]): boolean {
    this.frames.push(...frames);
    this.seen.push(hexFrames(frames).join(","));
    return this.goOn(this.seen.length);
  }

  onCommand(body: Uint8Array): boolean {
    this.seen.push(`!${toHexText(body)}`);
    return this.goOn(this.seen.length);
  }

  onMalformed(reason: string, said: string, bytes: Uint8Array): void {
    this.faults.push({ reason, text: said, offset: this.decoder.offset, hex: toHexText(bytes) });
  }
}

const STREAM = join(
  message("a"),
  message("b", "c"),
  command("PING", hex("0000")),
  message(""),
  hex("01 01 64"),
  command("NOTE"),
  hex("00 01 65"),
  message(Buffer.alloc(70, 0x66), Buffer.alloc(300, 0x67)),
  message("z"),
);
const SEEN = ["61", "62,63", "!0450494e470000", "", "!044e4f5445", "64,65", `${"66".repeat(70)},${"67".repeat(300)}`, "7a"];

describe("FrameDecoder: order and pausing", () => {
  it("gives messages and commands in wire order, however the bytes are cut", () => {
    for (const { name, chunks } of cuts(STREAM)) {
      const sink = new Sink();
      for (const chunk of chunks) sink.decoder.receive(chunk);
      assert.deepEqual([sink.seen, sink.faults], [SEEN, []], name);
    }
  });

  it("pauses after each message that is answered with false, keeps every byte, and goes on at resume", () => {
    for (const { name, chunks } of cuts(STREAM)) {
      const sink = new Sink();
      sink.goOn = () => false;
      let resumed = 0;
      for (const chunk of chunks) {
        sink.decoder.receive(chunk);
        assert.ok(sink.seen.length <= resumed + 1, `${name}: nothing comes while paused`);
        if (sink.seen.length > resumed) {
          resumed++;
          sink.decoder.resume();
        }
      }
      while (sink.seen.length > resumed) {
        resumed++;
        sink.decoder.resume();
      }
      assert.deepEqual(sink.seen, SEEN, name);
    }
  });

  it("paused while everything comes, it gives one message per resume", () => {
    const sink = new Sink();
    sink.goOn = () => false;
    for (const octet of STREAM) sink.decoder.receive(Buffer.from([octet]));
    for (let count = 1; count <= SEEN.length; count++) {
      assert.deepEqual(sink.seen, SEEN.slice(0, count));
      sink.decoder.resume();
    }
    assert.deepEqual(sink.seen, SEEN);
  });

  it("a pause at any one message and a resume later lose and double nothing", () => {
    for (let pause = 1; pause <= SEEN.length; pause++) {
      const sink = new Sink();
      sink.goOn = (count) => count !== pause;
      sink.decoder.receive(own(STREAM));
      assert.deepEqual(sink.seen, SEEN.slice(0, pause));
      sink.decoder.receive(own(message("more")));
      assert.equal(sink.seen.length, pause);
      sink.decoder.resume();
      assert.deepEqual(sink.seen, [...SEEN, toHexText(text("more"))]);
    }
  });

  it("a sink that resumes from inside goes on without recursion", () => {
    const sink = new Sink();
    const many = Buffer.alloc(2 * 50_000);
    sink.goOn = () => {
      sink.decoder.resume();
      return true;
    };
    sink.decoder.receive(many);
    assert.equal(sink.seen.length, 50_000);
  });

  it("a sink that feeds more from inside gets it in order", () => {
    const sink = new Sink();
    sink.goOn = (count) => {
      if (count === 1) sink.decoder.receive(message("last"));
      return true;
    };
    sink.decoder.receive(join(message("a"), message("b")));
    assert.deepEqual(sink.seen, ["61", "62", toHexText(text("last"))]);
  });

  it("empty chunks are nothing", () => {
    const sink = new Sink();
    for (const octet of message("abc")) {
      sink.decoder.receive(Buffer.alloc(0));
      sink.decoder.receive(Buffer.from([octet]));
    }
    assert.deepEqual(sink.seen, ["616263"]);
  });

  it("after stop nothing comes", () => {
    const sink = new Sink();
    sink.goOn = () => {
      sink.decoder.stop();
      return true;
    };
    sink.decoder.receive(STREAM);
    sink.decoder.receive(STREAM);
    sink.decoder.resume();
    assert.deepEqual(sink.seen, ["61"]);
  });
});

describe("FrameDecoder: limits", () => {
  /** Every fault's reason and offset must be the same however the bytes are cut. */
  function faultOf(stream: Uint8Array, changed: Partial<DecoderLimits>, handshaking = false): Sink["faults"][0] {
    let first: Sink["faults"][0] | undefined;
    for (const { name, chunks } of cuts(stream)) {
      const sink = new Sink(changed);
      sink.decoder.handshaking = handshaking;
      for (const chunk of chunks) sink.decoder.receive(chunk);
      assert.equal(sink.faults.length, 1, name);
      first ??= sink.faults[0];
      assert.deepEqual(sink.faults[0], first, name);
    }
    assert.ok(first !== undefined);
    return first;
  }

  it("a frame above the limit is refused by its header, which is shown", () => {
    const good = message("good");
    for (const [bad, shown] of [
      [hex("00 0b"), "000b"],
      [hex("02 000000000000000b"), "02000000000000000b"],
      [hex("07 ffffffffffffffff"), "07ffffffffffffffff"],
      [hex("05 ff"), "05ff"],
    ] as const) {
      const { reason, offset, hex: bytes } = faultOf(join(good, bad), { maxFrameBytes: 10 });
      assert.deepEqual([reason, offset, bytes], ["message-too-large", good.length, shown]);
    }
  });

  it("a frame of exactly the limit passes", () => {
    const sink = new Sink({ maxFrameBytes: 10 });
    sink.decoder.receive(message("0123456789"));
    assert.equal(sink.seen.length, 1);
  });

  it("a message of maxFrames frames passes, one more is refused when it is sure to come", () => {
    const sink = new Sink({ maxFrames: 3 });
    sink.decoder.receive(join(message("a", "b", "c"), message("d")));
    assert.equal(sink.seen.length, 2);
    assert.equal(faultOf(hex("01 00 01 00 01 00"), { maxFrames: 3 }).reason, "too-many-frames");
  });

  it("frames of other messages and commands do not count", () => {
    const sink = new Sink({ maxFrames: 3 });
    for (let i = 0; i < 10; i++) sink.decoder.receive(join(hex("01 00"), command("X"), hex("01 00"), command("X"), hex("00 00")));
    assert.equal(sink.faults.length, 0);
  });

  it("in the handshake every frame is a command, bounded by the limit of metadata and not by that of frames", () => {
    const sink = new Sink();
    sink.decoder.handshaking = true;
    sink.decoder.receive(join(message("a"), frame(Buffer.alloc(65_536), 6)));
    assert.deepEqual([sink.seen.length, sink.seen[0], sink.faults.length], [2, "!61", 0]);
    assert.equal(faultOf(hex("02 0000000000020000"), {}, true).reason, "message-too-large");
    const small = new Sink({ maxFrameBytes: 10 });
    small.decoder.handshaking = true;
    small.decoder.receive(frame(Buffer.alloc(100)));
    assert.equal(small.seen.length, 1, "a limit of ten octets does not forbid the handshake");
  });

  it("after a fault nothing more is taken or reported", () => {
    const sink = new Sink({ maxFrameBytes: 10 });
    sink.decoder.receive(join(hex("00 0b"), message("x")));
    sink.decoder.receive(message("y"));
    sink.decoder.receive(hex("00 0b"));
    sink.decoder.resume();
    assert.deepEqual([sink.seen, sink.faults.length], [[], 1]);
  });

  it("an announced size takes no memory before its bytes come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const sinks = Array.from({ length: 100 }, () => new Sink({ maxFrameBytes: 2 ** 40 }));
    for (const sink of sinks) {
      sink.decoder.receive(hex("02 0000000100000000"));
      sink.decoder.receive(Buffer.alloc(10));
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 5e6);
    assert.ok(sinks.every((sink) => sink.faults.length === 0));
  });
});

describe("FrameDecoder: whose bytes a frame is", () => {
  it("a body up to 64 octets is a copy, a larger one in one chunk a view of it", () => {
    for (const [size, view] of [
      [1, false],
      [16, false],
      [17, false],
      [64, false],
      [65, true],
      [1000, true],
    ] as const) {
      const sink = new Sink();
      const chunk = own(message(Buffer.alloc(size, 0x61)));
      sink.decoder.receive(chunk);
      assert.equal(sink.frames[0].buffer === chunk.buffer, view, `${size} octets`);
      chunk.fill(0);
      assert.equal(sink.frames[0][0], view ? 0 : 0x61);
    }
  });

  it("with copyBodies every body has bytes of its own", () => {
    for (const size of [1, 16, 17, 64, 65, 1000, 100_000]) {
      const sink = new Sink({ copyBodies: true });
      const chunk = own(message(Buffer.alloc(size, 0x61)));
      sink.decoder.receive(chunk);
      chunk.fill(0);
      assert.ok(sink.frames[0].every((octet) => octet === 0x61));
    }
  });

  it("frames are Buffers where there are Buffers, also those over several chunks", () => {
    for (const { chunks } of cuts(join(message("abc"), message(Buffer.alloc(70)), message("")))) {
      const sink = new Sink();
      for (const chunk of chunks) sink.decoder.receive(chunk);
      for (const body of sink.frames) assert.ok(Buffer.isBuffer(body));
    }
  });

  it("small copies do not overlap, over thousands of them", () => {
    const sink = new Sink();
    const bodies = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(i % 65, i & 0xff));
    for (const body of bodies) sink.decoder.receive(message(body));
    sink.frames.forEach((body, i) => {
      assert.equal(toHexText(body), toHexText(bodies[i]));
    });
  });
});

describe("FrameDecoder: memory of the link's choice", () => {
  const sizes = [0, 1, 16, 17, 64, 65, 255, 256, 2000, 16_384, 16_385, 70_000];
  const bodies = sizes.map((size, i) => Buffer.alloc(size, i + 1));
  const stream = join(...bodies.map((body) => message(body)));
  const whole = hexFrames(bodies);

  /** As a link that reads into one buffer, or where the decoder wants it. */
  function read(sink: Sink, bytes: Uint8Array, most: number): { direct: number } {
    const shared = Buffer.alloc(most);
    let direct = 0;
    for (let at = 0; at < bytes.length; ) {
      const space = sink.decoder.space();
      const into = space ?? shared;
      const count = Math.min(into.length, most, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      if (space === null) sink.decoder.receive(shared.subarray(0, count), true);
      else {
        direct += count;
        sink.decoder.filled(count);
      }
      shared.fill(0xee);
    }
    return { direct };
  }

  it("of a lent chunk nothing is kept: frames, headers, bodies on their way, and what a pause leaves", () => {
    for (const most of [1, 7, 64, 1000, 65_536, 200_000]) {
      const sink = new Sink();
      read(sink, stream, most);
      assert.deepEqual([hexFrames(sink.frames), sink.faults], [whole, []], `reads of ${most}`);
      const paused = new Sink();
      paused.goOn = () => false;
      read(paused, stream, most);
      while (paused.seen.length < bodies.length) paused.decoder.resume();
      assert.deepEqual(paused.seen, whole, `reads of ${most}, paused`);
    }
  });

  it("a lent chunk that comes during a pause waits behind those before it", () => {
    const sink = new Sink();
    sink.goOn = () => false;
    sink.decoder.receive(message("a"));
    for (const each of ["b", "c"]) {
      const chunk = message(each);
      sink.decoder.receive(chunk, true);
      chunk.fill(0);
    }
    sink.decoder.resume();
    sink.decoder.resume();
    assert.deepEqual(sink.seen, ["61", "62", "63"]);
  });

  it("a large body is read into its own memory, without a copy and without much more than came", () => {
    const sink = new Sink();
    const body = Buffer.alloc(1_000_000, 0x61);
    const bytes = message(body);
    const { direct } = read(sink, bytes, 65_536);
    assert.ok(direct > 900_000, `${direct} octets`);
    assert.equal(toHexText(sink.frames[0]), toHexText(body));
    assert.equal(sink.frames[0].buffer.byteLength, body.length);
  });

  it("room grows with what came: an announced size alone gets little", () => {
    const sink = new Sink({ maxFrameBytes: 2 ** 40 });
    sink.decoder.receive(hex("02 0000000100000000 61"), true);
    assert.equal(sink.decoder.space(), null);
    sink.decoder.receive(Buffer.alloc(5000), true);
    assert.ok((sink.decoder.space() as Uint8Array).length < 16 * 5001);
  });

  it("while full reads bring bodies worth a view, the next read gets a chunk of its own, and frames are views of it", () => {
    const sink = new Sink();
    const bytes = join(...Array.from({ length: 300 }, () => message(Buffer.alloc(1000, 0x61))));
    read(sink, bytes, 65_536);
    const views = new Set(sink.frames.slice(70, 120).map((frame) => frame.buffer));
    assert.equal(views.size, 1);
    // A short read ends it.
    sink.decoder.receive(message("x"), true);
    assert.equal(sink.decoder.space(), null);
  });

  it("of many busy decoders a few have memory ready, the others copy each chunk once; one that ends leaves its place", () => {
    const flood = join(...Array.from({ length: 64 }, () => message(Buffer.alloc(1015, 0x61))));
    assert.equal(flood.length, 65_536);
    const sinks = Array.from({ length: 20 }, () => new Sink());
    const without = sinks.filter(({ decoder }) => {
      decoder.receive(flood, true);
      return decoder.space() === null;
    });
    assert.equal(sinks.length - without.length, 8);
    const late = without[0];
    late.frames.length = 0;
    late.decoder.receive(flood, true);
    const memory = new Set(late.frames.map(({ buffer }) => buffer));
    assert.deepEqual([late.frames.length, memory.size, memory.has(flood.buffer)], [64, 1, false]);
    sinks[0].decoder.stop();
    assert.equal(sinks[0].decoder.space(), null);
    assert.notEqual(late.decoder.space(), null);
    for (const { decoder } of sinks) decoder.stop();
  });

  it("paused in the middle of a large body, it wants nothing read into it: other bytes of it may wait", () => {
    const sink = new Sink();
    const bytes = message(Buffer.alloc(100_000, 0x61));
    sink.decoder.receive(bytes.subarray(0, 50_000), true);
    sink.decoder.pause();
    sink.decoder.receive(bytes.subarray(50_000, 60_000), true);
    assert.equal(sink.decoder.space(), null);
    sink.decoder.receive(bytes.subarray(60_000), true);
    assert.deepEqual(sink.seen, []);
    sink.decoder.resume();
    assert.equal(sink.frames.length, 1);
    assert.ok(Buffer.from(sink.frames[0]).equals(Buffer.alloc(100_000, 0x61)));
  });

  it("stopped, it wants nothing and takes nothing", () => {
    const sink = new Sink();
    sink.decoder.receive(message(Buffer.alloc(100_000)).subarray(0, 50_000), true);
    assert.notEqual(sink.decoder.space(), null);
    sink.decoder.stop();
    sink.decoder.filled(1000);
    assert.equal(sink.decoder.space(), null);
    assert.deepEqual(sink.seen, []);
  });
});
