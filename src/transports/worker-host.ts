/** The `ThreadHost` of Node.js, Bun and Deno, over `node:worker_threads`, which all three have. */
import {
  BroadcastChannel,
  getEnvironmentData,
  isMainThread,
  type MessagePort,
  receiveMessageOnPort,
  setEnvironmentData,
  threadId,
  type Worker,
} from "node:worker_threads";
import type { ThreadHost } from "./thread-host.ts";

/** This thread's view of the process. */
export function workerHost(): ThreadHost {
  return {
    threadId,
    endsUnasked: !isMainThread && process.versions.deno !== undefined, // Its workers have no `beforeExit`.
    inherit: (key) => getEnvironmentData(key),
    bequeath: (key, value) => setEnvironmentData(key, value as Parameters<typeof setEnvironmentData>[1]),

    openChannel(name, onMessage) {
      const channel = new BroadcastChannel(name);
      if (onMessage !== undefined) channel.onmessage = (event) => onMessage((event as { data: unknown }).data);
      channel.unref();
      const poll = (): void => {
        for (let next = receive(channel); next !== undefined; next = receive(channel)) onMessage?.(next.message);
      };
      return { post: (message) => channel.postMessage(message), poll, close: () => channel.close() };
    },

    onThreadEnd(callback) {
      process.on("worker", (worker: Worker) => {
        const id = worker.threadId;
        worker.once("exit", () => callback(id));
      });
    },

    onExit(callback) {
      process.once("exit", callback);
    },

    every(ms, callback) {
      const timer = setInterval(callback, ms);
      timer.unref();
      return () => clearInterval(timer);
    },

    soon: (callback) => process.nextTick(callback),

    defer:
      typeof setImmediate === "function" ? (callback) => void setImmediate(callback) : (callback) => void setTimeout(callback, 0),
  };
}

// Node.js takes a BroadcastChannel here, though its types do not say so; Bun gives nothing, Deno throws.
function receive(channel: BroadcastChannel): { readonly message: unknown } | undefined {
  if (process.versions.deno !== undefined) return undefined;
  return receiveMessageOnPort(channel as unknown as MessagePort) as { message: unknown } | undefined;
}
