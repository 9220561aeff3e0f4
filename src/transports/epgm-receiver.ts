/**
 * The receiving side of epgm: the sources of a group, each with a pipe of its own to the SUB or XSUB, and two or more sockets.
 *
 *     groups  ◀─ group:port          originals, repairs, SPM, NCF
 *     out     ─▶ source:port         NAK, SPMR;  to the group, one hop far: SPMR
 *
 * A source is a peer: it has its own queue and high-water mark, `peers()` shows what was counted of it, and one that
 * comes and goes is an event. A full pipe stops delivery of its source only; packets then wait in the window. Owns
 * sockets and pipes; the protocol is `pgm/`.
 */
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import type { Frame } from "../core/message.ts";
import { Peer } from "../core/peer.ts";
import type { Pipe, PipeTaker } from "../core/pipe.ts";
import type { Network, NetworkEnd, NetworkSink } from "../core/transport.ts";
import { portOf, type SourceId } from "../pgm/packet.ts";
import type { ReceiverSink } from "../pgm/receiver.ts";
import { SourceTable } from "../pgm/source-table.ts";
import { type DatagramSink, DatagramSocket } from "./datagram-socket.ts";
import type { EpgmSetup } from "./epgm-sender.ts";
import { formatHostPort } from "./network-address.ts";
import { listenError } from "./node-stream.ts";

const MAX_FRAME_BYTES = 0x7fffffff;
/** Packets that all sources of an endpoint may keep together, in windows. */
const WINDOWS = 4;
const LEAST_PACKETS = 4096;
/** The system keeps what a source may send in this time, up to so much, while this process is busy. */
const BUSY_MS = 50;
const MOST_BUFFER_BYTES = 4 << 20;

export class EpgmReceiver implements Network {
  #setup: EpgmSetup;
  #sink: NetworkSink;
  #tables: SourceTable[] = [];
  #sockets: DatagramSocket[];
  #out: DatagramSocket;
  #opening: number;
  #inlets = new Map<string, SourceInlet>();
  // Written to while a datagram is looked at; its reader is woken once.
  #looking = false;
  #touched: Pipe | null = null;

  constructor(setup: EpgmSetup, sink: NetworkSink) {
    this.#setup = setup;
    this.#sink = sink;
    const { target, windowPackets } = setup;
    const { maxMessageSize, maxFrames, copyReceived, maxMetadataSize } = sink.settings;
    const limits = {
      maxFrameBytes: maxMessageSize < 0 ? MAX_FRAME_BYTES : maxMessageSize,
      maxFrames,
      maxMetadataBytes: maxMetadataSize,
      copyBodies: copyReceived,
    };
    const budget = { limit: Math.max(LEAST_PACKETS, WINDOWS * windowPackets), kept: 0 };
    const groups = target.receive.map((group) => {
      const setup = { group, port: target.port, windowPackets, budget, limits };
      const table: SourceTable = new SourceTable(setup, sink.clock, sink.random, {
        onSource: (id, from) => this.#onSource(table, id, from),
        onGone: (id, ended) => this.#onGone(id, ended),
        drop: (reason) => sink.drop(reason, 1),
      });
      this.#tables.push(table);
      return this.#socket(group, table);
    });
    this.#out = this.#socket(null, null);
    this.#sockets = [...groups, this.#out];
    this.#opening = this.#sockets.length;
  }

  #socket(group: string | null, table: SourceTable | null): DatagramSocket {
    const { family, port, via } = this.#setup.target;
    const { receiveBufferSize, rate } = this.#sink.settings;
    const any = family === 6 ? "::" : "0.0.0.0";
    const events: DatagramSink = {
      onOpen: () => this.#opened(),
      onError: (error) => this.#sink.onError(listenError(error, this.#setup.endpoint)),
      onDatagram: (bytes, from) => this.#onDatagram(table, bytes, from),
      onFree: () => undefined, // A NAK that waits is as good as one that is lost: it is asked again.
      onSendError: () => this.#sink.drop("send-failed", 1),
      onReceiveError: (error) => this.#receiveFailed(error),
    };
    const common = { family, via, sendBufferSize: -1, receiveBufferSize };
    if (group === null)
      return new DatagramSocket({ ...common, address: any, port: 0, shared: false, multicast: { hops: 1, loop: true } }, events);
    const wishedReceiveBytes = Math.min(MOST_BUFFER_BYTES, (BUSY_MS * rate) / 8);
    const bound = { address: any, ...groupBinding(group, via), port, shared: true, group };
    return new DatagramSocket({ ...common, ...bound, wishedReceiveBytes }, events);
  }

  #opened(): void {
    if (--this.#opening === 0) this.#sink.onOpen(this.#setup.endpoint);
  }

  // At `out` comes nothing that we asked for: sources answer to the group.
  #onDatagram(table: SourceTable | null, bytes: Uint8Array, from: Sender): void {
    this.#looking = true;
    table?.receive(bytes, from.address, from.port);
    this.#looking = false;
    const touched = this.#touched;
    this.#touched = null;
    touched?.flush();
  }

  #receiveFailed(cause: Error): void {
    const { endpoint: address } = this.#setup;
    const error = new ZmqError("receive-failed", `${address}: the system failed to receive (${cause.message})`, {
      address,
      cause,
    });
    this.#sink.report({ type: "accept:error", address, error });
  }

  // The sources -----------------------------------------------------------------------------------------------------------

  #onSource(table: SourceTable, id: SourceId, from: string): ReceiverSink {
    const inlet = new SourceInlet(id, from, this.#setup.endpoint, this.#sink, {
      resume: () => table.resume(id),
      counters: () => table.counters(id) as unknown as Record<string, number> | undefined,
      written: (pipe) => this.#written(pipe),
      toSource: (bytes, address, port = this.#setup.target.port) => this.#out.sendTo(bytes, this.#scoped(address), port),
      toGroup: (bytes) => this.#out.sendTo(bytes, this.#setup.target.send, this.#setup.target.port),
    });
    this.#inlets.set(nameOf(id), inlet);
    return inlet;
  }

  #onGone(id: SourceId, ended: boolean): void {
    this.#inlets.get(nameOf(id))?.gone(ended);
    this.#inlets.delete(nameOf(id));
  }

  #written(pipe: Pipe): void {
    if (this.#looking) this.#touched = pipe;
    else pipe.flush();
  }

  // A link-local address is one only together with the interface.
  #scoped(address: string): string {
    const { via } = this.#setup.target;
    return via !== null && /^fe80/i.test(address) && !address.includes("%") ? address + via.slice(via.indexOf("%")) : address;
  }

  // The end -----------------------------------------------------------------------------------------------------------------

  readonly pending = 0;

  finish(): void {
    this.#sink.onProgress();
  }

  close(done: () => void): void {
    for (const table of this.#tables) table.close();
    let left = this.#sockets.length;
    for (const socket of this.#sockets) {
      socket.close(() => {
        if (--left === 0) done();
      });
    }
  }
}

