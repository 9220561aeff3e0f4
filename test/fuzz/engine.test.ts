// Random and mutated bytes against the engine and the frame decoder. Whatever comes: nothing is thrown, a failure is reported once and is the last
// thing said, no memory is taken for what is only announced, and how the stream is cut changes nothing.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/random.ts";
import { FrameDecoder, type FrameSink } from "../../src/zmtp/frame-decoder.ts";
import { SOCKET_TYPES, type SocketTypeName } from "../../src/zmtp/socket-type.ts";
import { hex, hexFrames, join, own, text, toHexText } from "../support/bytes.ts";
import { command, EngineProbe, frame, greeting, limits, message, ready, ZMTP_TYPES } from "../support/engine-probe.ts";
import { collectGarbage } from "../support/garbage.ts";
import { printSeed, seed } from "../support/seed.ts";
import { commands, messages } from "../support/vectors.ts";

before(printSeed);

const LIMITS = limits({ maxFrameBytes: 1_000_000, maxFrames: 50 });

/** Everything that can be seen from outside. */
interface Seen {
  readonly state: string;
  readonly messages: string[][];
  readonly output: string;
  readonly failure: unknown;
  readonly ready: number;
}

/** Feeds a stream in pieces of the given lengths, over and over, and checks the promises on the way. */
function run(socketType: SocketTypeName, stream: Uint8Array, lengths: readonly number[], pauses = false): Seen {
  const probe = new EngineProbe({ socketType, limits: LIMITS, intervalMs: 1000 });
  probe.takeOutput();
  probe.accepts = !pauses;
  const output: Buffer[] = [];
  let now = 0;
  for (let at = 0, i = 0; at < stream.length; i++) {
    const end = Math.min(stream.length, at + Math.max(1, lengths[i % lengths.length]));
    const failed = probe.failures.length > 0;
    const { length } = probe.messages;
    probe.feed(own(stream.subarray(at, end)), now);
    probe.engine.resume(now);
    now += 0.001;
    const out = probe.takeOutput();
    if (failed) {
      assert.equal(probe.messages.length, length, "no message after a failure");
      assert.equal(out.length, 0, "no output after a failure");
    }
    output.push(out);
    at = end;
  }
  if (pauses) {
    for (let i = 0; i <= stream.length && probe.engine.state !== "closed"; i++) probe.engine.resume(now);
    output.push(probe.takeOutput());
  }
  assert.ok(probe.failures.length <= 1, "a failure is reported once");
  assert.equal(probe.failures.length === 1, probe.engine.state === "closed");
  assert.ok(probe.ready.length <= 1);
  if (probe.messages.length > 0) assert.equal(probe.ready.length, 1, "no message before the handshake is complete");
  for (const each of probe.messages) assert.ok(each.length >= 1 && each.length <= LIMITS.maxFrames);
  const [failure] = probe.failures;
  if (failure !== undefined) {
    assert.match(failure.text, /^[\x20-\x7e]+$/, "what is said of a peer is printable");
    assert.ok(failure.offset >= 0 && failure.offset <= stream.length);
    assert.match(failure.hex, /^([0-9a-f]{2}){0,16}…?$/);
  }
  return {
    state: probe.engine.state,
    messages: probe.messages.map(hexFrames),
    output: toHexText(join(...output)),
    failure,
    ready: probe.ready.length,
  };
}

const octets = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

/** Pieces that make sense, so that random streams get past the first octet. */
const piece = fc.oneof(
  octets(40),
  octets(300).map((body) => message(body)),
  fc.tuple(octets(20), octets(20)).map(([a, b]) => message(a, b)),
  fc
    .tuple(fc.constantFrom("READY", "ERROR", "PING", "PONG", "SUBSCRIBE", "CANCEL", "JOIN", "X"), octets(40))
    .map(([name, data]) => command(name, data)),
  fc.constantFrom(...messages, ...commands).map(({ bytes }) => hex(bytes)),
  fc.tuple(fc.integer({ min: 0, max: 255 }), octets(80)).map(([flags, body]) => frame(body, flags)),
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map(([flags, size]) => {
    const head = Buffer.alloc(9);
    head[0] = flags | 2;
    head.writeBigUInt64BE(size, 1);
    return head;
  }),
);
const start = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ZMTP_TYPES).map((type) => join(greeting(), ready(type, "id"))) },
  { weight: 1, arbitrary: fc.constant(greeting()) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
);
const mutation = fc.record({ at: fc.nat(), value: fc.nat(255), kind: fc.constantFrom("set", "insert", "remove", "bit") });
const stream = fc
  .tuple(start, fc.array(piece, { maxLength: 8 }), fc.array(mutation, { maxLength: 3 }))
  .map(([first, rest, changes]) => {
    let bytes = join(first, ...rest);
    for (const { at, value, kind } of changes) {
      if (bytes.length === 0) break;
      const i = at % bytes.length;
      if (kind === "set") bytes[i] = value;
      else if (kind === "bit") bytes[i] ^= 1 << (value % 8);
      else if (kind === "insert") bytes = join(bytes.subarray(0, i), Buffer.from([value]), bytes.subarray(i));
      else bytes = join(bytes.subarray(0, i), bytes.subarray(i + 1));
    }
    return bytes;
  });
