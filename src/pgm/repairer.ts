/**
 * When to ask for missing packets (RFC 3208 section 6.3): one repairer for one source.
 *
 *     missed ─▶ back-off (random) ─▶ NAK sent, wait for NCF ─▶ wait for RDATA ─▶ there
 *                  ▲                        │ no answer            │ did not come
 *                  └────────────────────────┴──────────────────────┘  again, up to TRIES times; then it is given up
 *
 * Another receiver's NAK or the source's NCF for it counts as ours: of many receivers that miss a packet mostly one asks.
 * The back-off is libzmq's; its waits of 200 ms are for long ways, ours are shorter and tried more often. Deadlines lie
 * on a grid, so that what is missed together is asked for together, up to 63 in one NAK.
 * Invariant: one timer at most; the work of a tick is bounded by what the window tracks.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { MAX_LIST } from "./packet.ts";
import type { Missing, ReceiveWindow } from "./receive-window.ts";

const BACK_OFF_MS = 50;
const WAIT_NCF_MS = 60;
const WAIT_DATA_MS = 120;
const TRIES = 150;
const GRID_MS = 4;

export interface RepairerSink {
  /** Sends a NAK for these; `again`: one of them was asked for in vain. False if it is not known where to yet. */
  sendNak(sqns: readonly number[], again: boolean): boolean;
}

export class Repairer {
  #clock: Clock;
  #random: Random;
  #sink: RepairerSink;
  #window: ReceiveWindow;
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(window: ReceiveWindow, clock: Clock, random: Random, sink: RepairerSink) {
    this.#window = window;
    this.#clock = clock;
    this.#random = random;
    this.#sink = sink;
  }

  /** A packet is missing. */
  add(missing: Missing): void {
    this.#set(missing, "back-off", this.#random.next(BACK_OFF_MS + 1));
  }

  /** The source is going to repair this, or another receiver has asked it to. */
  confirm(sqn: number, byNcf: boolean): void {
    const missing = this.#window.missing.get(sqn);
    if (missing === undefined) return;
    if (byNcf) this.#set(missing, "wait-data", WAIT_DATA_MS);
    else if (missing.state === "back-off") this.#set(missing, "wait-ncf", WAIT_NCF_MS);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #set(missing: Missing, state: Missing["state"], inMs: number): void {
    missing.state = state;
    missing.at = Math.ceil((this.#clock.now() + inMs) / GRID_MS) * GRID_MS;
    this.#arm(missing.at);
  }

  #arm(at: number): void {
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#tick());
  }

  #tick(): void {
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let asked: Missing[] = [];
    let next = Number.POSITIVE_INFINITY;
    const lost: Missing[] = [];
    for (const missing of this.#window.missing.values()) {
      if (missing.at > now) {
        if (missing.at < next) next = missing.at;
      } else if (missing.tries >= TRIES) lost.push(missing);
      else if (missing.state === "back-off") {
        asked.push(missing);
        if (asked.length > MAX_LIST) {
          this.#ask(asked);
          asked = [];
        }
      } else this.add(missing);
    }
    if (asked.length > 0) this.#ask(asked);
    for (const missing of lost) this.#window.abandon(missing);
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next);
  }

  #ask(asked: readonly Missing[]): void {
    const again = asked.some(({ tries }) => tries > 0);
    const sqns = asked.map(({ sqn }) => sqn);
    const sent = this.#sink.sendNak(sqns, again);
    for (const missing of asked) {
      missing.tries++;
      this.#set(missing, sent ? "wait-ncf" : "back-off", sent ? WAIT_NCF_MS : BACK_OFF_MS);
    }
  }
}
