// Every decoder, by properties (fast-check), by mutation of inputs that reach far inside, and for some batches led by coverage; and the inputs that once found
// something. `npm run fuzz` goes on for as long as it is told.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/random.ts";
import { hex } from "../support/bytes.ts";
import { loadSodium } from "../support/curve.ts";
import { printSeed, seed } from "../support/seed.ts";
import { found } from "../support/vectors.ts";
import { guide, mutate } from "./guided.ts";
import { TARGETS } from "./targets.ts";

before(printSeed);
before(loadSodium);

/** What the seeds of each target lead to at least: they must get past the first check. */
const REACHED: Readonly<Record<string, string>> = {
  greeting: "handshaking",
  handshake: "ready",
  traffic: "ready",
  zws: "decoded",
  command: "command",
  metadata: "metadata",
  null: "ready",
  "plain-client": "send",
  "plain-server": "send",
  "plain-server-initiate": "ready",
  "plain-hello": "credentials",
  "curve-server": "send",
  "curve-server-initiate": "ready",
  "curve-client": "send",
  "curve-client-ready": "ready",
  "curve-message": "opened",
  "zap-reply": "accept",
  "zap-request": "request",
  endpoint: "parsed",
  zpl: "parsed",
  certificate: "parsed",
  passwords: "parsed",
  z85: "parsed",
  key: "parsed",
};

const RUNS = 150;
const BATCHES = 5;

describe("fuzz: every decoder", () => {
  for (const target of TARGETS) {
    it(`${target.name}: any octets, and changed good ones, are taken or refused, never thrown at`, () => {
      const random = seededRandom(seed);
      const seeds = target.seeds();
      assert.ok(seeds.map((each) => target.run(Uint8Array.from(each))).includes(REACHED[target.name]));
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void target.run(bytes)),
        { seed, numRuns: RUNS },
      );
      for (let i = 0; i < RUNS; i++) {
        const input = mutate(seeds, random);
        try {
          target.run(Uint8Array.from(input));
        } catch (error) {
          throw new Error(`${target.name} with ${Buffer.from(input).toString("hex")}`, { cause: error });
        }
      }
    });
  }

  it("led by coverage, some batches each: nothing is found, and more is reached than by the seeds", () => {
    let more = 0;
    for (const target of TARGETS) {
      let batches = 0;
      const { findings, blocks, seeded } = guide(target, seededRandom(seed), () => batches++ === BATCHES);
      for (const { input, error } of findings)
        throw new Error(`${target.name} with ${Buffer.from(input).toString("hex")}`, { cause: error });
      more += blocks - seeded;
    }
    assert.ok(more > 0);
  });

  for (const { target, input, why } of found) {
    it(`found once: ${why}`, () => {
      const fuzzed = TARGETS.find(({ name }) => name === target);
      assert.ok(fuzzed, target);
      fuzzed.run(hex(input));
    });
  }
});
