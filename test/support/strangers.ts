/**
 * Programs whose threads inherit nothing from each other. Each prints what came of binding a name that another thread has, and the
 * message that it got.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const how = isMainThread ? process.argv[2] : (workerData as string);
const endpoint = "inproc://strangers";
const contested = "inproc://contested";

async function binder(): Promise<void> {
  const { Pull } = await import("../../src/node.ts");
  const [pull, loser] = [new Pull(), new Pull()];
  await pull.bind(endpoint);
  await loser.bind(contested);
  loser.events.on("bind:error", ({ error }) => console.log(error.code));
  parentPort?.postMessage("bound");
  console.log(`got ${await pull.receive()}`);
  await new Promise((resolve) => setTimeout(resolve, 200)); // The other one still asks whether the name is free.
}

// A worker asks before its bind is confirmed, and hears that the name is taken; later, if the other was too busy to answer in time.
async function secondWorker(): Promise<void> {
  const { Pull, Push } = await import("../../src/node.ts");
  const pull = new Pull();
  pull.events.on("bind:error", ({ error }) => console.log(error.code)); // A bind that rejects is one too.
  await pull.bind(contested).catch(() => undefined);
  const push = new Push();
  push.connect(endpoint);
  await push.send("hello");
  await push.end();
}

// The main thread binds without asking and keeps the name: the worker is told that it has lost it.
async function lateMain(): Promise<void> {
  const { Pull, Push } = await import("../../src/node.ts");
  const pull = new Pull();
  await pull.bind(contested);
  const push = new Push();
  push.connect(endpoint);
  await push.send("hello");
  await push.end();
}

const PROGRAMS: Record<string, () => unknown> = {
  workers: () => start("binder").once("message", () => start("secondWorker")),
  late: () => start("binder").once("message", () => lateMain()),
  binder,
  secondWorker,
};

function start(role: string): Worker {
  return new Worker(new URL(import.meta.url), { workerData: role });
}

void PROGRAMS[how]();
