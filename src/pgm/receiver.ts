/**
 * A receiver of one source (RFC 3208 section 6): its packets put in order, what is missing asked for, its messages
 * taken out.
 *
 *     first packet ─▶ reading ─▶ (FIN and everything there, or silence) ─▶ over
 *
 * Reading begins with the first packet heard: at an ODATA with it, at an SPM behind what it names. Owns the window, the
 * repairer and the unpacker of one source; does not own which sources there are, nor sockets.
 * Invariants: messages come whole, once and in order; after a gap with the next message that begins in a packet.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { ErrorReason } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { DecoderLimits, Frame } from "../zmtp/frame-decoder.ts";
import { sameAddress } from "./address.ts";
import { encodeNak, encodeSpmr, NAK, NCF, type Packet, RDATA, type SourceId } from "./packet.ts";
import { Unpacker } from "./packing.ts";
import { type Missing, type PacketBudget, ReceiveWindow } from "./receive-window.ts";
import { Repairer } from "./repairer.ts";
import { after, distance } from "./sequence.ts";

/** A source that was heard without an SPM is asked for one after this. */
const SPMR_AFTER_MS = 25;

export interface ReceiverSetup {
  readonly group: string;
  readonly port: number;
  readonly windowPackets: number;
  readonly budget: PacketBudget;
  readonly limits: DecoderLimits;
}

/** What a receiver has seen. */
export class ReceiverCounters {
  packets = 0;
  duplicates = 0;
  /** Packets that were missing and came. */
  repaired = 0;
  /** Milliseconds from missing to there, summed and at most. */
  repairMs = 0;
  longestRepairMs = 0;
  /** Packets that were lost for good. */
  lost = 0;
  naks = 0;
  /** Packets not taken because the reader was full; they are asked for later. */
  refused = 0;
}

export interface ReceiverSink {
  /** Sends a NAK to the source's address; `port`: not to the group's port there but to this one. */
  toSource(packet: Uint8Array, address: string, port?: number): void;
  /** Asks the source, which was heard from `address`, for an SPM: to the group, no farther than the next hop, and to it. */
  ask(packet: Uint8Array, address: string): void;
  /** Octets of a data packet came, also of one that is thrown away. */
  onOctets(count: number): void;
  /** A message. False: no more until `resume`. */
  onMessage(frames: Frame[]): boolean;
  /** Packets are lost for good. */
  onGap(first: number, last: number): void;
  onMalformed(reason: ErrorReason): void;
  /** The source has ended its stream, and everything of it was delivered. */
  onEnd(): void;
}

export class PgmReceiver {
  readonly id: SourceId;
  readonly counters = new ReceiverCounters();
  /** When it was last heard. */
  heardAt: number;
  #setup: ReceiverSetup;
  #clock: Clock;
  #random: Random;
  #sink: ReceiverSink;
  #window: ReceiveWindow | null = null;
  #repairer: Repairer | null = null;
  #unpacker: Unpacker;
  #address: string | null = null;
  // Where its SPMs come from, when that is at its address; else 0.
  #spmPort = 0;
  #spmSqn = 0;
  #spmrTimer: Timer | null = null;
  #ending = false;
  #over = false;

  constructor(id: SourceId, setup: ReceiverSetup, clock: Clock, random: Random, sink: ReceiverSink) {
    this.id = { high: id.high, low: id.low };
    this.#setup = setup;
    this.#clock = clock;
    this.#random = random;
    this.#sink = sink;
    this.heardAt = clock.now();
    this.#unpacker = new Unpacker(sink, setup.limits);
  }

