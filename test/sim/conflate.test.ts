// `conflate`, in any weather: who reads slowly skips messages, never goes back on one connection, and in peace has the newest of each sender.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Publisher, Pull, Push, type Readable, type Socket, Subscriber, type Writable } from "../../src/node.ts";
import { type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, SEEDS, VIGILANT, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const SETTLE_MS = 2500;

interface Reading {
  readonly name: string;
  /** The newest number of each sender. */
  readonly newest: Map<string, number>;
}

async function ticker(
  simulation: Simulation,
  sources: readonly { readonly name: string; readonly socket: Socket & Writable }[],
  readers: readonly { readonly name: string; readonly socket: Socket & Readable }[],
): Promise<void> {
  const { random } = simulation;
  const sent = new Map<string, number>();
  const tick = (name: string): string => {
    sent.set(name, (sent.get(name) ?? 0) + 1);
    return `${name} ${sent.get(name)}`;
  };
  for (const { name, socket } of sources) {
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        for (let burst = random.next(20); burst > 0; burst--) await socket.send(tick(name));
        await simulation.sleep(random.next(30));
      }
    });
  }
  const readings = readers.map(({ name, socket }) => {
    const reading: Reading = { name, newest: new Map() };
    const lanes = new Map<string, number>();
    const pause = between(random, 0, 80);
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        const [sender, number] = String(message[0]).split(" ");
        // Of a connection that is over, one message may wait and be read behind the next connection's first.
        const lane = `${sender} ${peer.id}`;
        const before = lanes.get(lane) ?? 0;
        assert.ok(Number(number) > before, `${name} had ${sender} ${before} and got ${number}`);
        lanes.set(lane, Number(number));
        reading.newest.set(sender, Math.max(Number(number), reading.newest.get(sender) ?? 0));
        await simulation.sleep(random.next(pause + 1));
      }
    });
    return reading;
  });
  watch(simulation, () => {
    for (const { name, socket } of readers)
      for (const { receiving } of socket.peers()) assert.ok(receiving.messages <= 1, `${name}: ${receiving.messages} wait`);
  });
  weather(
    simulation,
    [...sources, ...readers].map(({ name }) => name),
    FAULTS_MS,
  );
  await simulation.run(FAULTS_MS + SETTLE_MS);
  // The first of a burst is taken at once; of the others, those who read slowly get the last.
  for (const { name, socket } of sources) for (let burst = 0; burst < 10; burst++) assert.ok(socket.trySend(tick(name)));
  await simulation.run(1000);
  const newest = Object.fromEntries(sent);
  for (const reading of readings) assert.deepEqual(Object.fromEntries(reading.newest), newest, `what ${reading.name} has last`);
}

/** Any number of PUBs to any number of SUBs. */
async function prices(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const options = { ...VIGILANT, conflate: true };
  const pubs = Array.from({ length: between(random, 1, 2) }, (_, i) => {
    const socket = simulation.process(`pub${i}`).socket(Publisher, options);
    socket.bindSync(`sim://pub${i}`);
    return { name: `pub${i}`, socket };
  });
  const subs = Array.from({ length: between(random, 1, 3) }, (_, i) => {
    const socket = simulation.process(`sub${i}`).socket(Subscriber, options);
    // Many, for conflation is of data: no subscription is lost.
    socket.subscribe("pub0", "pub1", ...Array.from({ length: 10 }, (_, topic) => `another topic ${topic}`));
    for (const { name } of pubs) socket.connect(`sim://${name}`);
    return { name: `sub${i}`, socket };
  });
  await ticker(simulation, pubs, subs);
}

/** One PUSH to one PULL: of its messages the newest counts. */
async function progress(simulation: Simulation): Promise<void> {
  climate(simulation);
  const options = { ...VIGILANT, conflate: true };
  const push = simulation.process("push").socket(Push, options);
  const pull = simulation.process("pull").socket(Pull, options);
  pull.bindSync("sim://pull");
  push.connect("sim://pull");
  await ticker(simulation, [{ name: "push", socket: push }], [{ name: "pull", socket: pull }]);
}

test("PUB and SUB that conflate: never back, and the newest in the end", () => simulate({ ...SEEDS, seeds: 100 }, prices));
test("PUSH and PULL that conflate: never back, and the newest in the end", () => simulate(SEEDS, progress));
