/**
 * Lets every inproc connection of the default context go through shared memory, as if each connecting socket lived in another thread
 * than the binding one. Binds go to this thread's part of the name space, connections come from a second part with a key
 * and a doorbell of its own, in the same JavaScript thread: so every test that is written for one thread runs over
 * rings, and a failure is the same each time.
 */
import { context } from "../../src/node.ts";
import type { ThreadHost } from "../../src/transports/thread-host.ts";
import { Threads } from "../../src/transports/threads.ts";
import { workerHost } from "../../src/transports/worker-host.ts";

/** No thread of a test process has such a number. */
const FAR_THREAD_ID = 1_000_000;

/** `host`: what is different in the second part's host. */
export function throughRings(host: Partial<ThreadHost> = {}): void {
  const { transport } = context._inner.transportOf("inproc://x");
  if (transport.shape !== "messages") throw new Error("inproc joins pipes");
  const nothing = (): void => undefined;
  const far = new Threads({ ...workerHost(), threadId: FAR_THREAD_ID, bequeath: nothing, onThreadEnd: nothing, ...host });
  transport.connect = far.transport().connect;
}
