// Commands and metadata: grammar, round trips, and that no body makes a decoder throw.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
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
  isShortName,
  subscriptionFrame,
  subscriptionToCommand,
} from "../../../src/zmtp/command.ts";
import { hex, own, text, toHexText } from "../../support/bytes.ts";

describe("commands", () => {
  it("a body is a name's length, the name, and data", () => {
    const command = decodeCommand(hex("04 50494e47 0000"));
    assert.deepEqual([command?.name, toHexText(command?.data as Uint8Array)], ["PING", "0000"]);
    assert.deepEqual(decodeCommand(hex("01 41"))?.name, "A");
    assert.equal(decodeCommand(hex("01 41"))?.data.length, 0);
  });

  it("a name has at least one octet and ends in the body", () => {
    for (const body of ["", "00", "00 41", "01", "02 41", "ff 41"]) assert.equal(decodeCommand(hex(body)), undefined, body);
  });

  it("any octets can be a name, one character each", () => {
    assert.equal(decodeCommand(hex("02 00ff"))?.name, "\x00\xff");
    assert.equal(decodeCommand(Buffer.concat([hex("ff"), Buffer.alloc(255, "n")]))?.name, "n".repeat(255));
  });

  it("isShortName tells by the first octet whether a body may be one of ours", () => {
    for (const [body, yes] of [
      ["", false],
      ["00", false],
      ["01", true],
      ["09", true],
      ["0a", false],
      ["ff", false],
    ] as const) {
      assert.equal(isShortName(hex(body)), yes, body);
    }
  });

  it("what is encoded is decoded, for any name and data", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z]{1,255}$/), fc.uint8Array({ maxLength: 400 }), (name, data) => {
        const command = decodeCommand(encodeCommand(name, data));
        return command?.name === name && toHexText(command.data) === toHexText(data);
      }),
      { seed: 1 },
    );
  });
});

describe("metadata", () => {
  it("what is encoded is decoded, in order", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.+-]{1,40}$/);
    const properties = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 50 })), {
      selector: ([key]) => key.toLowerCase(),
      maxLength: 8,
    });
    fc.assert(
      fc.property(properties, (list) => {
        const canonical = (key: string): string =>
          ["Socket-Type", "Identity", "Resource"].find((each) => each.toLowerCase() === key.toLowerCase()) ?? key;
        const decoded = decodeMetadata(encodeMetadata(list));
        assert.deepEqual(
          [...(decoded ?? [])].map(([key, value]) => [key, toHexText(value)]),
          list.map(([key, value]) => [canonical(key), toHexText(value)]),
        );
      }),
      { seed: 2 },
    );
  });

  it("values are copies: the chunk they came in is not kept", () => {
    const bytes = own(encodeMetadata([["Identity", text("abc")]]));
    const value = decodeMetadata(bytes)?.get("Identity") as Uint8Array;
    bytes.fill(0);
    assert.equal(String(value), "abc");
  });

  it("known names come in their canonical form, others as they are", () => {
    const decoded = decodeMetadata(
      encodeMetadata([
        ["SOCKET-type", text("PUB")],
        ["x-Other", text("1")],
      ]),
    );
    assert.deepEqual([...(decoded?.keys() ?? [])], ["Socket-Type", "x-Other"]);
  });

  it("the first of equal names wins, whatever their case", () => {
    const decoded = decodeMetadata(
      encodeMetadata([
        ["X-A", text("1")],
        ["x-a", text("2")],
        ["X-A", text("3")],
      ]),
    );
    assert.deepEqual(
      [...(decoded ?? [])].map(([key, value]) => [key, String(value)]),
      [["X-A", "1"]],
    );
  });

  it("names of an object's members are names like any other", () => {
    const decoded = decodeMetadata(
      encodeMetadata([
        ["__proto__", text("1")],
        ["constructor", text("2")],
      ]),
    );
    assert.deepEqual([...(decoded?.keys() ?? [])], ["__proto__", "constructor"]);
  });

  it("nothing at all is no properties", () => {
    assert.equal(decodeMetadata(new Uint8Array(0))?.size, 0);
  });

  it("leftover octets are refused", () => {
    for (const data of [
      "01",
      "01 58",
      "01 58 00000000 01",
      "01 58 000000",
      "01 58 00000001",
      "01 58 ffffffff 00",
      "05 58 00000000",
    ]) {
      assert.equal(decodeMetadata(hex(data)), undefined, data);
    }
  });
});

describe("ERROR, PING, PONG, subscriptions and groups", () => {
  it("an ERROR's reason has at most 255 octets", () => {
    assert.equal(decodeError(encodeError("x".repeat(300)).subarray(6)), "x".repeat(255));
    assert.equal(decodeError(encodeError("").subarray(6)), "");
  });

  it("octets behind an ERROR's reason are ignored, missing ones are not", () => {
    assert.equal(decodeError(hex("01 61 62")), "a");
    for (const data of ["", "01", "02 61"]) assert.equal(decodeError(hex(data)), undefined);
  });

  it("a PING's data is a time to live and a context, cut at 16 octets", () => {
    assert.equal(decodePing(hex("")), undefined);
    assert.equal(decodePing(hex("00")), undefined);
    assert.deepEqual(decodePing(hex("0102"))?.ttlTenths, 0x102);
    assert.equal(decodePing(Buffer.concat([hex("ffff"), Buffer.alloc(20)]))?.context.length, 16);
    for (const ttl of [0, 1, 655, 65_535]) assert.equal(decodePing(encodePing(ttl).subarray(5))?.ttlTenths, ttl);
    assert.equal(toHexText(encodePong(hex("01"))), "04504f4e4701");
  });

  it("a subscription is a frame 01 topic, its command SUBSCRIBE topic; a cancel 00 and CANCEL", () => {
    for (const topic of ["", "a", "x".repeat(300)]) {
      const frame = subscriptionFrame(true, text(topic));
      assert.equal(String(frame.subarray(1)) === "" ? 0 : frame.length, topic === "" ? 0 : topic.length + 1);
      assert.equal(frame[0], 1);
      assert.deepEqual(decodeCommand(subscriptionToCommand(frame))?.name, "SUBSCRIBE");
      const cancel = decodeCommand(subscriptionToCommand(subscriptionFrame(false, text(topic))));
      assert.equal(cancel?.name, "CANCEL");
      assert.equal(Buffer.from(cancel?.data as Uint8Array).toString(), topic);
    }
  });

  it("a subscription's topic is a copy", () => {
    const topic = own(text("abc"));
    const frame = subscriptionFrame(true, topic);
    topic.fill(0);
    assert.equal(toHexText(frame), "01616263");
  });

  it("a group's join and leave have no length octet", () => {
    assert.equal(toHexText(groupToCommand(subscriptionFrame(true, text("g")))), "044a4f494e67");
    assert.equal(toHexText(groupToCommand(subscriptionFrame(false, text("g")))), "054c4541564567");
  });

  it("no octets make a decoder throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
        for (const decode of [decodeCommand, decodeMetadata, decodeError, decodePing]) decode(data);
        isShortName(data);
      }),
      { seed: 3, numRuns: 2000 },
    );
  });
});
