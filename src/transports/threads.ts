/**
 * inproc between the threads of a process: who has which name, and connections to the threads that have them.
 *
 * All threads share a directory in memory that every worker inherits from the thread that started it; a name is taken
 * there, so exactly one of two threads that bind it succeeds. A thread that connects to another's name offers it a
 * connection over that thread's channel; from then on the two talk through rings only. A connection whose name nobody
 * has waits, and its thread is rung when a name is bound.
 *
 * Does not own: names and connections inside one thread (inproc.ts), what a connection does (ring-link.ts), what the
 * runtime offers (the `ThreadHost` port).
 * Invariants: a name that is bound here is claimed in the directory; a thread that is gone is left out of it by whoever
 * noticed, and all others look after their connections then.
 */
import { ZmqError } from "../base/errors.ts";
import type { Binding, MessageTransport, Party } from "../core/transport.ts";
import { Directory, SLOT_BELL, slotAt, slotOf } from "../ring/directory.ts";
import { ACCEPTED, OFFERED, REFUSED, RING_VERSION } from "../ring/layout.ts";
import { PairPool } from "../ring/pair-pool.ts";
import { BELL_BITS, Doorbell, ring } from "../ring/wakeup.ts";
import { InprocNames, inprocTransport, nameInUse, type OtherThreads } from "./inproc.ts";
import type { LinkHost } from "./ring-link.ts";
import {
  acceptOffer,
  type Door,
  doorOf,
  joinOffer,
  leaveOffer,
  makeOffer,
  type Offer,
  offerState,
  RING_BYTES,
  refuseOffer,
} from "./thread-offers.ts";
import type { WaitingConnection, WaitingHold } from "./waiting-connection.ts";

/** A channel that reaches the threads of this process. */
export interface ThreadChannel {
  post(message: unknown): void;
  /** Gives what has come to `onMessage` now, in the middle of a call, where the runtime can. */
  poll(): void;
  close(): void;
}

/** What the runtime gives. */
export interface ThreadHost {
  readonly threadId: number;
  /** This thread ends as soon as nothing holds it, without a last question whether messages wait. */
  readonly endsUnasked: boolean;
  /** What the thread that started this one had bequeathed; undefined when nothing. */
  readonly inherited: unknown;
  /** Leaves this to all workers that are started from now on. */
  bequeath(value: unknown): void;
  /** Opens a channel by its name; it keeps no process alive. Without `onMessage` it only sends. */
  openChannel(name: string, onMessage?: (message: unknown) => void): ThreadChannel;
  /** Calls back with its thread id when a thread that this one started is over, however it ended. */
  onThreadEnd(callback: (threadId: number) => void): void;
  /** Calls back when this thread ends in order. */
  onExit(callback: () => void): void;
  /** Runs a callback in a macrotask. */
  defer(callback: () => void): void;
  /** Calls back again and again until the result is called; keeps no process alive. */
  every(ms: number, callback: () => void): () => void;
}

/** Key of the environment's data and beginning of the channels' names. */
export const THREADS_KEY = `zmtp.inproc.${RING_VERSION}`;

/** What a thread bequeaths to those that it starts. */
interface Inheritance {
  readonly memory: SharedArrayBuffer;
  readonly parent: number;
}

/** A thread with a pending call looks by itself so often, should a wake-up ever be missed. */
const RECHECK_MS = 1000;

/** The doorbell's bit for news that concern every thread: a name was bound, a thread is gone. */
const NEWS_BIT = 0;

/** Who hears a bit of the doorbell: a link, or an offer that waits for its answer. */
interface Attendant {
  readonly peerKey: number;
  attend(): void;
  /** The thread at the other side is gone. */
  orphan(): void;
}

export class Threads implements OtherThreads {
  readonly names = new InprocNames();
  readonly holdsWaiting: WaitingHold;
  readonly #host: ThreadHost;
  readonly #directory: Directory;
  readonly #key: number;
  readonly #attendants = new Set<Attendant>();
  // The same, by their bit.
  readonly #byBit = new Map<number, Set<Attendant>>();
  readonly #pool = new PairPool(RING_BYTES);
  readonly #channels = new Map<number, ThreadChannel>();
  #bell: Doorbell | null = null;
  #channel: ThreadChannel | null = null;
  // Whether a call is pending in this thread; and what ends the looking by itself.
  #held = false;
  #unwatch: (() => void) | null = null;
  #binds = 0;
  #nextBit = 1;

