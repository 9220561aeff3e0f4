// A device in the middle, which may crash: a forwarder (XSUB and XPUB) and a queue (ROUTER and DEALER), in any weather.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dealer, Proxy, Publisher, Reply, Router, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";
import { Ledger, type SimulatedProcess, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { changeSubscription, matches, type Reader, TOPICS } from "./topics.ts";
import { between, climate, pick, SEEDS, VIGILANT, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const SETTLE_MS = 3000;
const MARK = 20;
const SENDS = { ...VIGILANT, linger: 0, sendHighWaterMark: MARK };
const RECEIVES = { ...VIGILANT, linger: 0, receiveHighWaterMark: MARK };
const MARKS = { ...SENDS, ...RECEIVES };

interface Device {
  /** Of its present life. */
  proxy: Proxy;
  /** How often it dies. */
  readonly deaths: number;
}

/** Runs a proxy in a process that may die, up to twice, and come back. */
function device(simulation: Simulation, open: (process: SimulatedProcess) => Proxy): Device {
  const { random } = simulation;
  let process = simulation.process("device");
  const begin = (): Proxy => {
    const proxy = open(process);
    simulation.spawn(() => proxy.run());
    return proxy;
  };
  const deaths = random.next(3);
  const now: Device = { proxy: begin(), deaths };
  for (let restarts = deaths; restarts > 0; restarts--) {
    simulation.after(random.next(FAULTS_MS), () => {
      process.crash({ silent: random.next(2) === 0 });
      simulation.after(random.next(200), () => {
        process.crash();
        process = simulation.process("device");
        now.proxy = begin();
      });
    });
  }
  watch(simulation, () => {
    for (const socket of [now.proxy.frontEnd, now.proxy.backEnd])
      for (const { sending } of socket.peers()) {
        const { messages, highWaterMark } = sending;
        assert.ok(highWaterMark === 0 || messages <= highWaterMark, `the device: ${messages} of ${highWaterMark}`);
      }
  });
  return now;
}

async function forwarder(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const middle = device(simulation, (process) => {
    const [front, back] = [process.socket(XSubscriber, MARKS), process.socket(XPublisher, MARKS)];
    front.bindSync("sim://device:in");
    back.bindSync("sim://device:out");
    return new Proxy(front, back);
  });
  const pubs = Array.from({ length: between(random, 1, 2) }, (_, i) => ({
    name: `pub${i}`,
    socket: simulation.process(`pub${i}`).socket(Publisher, SENDS),
  }));
  const subs: Reader[] = Array.from({ length: between(random, 1, 3) }, (_, i) => ({
    name: `sub${i}`,
    socket: simulation.process(`sub${i}`).socket(Subscriber, RECEIVES),
    wanted: new Map(),
    ever: new Set(),
    got: [],
  }));
  // Those that had two connections to one life of the device: of these, one of them stalled, it takes in no order.
  const unordered = new Set<string>();
  for (const { name, socket } of pubs) {
    let life: Proxy | null = null;
    socket.events.on("handshake", () => {
      if (life === middle.proxy) unordered.add(name);
      life = middle.proxy;
    });
    socket.connect("sim://device:in");
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        for (let burst = random.next(6); burst > 0; burst--) await socket.send([pick(random, TOPICS), ledger.next(name)]);
        await simulation.sleep(random.next(40));
      }
    });
  }
  for (const sub of subs) {
    sub.socket.connect("sim://device:out");
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await sub.socket.receiveFrom();
        const [topic, text] = message.map(String);
        assert.ok(matches(sub.ever, topic), `${sub.name} got "${topic}" and never wanted it`);
        const [from] = text.split(" ");
        // The order holds within one life of the device: it has a queue for each connection and takes from them in turn.
        ledger.came(text, { ...(unordered.has(from) ? {} : { lane: `${sub.name} ${peer.id}` }), copies: sub.name });
        sub.got.push(`${topic} of ${from}`);
      }
    });
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        changeSubscription(simulation, sub);
        await simulation.sleep(random.next(150));
      }
    });
  }
  weather(simulation, ["device", ...pubs.map(({ name }) => name), ...subs.map(({ name }) => name)], FAULTS_MS);
  await simulation.run(FAULTS_MS + SETTLE_MS);

  // Subscriptions have passed through the device: each publisher sends what somebody wants, and nothing else.
  for (const sub of subs) sub.got.length = 0;
  const before = middle.proxy.statistics().frontEnd.messagesReceived;
  for (const { name, socket } of pubs)
    for (const topic of TOPICS) await simulation.until(socket.send([topic, ledger.next(name)]));
  await simulation.run(SETTLE_MS);
  const due = (wanted: readonly string[]): string[] =>
    pubs.flatMap(({ name }) => TOPICS.filter((topic) => matches(wanted, topic)).map((topic) => `${topic} of ${name}`));
  for (const { name, wanted, got } of subs) {
    assert.deepEqual(
      got.sort(),
      due([...wanted.keys()]).sort(),
      `${name} wants ${[...wanted.keys()].map((each) => `"${each}"`)}`,
    );
  }
  const wanted = due(subs.flatMap((sub) => [...sub.wanted.keys()]));
  assert.equal(middle.proxy.statistics().frontEnd.messagesReceived - before, wanted.length, "what the device was sent");
}

