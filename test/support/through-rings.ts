/**
 * For test files that import this first: every inproc connection of the default context goes through shared memory, as
 * if each connecting socket lived in another thread than the binding one. Binds go to this thread's part of the name space,
 * connections come from a second part with a key and a doorbell of its own, in the same JavaScript thread: so every
 * test that is written for one thread can be run over the rings, and fails at the same line each time.
 */
import { context } from "../../src/node.ts";
import { Threads } from "../../src/transports/threads.ts";
import { workerHost } from "../../src/transports/worker-host.ts";

/** No thread of a test process has such a number. */
const FAR_THREAD_ID = 1_000_000;

const { transport: near } = context._inner.transportOf("inproc://x");
const host = workerHost();
const far = new Threads({
  ...host,
  threadId: FAR_THREAD_ID,
  bequeath: () => undefined,
  onThreadEnd: () => undefined,
}).transport();
if (near.shape !== "messages") throw new Error("inproc joins pipes");
near.connect = far.connect;
