// What can be sent: every kind of value as frames, whose bytes they are, and what is refused with which words.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZmqError } from "../../../src/base/errors.ts";
import { byteLength, keep, toFrame, toFrames } from "../../../src/core/message.ts";

describe("test_msg_init: toFrame", () => {
  it("takes a Buffer as it is", () => {
    const buffer = Buffer.from("abc");
    assert.equal(toFrame(buffer), buffer);
  });

  it("takes any view of bytes by its range, without copying", () => {
    const memory = new ArrayBuffer(32);
    const bytes = new Uint8Array(memory);
    for (let i = 0; i < 32; i++) bytes[i] = i;
    for (const view of [
      new Uint8Array(memory, 4, 8),
      new Int8Array(memory, 4, 8),
      new Uint8ClampedArray(memory, 4, 8),
      new Uint16Array(memory, 4, 4),
      new Float32Array(memory, 4, 2),
      new Float64Array(memory, 8, 1),
      new BigInt64Array(memory, 8, 1),
      new DataView(memory, 4, 8),
    ]) {
      const frame = toFrame(view);
      assert.ok(Buffer.isBuffer(frame));
      assert.deepEqual([frame.buffer, frame.byteOffset, frame.length], [memory, view.byteOffset, 8]);
    }
  });

  it("takes an ArrayBuffer whole, without copying", () => {
    const memory = new ArrayBuffer(5);
    const frame = toFrame(memory);
    assert.deepEqual([frame.buffer, frame.length], [memory, 5]);
  });

  it("test_msg_flags (SHARED): copies a SharedArrayBuffer: another thread may write to it", () => {
    const memory = new SharedArrayBuffer(4);
    new Uint8Array(memory).fill(7);
    const frame = toFrame(memory);
    new Uint8Array(memory).fill(8);
    assert.deepEqual([...frame], [7, 7, 7, 7]);
  });

  it("takes text as UTF-8, a number as its decimal text, null as an empty frame", () => {
    const cases: [unknown, string][] = [
      ["", ""],
      ["ä€😀", "ä€😀"],
      [0, "0"],
      [-1.5, "-1.5"],
      [1e21, "1e+21"],
      [Number.NaN, "NaN"],
      [null, ""],
      [10n, "10"],
      [true, "true"],
    ];
    for (const [value, text] of cases) assert.equal(String(toFrame(value)), text);
  });

  it("takes an object with a toString of its own", () => {
    assert.equal(String(toFrame({ toString: () => "mine" })), "mine");
    assert.equal(String(toFrame(new URL("http://a/"))), "http://a/");
  });

  it("refuses what has no text of its own, saying what was expected and what came", () => {
    class Point {
      x = 1;
    }
    const cases: [unknown, RegExp][] = [
      [{}, /an instance of Object; serialise it/],
      [new Point(), /an instance of Point/],
      [new Map(), /an instance of Map/],
      [undefined, /got undefined/],
    ];
    for (const [value, said] of cases) {
      assert.throws(
        () => toFrame(value),
        (error: unknown) => {
          assert.ok(error instanceof ZmqError);
          assert.equal(error.code, "EINVAL");
          assert.match(error.message, said);
          assert.match(error.message, /bytes, a string, a number/);
          return true;
        },
      );
    }
  });

  it("refuses an object without a prototype, and a symbol, with an EINVAL of its own", () => {
    for (const value of [Object.create(null), Symbol("s"), { toString: 5 }]) {
      assert.throws(() => toFrame(value), { name: "ZmqError", code: "EINVAL" });
    }
  });
});

describe("test_msg_flags (MORE), test_msg_init: toFrames", () => {
  it("one value is a message of one frame", () => {
    for (const value of ["a", Buffer.from("a"), new Uint8Array([97]), 5, null]) assert.equal(toFrames(value).length, 1);
  });

  it("an array is a message of its elements, in an array of its own", () => {
    const message = ["a", null, 5, Buffer.from("b")];
    const frames = toFrames(message);
    assert.deepEqual(frames.map(String), ["a", "", "5", "b"]);
    assert.notEqual(frames as unknown, message);
    assert.deepEqual(toFrames([]), []);
  });

  it("a hole or a nested array of objects is refused", () => {
    assert.throws(() => toFrames(["a", undefined as never]), { code: "EINVAL" });
    assert.throws(() => toFrames(["a", {} as never]), { code: "EINVAL" });
    assert.throws(() => toFrames(new Array(2) as never), { code: "EINVAL" });
  });
});

describe("keep and byteLength", () => {
  it("keep copies frames up to 128 octets and leaves larger ones", () => {
    for (const [size, copied] of [
      [1, true],
      [128, true],
      [129, false],
    ] as const) {
      const frame = Buffer.alloc(size, 1);
      const frames = [frame];
      assert.equal(keep(frames), frames);
      assert.equal(frames[0] !== frame, copied, `${size}`);
      frame.fill(2);
      assert.equal(frames[0][0], copied ? 1 : 2);
    }
  });

  it("byteLength counts bodies", () => {
    assert.equal(byteLength([]), 0);
    assert.equal(byteLength([Buffer.alloc(3), Buffer.alloc(0), Buffer.alloc(4)]), 7);
  });
});
