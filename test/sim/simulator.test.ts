// The simulator itself: a seed gives the same run again, faults do what they say, and what is left over is found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pair, Publisher, Pull, Push, Reply, Request, Subscriber, ZmqError } from "../../src/node.ts";
import { Ledger, Simulation, simulate } from "../../src/testing.ts";
import { climate, VIGILANT, weather } from "./weather.ts";

/** What happened in a run with faults, as text. */
async function story(seed: number): Promise<string[]> {
  const simulation = new Simulation({ seed });
  climate(simulation);
  const push = simulation.process("push").socket(Push, VIGILANT);
  const pull = simulation.process("pull").socket(Pull, VIGILANT);
  const came: string[] = [];
  pull.bindSync("sim://pull");
  push.connect("sim://pull");
  simulation.spawn(async () => {
    for await (const [message] of pull) came.push(`${simulation.now} ${message}`);
  });
  simulation.spawn(async () => {
    for (let i = 0; i < 200; i++) {
      await push.send(`message ${i}`);
      await simulation.sleep(5);
    }
  });
  weather(simulation, ["push", "pull"], 1000);
  await simulation.run(3000);
  await simulation.close();
  return [...simulation.network.history, ...came];
}

test("the same seed gives the same run, another seed another one", async () => {
  const first = await story(7);
  assert.ok(first.length > 100);
  assert.deepEqual(await story(7), first);
  assert.notDeepEqual(await story(8), first);
});

test("a failing seed is named, with its cause and what the network did", async () => {
  const given = process.env.ZMTP_SEED;
  delete process.env.ZMTP_SEED;
  const seeds: number[] = [];
  const run = (): Promise<void> =>
    simulate({ seeds: 10, firstSeed: 5 }, async (simulation) => {
      seeds.push(simulation.seed);
      simulation.process("a").socket(Pull).bindSync("sim://a");
      await simulation.run(1);
      if (simulation.seed === 8) throw new Error("as arranged");
    });
  await assert.rejects(run, (error: Error) => {
    assert.match(
      error.message,
      /^seed 8 failed at 1\.0 ms: as arranged\nto repeat it, set ZMTP_SEED=8;.*\n.*a listens at sim:\/\/a/,
    );
    return (error.cause as Error).message === "as arranged";
  });
  assert.deepEqual(seeds, [5, 6, 7, 8]);
  process.env.ZMTP_SEED = "8";
  await assert.rejects(run, /seed 8 failed/);
  assert.deepEqual(seeds, [5, 6, 7, 8, 8]);
  if (given === undefined) delete process.env.ZMTP_SEED;
  else process.env.ZMTP_SEED = given;
});

test("a program's failure is the simulation's; a closed socket is none", async () => {
  const simulation = new Simulation();
  const pull = simulation.process("a").socket(Pull);
  simulation.spawn(() => pull.receive());
  simulation.after(5, () => pull.close());
  await simulation.run(10);
  simulation.spawn(() => Promise.reject(new Error("broken program")));
  await assert.rejects(simulation.run(10), /broken program/);
});

test("tcp: a process is a host, * and 127.0.0.1 are itself, ports are its own", async () => {
  const simulation = new Simulation();
  const server = simulation.process("server");
  const client = simulation.process("client");
  const reply = server.socket(Reply);
  await simulation.until(reply.bind("tcp://*:*"));
  assert.match(reply.lastEndpoint ?? "", /^tcp:\/\/server:\d+$/);
  const other = client.socket(Reply);
  await simulation.until(other.bind((reply.lastEndpoint as string).replace("server", "127.0.0.1")));
  const taken = server.socket(Reply);
  await assert.rejects(simulation.until(taken.bind(reply.lastEndpoint as string)), { code: "EADDRINUSE" });
  await assert.rejects(simulation.until(taken.bind("tcp://nonsense")), { code: "EINVAL" });
  assert.throws(() => taken.connect("tcp://server:*"), { code: "EINVAL" });
  assert.throws(() => taken.connect("ipc://elsewhere"), { code: "EPROTONOSUPPORT" });
  const request = client.socket(Request);
  request.connect(reply.lastEndpoint as string);
  simulation.spawn(async () => reply.send(await reply.receive()));
  assert.equal(String(await simulation.until(request.request("hello"))), "hello");
  await simulation.close();
});

test("inproc belongs to one process", async () => {
  const simulation = new Simulation();
  const [one, two] = [simulation.process("one"), simulation.process("two")];
  const pairs = [one.socket(Pair), one.socket(Pair), two.socket(Pair)];
  pairs[0].bindSync("inproc://name");
  pairs[1].connect("inproc://name");
  pairs[2].bindSync("inproc://name");
  assert.ok(pairs[1].trySend("hello"));
  assert.equal(String(await simulation.until(pairs[0].receive())), "hello");
  await simulation.close();
});

