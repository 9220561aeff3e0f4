// The byte vectors of test/vectors/: decoders eat each whole, byte by byte and cut at every offset; encoders write exactly these bytes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toLatin1 } from "../../src/base/bytes.ts";
import { Outbox } from "../../src/core/outbox.ts";
import { SlabPool } from "../../src/core/slab.ts";
import type { Link } from "../../src/core/transport.ts";
import {
  decodeCommand,
  decodeError,
  decodeMetadata,
  decodePing,
  encodeCommand,
  encodeError,
  encodeMetadata,
  encodePing,
  encodePong,
  groupToCommand,
  subscriptionFrame,
  subscriptionToCommand,
} from "../../src/zmtp/command.ts";
import { FrameDecoder } from "../../src/zmtp/frame-decoder.ts";
import { encodeFrame, FLAG_COMMAND } from "../../src/zmtp/frame-encoder.ts";
import { Greeting, type GreetingResult } from "../../src/zmtp/greeting.ts";
import { cuts, hex, hexFrames, join, text, toHexText } from "../support/bytes.ts";
import { limits } from "../support/engine-probe.ts";
import { type CommandVector, commands, greetings, lenient, messages } from "../support/vectors.ts";

interface Decoded {
  readonly messages: string[][];
  readonly commands: string[];
  readonly malformed: string[];
}

function decode(chunks: readonly Uint8Array[], handshaking = false): Decoded {
  const found: Decoded = { messages: [], commands: [], malformed: [] };
  const decoder = new FrameDecoder(
    {
      onMessage: (frames) => found.messages.push(hexFrames(frames)) > 0,
      onCommand: (body) => found.commands.push(toHexText(body)) > 0,
      onMalformed: (reason) => found.malformed.push(reason),
    },
    limits(),
  );
  decoder.handshaking = handshaking;
  for (const chunk of chunks) decoder.receive(chunk);
  return found;
}

/** What the outbox hands to a link that takes everything. */
function encodeMessage(frames: Uint8Array[]): Buffer {
  const written: Buffer[] = [];
  const link = { open: true, write: (parts: readonly Uint8Array[]) => written.push(join(...parts)) > 0 } as unknown as Link;
  const outbox = new Outbox(link, new SlabPool(), { onBatchTaken: () => undefined, onBatchUnformed: () => assert.fail() });
  assert.equal(outbox.add(frames), true);
  outbox.flush();
  return join(...written);
}

function encode(vector: CommandVector): Uint8Array {
  switch (vector.name) {
    case "READY":
      return encodeCommand(
        "READY",
        encodeMetadata((vector.metadata ?? []).map(([name, value]): [string, Uint8Array] => [name, hex(value)])),
      );
    case "ERROR":
      return encodeError(vector.reason ?? "");
    case "SUBSCRIBE":
    case "CANCEL":
      return subscriptionToCommand(subscriptionFrame(vector.name === "SUBSCRIBE", hex(vector.topic ?? "")));
    case "PONG":
      return encodePong(hex(vector.context ?? ""));
    case "JOIN":
    case "LEAVE":
      return groupToCommand(subscriptionFrame(vector.name === "JOIN", hex(vector.group ?? "")));
    default: {
      // We never send a context with a PING; the general encoder writes one all the same.
      const ping = encodePing(vector.ttl ?? 0);
      return vector.context === "" ? ping : join(ping, hex(vector.context ?? ""));
    }
  }
}

/** Each field of the vector, read back from the command's data. */
function assertFields(vector: CommandVector, data: Uint8Array): void {
  if (vector.metadata !== undefined) {
    const expected = vector.metadata.map(([name, value]) => [name, toHexText(hex(value))]);
    assert.deepEqual(
      [...(decodeMetadata(data) ?? [])].map(([name, value]) => [name, toHexText(value)]),
      expected,
    );
  }
  if (vector.reason !== undefined) assert.equal(decodeError(data), vector.reason);
  if (vector.topic !== undefined) assert.equal(toHexText(data), toHexText(hex(vector.topic)));
  if (vector.group !== undefined) assert.equal(toHexText(data), toHexText(hex(vector.group)));
  if (vector.ttl !== undefined) {
    const ping = decodePing(data);
    assert.equal(ping?.ttlTenths, vector.ttl);
    assert.equal(toHexText(ping?.context as Uint8Array), vector.context);
  }
}

