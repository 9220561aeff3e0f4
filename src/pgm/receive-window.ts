/**
 * The receive window of one source: packets in any order in, packets in their order out, each once (RFC 3208 section 3.6).
 *
 *          next ───────────────────────── lead
 *     … done | ? | 5 | 6 | ? | 8 | ? | ? | 12 |        ? = missing: to be repaired, while not behind `trail`
 *
 * A packet is given up when the source cannot repair it any more (it is behind the trail, or farther behind the newest
 * than our own window reaches) or when repair did not come; then what comes after it goes on. Owns order and gaps; when
 * to ask for what is missing is the repairer's affair.
 * Invariants: at most `capacity` packets are kept and MAX_TRACKED missing ones described, whatever sequence numbers
 * come; the work per packet is bounded by them; nothing is delivered while the reader is full.
 */
import { after, distance } from "./sequence.ts";

/** Missing packets that repair is asked for at the same time; the next ones' turn comes when these are done. */
export const MAX_TRACKED = 1024;

/** The packets that all windows of an endpoint may keep together; sources that are made up share it with the real ones. */
export interface PacketBudget {
  readonly limit: number;
  kept: number;
}

/** A missing packet, and how far its repair is (RFC 3208 section 6.3: back-off, wait for NCF, wait for RDATA). */
export interface Missing {
  readonly sqn: number;
  /** When it was missed. */
  readonly since: number;
  state: "back-off" | "wait-ncf" | "wait-data";
  /** When the state's time is up. */
  at: number;
  tries: number;
}

export interface ReceiveWindowSink {
  /** The next packet. False: no more until `resume`. */
  onPacket(data: Uint8Array): boolean;
  /** Packets from `first` to `last` are lost for good. */
  onGap(first: number, last: number): void;
  /** A packet is missing; the repairer sets its state. */
  onMissing(missing: Missing): void;
  /** A missing packet came. */
  onRepaired(missing: Missing): void;
}

/** What became of a packet. */
export type Verdict = "new" | "repair" | "duplicate" | "no-room";

export class ReceiveWindow {
  readonly missing = new Map<number, Missing>();
  #capacity: number;
  #budget: PacketBudget;
  #sink: ReceiveWindowSink;
  #next: number;
  #lead: number;
  #trail: number;
  // Up to where missing packets were described.
  #tracked: number;
  #packets = new Map<number, Uint8Array>();
  #abandoned = new Set<number>();
  #paused = false;
  #delivering = false;

  /** `next` is the first packet to deliver. */
  constructor(capacity: number, budget: PacketBudget, next: number, sink: ReceiveWindowSink) {
    this.#capacity = capacity;
    this.#budget = budget;
    this.#sink = sink;
    this.#next = this.#trail = next;
    this.#lead = this.#tracked = after(next, -1);
  }

  /** The next packet to deliver. */
  get next(): number {
    return this.#next;
  }

  /** The newest packet that is known of. */
  get lead(): number {
    return this.#lead;
  }

  /** Packets that came and wait for others before them, or for the reader. */
  get kept(): number {
    return this.#packets.size;
  }

  /** Whether everything that is known of was delivered. */
  get complete(): boolean {
    return this.#next === after(this.#lead, 1);
  }

