// One large message at a time, and a break in the middle of it: what the network did not take whole is sent again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pull, Push } from "../../src/node.ts";
import { Ledger, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { SEEDS, VIGILANT } from "./weather.ts";

printSeed();

const BUFFER = 3000;
const MESSAGES = 5;
/** Heartbeats of both sides that may be under way too. */
const HEARTBEAT_BYTES = 100;

async function transfer(simulation: Simulation): Promise<void> {
  const { random, network } = simulation;
  const ledger = new Ledger();
  const push = simulation.process("push").socket(Push, VIGILANT);
  const pull = simulation.process("pull").socket(Pull, VIGILANT);
  let big = 0;
  pull.bindSync("sim://pull");
  push.connect("sim://pull");
  simulation.spawn(async () => {
    for (;;) {
      const [text, body] = await pull.receive();
      ledger.came(text);
      assert.ok(Buffer.alloc(big, big).equals(body), `${body.length} of ${big} bytes`);
    }
  });
  for (let i = 0; i < MESSAGES; i++) {
    await simulation.until(push.connected());
    await simulation.run(300);
    const before = network.written - network.delivered;
    big = 1 + random.next(30_000);
    const arrived = ledger.arrived();
    await simulation.until(push.send([ledger.next("push"), Buffer.alloc(big, big)]));
    await simulation.run(random.next(60));
    const whole = network.written - network.delivered - before <= BUFFER + HEARTBEAT_BYTES;
    network.reset();
    await simulation.run(2000);
    // What the network had whole is lost or has come; the rest is ours to deliver.
    if (!whole) assert.equal(ledger.arrived(), arrived + 1, `a message of ${big} bytes was cut`);
  }
}

test("a message that a break cuts is sent again, once and whole", () =>
  simulate({ ...SEEDS, bufferBytes: BUFFER, chunkBytes: 1000 }, transfer));
