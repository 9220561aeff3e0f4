/**
 * The sources of a group, as one endpoint hears them: each packet to the receiver of its source (RFC 3208 section 6).
 *
 * A source is known by its id alone: its packets may come from several UDP ports, and one that restarts is a new one.
 * Owns who is there: sources come with their first packet and go with their end, or after EXPIRY_MS of silence. Counts
 * what is malformed or for somebody else.
 * Invariant: at most MAX_SOURCES at a time. When there are as many, a new one takes the place of one that has been
 * silent for SILENT_MS, or is refused: whoever makes sources up cannot push the real ones out.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { ErrorReason } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { NAK, NCF, NNAK, ODATA, Packet, RDATA, type SourceId, SPM, SPMR } from "./packet.ts";
import { PgmReceiver, type ReceiverCounters, type ReceiverSetup, type ReceiverSink } from "./receiver.ts";

const MAX_SOURCES = 256;
const EXPIRY_MS = 300_000;
const SILENT_MS = 10_000;
const SWEEP_MS = 10_000;

export interface SourceTableSink {
  /** A source was heard for the first time; what its receiver calls. */
  onSource(id: SourceId, from: string): ReceiverSink;
  /** A source is gone: it ended, or was silent for too long. */
  onGone(id: SourceId, ended: boolean): void;
  drop(reason: ErrorReason): void;
}

export class SourceTable {
  #setup: ReceiverSetup;
  #clock: Clock;
  #random: Random;
  #sink: SourceTableSink;
  #packet = new Packet();
  #receivers = new Map<string, PgmReceiver>();
  // The source of the last packet: mostly also that of the next.
  #last: PgmReceiver | null = null;
  #sweep: Timer | null = null;

  constructor(setup: ReceiverSetup, clock: Clock, random: Random, sink: SourceTableSink) {
    this.#setup = setup;
    this.#clock = clock;
    this.#random = random;
    this.#sink = sink;
  }

  /** A datagram from the group, sent from an address and port; its bytes are the table's from now on. */
  receive(bytes: Uint8Array, from: string, fromPort: number): void {
    const packet = this.#packet;
    const fault = packet.read(bytes);
    if (fault !== null) {
      this.#sink.drop(fault === "checksum" ? "wrong-checksum" : "malformed-packet");
      return;
    }
    const { type } = packet;
    if (type === SPMR || type === NNAK) return;
    // Another data port on the same UDP port, or another receiver's NAK, whose ports are swapped.
    if ((type === NAK ? packet.sourcePort : packet.destinationPort) !== this.#setup.port) {
      this.#sink.drop("malformed-packet");
      return;
    }
    const known = this.#find(packet);
    if (type === NAK || type === NCF) {
      known?.onConfirmation(packet);
      return;
    }
    // The end of a stream that was not heard before.
    if (known === null && (type === RDATA || (type === SPM && packet.fin))) return;
    const receiver = known ?? this.#add(packet, from);
    if (receiver === null) this.#sink.drop("too-many-sources");
    else if (type === SPM) receiver.onSpm(packet, from, fromPort);
    else if (type === ODATA || type === RDATA) receiver.onData(packet, bytes, from);
  }

  /** The reader of a source has room again. */
  resume(id: SourceId): void {
    this.#receivers.get(keyOf(id))?.resume();
  }

  /** What was counted about a source that is there. */
  counters(id: SourceId): ReceiverCounters | undefined {
    return this.#receivers.get(keyOf(id))?.counters;
  }

  close(): void {
    this.#sweep?.cancel();
    for (const receiver of this.#receivers.values()) receiver.close();
    this.#receivers.clear();
    this.#last = null;
  }

  #find(id: SourceId): PgmReceiver | null {
    const last = this.#last;
    if (last !== null && last.id.low === id.low && last.id.high === id.high) return last;
    const found = this.#receivers.get(keyOf(id));
    if (found === undefined) return null;
    this.#last = found;
    return found;
  }

  #add(packet: Packet, from: string): PgmReceiver | null {
    if (this.#receivers.size >= MAX_SOURCES && !this.#expire(SILENT_MS, 1)) return null;
    const id: SourceId = { high: packet.high, low: packet.low };
    const sink = this.#sink.onSource(id, from);
    const receiver = new PgmReceiver(id, this.#setup, this.#clock, this.#random, {
      toSource: (bytes, address, port) => sink.toSource(bytes, address, port),
      ask: (bytes, address) => sink.ask(bytes, address),
      onOctets: (count) => sink.onOctets(count),
      onMessage: (frames) => sink.onMessage(frames),
      onGap: (first, last) => sink.onGap(first, last),
      onMalformed: (reason) => sink.onMalformed(reason),
      onEnd: () => this.#remove(receiver, true),
    });
    this.#receivers.set(keyOf(id), receiver);
    this.#last = receiver;
    if (this.#sweep === null) this.#armSweep();
    return receiver;
  }

  #remove(receiver: PgmReceiver, ended: boolean): void {
    if (!this.#receivers.delete(keyOf(receiver.id))) return;
    if (this.#last === receiver) this.#last = null;
    receiver.close();
    this.#sink.onGone(receiver.id, ended);
  }

  // Removes up to `most` sources that were silent for `ms`; whether there was one.
  #expire(ms: number, most: number): boolean {
    const before = this.#clock.now() - ms;
    let count = 0;
    for (const receiver of [...this.#receivers.values()]) {
      if (receiver.heardAt > before) continue;
      this.#remove(receiver, false);
      if (++count === most) break;
    }
    return count > 0;
  }

  #armSweep(): void {
    this.#sweep = this.#clock.after(SWEEP_MS, () => {
      this.#sweep = null;
      this.#expire(EXPIRY_MS, MAX_SOURCES);
      if (this.#receivers.size > 0) this.#armSweep();
    });
  }
}

function keyOf({ high, low }: SourceId): string {
  return `${high}:${low}`;
}