test("a slow reader holds the writer back: buffer, marks, no more", async () => {
  const simulation = new Simulation({ seed: 3, bufferBytes: 1000, chunkBytes: 100 });
  const push = simulation.process("push").socket(Push, { sendHighWaterMark: 5 });
  const pull = simulation.process("pull").socket(Pull, { receiveHighWaterMark: 5 });
  pull.bindSync("sim://pull");
  push.connect("sim://pull");
  let sent = 0;
  simulation.spawn(async () => {
    for (;;) {
      await push.send(Buffer.alloc(98));
      sent++;
    }
  });
  await simulation.run(1000);
  const stuck = sent;
  assert.ok(stuck >= 20 && stuck <= 5 + 10 + 5 + 3, `${stuck} messages under way`);
  await simulation.run(1000);
  assert.equal(sent, stuck);
  for (let i = 0; i < 100; i++) await simulation.until(pull.receive());
  push.linger = 0;
  await simulation.close();
});

test("a silent connection is noticed by heartbeats only, a parted network heals", async () => {
  const simulation = new Simulation({ seed: 4 });
  const { network } = simulation;
  const pub = simulation.process("pub").socket(Publisher, VIGILANT);
  const sub = simulation.process("sub").socket(Subscriber, { ...VIGILANT, heartbeatInterval: 0 });
  await simulation.until(pub.bind("tcp://*:1"));
  sub.connect("tcp://pub:1");
  sub.subscribe("");
  await simulation.until(pub.connected());
  await simulation.run(100);
  network.part("pub", "sub");
  assert.ok(pub.trySend("held back"));
  await assert.rejects(simulation.until(sub.receive(), 100), /waited in vain from/);
  network.heal("pub", "sub");
  const next = sub.receive();
  await simulation.run(100);
  assert.equal(network.made, 1);
  network.silence();
  await simulation.run(600);
  assert.equal(pub.peers().length, 0, "the PUB has heartbeats");
  assert.equal(sub.peers()[0].state, "ready", "the SUB has none");
  void next.catch(() => undefined);
  assert.match(simulation.leftovers().join("; "), /sub is connected to pub/);
  await simulation.close();
});

test("a crashed process does nothing more; another takes its name and gets what waited", async () => {
  const simulation = new Simulation({ seed: 5 });
  const serve = (came: string[]) => {
    const process = simulation.process("server");
    const pull = process.socket(Pull);
    pull.bindSync("tcp://*:1");
    simulation.spawn(async () => {
      for await (const [message] of pull) came.push(String(message));
    });
    return process;
  };
  const [before, after]: [string[], string[]] = [[], []];
  const server = serve(before);
  const push = simulation.process("client").socket(Push, VIGILANT);
  push.connect("tcp://server:1");
  await simulation.until(push.send("one"));
  await simulation.until(() => before.length === 1);
  server.crash();
  assert.deepEqual(server.leftovers(), []);
  assert.deepEqual(simulation.network.listening, []);
  let woken = false;
  void server.sleep(1).then(() => {
    woken = true;
  });
  await simulation.run(100);
  await simulation.until(push.send("two"));
  serve(after);
  await simulation.until(() => after.length === 1, 1000);
  assert.deepEqual([before, after, woken], [["one"], ["two"], false]);
  await simulation.close();
});

test("what is left over is found", async () => {
  const simulation = new Simulation();
  const process = simulation.process("a");
  const push = process.socket(Push);
  push.connect("tcp://nobody:1");
  assert.ok(push.trySend("nobody reads this"));
  await simulation.run(100);
  await assert.rejects(simulation.close(1000), /all sockets are closed, but a is held; a has 1 timers/);
});

test("the ledger knows what must not be", () => {
  const ledger = new Ledger();
  const [one, two, three] = [ledger.next("a"), ledger.next("a"), ledger.next("a")];
  assert.equal(one, "a 1");
  ledger.came(one);
  assert.throws(() => ledger.came(one), /"a 1" came twice/);
  assert.throws(() => ledger.came("a 4"), /never sent/);
  assert.throws(() => ledger.came("b 1"), /never sent/);
  ledger.came(one, { copies: "other" });
  ledger.came(three, { lane: "x" });
  assert.throws(() => ledger.came(two, { lane: "x" }), /"a 2" came by x after number 3/);
  assert.deepEqual([ledger.sent(), ledger.sent("a"), ledger.sent("b"), ledger.arrived("a")], [3, 3, 0, 4]);
  ledger.refused("a");
  assert.equal(ledger.sent("a"), 2);
});

test("errors of the network are the library's", async () => {
  const simulation = new Simulation();
  const push = simulation.process("a").socket(Push);
  const errors: unknown[] = [];
  push.events.on("close", ({ error }) => errors.push(error));
  push.connect("sim://nobody");
  await simulation.run(50);
  assert.ok(errors[0] instanceof ZmqError && errors[0].code === "ECONNREFUSED");
  await simulation.close();
});
