/** The `ThreadHost` of Node.js, Bun and Deno, over `node:worker_threads`, which all three have. */
import { BroadcastChannel, getEnvironmentData, setEnvironmentData, threadId, type Worker } from "node:worker_threads";
import { THREADS_KEY, type ThreadHost } from "./threads.ts";

/** This thread's view of the process. */
export function workerHost(): ThreadHost {
  return {
    threadId,
    inherited: getEnvironmentData(THREADS_KEY),
    bequeath: (value) => setEnvironmentData(THREADS_KEY, value as Parameters<typeof setEnvironmentData>[1]),

    openChannel(name, onMessage) {
      const channel = new BroadcastChannel(name);
      if (onMessage !== undefined) channel.onmessage = (event) => onMessage((event as { data: unknown }).data);
      channel.unref();
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
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

    defer:
      typeof setImmediate === "function" ? (callback) => void setImmediate(callback) : (callback) => void setTimeout(callback, 0),
  };
}
