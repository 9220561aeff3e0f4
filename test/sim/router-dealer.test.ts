// One ROUTER and several DEALERs with names, in any weather: an answer comes to who asked, once, in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dealer, Router } from "../../src/node.ts";
import { Ledger, type Simulation, simulate } from "../../src/testing.ts";
import { printSeed } from "../support/seed.ts";
import { between, climate, SEEDS, VIGILANT, vigilance, watch, weather } from "./weather.ts";

printSeed();

const FAULTS_MS = 1500;
const QUESTIONS = 50;

async function exchange(simulation: Simulation): Promise<void> {
  const { random, network } = simulation;
  climate(simulation);
  const vigilant = vigilance(random);
  const asked = new Ledger();
  const answered = new Ledger();
  const mark = between(random, 1, 10);
  const router = simulation.process("router").socket(Router, { ...vigilant, handover: true, sendHighWaterMark: mark });
  router.bindSync("sim://router");
  const dealers = Array.from({ length: between(random, 1, 4) }, (_, i) => {
    const name = `dealer${i}`;
    const options = { ...vigilant, routingId: name, sendHighWaterMark: mark };
    const socket = simulation.process(name).socket(Dealer, options);
    socket.connect("sim://router");
    return { name, socket, got: 0 };
  });

  const lazy = random.next(3) === 0;
  simulation.spawn(async () => {
    for (;;) {
      const { message, peer } = await router.receiveFrom();
      const [name, question] = message.map(String);
      assert.equal(question.split(" ")[0], name, `${name} sent "${question}"`);
      asked.came(question, { lane: String(peer.id) });
      // Once it is too much for the peer, or nobody has the name any more, ROUTER drops it.
      await router.send([name, answered.next(name), question]);
      if (lazy) await simulation.sleep(random.next(20));
    }
  });
  for (const dealer of dealers) {
    const { name, socket } = dealer;
    simulation.spawn(async () => {
      for (let i = 0; i < QUESTIONS; i++) {
        await socket.send(asked.next(name));
        if (random.next(3) === 0) await simulation.sleep(random.next(60));
      }
    });
    simulation.spawn(async () => {
      for (;;) {
        const [answer, question] = (await socket.receive()).map(String);
        assert.equal(question.split(" ")[0], name);
        answered.came(answer, { lane: name });
        assert.equal(answer.split(" ")[0], name, `${name} got "${answer}"`);
        dealer.got++;
      }
    });
  }
  watch(simulation, () => {
    for (const { sending } of [router, ...dealers.map(({ socket }) => socket)].flatMap((each) => each.peers())) {
      assert.ok(sending.messages <= mark, `${sending.messages} of ${mark}`);
    }
  });

  weather(simulation, ["router", ...dealers.map(({ name }) => name)], FAULTS_MS, vigilant.heartbeatInterval > 0);
  await simulation.run(FAULTS_MS);
  await simulation.until(() => asked.sent() === dealers.length * QUESTIONS);
  await simulation.run(2500);
  const lostBytes = network.written - network.delivered;
  if (lostBytes === 0) assert.equal(asked.arrived(), asked.sent(), "the network lost nothing");
  // In peace, the way there and back is open.
  for (const dealer of dealers) {
    const before = dealer.got;
    await simulation.until(dealer.socket.send(asked.next(dealer.name)));
    await simulation.until(() => dealer.got > before, 5000);
  }
}

test("ROUTER and DEALER: answers come to who asked, once and in order", () => simulate(SEEDS, exchange));

/** Whatever moment of its handshake a connection is held up at, until the DEALER has given it up and made another one. */
async function lateHandshake(simulation: Simulation): Promise<void> {
  const { random, network } = simulation;
  const router = simulation.process("router").socket(Router, { handover: true });
  router.bindSync("sim://router");
  const dealer = simulation.process("dealer").socket(Dealer, { ...VIGILANT, routingId: "dealer" });
  dealer.connect("sim://router");
  await simulation.run(random.next(400) / 10);
  network.stall(between(random, VIGILANT.handshakeInterval, 2 * VIGILANT.handshakeInterval));
  await simulation.run(2 * VIGILANT.handshakeInterval + 500);
  await simulation.until(dealer.send("anybody?"));
  await simulation.until(router.send(await simulation.until(router.receive(), 5000)));
  assert.equal(String(await simulation.until(dealer.receive(), 5000)), "anybody?");
}

test("ROUTER: a dead connection's late handshake does not take the living one's name for good", () =>
  simulate(SEEDS, lateHandshake));
