// inproc inside processes that crash, beside a network that does what it likes: a bridge from sim to inproc and back, whose inner sockets come
// and go and whose names are bound late, and again; and a pool of workers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dealer, Pair, Pull, Push, Reply, Router, type Socket } from "../../src/node.ts";
import { Ledger, type SimulatedProcess, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, SEEDS, VIGILANT, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const SETTLE_MS = 2500;
const LASTING = { ...VIGILANT, linger: 0 };

/** Binds or connects two sockets by a name of their process, in any order, one of them perhaps a while later. */
function joinSoon(simulation: Simulation, name: string, a: Socket, b: Socket): void {
  const { random } = simulation;
  const [binder, connector] = random.next(2) === 0 ? [a, b] : [b, a];
  const steps = [
    () => binder.closed || binder.bindSync(`inproc://${name}`),
    () => connector.closed || connector.connect(`inproc://${name}`),
  ];
  if (random.next(2) === 0) steps.reverse();
  steps[0]();
  if (random.next(2) === 0) steps[1]();
  else simulation.after(random.next(50), () => void steps[1]());
}

/**
 * `source` ─sim─▶ ( PULL ─▶ PUSH ─inproc─▶ PULL ─▶ PUSH ) ─sim─▶ `sink`: a process of four sockets in three stages.
 */
async function bridge(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  climate(simulation);
  const ledger = new Ledger();
  const mark = between(random, 1, 8);
  const inner = { waiting: (): number => 0, entered: [] as string[], left: [] as string[] };
  // Of each message when it left the bridge, counted over all its lives.
  const order = new Map<string, number>();
  let lives = 0;
  const begin = (): SimulatedProcess => {
    const process = simulation.process("bridge");
    const life = lives++;
    const [entry, exit] = [process.socket(Pull, LASTING), process.socket(Push, LASTING)];
    entry.bindSync("sim://bridge");
    exit.connect("sim://sink");
    const push = process.socket(Push, { sendHighWaterMark: mark });
    const pull = process.socket(Pull, { receiveHighWaterMark: mark });
    joinSoon(simulation, "middle", push, pull);
    const [entered, left]: string[][] = [[], []];
    Object.assign(inner, { waiting: () => push.stats().sending, entered, left });
    simulation.spawn(async () => {
      for await (const [text] of entry) {
        ledger.came(text, { copies: `the entry of ${life}` });
        entered.push(String(text));
        await push.send(text);
      }
    });
    simulation.spawn(async () => {
      for await (const [text] of pull) {
        ledger.came(text, { copies: `the exit of ${life}` });
        left.push(String(text));
        if (random.next(4) === 0) await process.sleep(random.next(10));
        order.set(String(text), order.size);
        await exit.send(text);
      }
    });
    return process;
  };
  let process = begin();
  const source = simulation.process("source").socket(Push, { ...LASTING, sendHighWaterMark: 10 });
  source.connect("sim://bridge");
  simulation.spawn(async () => {
    while (simulation.now < FAULTS_MS) {
      await source.send(ledger.next("source"));
      await simulation.sleep(random.next(15));
    }
  });
  const sink = simulation.process("sink").socket(Pull, LASTING);
  sink.bindSync("sim://sink");
  let last = "";
  const latest = new Map<number, number>();
  simulation.spawn(async () => {
    for (;;) {
      const { message, peer } = await sink.receiveFrom();
      ledger.came(message[0], { copies: "the sink" });
      last = String(message[0]);
      // In the order in which they left the bridge: two connections of the source, one of them stalled, have no order of their own.
      const at = order.get(last) ?? -1;
      assert.ok(at > (latest.get(peer.id) ?? -1), `"${last}", the ${at}th to leave, came after the ${latest.get(peer.id)}th`);
      latest.set(peer.id, at);
    }
  });
  for (let restarts = random.next(3); restarts > 0; restarts--) {
    simulation.after(random.next(FAULTS_MS), () => {
      process.crash({ silent: random.next(2) === 0 });
      simulation.after(random.next(200), () => {
        process.crash();
        process = begin();
      });
    });
  }
  watch(simulation, () => {
    const waiting = inner.waiting();
    assert.ok(waiting <= 2 * mark, `${waiting} messages wait between two marks of ${mark}`);
  });
  weather(simulation, ["source", "bridge", "sink"], FAULTS_MS);
  await simulation.run(FAULTS_MS + SETTLE_MS);
  const text = ledger.next("source");
  await simulation.until(source.send(text));
  await simulation.until(() => last === text, 5000);
  // Nothing is lost or out of order between two sockets of one process.
  assert.deepEqual(inner.left, inner.entered);
}

/** ROUTER ─inproc─▶ workers that are closed and replaced while they work: each question is answered once or was a dead worker's. */
async function pool(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  const process = simulation.process("pool");
  const questions = new Ledger();
  const dealer = process.socket(Dealer, { sendHighWaterMark: between(random, 1, 10) });
  const router = process.socket(Router, { handover: true });
  joinSoon(simulation, "desk", dealer, router);
  simulation.spawn(async () => {
    for await (const [from, question] of router) {
      questions.came(question, { lane: String(from) });
      await router.send([from, question]);
    }
  });
  const back = new Ledger();
  simulation.spawn(async () => {
    for await (const [answer] of dealer) back.came(answer, { lane: "back" });
  });
  // Workers: a DEALER that binds and REPs that connect, one after the other, each for a while.
  const hub = process.socket(Dealer, { linger: 0 });
  hub.bindSync("inproc://hub");
  const results = new Map<string, number>();
  simulation.spawn(async () => {
    for await (const [, result] of hub) results.set(String(result), (results.get(String(result)) ?? 0) + 1);
  });
  const worker = (): Reply => {
    const socket = process.socket(Reply, { linger: 0 });
    socket.connect("inproc://hub");
    simulation.spawn(async () => {
      for await (const [work] of socket) {
        if (random.next(3) === 0) await simulation.sleep(random.next(10));
        await socket.send(work);
      }
    });
    return socket;
  };
  const workers = [worker(), worker()];
  simulation.spawn(async () => {
    while (simulation.now < FAULTS_MS) {
      const at = random.next(workers.length);
      await simulation.sleep(random.next(120));
      workers[at].close();
      workers[at] = worker();
    }
  });
  let sent = 0;
  simulation.spawn(async () => {
    while (simulation.now < FAULTS_MS) {
      back.next("dealer");
      await dealer.send(questions.next("dealer"));
      await hub.send(["", `work ${++sent}`]);
      await simulation.sleep(random.next(12));
    }
  });
  await simulation.run(FAULTS_MS + 500);
  // Between sockets that stay nothing is lost; a worker takes no more than its queue with it.
  assert.equal(questions.arrived(), questions.sent());
  assert.equal(back.arrived(), back.sent());
  assert.ok(
    [...results.values()].every((count) => count === 1),
    "no work is done twice",
  );
  const before = results.size;
  for (let i = 0; i < 4; i++) await simulation.until(hub.send(["", `late ${i}`]));
  await simulation.until(() => results.size === before + 4, 2000);
}

/** Two PAIRs whose names are bound, unbound and bound again by other sockets, in one process that may die. */
async function rebound(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  const ledger = new Ledger();
  const process = simulation.process("one");
  for (let round = between(random, 2, 6); round > 0; round--) {
    const [left, right] = [process.socket(Pair, { linger: -1 }), process.socket(Pair, { linger: -1 })];
    joinSoon(simulation, "pair", left, right);
    const name = `round${round}`;
    const count = between(random, 1, 20);
    const received = (async () => {
      for (let i = 0; i < count; i++) ledger.came((await right.receive())[0], { lane: name });
    })();
    for (let i = 0; i < count; i++) await simulation.until(left.send(ledger.next(name)));
    if (random.next(2) === 0) left.close();
    await simulation.until(received, 1000);
    left.close();
    right.close();
  }
  assert.equal(ledger.arrived(), ledger.sent());
  const doomed = process.socket(Pair, { linger: -1 });
  doomed.connect("inproc://nobody");
  await simulation.until(doomed.send("unread"));
  process.crash();
  assert.deepEqual(process.leftovers(), []);
}

test("a bridge over inproc, in a process that crashes: nothing twice, in order, marks kept", () => simulate(SEEDS, bridge));
test("a pool of workers over inproc that come and go: nothing lost but a worker's own", () => simulate(SEEDS, pool));
test("a name of inproc that is bound again and again: each pair hears its own", () => simulate(SEEDS, rebound));
