// The types whose messages are single frames, in any weather: RADIO and DISH, CLIENT and SERVER, a mesh of PEER.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Dish, PeerSocket, Radio, Server, ZmqError } from "../../src/node.ts";
import { Ledger, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, pick, SEEDS, VIGILANT, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const SETTLE_MS = 2500;
const MARK = 20;
const GROUPS = ["a", "ab", "b", ""];
const LASTING = { ...VIGILANT, linger: 0 };

async function broadcast(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const radios = Array.from({ length: between(random, 1, 2) }, (_, i) => ({
    name: `radio${i}`,
    socket: simulation.process(`radio${i}`).socket(Radio, { ...LASTING, sendHighWaterMark: MARK }),
  }));
  const dishes = Array.from({ length: between(random, 1, 3) }, (_, i) => ({
    name: `dish${i}`,
    socket: simulation.process(`dish${i}`).socket(Dish, { ...LASTING, heartbeatTimeToLive: 300 }),
    joined: new Set<string>(),
    got: [] as string[],
  }));
  for (const { name, socket } of [...radios, ...dishes]) socket.bindSync(`sim://${name}`);
  // Nobody pings a DISH: a RADIO that dialled it would not know of a dead link before its first PING brought a time to live.
  const silences = random.next(2) === 0;
  for (const radio of radios) {
    for (const dish of dishes) {
      if (!silences && random.next(2) === 0) radio.socket.connect(`sim://${dish.name}`);
      else dish.socket.connect(`sim://${radio.name}`);
    }
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        for (let burst = random.next(6); burst > 0; burst--)
          await radio.socket.send(ledger.next(radio.name), { group: pick(random, GROUPS) });
        await simulation.sleep(random.next(40));
      }
    });
  }
  for (const { name, socket, joined, got } of dishes) {
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        const group = String(message[1].group);
        assert.ok(joined.has(group), `${name} got "${group}", which it has not joined`);
        ledger.came(message[0], { lane: `${name} ${peer.id}`, copies: name });
        got.push(`${group} of ${String(message[0]).split(" ")[0]}`);
      }
    });
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        const group = pick(random, GROUPS);
        if (joined.delete(group)) socket.leave(group);
        else {
          socket.join(group);
          joined.add(group);
        }
        await simulation.sleep(random.next(150));
      }
    });
  }
  watch(simulation, () => {
    for (const { socket, name } of radios)
      for (const { sending } of socket.peers()) assert.ok(sending.messages <= MARK, `${name}: ${sending.messages} of ${MARK}`);
  });
  weather(
    simulation,
    [...radios, ...dishes].map(({ name }) => name),
    FAULTS_MS,
    silences,
  );
  await simulation.run(FAULTS_MS + SETTLE_MS);
  // In peace, each DISH gets exactly what it joined.
  const unwanted = (): number[] => dishes.map(({ socket }) => socket.stats().dropped["not-subscribed"] ?? 0);
  const before = unwanted();
  for (const dish of dishes) dish.got.length = 0;
  for (const { name, socket } of radios)
    for (const group of GROUPS) await simulation.until(socket.send(ledger.next(name), { group }));
  await simulation.run(SETTLE_MS);
  for (const { name, joined, got } of dishes) {
    const due = radios.flatMap((radio) => [...joined].map((group) => `${group} of ${radio.name}`));
    assert.deepEqual(got.sort(), due.sort(), `${name} joined ${[...joined].map((each) => `"${each}"`)}`);
  }
  assert.deepEqual(unwanted(), before, "no RADIO sends what nobody wants any more");
}

/** Answers by number; false when there is no such peer any more or no room for it. */
function answer(socket: Server | PeerSocket, text: string, routingId: number): boolean {
  try {
    return socket.trySend(text, { routingId });
  } catch (error) {
    if (error instanceof ZmqError && error.code === "EHOSTUNREACH") return false;
    throw error;
  }
}