const lengths = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 });

describe("fuzz: the engine", () => {
  it("random octets never throw and fail at most once", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZMTP_TYPES), octets(400), lengths, (type, bytes, cut) => {
        run(type, bytes, cut);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it("random octets behind a greeting, and behind a whole handshake", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZMTP_TYPES), fc.boolean(), octets(400), lengths, (type, whole, bytes, cut) => {
        const peer = SOCKET_TYPES[type].peers[0];
        run(type, join(greeting(), whole ? ready(peer) : Buffer.alloc(0), bytes), cut);
      }),
      { seed, numRuns: 3000 },
    );
  });

  it("mutated streams are read alike, however they are cut, and with a pause after every message", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZMTP_TYPES), stream, lengths, (type, bytes, cut) => {
        const whole = run(type, bytes, [bytes.length]);
        assert.deepEqual(run(type, bytes, cut), whole);
        assert.deepEqual(run(type, bytes, [1]), whole);
        assert.deepEqual(run(type, bytes, cut, true), whole);
      }),
      { seed, numRuns: 1500 },
    );
  });

  it("a good handshake with any one octet changed", () => {
    const good = join(
      greeting(),
      ready("ROUTER", "id"),
      command("PING", hex("0064 01")),
      message("a", "b"),
      command("SUBSCRIBE", text("x")),
    );
    const random = seededRandom(seed);
    for (let at = 0; at < good.length; at++) {
      for (const value of [0x00, 0xff, good[at] ^ 1, good[at] ^ 0x80, random.next(256)]) {
        const bad = own(good);
        bad[at] = value;
        assert.deepEqual(run("DEALER", bad, [1]), run("DEALER", bad, [bad.length]), `octet ${at} is ${value}`);
      }
    }
  });

  it("a good handshake that ends, loses or repeats an octet anywhere", () => {
    const good = join(greeting(), ready("ROUTER", "id"), command("PING", hex("0064 01")), message("a", "b"));
    for (let at = 0; at < good.length; at++) {
      run("DEALER", good.subarray(0, at), [7]);
      run("DEALER", join(good.subarray(0, at), good.subarray(at + 1)), [7]);
      run("DEALER", join(good.subarray(0, at + 1), good.subarray(at)), [7]);
    }
  });
});

describe("fuzz: the frame decoder", () => {
  class Sink implements FrameSink {
    readonly seen: string[] = [];
    faults = 0;
    onMessage(frames: Uint8Array[]): boolean {
      assert.equal(this.faults, 0, "nothing after a fault");
      this.seen.push(hexFrames(frames).join());
      return true;
    }
    onCommand(body: Uint8Array): boolean {
      assert.equal(this.faults, 0, "nothing after a fault");
      this.seen.push(`!${toHexText(body)}`);
      return true;
    }
    onMalformed(): void {
      this.faults++;
    }
  }

  function decode(bytes: Uint8Array, size: number, handshaking: boolean, copyBodies: boolean): [string[], number] {
    const sink = new Sink();
    const decoder = new FrameDecoder(sink, { ...LIMITS, copyBodies });
    decoder.handshaking = handshaking;
    for (let at = 0; at < bytes.length; at += size) decoder.receive(own(bytes.subarray(at, at + size)));
    assert.ok(sink.faults <= 1);
    return [sink.seen, sink.faults];
  }

  it("any octets in any pieces: never throws, one fault at most, the same whole or cut, copied or not", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        (pieces, handshaking, size) => {
          const bytes = join(...pieces);
          const whole = decode(bytes, Math.max(1, bytes.length), handshaking, false);
          assert.deepEqual(decode(bytes, size, handshaking, false), whole);
          assert.deepEqual(decode(bytes, size, handshaking, true), whole);
          assert.deepEqual(decode(bytes, 1, handshaking, false), whole);
        },
      ),
      { seed, numRuns: 2000 },
    );
  });

  it("takes no memory for sizes that are only announced", () => {
    const random = seededRandom(seed);
    collectGarbage();
    const memory = process.memoryUsage().arrayBuffers;
    const decoders: FrameDecoder[] = [];
    for (let i = 0; i < 1000; i++) {
      const decoder = new FrameDecoder(
        new Sink(),
        limits({ maxFrameBytes: Number.MAX_SAFE_INTEGER, copyBodies: random.next(2) === 0 }),
      );
      decoder.handshaking = false;
      const head = Buffer.alloc(9);
      head[0] = 2 | random.next(2) | (random.next(2) << 2);
      head.writeBigUInt64BE(BigInt(1 + random.next(2 ** 32)) << BigInt(random.next(20)), 1);
      decoder.receive(head);
      decoder.receive(Buffer.from([1]));
      decoders.push(decoder);
    }
    const taken = process.memoryUsage().arrayBuffers - memory;
    assert.ok(taken < 10e6, `${taken} bytes for ${decoders.length} announcements`);
  });
});
