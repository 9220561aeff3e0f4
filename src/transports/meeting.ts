/**
 * Which directory is the process's, where threads did not inherit one: each thread without says over a channel which it
 * has, and all take over that of the lowest thread id.
 *
 *     worker 7   ── mine is 7's ──▶   worker 3   ── mine is 3's ──▶   worker 7 moves
 *
 * A worker that inherited nothing cannot know whether it is alone: its first binds are confirmed only after it has
 * asked and heard nothing for a moment. The main thread's directory always stays. Does not own: what moving means.
 */
import { Directory } from "../ring/directory.ts";
import { THREADS_KEY } from "./membership.ts";
import type { ThreadChannel, ThreadHost } from "./thread-host.ts";

/** How long a worker that inherited nothing waits for somebody who has a directory. */
const SILENCE_MS = 100;

export class Meeting {
  /** Until it is known which directory stays; null afterwards. */
  settled: Promise<void> | null = null;
  #host: ThreadHost;
  #directory: Directory;
  #isSure: boolean;
  #onMove: (directory: Directory) => void;
  #channel: ThreadChannel | null = null;
  #settle: () => void = () => undefined;

  /** `isSure`: the directory is inherited, or the main thread's. */
  constructor(host: ThreadHost, directory: Directory, isSure: boolean, onMove: (directory: Directory) => void) {
    this.#host = host;
    this.#directory = directory;
    this.#isSure = isSure;
    this.#onMove = onMove;
  }

  /** Asks, and answers from now on; harmless when it does so already. */
  open(): void {
    if (this.#channel !== null) return;
    this.#channel = this.#host.openChannel(`${THREADS_KEY}.meeting`, (message) => this.#onDirectory(message));
    if (this.#isSure && this.#host.threadId !== 0) return; // Whoever it was inherited from answers too, or is gone.
    this.#channel.post(this.#directory.memory);
    if (this.#isSure) return;
    this.settled = new Promise((resolve) => {
      const stop = this.#host.every(SILENCE_MS, () => this.#settle());
      this.#settle = () => {
        stop();
        this.settled = null;
        resolve();
      };
    });
  }

  #onDirectory(memory: unknown): void {
    const other = Directory.from(memory);
    if (other === undefined || other.id === this.#directory.id) return;
    if (other.rank > this.#directory.rank || (other.rank === this.#directory.rank && other.id > this.#directory.id)) {
      this.#channel?.post(this.#directory.memory);
      return;
    }
    this.#directory = other;
    this.#onMove(other);
    this.#settle();
  }
}
