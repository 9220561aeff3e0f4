/**
 * inproc between the threads of a process: who has which name, and connections to the threads that have them.
 *
 * All threads share a directory in memory that every worker inherits from the thread that started it; a name is taken
 * there, so exactly one of two threads that bind it succeeds. A thread that connects to another's name offers it a
 * connection over that thread's channel; from then on the two talk through rings only. A connection whose name nobody
 * has waits, and its thread is rung when a name is bound. Where nothing was inherited, for the library was loaded in
 * workers first, threads meet over a channel and all take over the directory of the lowest thread id (meeting.ts).
 *
 * Does not own: names and connections inside one thread (inproc.ts), what a connection does (ring-link.ts), what the
 * runtime offers (thread-host.ts).
 * Invariants: a name that is bound here is claimed in the directory; a thread that is gone is left out of it by whoever
 * noticed, and all others look after their connections then.
 */
import { ZmqError } from "../base/errors.ts";
import type { Binding, MessageTransport, Party } from "../core/transport.ts";
import { Directory, slotOf } from "../ring/directory.ts";
import { ACCEPTED, OFFERED, REFUSED } from "../ring/layout.ts";
import { PairPool } from "../ring/pair-pool.ts";
import { BELL_BITS } from "../ring/wakeup.ts";
import { InprocNames, inprocTransport, nameInUse, type OtherThreads } from "./inproc.ts";
import { Meeting } from "./meeting.ts";
import { Membership, NEWS_BIT, THREADS_KEY } from "./membership.ts";
import type { LinkHost, RingLink } from "./ring-link.ts";
import type { ThreadHost } from "./thread-host.ts";
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

/** What a thread bequeaths to those that it starts. */
interface Inheritance {
  readonly memory: SharedArrayBuffer;
  readonly parent: number;
}

/** A thread with a pending call looks by itself so often, should a wake-up ever be missed. */
const RECHECK_MS = 1000;

/** Who hears a bit of the doorbell: a link, or an offer that waits for its answer. */
interface Attendant {
  attend(): void;
  /** Whether the thread at the other side is gone. */
  isAlone(): boolean;
  orphan(): void;
}

export class Threads implements OtherThreads {
  readonly names: InprocNames;
  readonly holdsWaiting: WaitingHold;
  readonly #host: ThreadHost;
  readonly #meeting: Meeting;
  readonly #attendants = new Set<Attendant>();
  // The same, by their bit.
  readonly #byBit = new Map<number, Set<Attendant>>();
  readonly #pool = new PairPool(RING_BYTES);
  // Where new connections are made, and all directories that this thread is in: older ones have older connections.
  #home: Membership;
  readonly #memberships = new Set<Membership>();
  #isOpen = false;
  // Whether a call is pending in this thread; and what ends the looking by itself.
  #held = false;
  #unwatch: (() => void) | null = null;
  #binds = 0;
  #nextBit = 1;
  // What links have put off to the end of the turn.
  #deferred: (() => void)[] = [];
  readonly #catchUp = (): void => {
    for (const callback of this.#deferred.splice(0)) callback();
  };

