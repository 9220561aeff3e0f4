// Bytes: allocation, views, text, numbers of the wire.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  allocate,
  allocateOwn,
  concat,
  copyBytes,
  EMPTY,
  equalBytes,
  fromText,
  readUint32,
  readUint64,
  setBytes,
  toHex,
  toLatin1,
  toText,
  viewOf,
  writeUint32,
  writeUint64,
} from "../../../src/base/bytes.ts";

describe("bytes", () => {
  it("are Buffers where there are Buffers", () => {
    for (const bytes of [allocate(3), allocateOwn(3), fromText("abc"), viewOf(new ArrayBuffer(8), 2, 3), concat([], 0), EMPTY]) {
      assert.ok(Buffer.isBuffer(bytes));
      assert.equal(Object.getPrototypeOf(bytes), Buffer.prototype);
    }
    assert.equal(EMPTY.length, 0);
  });

  it("allocateOwn has memory of its own", () => {
    const bytes = allocateOwn(10);
    assert.deepEqual([bytes.byteOffset, bytes.buffer.byteLength], [0, 10]);
  });

  it("viewOf shares the memory", () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);
    const view = viewOf(whole.buffer, 2, 3);
    assert.deepEqual([...view], [2, 3, 4]);
    view[0] = 99;
    assert.equal(whole[2], 99);
    assert.equal(viewOf(whole.buffer, 8, 0).length, 0);
    assert.throws(() => viewOf(whole.buffer, 7, 2), RangeError);
  });

  it("copyBytes is a copy, also of a Buffer and of a range", () => {
    const source = Buffer.from([1, 2, 3, 4]);
    const copy = copyBytes(source, 1, 3);
    source.fill(0);
    assert.deepEqual([...copy], [2, 3]);
    assert.equal(copyBytes(source, 4).length, 0);
  });

  it("setBytes writes at an offset", () => {
    const target = new Uint8Array(5);
    setBytes.call(target, Uint8Array.of(1, 2), 2);
    assert.deepEqual([...target], [0, 0, 1, 2, 0]);
    assert.throws(() => setBytes.call(target, Uint8Array.of(1, 2), 4), RangeError);
  });

  it("text is UTF-8, and wrong bytes are marked, not thrown over", () => {
    assert.deepEqual([...fromText("ä€😀")], [...Buffer.from("ä€😀")]);
    assert.equal(toText(Buffer.from("ä€😀")), "ä€😀");
    assert.equal(toText(Uint8Array.of(0x61, 0xff, 0x62)), "a\ufffdb");
  });

  it("toLatin1 is one character per byte, for all bytes", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const text = toLatin1(all);
    assert.equal(text.length, 256);
    for (let i = 0; i < 256; i++) assert.equal(text.charCodeAt(i), i);
  });

  it("toHex shows up to a limit", () => {
    assert.equal(toHex(Uint8Array.of(0, 1, 0xff)), "0001ff");
    assert.equal(toHex(new Uint8Array(16)), "00".repeat(16));
    assert.equal(toHex(new Uint8Array(17)), `${"00".repeat(16)}…`);
    assert.equal(toHex(Uint8Array.of(1, 2, 3), 2), "0102…");
    assert.equal(toHex(EMPTY), "");
  });

  it("equalBytes compares content", () => {
    assert.equal(equalBytes(Uint8Array.of(1, 2), Buffer.from([1, 2])), true);
    assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
    assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1)), false);
    assert.equal(equalBytes(EMPTY, new Uint8Array(0)), true);
  });

  it("concat joins parts", () => {
    assert.deepEqual([...concat([Uint8Array.of(1), EMPTY, Uint8Array.of(2, 3)], 3)], [1, 2, 3]);
  });

  it("numbers of 32 and 64 bits are big-endian and unsigned", () => {
    const bytes = new Uint8Array(12);
    for (const value of [0, 1, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff]) {
      writeUint32(bytes, 3, value);
      assert.equal(readUint32(bytes, 3), value);
      assert.equal(Buffer.from(bytes.buffer).readUInt32BE(3), value);
    }
    for (const value of [0, 1, 255, 256, 0xffffffff, 0x100000000, 0x100000001, Number.MAX_SAFE_INTEGER]) {
      writeUint64(bytes, 2, value);
      assert.equal(readUint64(bytes, 2), value);
      assert.equal(Buffer.from(bytes.buffer).readBigUInt64BE(2), BigInt(value));
    }
  });

  it("a number too large to be exact is still known to be large", () => {
    assert.ok(readUint64(new Uint8Array(8).fill(0xff), 0) > Number.MAX_SAFE_INTEGER);
    assert.ok(readUint64(Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0), 0) > Number.MAX_SAFE_INTEGER);
  });
});
