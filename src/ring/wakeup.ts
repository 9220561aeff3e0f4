/**
 * The doorbell of a thread: others say which of its connections wants attention, and wake it only when it sleeps.
 *
 *     words   BELL       counts the rings that woke; what the thread waits on
 *             ASLEEP     1 while it waits
 *             BITS …     one bit for each connection (or several that share one)
 *
 *     ring:   set the bit; if asleep, take the 1 away, count BELL up, notify
 *     rest:   set asleep; look at the bits again; wait until BELL changes
 *
 * Whoever takes ASLEEP's 1 away wakes, so a sleep costs one notification however many ring. A pending
 * `Atomics.waitAsync` keeps no process alive; the hold of a pending call does.
 * Invariant: a bit set before the thread slept is seen without a notification, one set after it notifies.
 */

const BELL = 0;
const ASLEEP = 1;
const BITS = 16;
const BITS_WORDS = 32;
/** Connections with a bit of their own; more share. */
export const BELL_BITS = BITS_WORDS * 32;

type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
) => { readonly async: false; readonly value: string } | { readonly async: true; readonly value: Promise<string> };

const waitAsync = (Atomics as unknown as { waitAsync?: WaitAsync }).waitAsync;

/** Whether this runtime can wait for a doorbell without blocking. */
export const canWaitAsync = waitAsync !== undefined;

/** Says that the connection with this bit wants attention, and wakes the thread if it sleeps. `at`: where its words begin. */
export function ring(words: Int32Array, at: number, bit: number): void {
  Atomics.or(words, at + BITS + (bit >> 5), 1 << (bit & 31));
  if (Atomics.load(words, at + ASLEEP) === 1 && Atomics.compareExchange(words, at + ASLEEP, 1, 0) === 1) {
    Atomics.add(words, at + BELL, 1);
    Atomics.notify(words, at + BELL);
  }
}

/** This thread's own doorbell. */
export class Doorbell {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #onRing: (bit: number) => void;
  readonly #defer: (callback: () => void) => void;
  #listening = false;
  readonly #answer = (): void => {
    this.#listening = false;
    this.check();
    this.listen();
  };

  /** `onRing` is called for each bit that was set; `defer` runs a callback in a macrotask. */
  constructor(words: Int32Array, at: number, onRing: (bit: number) => void, defer: (callback: () => void) => void) {
    this.#words = words;
    this.#at = at;
    this.#onRing = onRing;
    this.#defer = defer;
  }

  /** Answers from now on, in tasks of its own. */
  listen(): void {
    if (this.#listening || waitAsync === undefined) return;
    this.#listening = true;
    const words = this.#words;
    const at = this.#at;
    const seen = Atomics.load(words, at + BELL);
    Atomics.store(words, at + ASLEEP, 1);
    if (this.#isRung()) {
      Atomics.store(words, at + ASLEEP, 0);
      this.#defer(this.#answer);
      return;
    }
    const waiting = waitAsync(words, at + BELL, seen);
    if (waiting.async) void waiting.value.then(this.#answer);
    else this.#defer(this.#answer);
  }

  /** Blocks this thread until somebody rings, at most so many milliseconds, and answers. */
  wait(ms: number): void {
    const words = this.#words;
    const at = this.#at;
    const seen = Atomics.load(words, at + BELL);
    Atomics.store(words, at + ASLEEP, 1);
    if (!this.#isRung()) Atomics.wait(words, at + BELL, seen, ms);
    // A wait that does not block may still be pending: it needs ASLEEP, and what is rung in between is answered here.
    do {
      Atomics.store(words, at + ASLEEP, 0);
      this.check();
      Atomics.store(words, at + ASLEEP, this.#listening ? 1 : 0);
    } while (this.#isRung());
  }

  /** Answers what was rung so far. */
  check(): void {
    for (let i = 0; i < BITS_WORDS; i++) {
      const index = this.#at + BITS + i;
      if (Atomics.load(this.#words, index) === 0) continue;
      for (let bits = Atomics.exchange(this.#words, index, 0); bits !== 0; bits &= bits - 1)
        this.#onRing((i << 5) | (31 - Math.clz32(bits & -bits)));
    }
  }

  #isRung(): boolean {
    for (let i = 0; i < BITS_WORDS; i++) if (Atomics.load(this.#words, this.#at + BITS + i) !== 0) return true;
    return false;
  }
}
