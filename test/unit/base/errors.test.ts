// The error class and its table.

import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, it } from "node:test";
import {
  describe as describeValue,
  type ErrorReason,
  assert as invariant,
  REASONS,
  systemCode,
  usePlatformErrno,
  ZmqError,
} from "../../../src/base/errors.ts";

const reasons = Object.keys(REASONS) as ErrorReason[];

describe("ZmqError", () => {
  it("has code, errno, reason, origin and retryable, for every reason", () => {
    for (const reason of reasons) {
      const error = new ZmqError(reason, "text");
      const row = REASONS[reason];
      assert.ok(error instanceof Error);
      assert.deepEqual(
        [error.name, error.message, error.reason, error.code, error.origin, error.retryable],
        ["ZmqError", "text", reason, row.code, row.origin, row.retryable],
      );
      assert.ok(error.errno > 0, `${row.code} has a number`);
      assert.match(reason, /^[a-z]+(-[a-z]+)*$/);
    }
  });

  it("has libzmq's own numbers for its own codes (ZMQ_HAUSNUMERO)", () => {
    assert.equal(new ZmqError("wrong-state", "").errno, 156384763);
    assert.equal(new ZmqError("incompatible-transport", "").errno, 156384764);
    assert.equal(new ZmqError("context-terminated", "").errno, 156384765);
  });

  it("has Linux's numbers built in; a platform's own can be taken over, ZeroMQ's stay", () => {
    usePlatformErrno({ EAGAIN: 35, EFSM: 1 });
    try {
      assert.equal(new ZmqError("timed-out", "").errno, 35);
      assert.equal(new ZmqError("wrong-state", "").errno, 156384763);
    } finally {
      usePlatformErrno({ EAGAIN: 11 });
    }
    if (process.platform === "linux") {
      for (const reason of reasons) {
        const { code, errno } = new ZmqError(reason, "");
        const known = (constants.errno as Record<string, number>)[code];
        if (known !== undefined) assert.equal(errno, known, code);
      }
    }
  });

  it("carries address, cause and a finer code when given, and shows no field that is not", () => {
    const cause = new Error("beneath");
    const error = new ZmqError("connect-failed", "text", { address: "tcp://a:1", cause, code: "EHOSTUNREACH" });
    assert.deepEqual([error.address, error.cause, error.code], ["tcp://a:1", cause, "EHOSTUNREACH"]);
    const plain = new ZmqError("timed-out", "text");
    assert.equal("address" in plain, false);
    assert.equal("cause" in plain, false);
    assert.equal(Object.keys(plain).includes("name"), false);
  });
});

describe("helpers of errors", () => {
  it("assert throws with a request to report", () => {
    invariant(true, "fine");
    assert.throws(() => invariant(false, "the sky is up"), /invariant broken: the sky is up.*report/);
  });

  it("systemCode finds an errno name", () => {
    assert.equal(systemCode(Object.assign(new Error(), { code: "EPIPE" })), "EPIPE");
    for (const value of [new Error(), { code: 5 }, null, undefined, "EPIPE"]) assert.equal(systemCode(value), undefined);
  });

  it("describe is short for any value", () => {
    const long = "x".repeat(1000);
    const values: [unknown, string][] = [
      [null, "null"],
      [undefined, "undefined"],
      ["a\n", '"a\\n"'],
      [long, "a string of 1000 characters"],
      [1.5, "1.5"],
      [Number.NaN, "NaN"],
      [10n, "10"],
      [true, "true"],
      [() => 1, "a function"],
      [{}, "an instance of Object"],
      [[], "an instance of Array"],
      [new Date(0), "an instance of Date"],
      [Object.create(null), "object"],
    ];
    for (const [value, text] of values) assert.equal(describeValue(value), text);
    assert.equal(typeof describeValue(Symbol("s")), "string");
  });
});
