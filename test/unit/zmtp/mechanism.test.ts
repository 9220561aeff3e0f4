// NULL: READY out, one frame in.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NullMechanism, refusal } from "../../../src/zmtp/mechanism.ts";
import { hex, text, toHexText } from "../../support/bytes.ts";

describe("NullMechanism", () => {
  const mechanism = (): NullMechanism => new NullMechanism([["Socket-Type", text("PUB")]]);

  it("is named NULL and begins with READY and its metadata", () => {
    assert.equal(mechanism().name, "NULL");
    const step = mechanism().start(() => assert.fail("NULL without an authority waits for nothing"));
    assert.ok(step.kind === "send");
    assert.equal(toHexText(step.body), toHexText(hex("05 5245414459 0b 536f636b65742d54797065 00000003 505542")));
  });

  it("is ready with the peer's metadata", () => {
    const step = mechanism().onCommand(hex("05 5245414459 01 58 00000001 79"));
    assert.equal(step.kind, "ready");
    if (step.kind === "ready")
      assert.deepEqual(
        [...step.metadata].map(([name, value]) => [name, String(value)]),
        [["X", "y"]],
      );
  });

  it("peers that announce the same share what they announced, others do not", () => {
    const announced = (body: string): unknown => {
      const step = mechanism().onCommand(hex(body));
      return step.kind === "ready" ? step.metadata : assert.fail(step.kind);
    };
    const first = announced("05 5245414459 01 58 00000001 79");
    assert.equal(announced("05 5245414459 01 58 00000001 79"), first);
    const other = announced("05 5245414459 01 58 00000001 7a");
    assert.deepEqual([...(other as Map<string, Uint8Array>).values()].map(String), ["z"]);
    assert.equal(announced("05 5245414459 01 58 00000001 7a"), other);
    assert.notEqual(announced("05 5245414459 01 58 00000001 79"), other);
  });

  it("fails on everything else, saying what came, in printable text", () => {
    const cases: [string, string, RegExp][] = [
      ["", "unexpected-command", /no command/],
      ["00", "unexpected-command", /no command/],
      ["04 50494e47", "unexpected-command", /"PING"/],
      ["03 1b5b41", "unexpected-command", /"\?\[A"/],
      ["05 5245414459 01", "invalid-metadata", /form no property/],
      ["05 4552524f52", "malformed-error", /ERROR/],
      ["05 4552524f52 03 343030", "refused-by-peer", /400/],
    ];
    for (const [body, reason, said] of cases) {
      const step = mechanism().onCommand(hex(body));
      assert.equal(step.kind, "fail", body);
      if (step.kind !== "fail") return;
      assert.equal(step.reason, reason, body);
      assert.match(step.text, said);
      assert.match(step.text, /^[\x20-\x7e]*$/);
    }
  });

  it("a refusal's reason is cut where it is long", () => {
    const step = refusal(Buffer.concat([hex("ff"), Buffer.alloc(255, "x")]));
    assert.ok(step.kind === "fail" && step.text.length < 150);
  });
});
