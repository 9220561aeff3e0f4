// The greeting's reader and writer; what its bytes mean is in spec/rfc23.test.ts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toLatin1 } from "../../../src/base/bytes.ts";
import { Greeting, type GreetingResult } from "../../../src/zmtp/greeting.ts";
import { cuts, hex, join, text, toHexText } from "../../support/bytes.ts";
import { greeting } from "../../support/engine-probe.ts";

function reader(mechanism = "NULL"): { own: Greeting; sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  return { own: new Greeting(mechanism, 5, (bytes) => sent.push(bytes)), sent };
}

describe("Greeting", () => {
  it("takes no octet past the 64, wherever they end in a chunk", () => {
    const rest = text("what follows");
    for (const before of [0, 1, 5]) {
      const { own } = reader();
      const chunk = join(Buffer.alloc(before, 0x55), greeting(), rest);
      const { result, next } = own.receive(chunk, before);
      assert.equal(result.kind, "done");
      assert.equal(next, before + 64);
      assert.equal(own.received, 64);
    }
  });

  it("counts what it read", () => {
    const { own } = reader();
    own.receive(greeting().subarray(0, 13), 0);
    assert.equal(own.received, 13);
    own.receive(Buffer.alloc(0), 0);
    assert.equal(own.received, 13);
  });

  it("sends each stage once, however the peer's octets come", () => {
    for (const { name, chunks } of cuts(greeting())) {
      const { own, sent } = reader();
      own.start(0);
      for (const chunk of chunks) own.receive(chunk, 0);
      assert.deepEqual(
        sent.map((bytes) => bytes.length),
        [10, 1, 53],
        name,
      );
    }
  });

  it("pads the mechanism's name to 20 octets; a name of 20 is whole", () => {
    for (const name of ["NULL", "A", "ABCDEFGHIJKLMNOPQRST"]) {
      const { own, sent } = reader(name);
      own.start(0);
      own.receive(greeting(), 0);
      const whole = join(...sent);
      assert.equal(whole.length, 64);
      assert.equal(toHexText(whole.subarray(12, 32)), toHexText(Buffer.alloc(20).fill(name, 0, name.length)));
      const { result } = reader().own.receive(whole, 0);
      assert.ok(result.kind === "done");
      assert.deepEqual([result.minor, toLatin1(result.mechanism)], [1, name]);
    }
  });

  it("a name with zeros inside is not the name before them", () => {
    const { result } = reader().own.receive(greeting({ mechanism: "NULL\0X" }), 0);
    assert.equal(result.kind === "done" && toLatin1(result.mechanism), "NULL\0X");
  });

  it("hands the octets back that are an older peer's frames", () => {
    const cases: [Uint8Array, "1.0" | "2.0", number][] = [
      [hex("03 00 69 64"), "1.0", 2],
      [hex("01 01"), "1.0", 2],
      [hex("ff 0000000000000100 00 01"), "1.0", 10],
      [hex("ff 0000000000000001 7f 00 05"), "1.0", 0],
      [hex("ff 0000000000000001 7f 01 05"), "2.0", 0],
    ];
    for (const [bytes, protocol, length] of cases) {
      for (const { name, chunks } of cuts(bytes)) {
        const { own } = reader();
        let result: GreetingResult = { kind: "more" };
        for (const chunk of chunks) if (result.kind === "more") result = own.receive(chunk, 0).result;
        assert.equal(result.kind, "old", name);
        if (result.kind !== "old") return;
        assert.deepEqual([result.protocol, toHexText(result.frames)], [protocol, toHexText(bytes.subarray(0, length))], name);
        assert.equal(result.greets, length === 0, name);
      }
    }
  });

  it("sends an older peer nothing of a newer version", () => {
    const unversioned = reader();
    unversioned.own.receive(hex("01"), 0);
    assert.equal(unversioned.sent.length, 0);
    const two = reader();
    two.own.receive(hex("ff 0000000000000001 7f 01"), 0);
    assert.equal(toHexText(join(...two.sent)), "0305");
  });

  it("what cannot be the header of an identity frame is no ZMTP, and is judged at once", () => {
    const cases = [
      "00 00",
      "47 45",
      "16 03",
      "05 02",
      "01 ff",
      "ff 0000000000000000 00",
      "ff 0000000000000101 00",
      "ff 0000000000000001 02",
    ];
    for (const bytes of cases.map(hex)) {
      for (const { name, chunks } of cuts(bytes)) {
        const { own, sent } = reader();
        let result: GreetingResult = { kind: "more" };
        for (const chunk of chunks) result = own.receive(chunk, 0).result;
        assert.ok(result.kind === "stranger", name);
        assert.equal(toHexText(result.received), toHexText(bytes), name);
        assert.equal(sent.length, 0, name);
      }
    }
  });
});