  /** A data packet of this source, heard from `from`; `bytes` are the receiver's from now on. */
  onData(packet: Packet, bytes: Uint8Array, from: string): void {
    const now = this.#clock.now();
    this.heardAt = now;
    if (this.#address === null) this.#askSoon(from);
    // A repair that somebody else asked for says nothing about where the stream is.
    if (this.#window === null && packet.type === RDATA) return;
    const window = this.#window ?? this.#begin(packet.sqn);
    const { counters } = this;
    counters.packets++;
    this.#sink.onOctets(bytes.length);
    const verdict = window.receive(packet.sqn, bytes.subarray(packet.dataAt, packet.dataEnd), now);
    if (verdict === "duplicate") counters.duplicates++;
    else if (verdict === "no-room") counters.refused++;
    window.advanceTrail(packet.trail);
    this.#checkEnd();
  }

  /** An SPM of this source, heard from `from` and `port`. */
  onSpm(packet: Packet, from: string, port: number): void {
    const now = this.#clock.now();
    this.heardAt = now;
    const known = this.#address !== null;
    // Older SPMs may come late.
    if (known && distance(this.#spmSqn, packet.sqn) < 0) return;
    this.#spmSqn = packet.sqn;
    this.#address = packet.address;
    this.#spmPort = sameAddress(from, packet.address) ? port : 0;
    this.#spmrTimer?.cancel();
    const window = this.#window ?? this.#begin(after(packet.lead, 1));
    window.extend(packet.trail, packet.lead, now);
    if (packet.fin) this.#ending = true;
    this.#checkEnd();
  }

  /** An NCF of this source, or another receiver's NAK to it. */
  onConfirmation(packet: Packet): void {
    if (this.#window === null) return;
    const byNcf = packet.type === NCF;
    this.#repairer?.confirm(packet.sqn, byNcf);
    for (const sqn of packet.list) this.#repairer?.confirm(sqn, byNcf);
  }

  /** The reader has room again. */
  resume(): void {
    if (this.#over) return;
    this.#unpacker.resume();
    if (!this.#unpacker.paused) this.#window?.resume(this.#clock.now());
    this.#checkEnd();
  }

  close(): void {
    this.#over = true;
    this.#spmrTimer?.cancel();
    this.#repairer?.close();
    this.#window?.close();
    this.#unpacker.lose();
  }

  #begin(next: number): ReceiveWindow {
    const { counters } = this;
    const window = new ReceiveWindow(this.#setup.windowPackets, this.#setup.budget, next, {
      onPacket: (data) => {
        this.#unpacker.receive(data);
        return !this.#unpacker.paused;
      },
      onGap: (first, last) => {
        this.#unpacker.lose();
        counters.lost += distance(first, last) + 1;
        this.#sink.onGap(first, last);
      },
      onMissing: (missing) => repairer.add(missing),
      onRepaired: (missing) => this.#repaired(missing),
    });
    const repairer = new Repairer(window, this.#clock, this.#random, {
      sendNak: (sqns, again) => this.#nak(sqns, again),
    });
    this.#window = window;
    this.#repairer = repairer;
    return window;
  }

  #nak(sqns: readonly number[], again: boolean): boolean {
    const source = this.#address;
    if (source === null) return false;
    const { port, group } = this.#setup;
    const nak = encodeNak(NAK, this.id, port, { source, group }, sqns);
    this.counters.naks++;
    this.#sink.toSource(nak, source);
    // Of several sources on one host only one gets what comes to the group's port there; each has a port of its own for SPMs.
    if (again && this.#spmPort > 0) this.#sink.toSource(nak, source, this.#spmPort);
    return true;
  }

  #repaired({ since }: Missing): void {
    const { counters } = this;
    const ms = this.#clock.now() - since;
    counters.repaired++;
    counters.repairMs += ms;
    if (ms > counters.longestRepairMs) counters.longestRepairMs = ms;
  }

  #askSoon(from: string): void {
    if (this.#spmrTimer !== null) return;
    this.#spmrTimer = this.#clock.after(SPMR_AFTER_MS, () => {
      this.#spmrTimer = null;
      if (this.#address === null && !this.#over) this.#sink.ask(encodeSpmr(this.id, this.#setup.port), from);
    });
  }

  #checkEnd(): void {
    if (!this.#ending || this.#over || this.#window?.complete !== true || this.#unpacker.paused) return;
    this.close();
    this.#sink.onEnd();
  }
}