/** Where a datagram came from. */
interface Sender {
  readonly address: string;
  readonly port: number;
}

/** What an inlet needs of its endpoint. */
interface InletHost {
  resume(): void;
  counters(): Record<string, number> | undefined;
  written(pipe: Pipe): void;
  toSource(bytes: Uint8Array, address: string, port?: number): void;
  toGroup(bytes: Uint8Array): void;
}

/** Between one source and its pipe, which is made with the first message. */
class SourceInlet implements ReceiverSink, NetworkEnd, PipeTaker {
  readonly taker = this;
  #peer: Peer;
  #sink: NetworkSink;
  #host: InletHost;
  #pipe: Pipe | null = null;
  // The socket reads no more from this source.
  #muted = false;

  constructor(id: SourceId, from: string, endpoint: string, sink: NetworkSink, host: InletHost) {
    this.#sink = sink;
    this.#host = host;
    this.#peer = new Peer(endpoint);
    this.#peer.takesAll = true;
    this.#peer.address = `epgm://${formatHostPort(from, portOf(id))}/${nameOf(id)}`;
  }

  toSource(bytes: Uint8Array, address: string, port?: number): void {
    this.#host.toSource(bytes, address, port);
  }

  ask(bytes: Uint8Array, address: string): void {
    this.#host.toGroup(bytes);
    this.#host.toSource(bytes, address);
  }

  onOctets(count: number): void {
    this.#peer.bytesReceived += count;
  }

  onMessage(frames: Frame[]): boolean {
    if (this.#muted) return true;
    const pipe = this.#pipe ?? this.#begin();
    pipe.put(frames);
    this.#host.written(pipe);
    return pipe.hasRoom() || this.#muted;
  }

  #begin(): Pipe {
    const peer = this.#peer;
    peer.network = this.#host.counters() ?? null;
    this.#sink.report({ type: "accept", address: peer.endpoint, peer });
    this.#pipe = this.#sink.join(peer, this);
    return this.#pipe;
  }

  onGap(first: number, last: number): void {
    const count = ((last - first) | 0) + 1;
    const peer = this.#peer;
    this.#sink.drop("unrepairable", count, peer);
    if (this.#sink.observed) this.#sink.report({ type: "gap", address: peer.endpoint, peer, first, last, count });
  }

  onMalformed(reason: ErrorReason): void {
    this.#sink.drop(reason, 1, this.#peer);
  }

  onEnd(): void {
    // The table removes the source and calls `gone`.
  }

  gone(ended: boolean): void {
    const peer = this.#peer;
    this.#pipe?.close(true);
    if (!this.#sink.observed || this.#pipe === null) return;
    const reason = ended ? "peer-closed" : "source-silent";
    const text = ended ? "the source ended its stream" : "the source was silent for too long";
    const error = new ZmqError(reason, `${peer.endpoint} (${peer.address}): ${text}`, { address: peer.endpoint });
    this.#sink.report({ type: "disconnect", address: peer.endpoint, peer, reason, retry: false, error });
  }

  // The pipe ----------------------------------------------------------------------------------------------------------------

  /** What an XSUB sends: there is nobody to send it to. */
  take(): boolean {
    this.#sink.drop("wrong-direction", 1, this.#peer);
    this.#pipe?.acknowledge(1);
    return true;
  }

  relieve(): void {
    // Everything is acknowledged at once.
  }

  onMark(messages: number): void {
    this.#pipe?.setHighWaterMark(messages);
  }

  onReadable(): void {
    // Everything is taken.
  }

  onWritable(): void {
    this.#host.resume();
  }

  onClosed(): void {
    this.#muted = true;
    this.#host.resume();
  }

  onDrained(): void {
    // Nothing is kept of it here.
  }
}

/**
 * A socket for a group hears only that group where the system allows it to bind to one; bound to any address it hears every
 * group on its port that somebody on this machine has joined. A group of one link is an address only together with the interface.
 */
function groupBinding(group: string, via: string | null): { address?: string } {
  if (process.platform === "win32") return {};
  if (group.includes("%") || !/^ff.[12]/i.test(group)) return { address: group };
  return via === null ? {} : { address: group + via.slice(via.indexOf("%")) };
}

/** A source's id as text: the global source id and the port, as OpenPGM prints it. */
function nameOf({ high, low }: SourceId): string {
  const octets = [high >>> 24, (high >>> 16) & 0xff, (high >>> 8) & 0xff, high & 0xff, low >>> 24, (low >>> 16) & 0xff];
  return `${octets.join(".")}.${low & 0xffff}`;
}
