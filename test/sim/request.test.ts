// REQ with request(), to REP servers that restart, in any weather: every call ends, with its own reply or an error.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Reply, Request, ZmqError } from "../../src/node.ts";
import { type SimulatedProcess, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, pick, SEEDS, VIGILANT, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const CALLS = 12;
const TIMEOUT_MS = 300;

/** A server that answers until its process dies. */
function serve(simulation: Simulation, name: string, slow: boolean): SimulatedProcess {
  const process = simulation.process(name);
  const socket = process.socket(Reply, { ...VIGILANT, linger: 0 });
  socket.bindSync(`sim://${name}`);
  simulation.spawn(async () => {
    for (;;) {
      const [question] = await socket.receive();
      if (slow && simulation.now < FAULTS_MS) await process.sleep(simulation.random.next(2 * TIMEOUT_MS));
      await socket.send(`re: ${question}`);
    }
  });
  return process;
}

async function office(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const servers = Array.from({ length: between(random, 1, 2) }, (_, i) => ({ name: `rep${i}`, slow: random.next(4) === 0 }));
  const processes = new Map(servers.map(({ name, slow }) => [name, serve(simulation, name, slow)]));
  const clients = Array.from({ length: between(random, 1, 3) }, (_, i) => {
    const name = `req${i}`;
    const socket = simulation.process(name).socket(Request, { ...VIGILANT, linger: 0 });
    for (const server of servers) socket.connect(`sim://${server.name}`);
    return { name, socket, ended: 0 };
  });

  for (const client of clients) {
    const call = async (i: number): Promise<void> => {
      const question = `${client.name} ${i}`;
      try {
        const [answer] = await client.socket.request(question, { timeout: TIMEOUT_MS, retries: random.next(3) });
        assert.equal(String(answer), `re: ${question}`);
      } catch (error) {
        if (!(error instanceof ZmqError && ["timed-out", "connection-lost"].includes(error.reason))) throw error;
      }
      client.ended++;
    };
    simulation.spawn(async () => {
      for (let i = 0; i < CALLS; i++) {
        if (random.next(3) === 0) simulation.spawn(() => call(i));
        else await call(i);
        if (random.next(2) === 0) await simulation.sleep(random.next(200));
      }
    });
  }
  for (let restarts = random.next(3); restarts > 0; restarts--) {
    const { name, slow } = pick(random, servers);
    simulation.after(random.next(FAULTS_MS), () => {
      processes.get(name)?.crash({ silent: random.next(2) === 0 });
      simulation.after(random.next(200), () => {
        processes.get(name)?.crash();
        processes.set(name, serve(simulation, name, slow));
      });
    });
  }
  weather(
    simulation,
    [...servers, ...clients].map(({ name }) => name),
    FAULTS_MS,
  );
  await simulation.run(FAULTS_MS + 300);
  await simulation.until(() => clients.every(({ ended }) => ended === CALLS));
  // In peace, everybody is answered.
  for (const { name, socket } of clients) {
    const [answer] = await simulation.until(socket.request(`${name} at last`, { timeout: 2000, retries: 5 }));
    assert.equal(String(answer), `re: ${name} at last`);
  }
}

test("REQ and REP: every request ends, with its own reply or an error, and nobody gets stuck", () => simulate(SEEDS, office));
