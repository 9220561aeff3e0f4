/**
 * A source (RFC 3208 section 5): numbers what it sends, says where it is (SPM), and repairs what receivers miss.
 *
 *     data ─▶ ODATA      NAK ─▶ NCF at once, RDATA as the rate allows      SPMR ─▶ SPM
 *     SPMs: three at the start and three with FIN at the end, soon after data and then ever more seldom
 *
 * Without I/O or timers of the host. Repairs go before new data and count against the same rate, so however many NAKs
 * come, a source never sends more than `rate`. Invariants: a packet is repaired at most once per REPAIR_INTERVAL_MS; the
 * work per NAK is bounded by its list; nobody else's NAK, and none outside the window, has an effect.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { Fifo } from "../base/fifo.ts";
import type { Frame } from "../zmtp/frame-decoder.ts";
import { sameAddress } from "./address.ts";
import { encodeNak, encodeSpm, NCF, ODATA, type Packet, portOf, RDATA, type SourceId, sealData } from "./packet.ts";
import { Packer } from "./packing.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { TransmitWindow } from "./transmit-window.ts";

/** SPMs after data, in milliseconds from one to the next, as libzmq has it; the last goes on for ever. */
const SPM_AFTER_MS = [100, 100, 100, 100, 1300, 7000, 16_000, 25_000, 30_000];
const SPM_BURST = 3;
/** A repair that is asked for again sooner was asked for by another receiver, and is on its way. */
const REPAIR_INTERVAL_MS = 40;
/** Answers to SPMR are not sent oftener. */
const SPMR_INTERVAL_MS = 10;

export interface SourceSetup {
  readonly id: SourceId;
  /** Where data goes to: the group's address, and the port. */
  readonly group: string;
  readonly port: number;
  /** Our address, which NAKs come to. */
  readonly address: string;
  /** Most data in a packet. */
  readonly dataBytes: number;
  /** What the network adds to each packet, for the rate. */
  readonly overheadBytes: number;
  readonly rateKilobits: number;
  readonly windowPackets: number;
  /** The number of the first packet. */
  readonly firstSqn: number;
}

export interface SourceSink {
  /** Sends a packet to the group; its bytes stay the source's. */
  toGroup(packet: Uint8Array): void;
  /** The same for an SPM. Receivers may send a NAK to where it comes from. */
  announce(spm: Uint8Array): void;
  /** Whether packets that were sent may still be read: their memory is not used again then. */
  readonly busy: boolean;
  /** The rate allows sending again, after it had not. */
  onRoom(): void;
}

/** What a source has done. */
export class SourceCounters {
  packets = 0;
  repairs = 0;
  naks = 0;
  /** NAKs that were not ours to serve, or asked for what is not in the window any more. */
  refusedNaks = 0;
}

/** Memory of packets, all of which were sent when so many had been. */
interface FullSlab {
  readonly slab: Uint8Array;
  readonly packets: number;
}

export class Source {
  readonly counters = new SourceCounters();
  #setup: SourceSetup;
  #clock: Clock;
  #sink: SourceSink;
  #window: TransmitWindow;
  #limiter: RateLimiter;
  #packer: Packer;
  #slabs = new Fifo<FullSlab>();
  #repairs = new Set<number>();
  #spmSqn = 0;
  // Where in SPM_AFTER_MS the next SPM is, and whether data went since it was set.
  #step = SPM_AFTER_MS.length - 1;
  #sentData = false;
  #spmTimer: Timer | null = null;
  #roomTimer: Timer | null = null;
  #lastSpmrAt = Number.NEGATIVE_INFINITY;

