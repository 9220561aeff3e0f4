/** What a runtime gives to inproc between threads: the port under `threads.ts`. */

/** A channel that reaches the threads of this process. */
export interface ThreadChannel {
  post(message: unknown): void;
  /** Gives what has come to `onMessage` now, in the middle of a call, where the runtime can. */
  poll(): void;
  close(): void;
}

export interface ThreadHost {
  /** Unique in the process; 0 for the main thread. */
  readonly threadId: number;
  /** This thread ends as soon as nothing holds it, without a last question whether messages wait. */
  readonly endsUnasked: boolean;
  /** This thread is woken by messages to its channel though it could wait for shared memory (`Atomics.waitAsync`). */
  readonly wokenByChannel?: boolean;
  /** What the thread that started this one had bequeathed under a key; undefined when nothing. */
  inherit(key: string): unknown;
  /** Leaves this to all workers that are started from now on. */
  bequeath(key: string, value: unknown): void;
  /** Opens a channel by its name; it keeps no process alive. Without `onMessage` it only sends. */
  openChannel(name: string, onMessage?: (message: unknown) => void): ThreadChannel;
  /** Calls back with its thread id when a thread that this one started is over, however it ended. */
  onThreadEnd(callback: (threadId: number) => void): void;
  /** Calls back when this thread ends in order. */
  onExit(callback: () => void): void;
  /** Runs a callback in a macrotask. */
  defer(callback: () => void): void;
  /** Runs a callback behind what the program does in this task, before the event loop goes on; absent where nothing does. */
  soon?(callback: () => void): void;
  /** Calls back again and again until the result is called; keeps no process alive. */
  every(ms: number, callback: () => void): () => void;
}