  /** `names`: what is bound and waits in this thread already, if the others come late. */
  constructor(host: ThreadHost, names = new InprocNames()) {
    this.#host = host;
    this.names = names;
    // Those who could bind the name live in threads that the main thread outlives by itself.
    this.holdsWaiting = host.endsUnasked ? "always" : host.threadId === 0 ? "never" : "closing";
    const { memory, parent = 0 } = (host.inherit(THREADS_KEY) ?? {}) as Partial<Inheritance>;
    const inherited = Directory.from(memory);
    this.#home = this.#enter(inherited ?? Directory.create(host.threadId), parent);
    const isSure = inherited !== undefined || host.threadId === 0;
    this.#meeting = new Meeting(host, this.#home.directory, isSure, (other) => this.#move(other));
    host.onThreadEnd((threadId) => {
      for (const membership of this.#memberships) membership.ended(threadId);
    });
    host.onExit(() => {
      for (const membership of this.#memberships) membership.left(membership.key);
    });
  }

  /** The inproc of the default context. */
  transport(): MessageTransport {
    return inprocTransport(this.names, this);
  }

  claim(name: string, party: Party): Binding {
    this.#open();
    this.#claim(name, party);
    this.#meeting.open(); // Not before: whoever moves here at once would take the name first.
    const close = (): void => this.#home.directory.release(name, this.#home.key);
    const { settled } = this.#meeting;
    if (settled === null) return { close };
    const ready = settled.then(() => {
      if (this.names.bound.get(name) !== party) throw nameInUse(name, party.endpoint, "another thread of this process");
    });
    return { close, ready };
  }

  has(name: string): boolean {
    const { directory, key } = this.#home;
    const owner = directory.ownerOf(name);
    return owner !== 0 && owner !== key;
  }

  seek(name: string): void {
    this.#open();
    this.#meeting.open();
    if (this.#offerAll(name)) return;
    // Said before looking once more: whoever binds now either is seen here or sees that we wait.
    this.#home.directory.setSeeking(this.#home.key, this.names.waiting.size);
    this.#offerAll(name);
  }

  #claim(name: string, party: Party): void {
    const { directory, key } = this.#home;
    const result = directory.claim(name, key);
    if (result === "taken") throw nameInUse(name, party.endpoint, "another thread of this process");
    if (result === "full") throw this.#tooMany(`there is no room to bind ${party.endpoint}`);
    for (const other of directory.threads())
      if (other !== key && directory.isSeeking(other)) this.#home.ring(slotOf(other), NEWS_BIT);
  }

  // Waiting -----------------------------------------------------------------------------------------------------------

  /** Blocks this thread until something happened between threads, at most so many milliseconds. */
  wait(ms: number): void {
    this.#open();
    this.#meeting.open();
    this.#catchUp();
    this.#home.wait(Math.min(ms, RECHECK_MS));
    if (ms > RECHECK_MS) this.#recheck();
  }

  /** A call is pending in this thread, or none is any more. */
  watch(on: boolean): void {
    this.#held = on;
    if (!on || !this.#isOpen || this.#unwatch !== null) return;
    this.#unwatch = this.#host.every(RECHECK_MS, () => {
      if (this.#held) this.#recheck();
      else {
        this.#unwatch?.();
        this.#unwatch = null;
      }
    });
  }

  // At the end of the turn, or before this thread blocks.
  #defer(callback: () => void): void {
    this.#deferred.push(callback);
    if (this.#deferred.length === 1) this.#host.defer(this.#catchUp);
  }

  // Looks after everything, rung or not.
  #recheck(): void {
    for (const membership of this.#memberships) membership.recheck();
    for (const attendant of [...this.#attendants]) attendant.attend();
    this.#news();
  }

  // Directories -------------------------------------------------------------------------------------------------------

  // From the first use on: a program that has no inproc name pays nothing.
  #open(): void {
    if (this.#isOpen) return;
    if (this.#home.key === 0) throw this.#tooMany("this thread has no place in it");
    this.#isOpen = true;
    this.#openHome();
    this.watch(this.#held);
  }

  #enter(directory: Directory, parent: number): Membership {
    const membership = new Membership(this.#host, directory, parent);
    this.#memberships.add(membership);
    this.#host.bequeath(THREADS_KEY, { memory: directory.memory, parent: membership.key } satisfies Inheritance);
    return membership;
  }

  #openHome(): void {
    const home = this.#home;
    home.open(
      (message) => this.#onOffer(home, message as Offer),
      (bit) => this.#attend(bit),
    );
  }

  // Another directory is everybody's from now on: our names are claimed there too, and connections that wait seek there.
  #move(directory: Directory): void {
    this.#home = this.#enter(directory, 0);
    this.#openHome();
    for (const [name, party] of [...this.names.bound]) {
      try {
        this.#claim(name, party);
      } catch (error) {
        if (!(error instanceof ZmqError)) throw error;
        this.names.bound.delete(name);
        party.onBindError(error);
      }
    }
    for (const name of [...this.names.waiting.keys()]) this.seek(name);
  }

  // Connecting --------------------------------------------------------------------------------------------------------

  // Offers every connection that waits for a name to the thread that has it; false when none has.
  #offerAll(name: string): boolean {
    const owner = this.#home.directory.ownerOf(name);
    if (owner === 0 || owner === this.#home.key) return false;
    for (const waiting of this.names.take(name)) this.#offer(name, waiting, owner);
    return true;
  }

  #offer(name: string, waiting: WaitingConnection, owner: number): void {
    const home = this.#home;
    const door = this.#newDoor(home);
    const memory = this.#pool.take();
    const rings = makeOffer(memory, waiting.connector, door);
    const back = (): void => {
      this.#dismiss(door, attendant);
      if (this.names.putBack(waiting)) this.seek(name);
    };
    const attendant: Attendant = {
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
        this.#connect(home, door, owner, doorOf(memory, 1), (host) => joinOffer(rings, waiting, host));
        lingered();
      },
      isAlone: () => !home.directory.isAlive(owner),
      orphan: () => (offerState(rings) === ACCEPTED ? attendant.attend() : back()),
    };
    this.#appoint(door, attendant);
    home.post(owner, { name, memory, from: home.key } satisfies Offer);
    home.ring(slotOf(owner), NEWS_BIT); // It may be blocked in `wait`, where no message of a channel wakes it.
  }

  #onOffer(home: Membership, { name, memory, from }: Offer): void {
    const party = this.names.bound.get(name);
    const far = doorOf(memory, 0);
    if (party === undefined) refuseOffer(memory);
    else {
      const door = this.#newDoor(home);
      this.#connect(home, door, from, far, (host) => acceptOffer(memory, party, door, host));
    }
    home.ring(far.slot, far.bit);
    home.buryLate();
  }

  // A link that attends its doorbell until it is over.
  #connect(home: Membership, door: Door, peerKey: number, far: Door, make: (host: LinkHost) => RingLink): void {
    const host: LinkHost = {
      holds: this.#host.endsUnasked,
      defer: (callback) => this.#defer(callback),
      wake: () => home.ring(far.slot, far.bit),
      ask: (sent) => home.ask(far.slot, far.bit, sent),
      remove: (rings) => {
        this.#dismiss(door, attendant);
        if (rings.side === 0) this.#pool.retire(rings.memory);
      },
    };
    const link = make(host);
    const isAlone = (): boolean => !home.directory.isAlive(peerKey);
    const attendant: Attendant = { attend: () => link.attend(), isAlone, orphan: () => link.orphan() };
    this.#appoint(door, attendant);
    link.start();
    if (isAlone()) link.orphan();
  }

  // Doorbell ----------------------------------------------------------------------------------------------------------

  #attend(bit: number): void {
    if (bit === NEWS_BIT) this.#news();
    else for (const attendant of [...(this.#byBit.get(bit) ?? [])]) attendant.attend();
  }

  #news(): void {
    for (const attendant of [...this.#attendants]) if (attendant.isAlone()) attendant.orphan();
    const { directory, key } = this.#home;
    if (this.#binds === directory.binds) return;
    this.#binds = directory.binds;
    for (const name of [...this.names.waiting.keys()]) this.#offerAll(name);
    directory.setSeeking(key, this.names.waiting.size);
  }

  // The next bit: connections share one only when there are more than bits.
  #newDoor(home: Membership): Door {
    const bit = this.#nextBit;
    this.#nextBit = bit === BELL_BITS - 1 ? 1 : bit + 1;
    return { slot: slotOf(home.key), bit };
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

  #tooMany(what: string): ZmqError {
    return new ZmqError("too-many-threads", `Too many open files: the table of threads and inproc names is full, ${what}`);
  }
}
