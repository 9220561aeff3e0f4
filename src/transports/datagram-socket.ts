/**
 * One UDP socket of the system, bound and set up for unicast or multicast (node:dgram), for udp and epgm.
 *
 * Owns the order in which the system wants to be told things, and the account of what it has not taken: `send` hands a
 * datagram over at once; while the system's buffer is full datagrams wait in the runtime, and `blocked` says so until
 * `onFree`. A runtime that cannot tell (Deno) sends what it is given at once in any order: there one is given to it when
 * the last one is out. Does not own what datagrams mean.
 * Invariants: datagrams go in the order of the calls, all of them before it closes; it never keeps the process alive; a send that failed is reported once.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { Fifo } from "../base/fifo.ts";
import type { Family } from "./network-address.ts";

/** How a socket is to be set up. */
export interface DatagramSetup {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  /** Others may bind the same address and port. */
  readonly shared: boolean;
  /** A group to hear. */
  readonly group?: string;
  /** The interface that multicast goes and comes by; null: the system's choice. */
  readonly via: string | null;
  /** For sending to groups; absent for a socket that does not. */
  readonly multicast?: { readonly hops: number; readonly loop: boolean };
  /** Send only to this address; the system then remembers the way. */
  readonly to?: { readonly address: string; readonly port: number };
  /** In octets; -1: the system's default. */
  readonly sendBufferSize: number;
  readonly receiveBufferSize: number;
  /** In octets; asked for in place of the system's default where that is less. The system may grant less. */
  readonly wishedReceiveBytes?: number;
}

export interface DatagramSink {
  onOpen(): void;
  /** It could not be opened and is to be closed; the last call. */
  onError(error: Error): void;
  onDatagram(bytes: Uint8Array, from: RemoteInfo): void;
  /** The system has taken everything after it had been `blocked`. */
  onFree(): void;
  /** The system refused to send a datagram; the socket goes on. */
  onSendError(error: Error): void;
  /** The system reported an error beside a send; the socket goes on. */
  onReceiveError(error: Error): void;
}

/** A datagram that waits; without an address it goes to the socket's. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly address?: string;
  readonly port?: number;
}

/** What the field of an IP packet holds. */
const MAX_HOPS = 255;

// Addresses are looked up before a socket is made; what dgram asks for is one already, and answered at once.
type LookupCallback = (error: null, address: string, family: Family) => void;
const lookups: Record<Family, (host: string, options: unknown, callback: LookupCallback) => void> = {
  4: (host, _options, callback) => callback(null, host, 4),
  6: (host, _options, callback) => callback(null, host, 6),
};

export class DatagramSocket {
  #socket: Socket;
  #sink: DatagramSink;
  #open = false;
  #blocked = false;
  // Where the runtime cannot tell what waits in it: what is not given to it yet.
  #line: Fifo<Waiting> | null;
  #closing: (() => void) | null = null;
  readonly #sent = (error: Error | null): void => {
    // Deno gives undefined.
    if (error) this.#sink.onSendError(error);
    if (this.#line !== null) this.#next(this.#line);
    else if (this.#blocked && this.#socket.getSendQueueCount() === 0) this.#free();
  };

  /** Begins to open; the sink is never called at once. */
  constructor(setup: DatagramSetup, sink: DatagramSink) {
    this.#sink = sink;
    const { family, address, port, shared, sendBufferSize, receiveBufferSize } = setup;
    this.#socket = createSocket({
      type: `udp${family}`,
      reuseAddr: shared,
      lookup: lookups[family] as never,
      ...(sendBufferSize > 0 ? { sendBufferSize } : {}),
      ...(receiveBufferSize > 0 ? { recvBufferSize: receiveBufferSize } : {}),
    });
    const socket = this.#socket;
    this.#line = typeof socket.getSendQueueCount === "function" ? null : new Fifo();
    socket.unref();
    socket.on("error", (error) => this.#failed(error));
    socket.on("message", (bytes, from) => this.#sink.onDatagram(bytes, from));
    socket.once("listening", () => this.#setUp(setup));
    // An address that needs no look-up is bound at once, and the maker of this object does not have it yet.
    process.nextTick(() => {
      if (this.#sink !== SILENT) socket.bind({ address, port });
    });
  }

  #setUp(setup: DatagramSetup): void {
    const socket = this.#socket;
    const { group, via, multicast, to, receiveBufferSize, wishedReceiveBytes = 0 } = setup;
    if (receiveBufferSize <= 0 && wishedReceiveBytes > 0) this.#widen(wishedReceiveBytes);
    try {
      socket.setBroadcast(true);
      if (group !== undefined) socket.addMembership(group, via ?? undefined);
      if (multicast !== undefined) {
        if (via !== null) socket.setMulticastInterface(via);
        socket.setMulticastTTL(Math.min(multicast.hops, MAX_HOPS));
        socket.setMulticastLoopback(multicast.loop);
      }
      if (to !== undefined)
        socket.connect(to.port, to.address, (error?: Error) => (error ? this.#failed(error) : this.#opened()));
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    if (to === undefined) this.#opened();
  }

  #widen(bytes: number): void {
    const socket = this.#socket;
    try {
      if (socket.getRecvBufferSize() < bytes) socket.setRecvBufferSize(bytes);
    } catch {
      // The system allows less, or the runtime cannot tell: the default stays.
    }
  }

  #opened(): void {
    this.#open = true;
    this.#sink.onOpen();
  }

  #failed(error: Error): void {
    if (this.#open) this.#sink.onReceiveError(error);
    else this.#sink.onError(error);
  }

  /** Where it is bound. */
  get bound(): { readonly address: string; readonly port: number } {
    return this.#socket.address();
  }

  /** The system's buffer is full: what is sent now waits in memory. `onFree` follows. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Sends to an address. The bytes are the system's when `blocked` is false afterwards, else after `onFree`. */
  sendTo(bytes: Uint8Array, address: string, port: number): void {
    if (this.#line !== null) return this.#enqueue(this.#line, { bytes, address, port });
    this.#socket.send(bytes, port, address, this.#sent);
    this.#blocked = this.#socket.getSendQueueCount() > 0;
  }

  /** As `sendTo`, to the address of the setup. */
  send(bytes: Uint8Array): void {
    if (this.#line !== null) return this.#enqueue(this.#line, { bytes });
    this.#socket.send(bytes, this.#sent);
    this.#blocked = this.#socket.getSendQueueCount() > 0;
  }

  #enqueue(line: Fifo<Waiting>, waiting: Waiting): void {
    line.push(waiting);
    if (!this.#blocked) this.#next(line);
  }

  #next(line: Fifo<Waiting>): void {
    const next = line.shift();
    if (next === undefined) return this.#free();
    this.#blocked = true;
    const { bytes, address, port } = next;
    if (address === undefined) this.#socket.send(bytes, this.#sent);
    else this.#socket.send(bytes, port, address, this.#sent);
  }

  #free(): void {
    this.#blocked = false;
    if (this.#closing === null) this.#sink.onFree();
    else this.#socket.close(this.#closing);
  }

  /** Closes when the system has taken everything; `done` is called when the address is free. */
  close(done: () => void): void {
    this.#sink = SILENT;
    // The runtime would throw away what waits in it.
    if (this.#blocked) this.#closing = done;
    else this.#socket.close(done);
  }
}

const nothing = (): void => undefined;
const SILENT: DatagramSink = {
  onOpen: nothing,
  onError: nothing,
  onDatagram: nothing,
  onFree: nothing,
  onSendError: nothing,
  onReceiveError: nothing,
};
