// PUB and SUB: subscriptions change all the time, in any weather; afterwards each SUB gets exactly what it wants.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Publisher, Subscriber } from "../../src/node.ts";
import { Ledger, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { changeSubscription, matches, type Reader, TOPICS } from "./topics.ts";
import { between, climate, pick, SEEDS, vigilance, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const SETTLE_MS = 2500;
const MARK = 20;

async function newspaper(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const vigilant = vigilance(random);
  const ledger = new Ledger();
  const pubs = Array.from({ length: between(random, 1, 2) }, (_, i) => ({
    name: `pub${i}`,
    socket: simulation.process(`pub${i}`).socket(Publisher, { ...vigilant, sendHighWaterMark: MARK }),
  }));
  const subs: Reader[] = Array.from({ length: between(random, 1, 3) }, (_, i) => ({
    name: `sub${i}`,
    socket: simulation.process(`sub${i}`).socket(Subscriber, { ...vigilant, receiveHighWaterMark: MARK }),
    wanted: new Map(),
    ever: new Set(),
    got: [],
  }));
  for (const { name, socket } of [...pubs, ...subs]) socket.bindSync(`sim://${name}`);
  for (const pub of pubs) {
    for (const sub of subs) {
      if (random.next(2) === 0) pub.socket.connect(`sim://${sub.name}`);
      else sub.socket.connect(`sim://${pub.name}`);
    }
  }

  for (const sub of subs) {
    const slow = random.next(3) === 0;
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await sub.socket.receiveFrom();
        const [topic, text] = message.map(String);
        assert.ok(matches(sub.ever, topic), `${sub.name} got "${topic}" and never wanted it`);
        ledger.came(text, { lane: `${sub.name} ${peer.id}`, copies: sub.name });
        sub.got.push(`${topic} of ${text.split(" ")[0]}`);
        if (slow && simulation.now < FAULTS_MS) await simulation.sleep(random.next(60));
      }
    });
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        changeSubscription(simulation, sub);
        await simulation.sleep(random.next(150));
      }
    });
  }
  for (const { name, socket } of pubs) {
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        for (let burst = random.next(8); burst > 0; burst--) await socket.send([pick(random, TOPICS), ledger.next(name)]);
        await simulation.sleep(random.next(40));
      }
    });
  }
  watch(simulation, () => {
    for (const { socket, name } of pubs) {
      for (const { sending } of socket.peers()) assert.ok(sending.messages <= MARK, `${name}: ${sending.messages} of ${MARK}`);
    }
  });

  weather(
    simulation,
    [...pubs, ...subs].map(({ name }) => name),
    FAULTS_MS,
    vigilant.heartbeatInterval > 0,
  );
  await simulation.run(FAULTS_MS + SETTLE_MS);

  // Every PUB now knows what each SUB wants.
  const unwanted = (): number[] => subs.map(({ socket }) => socket.stats().dropped["not-subscribed"] ?? 0);
  const before = unwanted();
  for (const sub of subs) sub.got.length = 0;
  for (const { name, socket } of pubs)
    for (const topic of TOPICS) await simulation.until(socket.send([topic, ledger.next(name)]));
  await simulation.run(SETTLE_MS);
  for (const { name, wanted, got } of subs) {
    const due = TOPICS.filter((topic) => matches(wanted.keys(), topic));
    const expected = pubs.flatMap((pub) => due.map((topic) => `${topic} of ${pub.name}`));
    assert.deepEqual(got.sort(), expected.sort(), `${name} wants ${[...wanted.keys()].map((each) => `"${each}"`)}`);
  }
  assert.deepEqual(unwanted(), before, "no PUB sends what nobody wants any more");
}

test("PUB and SUB: nothing twice, in order, nothing unwanted, and subscriptions converge", () => simulate(SEEDS, newspaper));
