// The engine's states and the promises to its sink; what the protocol asks for is in spec/rfc23.test.ts and rfc37.test.ts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ENGINE_TRANSITIONS, type EngineState } from "../../../src/zmtp/engine.ts";
import { cuts, hex, hexFrames, join, toHexText } from "../../support/bytes.ts";
import { command, EngineProbe, greeting, message, ready, readyProbe } from "../../support/engine-probe.ts";

const SOURCE = new URL("../../../../src/zmtp/engine.ts", import.meta.url);

describe("Engine: states", () => {
  it("the table of transitions is the picture in the file's header", () => {
    const header = readFileSync(SOURCE, "utf8").split("*/")[0];
    const chain = header.split("\n").find((line) => line.includes("─▶"));
    assert.ok(chain !== undefined, "the header has a picture");
    const states = [...chain.matchAll(/\b(greeting|handshaking|ready|closed)\b/g)].map(([name]) => name as EngineState);
    assert.deepEqual(states, ["greeting", "handshaking", "ready", "closed"]);
    assert.match(header, /any failure/);
    const expected: Record<string, string[]> = {};
    states.forEach((state, i) => {
      const next = states.slice(i + 1, i + 2);
      expected[state] = state === "closed" ? [] : [...new Set([...next, "closed"])];
    });
    assert.deepEqual(ENGINE_TRANSITIONS, expected);
  });

  it("goes through all states, and closes from each", () => {
    const steps: [Uint8Array, EngineState][] = [
      [hex("ff"), "greeting"],
      [greeting().subarray(1), "handshaking"],
      [ready("ROUTER"), "ready"],
    ];
    for (let last = 0; last <= steps.length; last++) {
      const probe = new EngineProbe();
      for (const [bytes, state] of steps.slice(0, last)) assert.equal(probe.feed(bytes).engine.state, state);
      probe.engine.close();
      assert.equal(probe.engine.state, "closed");
      probe.engine.close();
      assert.equal(probe.failures.length, 0, "closing from outside is no failure");
    }
  });

  it("when closed it takes nothing, says nothing and has no deadline that matters", () => {
    const probe = readyProbe("ROUTER", { intervalMs: 10 });
    probe.engine.close();
    probe.feed(message("x"));
    probe.engine.resume(0);
    probe.engine.tick(1e9);
    assert.deepEqual([probe.messages.length, probe.takeOutput().length, probe.failures.length], [0, 0, 0]);
  });

  it("fails once, and reports nothing after it", () => {
    const probe = readyProbe("ROUTER");
    const short = command("PING", hex("00"));
    probe.feed(join(short, message("x"), short));
    probe.feed(short);
    probe.engine.tick(1e9);
    assert.equal(probe.failure().reason, "malformed-command");
    assert.deepEqual([probe.messages.length, probe.takeOutput().length], [0, 0]);
  });

  it("a sink that closes the engine from inside a message gets no more", () => {
    const probe = readyProbe("ROUTER");
    const { messages } = probe;
    probe.onMessage = (frames) => {
      messages.push(frames);
      probe.engine.close();
      return true;
    };
    probe.feed(join(message("a"), message("b"), command("PING", hex("0000"))));
    assert.deepEqual([probe.messages.length, probe.takeOutput().length], [1, 0]);
  });

  it("a sink that closes the engine from inside onReady gets no message", () => {
    const probe = new EngineProbe();
    probe.onReady = () => probe.engine.close();
    probe.feed(join(greeting(), ready("ROUTER"), message("a")));
    assert.deepEqual([probe.messages.length, probe.failures.length], [0, 0]);
  });
});

describe("Engine: what a failure says", () => {
  const faults: [string, Uint8Array, number, string][] = [
    ["a short PING", command("PING", hex("00")), 0, "0450494e4700"],
    ["a giant frame", hex("02 8000000000000000"), 0, "028000000000000000"],
    [
      "a giant frame after a message and half a message",
      join(message("abc"), hex("01 01 61"), hex("02 8000000000000000")),
      8,
      "028000000000000000",
    ],
    ["a short PING after a long message", join(message(Buffer.alloc(300)), command("PING")), 309, "0450494e47"],
  ];
  for (const [title, bytes, offset, shown] of faults) {
    it(`${title}: the offset and the bytes are the same however the stream is cut`, () => {
      const start = join(greeting(), ready("ROUTER"));
      for (const { name, chunks } of cuts(join(start, bytes))) {
        const probe = new EngineProbe();
        for (const chunk of chunks) probe.feed(chunk);
        const failure = probe.failure();
        assert.deepEqual([failure.offset, failure.hex], [start.length + offset, shown], name);
      }
    });
  }

  it("bytes are shown up to 16 of them", () => {
    const failure = new EngineProbe().feed(join(greeting(), message(Buffer.alloc(100, 0xab)))).failure();
    assert.equal(failure.hex, `${"ab".repeat(16)}…`);
  });
});

describe("Engine: pausing", () => {
  it("after a message that was answered with false nothing comes until resume, not even a PONG", () => {
    const probe = readyProbe("ROUTER");
    probe.accepts = false;
    probe.feed(join(message("a"), command("PING", hex("0000")), message("b"), message("c")));
    assert.deepEqual([probe.messages.length, probe.takeOutput().length], [1, 0]);
    probe.engine.resume(0);
    assert.equal(probe.messages.length, 2);
    assert.equal(toHexText(probe.takeOutput()), toHexText(command("PONG")));
    probe.accepts = true;
    probe.engine.resume(0);
    assert.deepEqual(probe.messages.map(hexFrames), [["61"], ["62"], ["63"]]);
  });

  it("what comes in while paused still counts as a sign of life", () => {
    const probe = readyProbe("ROUTER", { intervalMs: 100, timeoutMs: 100 });
    probe.accepts = false;
    probe.feed(message("a"), 0);
    probe.engine.tick(100);
    probe.feed(message("b"), 150);
    probe.engine.tick(200);
    assert.equal(probe.engine.state, "ready");
  });
});