  constructor(host: ThreadHost) {
    this.#host = host;
    // Those who could bind the name live in threads that the main thread outlives by itself.
    this.holdsWaiting = host.endsUnasked ? "always" : host.threadId === 0 ? "never" : "closing";
    const { memory, parent = 0 } = (host.inherited ?? {}) as Partial<Inheritance>;
    this.#directory = Directory.from(memory) ?? Directory.create(host.threadId);
    this.#key = this.#directory.enter(host.threadId, parent);
    host.bequeath({ memory: this.#directory.memory, parent: this.#key } satisfies Inheritance);
    host.onThreadEnd((threadId) => this.#ended(threadId));
    host.onExit(() => this.#left(this.#key));
  }

  /** The inproc of the default context. */
  transport(): MessageTransport {
    return inprocTransport(this.names, this);
  }

  claim(name: string, party: Party): Binding {
    this.#open();
    const directory = this.#directory;
    const result = directory.claim(name, this.#key);
    if (result === "taken") throw nameInUse(name, party.endpoint, "another thread of this process");
    if (result === "full") throw this.#tooMany(`there is no room to bind ${party.endpoint}`);
    for (const key of directory.threads()) if (key !== this.#key && directory.isSeeking(key)) this.#ring(slotOf(key), NEWS_BIT);
    return { close: () => directory.release(name, this.#key) };
  }

  has(name: string): boolean {
    const owner = this.#directory.ownerOf(name);
    return owner !== 0 && owner !== this.#key;
  }

  seek(name: string): void {
    this.#open();
    if (this.#offerAll(name)) return;
    // Said before looking once more: whoever binds now either is seen here or sees that we wait.
    this.#directory.setSeeking(this.#key, this.names.waiting.size);
    this.#offerAll(name);
  }

  // Waiting -----------------------------------------------------------------------------------------------------------

  /** Blocks this thread until something happened between threads, at most so many milliseconds. */
  wait(ms: number): void {
    this.#open();
    this.#bell?.wait(Math.min(ms, RECHECK_MS));
    this.#channel?.poll();
    if (ms > RECHECK_MS) this.#recheck();
  }

  /** A call is pending in this thread, or none is any more. */
  watch(on: boolean): void {
    this.#held = on;
    if (!on || this.#bell === null || this.#unwatch !== null) return;
    this.#unwatch = this.#host.every(RECHECK_MS, () => {
      if (this.#held) this.#recheck();
      else {
        this.#unwatch?.();
        this.#unwatch = null;
      }
    });
  }

  // Looks after everything, rung or not.
  #recheck(): void {
    for (const attendant of [...this.#attendants]) attendant.attend();
    this.#news();
  }

  // Connecting --------------------------------------------------------------------------------------------------------

  // Offers every connection that waits for a name to the thread that has it; false when none has.
  #offerAll(name: string): boolean {
    const owner = this.#directory.ownerOf(name);
    if (owner === 0 || owner === this.#key) return false;
    for (const waiting of this.names.take(name)) this.#offer(name, waiting, owner);
    return true;
  }

  #offer(name: string, waiting: WaitingConnection, owner: number): void {
    const door = this.#newDoor();
    const memory = this.#pool.take();
    const rings = makeOffer(memory, waiting.connector, door);
    const back = (): void => {
      this.#dismiss(door, attendant);
      if (this.names.join(waiting)) return;
      this.names.wait(waiting);
      this.seek(name);
    };
    const attendant: Attendant = {
      peerKey: owner,
      attend: () => {
        const state = offerState(rings);
        if (state === OFFERED) return;
        if (state === REFUSED) {
          leaveOffer(memory);
          this.#pool.retire(memory);
          back();
          return;
        }
        this.#dismiss(door, attendant);
        const lingered = waiting.leave();
        this.#connect(door, owner, doorOf(memory, 1), (host) => joinOffer(rings, waiting, host));
        lingered();
      },
      orphan: () => (offerState(rings) === ACCEPTED ? attendant.attend() : back()),
    };
    this.#appoint(door, attendant);
    this.#channelTo(owner).post({ name, memory, from: this.#key } satisfies Offer);
    this.#ring(slotOf(owner), NEWS_BIT); // It may be blocked in `wait`, where no message of a channel wakes it.
  }

  #onOffer({ name, memory, from }: Offer): void {
    const party = this.names.bound.get(name);
    const far = doorOf(memory, 0);
    if (party === undefined) refuseOffer(memory);
    else {
      const door = this.#newDoor();
      this.#connect(door, from, far, (host) => acceptOffer(memory, party, door, host));
    }
    this.#ring(far.slot, far.bit);
  }

  // A link that attends its doorbell until it is over.
  #connect(door: Door, peerKey: number, far: Door, make: (host: LinkHost) => ReturnType<typeof joinOffer>): void {
    const host: LinkHost = {
      holds: this.#host.endsUnasked,
      wake: () => this.#ring(far.slot, far.bit),
      remove: (rings) => {
        this.#dismiss(door, attendant);
        if (rings.side === 0) this.#pool.retire(rings.memory);
      },
    };
    const link = make(host);
    const attendant: Attendant = { peerKey, attend: () => link.attend(), orphan: () => link.orphan() };
    this.#appoint(door, attendant);
    link.start();
    if (!this.#directory.isAlive(peerKey)) link.orphan();
  }

  // Doorbell ----------------------------------------------------------------------------------------------------------

  // From the first use on: a program that has no inproc name pays nothing.
  #open(): void {
    if (this.#bell !== null) return;
    if (this.#key === 0) throw this.#tooMany("this thread has no place in it");
    this.#channel = this.#host.openChannel(`${THREADS_KEY}.${this.#key}`, (message) => this.#onOffer(message as Offer));
    const at = slotAt(slotOf(this.#key)) + SLOT_BELL;
    this.#bell = new Doorbell(this.#directory.words, at, (bit) => this.#attend(bit), this.#host.defer);
    this.#bell.listen();
    this.watch(this.#held);
  }

  #attend(bit: number): void {
    if (bit === NEWS_BIT) this.#news();
    else for (const attendant of [...(this.#byBit.get(bit) ?? [])]) attendant.attend();
  }

  #news(): void {
    const directory = this.#directory;
    for (const attendant of [...this.#attendants]) if (!directory.isAlive(attendant.peerKey)) attendant.orphan();
    if (this.#binds === directory.binds) return;
    this.#binds = directory.binds;
    for (const name of [...this.names.waiting.keys()]) this.#offerAll(name);
    directory.setSeeking(this.#key, this.names.waiting.size);
  }

  #ring(slot: number, bit: number): void {
    ring(this.#directory.words, slotAt(slot) + SLOT_BELL, bit);
  }

  // The next bit: connections share one only when there are more than bits.
  #newDoor(): Door {
    const bit = this.#nextBit;
    this.#nextBit = bit === BELL_BITS - 1 ? 1 : bit + 1;
    return { slot: slotOf(this.#key), bit };
  }

  #appoint(door: Door, attendant: Attendant): void {
    this.#attendants.add(attendant);
    const sharing = this.#byBit.get(door.bit);
    if (sharing === undefined) this.#byBit.set(door.bit, new Set([attendant]));
    else sharing.add(attendant);
  }

  #dismiss(door: Door, attendant: Attendant): void {
    this.#attendants.delete(attendant);
    const sharing = this.#byBit.get(door.bit);
    sharing?.delete(attendant);
    if (sharing?.size === 0) this.#byBit.delete(door.bit);
  }

  #channelTo(key: number): ThreadChannel {
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = this.#host.openChannel(`${THREADS_KEY}.${key}`);
      this.#channels.set(key, channel);
    }
    return channel;
  }

  // Threads that are gone ---------------------------------------------------------------------------------------------

  // A thread takes those that it had started along.
  #ended(threadId: number): void {
    const directory = this.#directory;
    const gone = directory.threads().filter((key) => directory.threadIdOf(key) === threadId);
    for (const key of gone) {
      for (const child of directory.threads()) if (directory.parentOf(child) === key) this.#ended(directory.threadIdOf(child));
      this.#left(key);
    }
  }

  #left(key: number): void {
    if (!this.#directory.leave(key)) return;
    this.#channels.get(key)?.close();
    this.#channels.delete(key);
    for (const other of this.#directory.threads()) this.#ring(slotOf(other), NEWS_BIT);
  }

  #tooMany(what: string): ZmqError {
    return new ZmqError("too-many-threads", `Too many open files: the table of threads and inproc names is full, ${what}`);
  }
}
