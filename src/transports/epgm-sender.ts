/**
 * The sending side of epgm: a PUB's or XPUB's pipe, packed into the packets of one PGM source, and its sockets.
 *
 *     out     ─▶ group:port          originals, repairs, NCF
 *     own     ◀─ our address:port    NAK, SPMR; of several sources on one host only one gets them
 *     aside  ◀─▶ a port of its own   SPM to the group; NAK that came to nothing at `own`
 *
 * It does not hear the group: every packet of its own would come back. Receivers ask at our address.
 *
 * The first message of an event-loop turn goes at once, what follows when a packet is full or the turn ends. What the
 * rate or the system does not take yet waits in the pipe and counts there. Owns opening and closing; the protocol is
 * `pgm/source`.
 */
import { ZmqError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { Frame } from "../core/message.ts";
import { Peer } from "../core/peer.ts";
import type { Pipe, PipeTaker } from "../core/pipe.ts";
import type { Network, NetworkEnd, NetworkSink } from "../core/transport.ts";
import { NAK, Packet, type SourceId, SPMR } from "../pgm/packet.ts";
import { Source, type SourceSink } from "../pgm/source.ts";
import { type DatagramSetup, type DatagramSink, DatagramSocket } from "./datagram-socket.ts";
import type { Sizes } from "./epgm.ts";
import { addressOf, type GroupAddress } from "./network-address.ts";
import { listenError } from "./node-stream.ts";

/** In one turn of the event loop; then NAKs and timers have their turn, and messages wait in the pipe. */
const PACKETS_PER_TURN = 256;

export interface EpgmSetup extends Sizes {
  readonly target: GroupAddress;
  readonly endpoint: string;
}

export class EpgmSender implements Network, NetworkEnd, PipeTaker, DatagramSink, SourceSink {
  readonly taker = this;
  #setup: EpgmSetup;
  #sink: NetworkSink;
  #peer: Peer;
  #pipe: Pipe;
  #packet = new Packet();
  #id: SourceId;
  #sockets: DatagramSocket[] = [];
  #out: DatagramSocket;
  #aside: DatagramSocket | null = null;
  #listening = 0;
  #source: Source | null = null;
  #open = false;
  #closed = false;
  #gathering = false;
  #packetsLeft = PACKETS_PER_TURN;
  #finishing = false;
  constructor(setup: EpgmSetup, sink: NetworkSink) {
    this.#setup = setup;
    this.#sink = sink;
    this.#id = randomId(sink.random, setup.target.port);
    this.#peer = new Peer(setup.endpoint);
    this.#peer.takesAll = true;
    this.#peer.address = setup.endpoint;
    this.#pipe = sink.join(this.#peer, this);
    const { port, send, via } = setup.target;
    const address = via === null ? undefined : addressOf(via);
    this.#out = this.#socket(
      { ...(address === undefined ? {} : { address }), port: 0, multicast: this.#multicast, to: { address: send, port } },
      { onOpen: () => this.#listen(address ?? this.#out.bound.address) },
    );
  }

  get #multicast(): { readonly hops: number; readonly loop: boolean } {
    const { multicastHops: hops, multicastLoop: loop } = this.#sink.settings;
    return { hops, loop };
  }

  #socket(setup: Partial<DatagramSetup> & { port: number }, sink: Partial<DatagramSink>): DatagramSocket {
    const { family, via } = this.#setup.target;
    const { sendBufferSize, receiveBufferSize = -1 } = this.#sink.settings;
    const any = family === 6 ? "::" : "0.0.0.0";
    const socket = new DatagramSocket(
      { family, address: any, shared: true, via, sendBufferSize, receiveBufferSize, ...setup },
      {
        onOpen: () => this.onOpen(),
        onError: (error) => this.onError(error),
        onDatagram: (bytes) => this.onDatagram(bytes),
        onFree: () => this.onFree(),
        onSendError: () => this.onSendError(),
        onReceiveError: (error) => this.onReceiveError(error),
        ...sink,
      },
    );
    this.#sockets.push(socket);
    return socket;
  }

  // The way out is there: now the ways in, at our own address and in the group.
  #listen(address: string): void {
    if (this.#closed) return;
    const { port, send } = this.#setup.target;
    const { dataBytes, overheadBytes, windowPackets } = this.#setup;
    const { rate } = this.#sink.settings;
    this.#source = new Source(
      { id: this.#id, group: send, port, address, dataBytes, overheadBytes, rateKilobits: rate, windowPackets, firstSqn: 0 },
      this.#sink.clock,
      this,
    );
    this.#listening = 2;
    this.#socket({ address, port }, {});
    this.#aside = this.#socket({ address, port: 0, shared: false, multicast: this.#multicast }, { onFree: () => undefined });
  }

  // The system's sockets ------------------------------------------------------------------------------------------------

  onOpen(): void {
    if (--this.#listening > 0 || this.#closed) return;
    const source = this.#source as Source;
    this.#open = true;
    this.#peer.network = source.counters as unknown as Record<string, number>;
    source.start();
    this.#sink.onOpen(this.#setup.endpoint);
    this.#pump();
  }

  onError(error: Error): void {
    this.#sink.onError(listenError(error, this.#setup.endpoint));
  }

  onDatagram(bytes: Uint8Array): void {
    const packet = this.#packet;
    const fault = packet.read(bytes);
    if (fault !== null) {
      this.#sink.drop(fault === "checksum" ? "wrong-checksum" : "malformed-packet", 1, this.#peer);
      return;
    }
    // Ours to answer is what names our source.
    const { high, low } = this.#id;
    if (packet.high !== high || packet.low !== low || packet.sourcePort !== this.#setup.target.port) return;
    if (packet.type === NAK) this.#source?.onNak(packet);
    else if (packet.type === SPMR) this.#source?.onSpmr();
  }

  onFree(): void {
    this.#pump();
  }

  onSendError(): void {
    this.#sink.drop("send-failed", 1, this.#peer);
  }

  onReceiveError(cause: Error): void {
    const { endpoint: address } = this.#setup;
    const error = new ZmqError("receive-failed", `${address}: the system failed to receive (${cause.message})`, {
      address,
      cause,
    });
    this.#sink.report({ type: "accept:error", address, error });
  }

  // The source ----------------------------------------------------------------------------------------------------------

  get busy(): boolean {
    return this.#out.blocked;
  }

  toGroup(packet: Uint8Array): void {
    this.#packetsLeft--;
    this.#peer.bytesSent += packet.length;
    this.#out.send(packet);
  }

  announce(spm: Uint8Array): void {
    const { send, port } = this.#setup.target;
    this.#peer.bytesSent += spm.length;
    this.#aside?.sendTo(spm, send, port);
  }

  onRoom(): void {
    this.#pump();
  }

  // The pipe --------------------------------------------------------------------------------------------------------------

  take(frames: Frame[]): boolean {
    const source = this.#source;
    if (source === null || !this.#maySend(source)) return false;
    this.#send(source, frames);
    this.#pipe.acknowledge(1);
    return true;
  }

  relieve(): void {
    // What was taken is acknowledged already; the rest waits for the rate.
  }

  onMark(): void {
    // The mark of what a publisher would receive.
  }

  onReadable(): void {
    this.#pump();
  }

  onWritable(): void {
    // Nothing is ever written to a publisher.
  }

  onClosed(): void {
    // What the socket had written before still goes out; `finish` follows.
  }

  onDrained(): void {
    this.#flush();
    this.#sink.onProgress();
  }

  #pump(): void {
    const source = this.#source;
    while (source !== null && this.#maySend(source)) {
      const frames = this.#pipe.takeWaiting();
      if (frames === undefined) break;
      this.#send(source, frames);
      this.#pipe.acknowledge(1);
    }
    if (this.#finishing && this.#pipe.waiting === 0) {
      this.#flush();
      this.#sink.onProgress();
    }
  }

  #maySend(source: Source): boolean {
    return this.#open && this.#packetsLeft > 0 && !this.#out.blocked && source.hasRoom;
  }

  #send(source: Source, frames: Frame[]): void {
    source.send(frames);
    if (this.#gathering) return;
    this.#gathering = true;
    source.flush();
    this.#sink.turn.atEnd(this);
  }

  onTurnEnd(): void {
    this.#gathering = false;
    this.#packetsLeft = PACKETS_PER_TURN;
    if (this.#closed) return;
    this.#flush();
    this.#pump();
  }

  #flush(): void {
    this.#source?.flush();
  }

  // The end -----------------------------------------------------------------------------------------------------------------

  get pending(): number {
    return 0;
  }

  finish(): void {
    this.#finishing = true;
    this.#pump();
  }

  close(done: () => void): void {
    if (this.#open) this.#source?.close();
    this.#closed = true;
    this.#open = false;
    let left = this.#sockets.length;
    for (const socket of this.#sockets) {
      socket.close(() => {
        if (--left === 0) done();
      });
    }
  }
}

// A session's id: a global source id of six octets, and a port that is not the group's.
function randomId(random: Random, port: number): SourceId {
  let own = 0;
  do own = 1 + random.next(0xffff);
  while (own === port);
  return { high: random.next(0x100000000), low: random.next(0x10000) * 0x10000 + own };
}
