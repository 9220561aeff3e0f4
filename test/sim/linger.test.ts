// PUSH sockets that send and end at once, to slow readers with small marks: lingering gets everything there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pull, Push } from "../../src/node.ts";
import { Ledger, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, SEEDS, VIGILANT } from "./weather.ts";

printSeed();

const OPTIONS = { ...VIGILANT, heartbeatInterval: 0, handshakeInterval: 5000 };

async function farewell(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const pull = simulation.process("pull").socket(Pull, { ...OPTIONS, receiveHighWaterMark: between(random, 1, 3) });
  // The reader may come late, and slowly.
  simulation.after(random.next(200), () => pull.bindSync("sim://pull"));
  simulation.spawn(async () => {
    for (;;) {
      const { message, peer } = await pull.receiveFrom();
      ledger.came(message[0], { lane: String(peer.id) });
      await simulation.sleep(random.next(60));
    }
  });
  const pushes = Array.from({ length: between(random, 1, 3) }, (_, i) => ({
    name: `push${i}`,
    socket: simulation.process(`push${i}`).socket(Push, { ...OPTIONS, sendHighWaterMark: 0 }),
  }));
  const outcomes = pushes.map(async ({ name, socket }) => {
    socket.connect("sim://pull");
    const count = between(random, 1, 30);
    for (let i = 0; i < count; i++) assert.ok(socket.trySend([ledger.next(name), Buffer.alloc(random.next(100))]));
    const { flushed, dropped } = await socket.end();
    assert.deepEqual({ flushed, dropped }, { flushed: count, dropped: 0 });
  });
  await simulation.until(Promise.all(outcomes));
  assert.equal(simulation.leftovers().filter((left) => /^push\d (is held|has)/.test(left)).length, 0);
  // What they ended with is on its way, or waits to be read.
  await simulation.run(5000);
  assert.equal(ledger.arrived(), ledger.sent());
}

test("PUSH that ends at once: what was sent arrives, and the outcome says so", () => simulate(SEEDS, farewell));
