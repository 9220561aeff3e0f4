/**
 * Threads that inherit nothing from each other bind the same names at the same moment: the main thread has no library, and its workers have
 * loaded it before they meet. Prints how many names there are when each of them is one thread's, and fails as long as it is not.
 */
import { isMainThread, parentPort, threadId, Worker, workerData } from "node:worker_threads";

const WORKERS = 3;
const NAMES = 50;

async function contend(gate: Int32Array): Promise<void> {
  const { Pull } = await import("../../src/node.ts");
  const pull = new Pull();
  const has = new Set<string>();
  let settled = 0;
  const tell = (): void => {
    if (settled === NAMES) parentPort?.postMessage({ threadId, has: [...has] });
  };
  const lose = (name: string, { code }: { readonly code: string }): void => {
    if (code !== "EADDRINUSE") throw new Error(`${name}: ${code}`);
    has.delete(name);
  };
  // A name that was confirmed is lost when a thread with a lower id was too busy to answer in time.
  pull.events.on("bind:error", ({ address, error }) => {
    lose(address, error);
    tell();
  });
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < WORKERS); // From here on; before, no thread has asked another.
  for (let i = 0; i < NAMES; i++) {
    const name = `inproc://contested-${i}`;
    has.add(name);
    pull
      .bind(name)
      .catch((error) => lose(name, error))
      .then(() => {
        settled++;
        tell();
      });
  }
  await pull.receive(); // Its names stay.
}

function watch(): void {
  const gate = new SharedArrayBuffer(4);
  const said = new Map<number, readonly string[]>();
  for (let i = 0; i < WORKERS; i++)
    new Worker(new URL(import.meta.url), { workerData: gate }).on("message", ({ threadId, has }) => {
      said.set(threadId, has);
      const all = [...said.values()].flat();
      if (said.size < WORKERS || all.length !== NAMES || new Set(all).size !== NAMES) return;
      console.log(`${NAMES} names`);
      process.exit(0);
    });
}

if (isMainThread) watch();
else void contend(new Int32Array(workerData as SharedArrayBuffer));
