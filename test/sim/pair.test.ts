// Two PAIRs that talk in both directions, restart and lose each other, in any weather.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pair } from "../../src/node.ts";
import { Ledger, type SimulatedProcess, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { climate, pick, SEEDS, VIGILANT, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const MARK = 8;

interface Side {
  readonly host: "left" | "right";
  readonly process: SimulatedProcess;
  readonly socket: Pair;
  /** Who sends: a new name after each restart. */
  readonly sender: string;
  got: number;
}

async function couple(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  let life = 0;
  const born = (host: "left" | "right"): Side => {
    const process = simulation.process(host);
    const socket = process.socket(Pair, { ...VIGILANT, sendHighWaterMark: MARK, receiveHighWaterMark: MARK, linger: 100 });
    const side: Side = { host, process, socket, sender: `${host}${++life}`, got: 0 };
    if (host === "left") socket.bindSync("sim://left");
    else socket.connect("sim://left");
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        await socket.send(ledger.next(side.sender));
        if (random.next(2) === 0) await process.sleep(random.next(30));
      }
    });
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        ledger.came(message[0], { lane: `${side.sender} ${peer.id}` });
        side.got++;
        if (random.next(8) === 0) await process.sleep(random.next(60));
      }
    });
    return side;
  };
  const sides = { left: born("left"), right: born("right") };
  for (let restarts = random.next(3); restarts > 0; restarts--) {
    const host = pick(random, ["left", "right"] as const);
    simulation.after(random.next(FAULTS_MS), () => {
      const { process, socket } = sides[host];
      const crashes = random.next(2) === 0;
      if (crashes) process.crash({ silent: random.next(2) === 0 });
      else socket.close();
      // An orderly end takes as long as it lingers.
      simulation.after(crashes ? random.next(100) : 1500, () => {
        sides[host].process.crash();
        sides[host] = born(host);
      });
    });
  }
  weather(simulation, ["left", "right"], FAULTS_MS);
  await simulation.run(FAULTS_MS + 4000);
  // One that came while the last was not over, or not read to its end, is ignored for as long as it stays.
  simulation.network.reset();
  await simulation.run(1000);

  // In peace, both hear each other.
  for (const [from, to] of [
    [sides.left, sides.right],
    [sides.right, sides.left],
  ]) {
    const before = to.got;
    await simulation.until(from.socket.send(ledger.next(from.sender)), 5000);
    await simulation.until(() => to.got > before, 5000);
    for (const { sending } of from.socket.peers()) assert.ok(sending.messages <= MARK);
  }
}

test("PAIR: nothing twice, in order, and they find each other again", () => simulate(SEEDS, couple));
