// The drop-in's default context is one for all threads of a process, as the original's is (zeromq-js: «shared by worker threads»).
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { Pull } from "../../src/zeromq.ts";
import { anyEndpoint, check } from "../support/harness.ts";

check("a PUSH in a worker reaches the PULL that the main thread bound over inproc", async (t) => {
  const pull = new Pull({ receiveTimeout: 5000 });
  t.after(() => pull.close());
  const endpoint = anyEndpoint("inproc");
  await pull.bind(endpoint);
  const worker = new Worker(new URL("../support/drop-in-thread.js", import.meta.url), { workerData: endpoint });
  t.after(() => worker.terminate());
  for (let i = 0; i < 100; i++) assert.equal(String(await pull.receive()), `message ${i}`);
});