async function queue(simulation: Simulation): Promise<void> {
  const { random, network } = simulation;
  climate(simulation);
  const asked = new Ledger();
  const answered = new Ledger();
  const mark = between(random, 1, MARK);
  const marks = { ...MARKS, sendHighWaterMark: mark, receiveHighWaterMark: mark };
  const { deaths } = device(simulation, (process) => {
    // A ROUTER drops what is too much for one peer; here it may queue any number, so that a loss would be the proxy's.
    const [front, back] = [process.socket(Router, { ...marks, sendHighWaterMark: 0 }), process.socket(Dealer, marks)];
    front.bindSync("sim://device:in");
    back.bindSync("sim://device:out");
    return new Proxy(front, back);
  });
  const workers = Array.from({ length: between(random, 1, 3) }, (_, i) => {
    const name = `worker${i}`;
    // As a ROUTER, a REP drops an answer for which there is no room.
    const socket = simulation.process(name).socket(Reply, { ...MARKS, sendHighWaterMark: 0 });
    socket.connect("sim://device:out");
    simulation.spawn(async () => {
      for (;;) {
        const message = await socket.receive();
        // What one worker did not take goes to another, behind newer questions: only twice is wrong.
        asked.came(message[0]);
        if (random.next(3) === 0) await simulation.sleep(random.next(20));
        await socket.send([answered.next(name), message[0]]);
      }
    });
    return name;
  });
  const clients = Array.from({ length: between(random, 1, 3) }, (_, i) => {
    const client = { name: `client${i}`, socket: simulation.process(`client${i}`).socket(Dealer, MARKS), got: new Set<string>() };
    const { name, socket, got } = client;
    socket.connect("sim://device:in");
    simulation.spawn(async () => {
      for (;;) {
        const [delimiter, answer, question] = (await socket.receive()).map(String);
        assert.equal(delimiter, "");
        assert.equal(question.split(" ")[0], name, `${name} got the answer to "${question}"`);
        answered.came(answer);
        assert.ok(!got.has(question), `"${question}" was answered twice`);
        got.add(question);
      }
    });
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        await socket.send(["", asked.next(name)]);
        await simulation.sleep(random.next(60));
      }
    });
    return client;
  });
  weather(simulation, ["device", ...workers, ...clients.map(({ name }) => name)], FAULTS_MS);
  await simulation.run(FAULTS_MS + SETTLE_MS);
  // If nothing broke nothing is lost, however long it takes.
  if (deaths === 0 && network.made === workers.length + clients.length) {
    await simulation.until(() => answered.arrived() === asked.sent());
  }
  // In peace, the way through the device and back is open, for every question.
  for (const { name, socket, got } of clients) {
    const questions = Array.from({ length: 5 }, () => asked.next(name));
    for (const question of questions) await simulation.until(socket.send(["", question]));
    await simulation.until(() => questions.every((question) => got.has(question)), 5000);
  }
}

test("PUB, XSUB, XPUB, SUB: subscriptions and messages pass through a device", () =>
  simulate({ ...SEEDS, seeds: 100 }, forwarder));
test("DEALER, ROUTER, DEALER, REP: answers find their way back through a device", () => simulate(SEEDS, queue));