  constructor(setup: SourceSetup, clock: Clock, sink: SourceSink) {
    this.#setup = setup;
    this.#clock = clock;
    this.#sink = sink;
    this.#window = new TransmitWindow(setup.windowPackets, setup.firstSqn);
    this.#limiter = new RateLimiter(setup.rateKilobits, setup.dataBytes + setup.overheadBytes, clock.now());
    this.#packer = new Packer(setup.dataBytes, {
      onPacket: (packet) => this.#original(packet),
      exchange: (full) => this.#exchange(full),
    });
  }

  /** Says that it is there. */
  start(): void {
    for (let i = 0; i < SPM_BURST; i++) this.#spm(false);
    this.#armSpm();
  }

  /** Whether the rate allows a message now; if not, `onRoom` follows. */
  get hasRoom(): boolean {
    if (this.#repairs.size === 0 && (this.#limiter.hasSome || this.#limiter.allows(this.#clock.now()))) return true;
    this.#awaitRoom();
    return false;
  }

  /** Messages that wait in a packet that is not full. */
  get gathered(): number {
    return this.#packer.messages;
  }

  /** Sends a message as far as it fills packets; the rest goes with the next ones or with `flush`. */
  send(frames: readonly Frame[]): void {
    this.#packer.add(frames);
  }

  flush(): void {
    this.#packer.flush();
  }

  /** A NAK came: confirms it to all, and repairs. */
  onNak(packet: Packet): void {
    this.counters.naks++;
    const { address, group, port, id } = this.#setup;
    if (!sameAddress(packet.address, address) || !sameAddress(packet.group, group) || packet.destinationPort !== portOf(id)) {
      this.counters.refusedNaks++;
      return;
    }
    const now = this.#clock.now();
    const held = [packet.sqn, ...packet.list].filter((sqn) => this.#window.has(sqn));
    if (held.length === 0) {
      this.counters.refusedNaks++;
      return;
    }
    for (const sqn of held) if (this.#window.claim(sqn, now, REPAIR_INTERVAL_MS)) this.#repairs.add(sqn);
    if (this.#limiter.allows(now)) this.#toGroup(encodeNak(NCF, id, port, { source: address, group }, held));
    this.#serveRepairs();
  }

  /** A receiver asks who we are. */
  onSpmr(): void {
    const now = this.#clock.now();
    if (now - this.#lastSpmrAt < SPMR_INTERVAL_MS) return;
    this.#lastSpmrAt = now;
    this.#spm(false);
  }

  /** Ends the stream: what is gathered goes out, and then the last SPMs. */
  close(): void {
    this.flush();
    this.#spmTimer?.cancel();
    this.#roomTimer?.cancel();
    for (let i = 0; i < SPM_BURST; i++) this.#spm(true);
  }

  #original(packet: Uint8Array): void {
    const window = this.#window;
    window.push(packet);
    sealData(packet, ODATA, this.#setup.id, this.#setup.port, window.lead, window.trail);
    this.counters.packets++;
    this.#toGroup(packet);
    if (this.#sentData) return;
    this.#sentData = true;
    // The next one is soon enough.
    if (SPM_AFTER_MS[this.#step] === SPM_AFTER_MS[0]) return;
    this.#step = 0;
    this.#armSpm();
  }

  #exchange(full: Uint8Array): Uint8Array | undefined {
    const slabs = this.#slabs;
    slabs.push({ slab: full, packets: this.#window.count + 1 });
    const oldest = slabs.peek();
    if (oldest === undefined || oldest.packets > this.#window.gone || this.#sink.busy) return undefined;
    slabs.shift();
    return oldest.slab;
  }

  #serveRepairs(): void {
    const { id, port } = this.#setup;
    for (const sqn of this.#repairs) {
      if (!this.#limiter.allows(this.#clock.now())) {
        this.#awaitRoom();
        return;
      }
      this.#repairs.delete(sqn);
      const packet = this.#window.get(sqn);
      if (packet === undefined) continue;
      // The same bytes again, with another type and the trail of now.
      sealData(packet, RDATA, id, port, sqn, this.#window.trail);
      this.counters.repairs++;
      this.#toGroup(packet);
    }
  }

  #toGroup(packet: Uint8Array): void {
    this.#spend(packet);
    this.#sink.toGroup(packet);
  }

  #spend(packet: Uint8Array): void {
    this.#limiter.spend(packet.length + this.#setup.overheadBytes, this.#clock.now());
  }

  #awaitRoom(): void {
    if (this.#roomTimer !== null) return;
    this.#roomTimer = this.#clock.after(this.#limiter.waitMs(this.#clock.now()), () => {
      this.#roomTimer = null;
      this.#serveRepairs();
      if (this.#repairs.size === 0) this.#sink.onRoom();
    });
  }

  #spm(fin: boolean): void {
    const { id, port, address } = this.#setup;
    const { trail, lead } = this.#window;
    const spm = encodeSpm(id, port, { sqn: this.#spmSqn, trail, lead, address, fin });
    this.#spend(spm);
    this.#sink.announce(spm);
    this.#spmSqn = (this.#spmSqn + 1) >>> 0;
  }

  #armSpm(): void {
    this.#spmTimer?.cancel();
    this.#spmTimer = this.#clock.after(SPM_AFTER_MS[this.#step], () => {
      this.#spm(false);
      this.#step = this.#sentData ? 1 : Math.min(this.#step + 1, SPM_AFTER_MS.length - 1);
      this.#sentData = false;
      this.#armSpm();
    });
  }
}