async function office(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const asked = new Ledger();
  const answered = new Ledger();
  const servers = Array.from({ length: between(random, 1, 2) }, (_, i) => {
    const name = `server${i}`;
    const socket = simulation.process(name).socket(Server, { ...LASTING, sendHighWaterMark: MARK });
    socket.bindSync(`sim://${name}`);
    const numbers = new Map<number, number>();
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        const [question, { routingId }] = message;
        assert.notEqual(routingId, 0);
        assert.equal(numbers.get(routingId) ?? peer.id, peer.id, "a number belongs to one connection");
        numbers.set(routingId, peer.id);
        asked.came(question, { lane: `${name} ${peer.id}` });
        const text = answered.next(name);
        if (!answer(socket, `${text} ${question}`, routingId)) answered.refused(name);
        if (random.next(4) === 0) await simulation.sleep(random.next(20));
      }
    });
    return { name, socket };
  });
  const clients = Array.from({ length: between(random, 1, 3) }, (_, i) => {
    const name = `client${i}`;
    const socket = simulation.process(name).socket(Client, { ...LASTING, sendHighWaterMark: MARK });
    for (const server of servers) socket.connect(`sim://${server.name}`);
    const got = new Set<string>();
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        const [server, number, ...question] = String(message[0]).split(" ");
        assert.equal(question[0], name, `${name} got the answer to "${question.join(" ")}"`);
        answered.came(`${server} ${number}`, { lane: `${name} ${peer.id}` });
        got.add(question.join(" "));
      }
    });
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        await socket.send(asked.next(name));
        await simulation.sleep(random.next(40));
      }
    });
    return { name, socket, got };
  });
  weather(
    simulation,
    [...servers, ...clients].map(({ name }) => name),
    FAULTS_MS,
  );
  await simulation.run(FAULTS_MS + SETTLE_MS);
  for (const { name, socket, got } of clients) {
    const questions = Array.from({ length: 4 }, () => asked.next(name));
    for (const question of questions) await simulation.until(socket.send(question));
    await simulation.until(() => questions.every((question) => got.has(question)), 5000);
  }
}

async function mesh(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const nodes = Array.from({ length: between(random, 2, 4) }, (_, i) => ({
    name: `node${i}`,
    socket: simulation.process(`node${i}`).socket(PeerSocket, { ...LASTING, sendHighWaterMark: MARK }),
    /** Numbers of the peers that it dialled. */
    known: new Map<string, number>(),
    heard: new Set<string>(),
  }));
  for (const { name, socket } of nodes) socket.bindSync(`sim://${name}`);
  for (const [i, { socket, known }] of nodes.entries()) {
    for (const { name } of nodes.slice(i + 1)) known.set(name, socket.connectPeer(`sim://${name}`));
  }
  for (const { name, socket, known, heard } of nodes) {
    simulation.spawn(async () => {
      for (;;) {
        const { message, peer } = await socket.receiveFrom();
        const [body, { routingId }] = message;
        const [sender, number, to, echo] = String(body).split(" ");
        assert.equal(to, name, `${name} got what was meant for ${to}`);
        ledger.came(`${sender} ${number}`, { lane: `${name} ${peer.id}` });
        if (echo !== undefined) {
          heard.add(echo);
          // The number that connectPeer gave stays, over all connections.
          if (known.has(sender)) assert.equal(routingId, known.get(sender));
        } else {
          const text = ledger.next(name);
          if (!answer(socket, `${text} ${sender} ${number}`, routingId)) ledger.refused(name);
        }
      }
    });
    simulation.spawn(async () => {
      while (simulation.now < FAULTS_MS) {
        for (const [to, routingId] of known) {
          const text = ledger.next(name);
          if (!answer(socket, `${text} ${to}`, routingId)) ledger.refused(name);
        }
        await simulation.sleep(random.next(60));
      }
    });
  }
  watch(simulation, () => {
    for (const { socket, name } of nodes)
      for (const { sending } of socket.peers()) assert.ok(sending.messages <= MARK, `${name}: ${sending.messages} of ${MARK}`);
  });
  weather(
    simulation,
    nodes.map(({ name }) => name),
    FAULTS_MS,
  );
  await simulation.run(FAULTS_MS + SETTLE_MS);
  for (const { name, socket, known, heard } of nodes) {
    for (const [to, routingId] of known) {
      const text = ledger.next(name);
      await simulation.until(socket.send(`${text} ${to}`, { routingId }));
      await simulation.until(() => heard.has(text.split(" ")[1]), 5000);
    }
  }
}

test("RADIO and DISH: nothing twice, in order, and groups converge", () => simulate(SEEDS, broadcast));
test("CLIENT and SERVER: answers come to who asked, once, in order", () => simulate(SEEDS, office));
test("PEER: a mesh in which each answers each by number", () => simulate(SEEDS, mesh));
