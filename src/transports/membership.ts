/**
 * This thread's place in one directory: its key, its doorbell, the channel by which it gets offers, and the way to the
 * others. Does not own: what rings and offers mean (threads.ts).
 */
import { type Directory, SLOT_BELL, slotAt, slotOf } from "../ring/directory.ts";
import { RING_VERSION } from "../ring/layout.ts";
import type { RingWriter } from "../ring/spsc-ring.ts";
import { canWaitAsync, Doorbell, ring } from "../ring/wakeup.ts";
import type { ThreadChannel, ThreadHost } from "./thread-host.ts";

/** Key of the environment's data and beginning of the channels' names. */
export const THREADS_KEY = `zmtp.inproc.${RING_VERSION}`;

/** The doorbell's bit for news that concern every thread: a name was bound, a thread is gone. */
export const NEWS_BIT = 0;

/** Ended threads that are remembered. */
const ENDED_KEPT = 256;

/** Sent to a thread that sleeps and can wait for nothing but messages. */
const WAKE = null;

export class Membership {
  readonly directory: Directory;
  /** 0: the directory has no room for more threads. */
  readonly key: number;
  #host: ThreadHost;
  #bell: Doorbell | null = null;
  #channel: ThreadChannel | null = null;
  // Ids of threads that this one started and that are over; ids are never used again.
  readonly #ended = new Set<number>();
  readonly #channels = new Map<number, ThreadChannel>();

  /** Enters. `parent`: the key of the thread that started this one, 0 when unknown. */
  constructor(host: ThreadHost, directory: Directory, parent: number) {
    this.#host = host;
    this.directory = directory;
    this.key = directory.enter(host.threadId, parent);
  }

  /** From now on offers are heard and the doorbell is answered. */
  open(onMessage: (message: unknown) => void, onRing: (bit: number) => void): void {
    const waits = this.#host.wokenByChannel !== true && canWaitAsync;
    if (!waits) this.directory.setWokenByChannel(this.key);
    const bell = new Doorbell(this.directory.words, slotAt(slotOf(this.key)) + SLOT_BELL, onRing, this.#host, waits);
    this.#channel = this.#host.openChannel(this.#nameOf(this.key), (message) => {
      if (message === WAKE) bell.wake();
      else onMessage(message);
    });
    this.#bell = bell;
    bell.listen();
  }

  /** Blocks until the doorbell was rung, at most so many milliseconds, and answers; takes offers that came. */
  wait(ms: number): void {
    this.#bell?.wait(ms);
    this.#channel?.poll();
  }

  /** Sends to another thread's channel. */
  post(key: number, message: unknown): void {
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = this.#host.openChannel(this.#nameOf(key));
      this.#channels.set(key, channel);
    }
    channel.post(message);
  }

  /** As `ring`, for something that was sent and may be answered at once. */
  ask(slot: number, bit: number, sent: RingWriter): void {
    this.ring(slot, bit);
    this.#bell?.expect(sent);
  }

  /** `surely`: also when another thread has undertaken to wake it, who may be gone. */
  ring(slot: number, bit: number, surely = false): void {
    const { directory } = this;
    if (ring(directory.words, slotAt(slot) + SLOT_BELL, bit, surely)) {
      const sleeper = directory.wokenByChannel(slot);
      if (sleeper !== 0) this.post(sleeper, WAKE);
    }
  }

  /** A thread was ended, and took those that it had started along. */
  ended(threadId: number): void {
    this.#ended.add(threadId);
    if (this.#ended.size > ENDED_KEPT) this.#ended.delete(this.#ended.values().next().value as number);
    this.#bury(threadId);
  }

  /** Looks after what rests on others: a doorbell that nobody rings though he was to. */
  recheck(): void {
    this.#bell?.recheck();
    this.buryLate();
  }

  /** Looks for threads that came in after their end was told: Deno tells it before they have stopped. */
  buryLate(): void {
    const { directory } = this;
    if (this.#ended.size === 0) return;
    for (const key of directory.threads()) {
      const threadId = directory.threadIdOf(key);
      if (this.#ended.has(threadId)) this.#bury(threadId);
    }
  }

  #bury(threadId: number): void {
    const { directory } = this;
    for (const key of directory.threads().filter((each) => directory.threadIdOf(each) === threadId)) {
      for (const child of directory.threads()) if (directory.parentOf(child) === key) this.ended(directory.threadIdOf(child));
      this.left(key);
    }
  }

  /** A thread is gone: everybody looks after his connections. */
  left(key: number): void {
    if (!this.directory.leave(key)) return;
    this.#channels.get(key)?.close();
    this.#channels.delete(key);
    for (const other of this.directory.threads()) this.ring(slotOf(other), NEWS_BIT, true);
  }

  // Keys are unique in one directory only.
  #nameOf(key: number): string {
    return `${THREADS_KEY}.${this.directory.id}.${key}`;
  }
}
