// Processes crash, lose their power or close in order, and come back: whoever is there at the end hears everything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dealer, Publisher, Pull, Push, Router, Subscriber } from "../../src/node.ts";
import { Ledger, type SimulatedProcess, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, pick, SEEDS, VIGILANT, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const SETTLE_MS = 3000;
const LATE = 5;

/** Somebody who can be ended and started again; `life` tells its lives apart. */
interface Role<S> {
  readonly name: string;
  readonly begin: (process: SimulatedProcess, life: string) => S;
  process: SimulatedProcess;
  life: string;
  now: S;
}

function cast<S>(simulation: Simulation, name: string, begin: Role<S>["begin"]): Role<S> {
  const process = simulation.process(name);
  return { name, begin, process, life: `${name}.1`, now: begin(process, `${name}.1`) };
}

/** Ends up to four of them at random times, one way or another, and starts each again a while later. */
function restarts(simulation: Simulation, roles: readonly Role<unknown>[]): void {
  const { random } = simulation;
  for (let left = random.next(5); left > 0; left--) {
    const role = pick(random, roles);
    simulation.after(random.next(FAULTS_MS), () => {
      const orderly = random.next(2) === 0;
      if (orderly) for (const socket of role.process.sockets) socket.close();
      else role.process.crash({ silent: random.next(2) === 0 });
      const until = Math.max(0, FAULTS_MS - simulation.now);
      simulation.after(Math.min(until, random.next(400)), () => {
        role.process.crash();
        role.process = simulation.process(role.name);
        role.life = `${role.name}.${simulation.now}`;
        role.now = role.begin(role.process, role.life);
      });
    });
  }
  weather(
    simulation,
    roles.map(({ name }) => name),
    FAULTS_MS,
  );
}

const names = (kind: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${kind}${i}`);
const OPTIONS = { ...VIGILANT, linger: 200 };

async function pipeline(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const pullNames = names("pull", between(random, 1, 3));
  const pulls = pullNames.map((name) =>
    cast(simulation, name, (process, life) => {
      const socket = process.socket(Pull, OPTIONS);
      socket.bindSync(`sim://${name}`);
      simulation.spawn(async () => {
        for (;;) {
          const { message, peer } = await socket.receiveFrom();
          ledger.came(message[0], { lane: `${life} ${peer.id}` });
          await process.sleep(random.next(10));
        }
      });
      return socket;
    }),
  );
  const pushes = names("push", between(random, 1, 2)).map((name) =>
    cast(simulation, name, (process, life) => {
      const socket = process.socket(Push, { ...OPTIONS, sendHighWaterMark: 10 });
      for (const pull of pullNames) socket.connect(`sim://${pull}`);
      simulation.spawn(async () => {
        while (simulation.now < FAULTS_MS) {
          await socket.send(ledger.next(life));
          await process.sleep(random.next(20));
        }
      });
      return socket;
    }),
  );
  restarts(simulation, [...pulls, ...pushes]);
  await simulation.run(FAULTS_MS + SETTLE_MS);

  for (const { name, now } of pushes) {
    for (let i = 0; i < LATE; i++) await simulation.until(now.send(ledger.next(`late-${name}`)));
  }
  await simulation.run(SETTLE_MS);
  for (const { name } of pushes) assert.equal(ledger.arrived(`late-${name}`), LATE, `what ${name} sent in peace`);
}

async function newspaper(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const pubNames = names("pub", between(random, 1, 2));
  const pubs = pubNames.map((name) =>
    cast(simulation, name, (process, life) => {
      const socket = process.socket(Publisher, OPTIONS);
      socket.bindSync(`sim://${name}`);
      simulation.spawn(async () => {
        while (simulation.now < FAULTS_MS) {
          await socket.send([pick(random, ["a", "b", "c"]), ledger.next(life)]);
          await process.sleep(random.next(20));
        }
      });
      return socket;
    }),
  );
  const subs = names("sub", between(random, 1, 3)).map((name) =>
    cast(simulation, name, (process, life) => {
      const socket = process.socket(Subscriber, OPTIONS);
      const topic = pick(random, ["a", "b", "c"]);
      const late: string[] = [];
      socket.subscribe(topic);
      for (const pub of pubNames) socket.connect(`sim://${pub}`);
      simulation.spawn(async () => {
        for (;;) {
          const { message, peer } = await socket.receiveFrom();
          const [subject, text] = message.map(String);
          assert.equal(subject, topic);
          ledger.came(text, { lane: `${life} ${peer.id}`, copies: life });
          if (text.startsWith("late")) late.push(text);
        }
      });
      return { late, topic };
    }),
  );
  restarts(simulation, [...pubs, ...subs]);
  await simulation.run(FAULTS_MS + SETTLE_MS);

  const sent = new Map<string, string[]>(["a", "b", "c"].map((topic) => [topic, []]));
  for (const { name, now } of pubs) {
    for (const [topic, texts] of sent) {
      const text = ledger.next(`late-${name}`);
      texts.push(text);
      await simulation.until(now.send([topic, text]));
    }
  }
  await simulation.run(SETTLE_MS);
  for (const { name, now } of subs) assert.deepEqual(now.late.sort(), sent.get(now.topic)?.sort(), `${name} wants ${now.topic}`);
}

async function exchange(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const asked = new Ledger();
  const router = cast(simulation, "router", (process, life) => {
    const socket = process.socket(Router, { ...OPTIONS, handover: true });
    socket.bindSync("sim://router");
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        asked.came(message[1], { lane: `${life} ${peer.id}` });
        await socket.send(message);
      }
    });
    return socket;
  });
  const dealers = names("dealer", between(random, 1, 3)).map((name) =>
    cast(simulation, name, (process, life) => {
      const socket = process.socket(Dealer, { ...OPTIONS, routingId: name });
      const answered = new Set<string>();
      socket.connect("sim://router");
      simulation.spawn(async () => {
        for (;;) {
          const [answer] = (await socket.receive()).map(String);
          // The name is the same in each life, so an answer to the one before may come.
          assert.equal(answer.split(".")[0], name);
          assert.ok(!answered.has(answer), `${answer} came twice`);
          answered.add(answer);
        }
      });
      simulation.spawn(async () => {
        while (simulation.now < FAULTS_MS) {
          await socket.send(asked.next(life));
          await process.sleep(random.next(20));
        }
      });
      return { socket, answered };
    }),
  );
  restarts(simulation, [router, ...dealers]);
  await simulation.run(FAULTS_MS + SETTLE_MS);
  for (const { life, now } of dealers) {
    const question = asked.next(life);
    await simulation.until(now.socket.send(question));
    await simulation.until(() => now.answered.has(question), 5000);
  }
}

test("PUSH and PULL that restart: nothing twice, and in peace everything arrives", () => simulate(SEEDS, pipeline));
test("PUB and SUB that restart: nothing twice, and subscriptions converge", () => simulate(SEEDS, newspaper));
test("ROUTER and DEALER that restart under their names find each other again", () => simulate(SEEDS, exchange));