describe("vectors: greetings (RFC 37 «Greeting»)", () => {
  for (const vector of greetings) {
    const bytes = hex(vector.bytes);

    it(`${vector.title}: is 64 octets, read whole, byte by byte and cut at every offset`, () => {
      assert.equal(bytes.length, 64);
      for (const { name, chunks } of cuts(bytes)) {
        const greeting = new Greeting("NULL", 5, () => undefined);
        let result: GreetingResult = { kind: "more" };
        for (const chunk of chunks) {
          assert.equal(result.kind, "more", name);
          const step = greeting.receive(chunk, 0);
          assert.equal(step.next, chunk.length, name);
          result = step.result;
        }
        assert.ok(result.kind === "done", name);
        assert.deepEqual([result.minor, toLatin1(result.mechanism)], [vector.minor, vector.mechanism], name);
      }
    });

    it(`${vector.title}: is what we write`, () => {
      const sent: Uint8Array[] = [];
      const greeting = new Greeting(vector.mechanism, 5, (part) => sent.push(part));
      greeting.start(vector.identityBytes);
      greeting.receive(hex(greetings[0].bytes), 0);
      assert.equal(toHexText(join(...sent)), toHexText(bytes));
    });
  }
});

describe("vectors: commands (RFC 37 «Commands»)", () => {
  for (const vector of commands) {
    const bytes = hex(vector.bytes);

    it(`${vector.title}: is read whole, byte by byte and cut at every offset`, () => {
      const whole = decode([bytes]);
      assert.deepEqual([whole.messages, whole.malformed, whole.commands.length], [[], [], 1]);
      const command = decodeCommand(hex(whole.commands[0]));
      assert.equal(command?.name, vector.name);
      assertFields(vector, command?.data as Uint8Array);
      for (const { name, chunks } of cuts(bytes)) assert.deepEqual(decode(chunks), whole, name);
    });

    it(`${vector.title}: is what we write`, () => {
      assert.equal(toHexText(encodeFrame(FLAG_COMMAND, encode(vector))), toHexText(bytes));
    });
  }
});

describe("vectors: messages (RFC 37 «Traffic»)", () => {
  for (const vector of messages) {
    const bytes = hex(vector.bytes);
    const frames = vector.frames.map(hex);

    it(`${vector.title}: is read whole, byte by byte and cut at every offset`, () => {
      const expected: Decoded = { messages: [hexFrames(frames)], commands: [], malformed: [] };
      for (const { name, chunks } of cuts(bytes)) assert.deepEqual(decode(chunks), expected, name);
    });

    it(`${vector.title}: is what we write`, () => {
      assert.equal(toHexText(encodeMessage(frames)), toHexText(bytes));
    });
  }

  it("all of them in one stream, with a command between any two frames, are the same messages", () => {
    const pong = hex("04 05 04 504f4e47");
    const stream = join(
      ...messages.flatMap(({ frames }) =>
        frames.flatMap((body, i) => {
          const flags = i < frames.length - 1 ? 1 : 0;
          return [pong, encodeFrame(flags, hex(body))];
        }),
      ),
    );
    const expected = messages.map(({ frames }) => frames.map((body) => toHexText(hex(body))));
    for (const { name, chunks } of cuts(stream)) {
      const found = decode(chunks);
      assert.deepEqual([found.messages, found.malformed], [expected, []], name);
    }
  });
});

describe("vectors: what libzmq accepts though no conforming peer sends it", () => {
  for (const vector of lenient) {
    it(`${vector.title}: is read whole, byte by byte and cut at every offset`, () => {
      const bytes = hex(vector.bytes);
      for (const { name, chunks } of cuts(bytes)) {
        const found = decode(chunks);
        assert.deepEqual(found.malformed, [], name);
        if (vector.frames !== undefined) assert.deepEqual(found.messages, [hexFrames(vector.frames.map(hex))], name);
        if (vector.command !== undefined) {
          assert.deepEqual(
            found.commands.map((body) => decodeCommand(hex(body))?.name),
            [vector.command],
            name,
          );
        }
      }
    });
  }

  it("a handshake command without the COMMAND bit is read as a command", () => {
    const body = encodeCommand("READY", encodeMetadata([["Socket-Type", text("PUB")]]));
    for (const { name, chunks } of cuts(encodeFrame(0, body))) {
      assert.deepEqual(decode(chunks, true).commands, [toHexText(body)], name);
    }
  });
});
