/**
 * The doorbell of a thread: others say which of its connections wants attention, and wake it only when it sleeps.
 *
 *     words   BELL       counts the rings that woke; what the thread waits on
 *             ASLEEP     1 while it waits
 *             RUNG       one bit for each word of BITS in which one was set
 *             BITS …     one bit for each connection (or several that share one)
 *
 *     ring:   set the bit, then that of its word; if asleep, take the 1 away, count BELL up, notify
 *     rest:   set asleep; look at the bits again; wait until BELL changes
 *
 * Whoever takes ASLEEP's 1 away wakes, so a sleep costs one notification however many ring. A pending
 * `Atomics.waitAsync` keeps no process alive; the hold of a pending call does. A thread that has just woken another may be answered
 * in less time than a sleep costs both: it looks for some microseconds first, and the longer not again the more often it was in vain.
 * Invariant: a bit set before the thread slept is seen without a notification, one set after it notifies.
 */
import { SpinBackoff } from "../base/spin-backoff.ts";

const BELL = 0;
const ASLEEP = 1;
const RUNG = 2;
const BITS = 16;
const BITS_WORDS = 32;
/** Connections with a bit of their own; more share. */
export const BELL_BITS = BITS_WORDS * 32;

/** How long a thread looks for an answer before it sleeps. */
const LOOK_MS = 0.05;
/** Looks between two readings of the clock. */
const LOOKS = 32;
/** So many answers in a row, then the event loop has its turn. */
const ANSWERS_PER_TURN = 64;

type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
) => { readonly async: false; readonly value: string } | { readonly async: true; readonly value: Promise<string> };

const waitAsync = (Atomics as unknown as { waitAsync?: WaitAsync }).waitAsync;

/** Whether this runtime can wait for a doorbell without blocking. */
export const canWaitAsync = waitAsync !== undefined;

/**
 * Says that the connection with this bit wants attention, and wakes the thread if it sleeps. `at`: where its words begin.
 * True: it slept; if it can wait for nothing but a message, one must be sent. `surely`: also when another has undertaken to wake
 * it, who may have been ended before it did.
 */
export function ring(words: Int32Array, at: number, bit: number, surely = false): boolean {
  Atomics.or(words, at + BITS + (bit >> 5), 1 << (bit & 31));
  Atomics.or(words, at + RUNG, 1 << (bit >> 5));
  if (!surely && Atomics.load(words, at + ASLEEP) !== 1) return false;
  if (Atomics.exchange(words, at + ASLEEP, 0) !== 1 && !surely) return false;
  Atomics.add(words, at + BELL, 1);
  Atomics.notify(words, at + BELL);
  return true;
}

/** When a thread does what it has put off. */
export interface BellTurns {
  /** In a macrotask. */
  defer(callback: () => void): void;
  /** Behind what the program does in this task; absent: it never looks before it sleeps. */
  soon?(callback: () => void): void;
}

/** A ring's writer, whose position tells whether more was sent. */
interface Sent {
  readonly claimed: number;
}

/** This thread's own doorbell. */
export class Doorbell {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #onRing: (bit: number) => void;
  readonly #turns: BellTurns;
  readonly #waits: boolean;
  #listening = false;
  // Whether it will look for an answer; how often it found one since the event loop had its turn.
  #looking = false;
  #answers = 0;
  // What the answer would be to.
  #sent: Sent | null = null;
  #sentTo = 0;
  readonly #backoff = new SpinBackoff();
  readonly #answer = (): void => {
    this.#listening = false;
    this.check();
    this.listen();
  };
  readonly #look = (): void => this.#lookForAnswer();
  readonly #lookAnew = (): void => {
    this.#answers = 0;
    this.#lookForAnswer();
  };

  /** `onRing` is called for each bit that was set. `waits`: false, whoever rings sends a message too, and `wake` is called. */
  constructor(words: Int32Array, at: number, onRing: (bit: number) => void, turns: BellTurns, waits = canWaitAsync) {
    this.#words = words;
    this.#at = at;
    this.#onRing = onRing;
    this.#turns = turns;
    this.#waits = waits;
  }

  /** Answers from now on, in tasks of its own. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const words = this.#words;
    const at = this.#at;
    const seen = Atomics.load(words, at + BELL);
    Atomics.store(words, at + ASLEEP, 1);
    if (this.#isRung()) {
      Atomics.store(words, at + ASLEEP, 0);
      this.#turns.defer(this.#answer);
      return;
    }
    if (!this.#waits || waitAsync === undefined) return;
    const waiting = waitAsync(words, at + BELL, seen);
    if (waiting.async) void waiting.value.then(this.#answer);
    else this.#turns.defer(this.#answer);
  }

  /** Answers what was rung, and is to be woken again, should whoever undertook it have been ended before it did. */
  recheck(): void {
    if (this.#listening) this.#answerAwake();
  }

  /** A message came in the place of a notification. */
  wake(): void {
    if (this.#listening) this.#answer();
  }

  /** This thread has rung at another for what it sent, which may be answered at once. Once more was sent, it does not look. */
  expect(sent: Sent): void {
    const { soon } = this.#turns;
    if (this.#looking || soon === undefined) return;
    this.#sent = sent;
    this.#sentTo = sent.claimed;
    if (this.#backoff.skip()) return;
    this.#looking = true;
    if (this.#answers < ANSWERS_PER_TURN) soon(this.#look);
    else this.#turns.defer(this.#lookAnew);
  }

  /** Blocks this thread until somebody rings, at most so many milliseconds, and answers. */
  wait(ms: number): void {
    const words = this.#words;
    const at = this.#at;
    const seen = Atomics.load(words, at + BELL);
    Atomics.store(words, at + ASLEEP, 1);
    if (!this.#isRung()) Atomics.wait(words, at + BELL, seen, ms);
    this.#answerAwake();
  }

  /** Answers what was rung so far. */
  check(): void {
    if (!this.#isRung()) return;
    for (let rung = Atomics.exchange(this.#words, this.#at + RUNG, 0); rung !== 0; rung &= rung - 1) {
      const word = lowestOf(rung);
      for (let bits = Atomics.exchange(this.#words, this.#at + BITS + word, 0); bits !== 0; bits &= bits - 1)
        this.#onRing((word << 5) | lowestOf(bits));
    }
  }

  #lookForAnswer(): void {
    this.#looking = false;
    if (this.#sent?.claimed !== this.#sentTo) return;
    Atomics.store(this.#words, this.#at + ASLEEP, 0);
    const until = performance.now() + LOOK_MS;
    do {
      for (let i = 0; i < LOOKS; i++) {
        if (!this.#isRung()) continue;
        this.#answers++;
        this.#backoff.succeeded();
        this.#answerAwake();
        return;
      }
    } while (performance.now() < until);
    this.#backoff.failed();
    this.#answers = 0;
    this.#answerAwake();
  }

  // A wait that does not block may still be pending: it needs ASLEEP, and what is rung in between is answered here.
  #answerAwake(): void {
    const asleepAt = this.#at + ASLEEP;
    do {
      Atomics.store(this.#words, asleepAt, 0);
      this.check();
      Atomics.store(this.#words, asleepAt, this.#listening ? 1 : 0);
    } while (this.#isRung());
  }

  #isRung(): boolean {
    return Atomics.load(this.#words, this.#at + RUNG) !== 0;
  }
}

/** The place of the lowest bit that is set. */
function lowestOf(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
