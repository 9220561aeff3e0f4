// PUSH and PULL, SCATTER and GATHER: any number of each, bound or connected either way, small marks, slow readers, any weather; also with
// `immediate`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Gather, Pull, Push, Scatter } from "../../src/node.ts";
import { Ledger, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, SEEDS, vigilance, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const MESSAGES = 60;
const PADDING = 60;

interface End<S> {
  readonly name: string;
  readonly socket: S;
  readonly mark: number;
}

function sum(drops: Readonly<Record<string, number>>): number {
  return Object.values(drops).reduce((a, b) => a + b, 0);
}

interface Variant {
  /** Who connects: the PUSH sides, the PULL sides, or each pair as it comes. */
  readonly dialler: "push" | "pull" | "either";
  readonly immediate?: boolean;
  /** SCATTER and GATHER, whose messages are one frame. */
  readonly single?: boolean;
}

async function pipeline(simulation: Simulation, { dialler, immediate = false, single = false }: Variant): Promise<void> {
  // What one peer did not take goes to another one, behind newer messages.
  const ordered = dialler === "push" && !immediate;
  const { random, network } = simulation;
  const { bufferBytes } = climate(simulation);
  const vigilant = vigilance(random);
  const ledger = new Ledger();
  const make = <S>(kind: string, open: (name: string, mark: number) => S): End<S>[] =>
    Array.from({ length: between(random, 1, 3) }, (_, i) => {
      const mark = between(random, 1, 12);
      return { name: `${kind}${i}`, socket: open(`${kind}${i}`, mark), mark };
    });
  const pushes = make("push", (name, sendHighWaterMark) =>
    simulation
      .process(name)
      .socket<Push | Scatter, object>(single ? Scatter : Push, { ...vigilant, sendHighWaterMark, immediate }),
  );
  const pulls = make("pull", (name, receiveHighWaterMark) =>
    simulation.process(name).socket<Pull | Gather, object>(single ? Gather : Pull, { ...vigilant, receiveHighWaterMark }),
  );
  for (const { name, socket } of [...pushes, ...pulls]) socket.bindSync(`sim://${name}`);
  for (const push of pushes) {
    for (const pull of pulls) {
      if (dialler === "push" || (dialler === "either" && random.next(2) === 0)) push.socket.connect(`sim://${pull.name}`);
      else pull.socket.connect(`sim://${push.name}`);
    }
  }

  for (const { name, socket } of pushes) {
    simulation.spawn(async () => {
      for (let i = 0; i < MESSAGES; i++) {
        const padding = "x".repeat(PADDING + random.next(100));
        if (socket instanceof Scatter) await socket.send(`${ledger.next(name)} ${padding}`);
        else await socket.send([ledger.next(name), padding]);
        if (random.next(4) === 0) await simulation.sleep(random.next(40));
      }
    });
  }
  for (const { name, socket } of pulls) {
    const slow = random.next(3) === 0;
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        ledger.came(message[0], ordered ? { lane: `${name} ${peer.id}` } : {});
        assert.equal(message.length, single ? 1 : 2);
        if (slow) await simulation.sleep(random.next(30));
      }
    });
  }
  watch(simulation, () => {
    for (const { socket, mark, name } of pushes) {
      for (const { sending, state, endpoint } of socket.peers()) {
        if (immediate && state !== "ready")
          assert.equal(sending.messages, 0, `${name} queues for ${endpoint}, which is not there`);
        // What is handed over to another peer may be too much for its mark.
        if (ordered) assert.ok(sending.messages <= mark, `${name}: ${sending.messages} of ${mark}`);
      }
    }
    for (const { socket, mark, name } of pulls) {
      for (const { receiving, state, endpoint } of socket.peers()) {
        // What came before a loss is delivered over the mark; an endpoint that was dialled keeps it for the next connection.
        if (state !== "ready") continue;
        const again = endpoint !== `sim://${name}` && network.made > pushes.length * pulls.length;
        const most = mark + (again ? (2 * bufferBytes) / PADDING : 0);
        assert.ok(receiving.messages <= most, `${name}: ${receiving.messages} of ${mark}`);
      }
    }
  });

  weather(
    simulation,
    [...pushes, ...pulls].map(({ name }) => name),
    FAULTS_MS,
    vigilant.heartbeatInterval > 0,
  );
  await simulation.run(FAULTS_MS);
  await simulation.until(
    () => ledger.sent() === pushes.length * MESSAGES && pushes.every((each) => each.socket.stats().sending === 0),
  );
  await simulation.run(2500);

  const lostBytes = network.written - network.delivered;
  const dropped = pushes.reduce((total, { socket }) => total + sum(socket.stats().dropped), 0);
  const lost = ledger.sent() - ledger.arrived();
  const most = dropped + (lostBytes === 0 ? 0 : Math.floor(lostBytes / PADDING) + network.made);
  assert.ok(lost <= most, `${lost} messages are lost; the network lost ${lostBytes} bytes, ${dropped} were dropped`);
}

for (const dialler of ["push", "pull", "either"] as const) {
  test(`PUSH and PULL, connected by ${dialler}: nothing twice, nothing lost but what the network lost, marks kept`, () =>
    simulate(SEEDS, (simulation) => pipeline(simulation, { dialler })));
}

test("PUSH with immediate: nothing waits for a peer that is not there, nothing twice, nothing lost in silence", () =>
  simulate(SEEDS, (simulation) => pipeline(simulation, { dialler: "push", immediate: true })));
test("SCATTER and GATHER: nothing twice, nothing lost but what the network lost, marks kept", () =>
  simulate(SEEDS, (simulation) => pipeline(simulation, { dialler: "push", single: true })));