  /** A packet came; its data is the window's from now on. */
  receive(sqn: number, data: Uint8Array, now: number): Verdict {
    const ahead = distance(this.#next, sqn);
    if (ahead < 0) return "duplicate";
    // The way of most packets: nothing is missing, nothing waits.
    if (ahead === 0 && this.complete && !this.#paused) {
      this.#lead = this.#tracked = sqn;
      this.#next = after(sqn, 1);
      this.#paused = !this.#sink.onPacket(data);
      return "new";
    }
    if (this.#packets.has(sqn)) return "duplicate";
    if (ahead >= this.#capacity) {
      // A reader that is full makes no packet lost: the source will be asked for it, while it can repair it.
      if (this.#paused) return "no-room";
      this.#giveUpTo(after(sqn, 1 - this.#capacity));
    }
    // The one that the others wait for always has room: it is kept for no longer than this call, unless the reader is full.
    if (ahead > 0 && this.#budget.kept >= this.#budget.limit) return "no-room";
    const isNew = distance(this.#lead, sqn) > 0;
    if (isNew) this.#lead = sqn;
    this.#packets.set(sqn, data);
    this.#budget.kept++;
    const missing = this.missing.get(sqn);
    if (missing !== undefined) {
      this.missing.delete(sqn);
      this.#sink.onRepaired(missing);
    }
    this.#track(now);
    this.#deliver();
    return isNew ? "new" : "repair";
  }

  /** The source says how far it is, and what it can still repair. */
  extend(trail: number, lead: number, now: number): void {
    if (distance(this.#lead, lead) > 0) {
      const ahead = distance(this.#next, lead);
      if (ahead < this.#capacity) this.#lead = lead;
      else if (!this.#paused) {
        this.#giveUpTo(after(lead, 1 - this.#capacity));
        this.#lead = lead;
      }
    }
    this.advanceTrail(trail);
    this.#track(now);
  }

  /** The source cannot repair what is before `trail`. */
  advanceTrail(trail: number): void {
    // What the source has not sent cannot be behind it: a trail beyond the lead is no trail.
    if (distance(this.#trail, trail) > 0 && distance(trail, this.#lead) >= -1) this.#giveUpTo(trail);
  }

  /** Repair of a packet did not come. */
  abandon(missing: Missing): void {
    this.missing.delete(missing.sqn);
    this.#abandoned.add(missing.sqn);
    this.#deliver();
  }

  /** The reader has room again. */
  resume(now: number): void {
    this.#paused = false;
    this.#deliver();
    this.#track(now);
  }

  /** Forgets everything. */
  close(): void {
    this.#budget.kept -= this.#packets.size;
    this.#packets.clear();
    this.missing.clear();
  }

  #giveUpTo(trail: number): void {
    if (distance(this.#trail, trail) <= 0) return;
    this.#trail = trail;
    // They are in the order of their numbers.
    for (const { sqn } of this.missing.values()) {
      if (distance(sqn, trail) <= 0) break;
      this.missing.delete(sqn);
    }
    if (distance(this.#tracked, trail) > 1) this.#tracked = after(trail, -1);
    if (distance(this.#lead, trail) > 1) this.#lead = after(trail, -1);
    this.#deliver();
  }

  // Describes what is missing, as far as room for that goes.
  #track(now: number): void {
    if (distance(this.#tracked, this.#next) > 1) this.#tracked = after(this.#next, -1);
    while (this.#tracked !== this.#lead && this.missing.size < MAX_TRACKED) {
      this.#tracked = after(this.#tracked, 1);
      if (this.#packets.has(this.#tracked)) continue;
      const missing: Missing = { sqn: this.#tracked, since: now, state: "back-off", at: 0, tries: 0 };
      this.missing.set(missing.sqn, missing);
      this.#sink.onMissing(missing);
    }
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (!this.#paused && !this.complete) {
      const data = this.#packets.get(this.#next);
      if (data !== undefined) {
        this.#packets.delete(this.#next);
        this.#budget.kept--;
        this.#next = after(this.#next, 1);
        this.#paused = !this.#sink.onPacket(data);
      } else if (!this.#skip()) break;
    }
    this.#delivering = false;
  }

  // Passes over lost packets up to the next one that is there or may come; false if the next one may come.
  #skip(): boolean {
    const first = this.#next;
    while (!this.complete && !this.#packets.has(this.#next)) {
      if (distance(this.#next, this.#trail) > 0) this.#next = this.#nearest();
      else if (this.#abandoned.delete(this.#next)) this.#next = after(this.#next, 1);
      else break;
    }
    if (this.#next === first) return false;
    for (const sqn of this.#abandoned) if (distance(sqn, this.#next) > 0) this.#abandoned.delete(sqn);
    this.#sink.onGap(first, after(this.#next, -1));
    return true;
  }

  // The first packet between the next one and the trail that is there; else the trail. By steps, or, where these would be
  // more, by a look at all that is there: a trail that is made up jumps far.
  #nearest(): number {
    const all = distance(this.#next, this.#trail);
    let near = all;
    if (all <= this.#packets.size) {
      near = 0;
      while (near < all && !this.#packets.has(after(this.#next, near))) near++;
    } else {
      for (const sqn of this.#packets.keys()) near = Math.min(near, distance(this.#next, sqn));
    }
    return after(this.#next, near);
  }
}
