/**
 * udp: RADIO, DISH and DGRAM over datagrams, unicast, multicast and broadcast (libzmq's draft transport).
 *
 *     RADIO, DISH   [group length 1][group][body]          DGRAM   [body], the address beside it
 *
 * One message is one datagram; nothing is repeated, put in order or confirmed, and joins stay local. RADIO connects,
 * DISH and DGRAM bind. Sent are at most 8192 octets with a group of at most 127, what libzmq can read; what is larger,
 * has no address, or comes malformed is counted and has a `drop` event, where libzmq is silent.
 */
import { lookup } from "node:dns";
import { isIP } from "node:net";
import { allocate, EMPTY, fromText, toLatin1, viewOf } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import type { Frame } from "../core/message.ts";
import { Peer } from "../core/peer.ts";
import type { Pipe, PipeTaker } from "../core/pipe.ts";
import type { DatagramTransport, Network, NetworkEnd, NetworkSink } from "../core/transport.ts";
import { type DatagramSink, DatagramSocket } from "./datagram-socket.ts";
import { formatHostPort, type NetworkAddress, parseUdp } from "./network-address.ts";
import { listenError } from "./node-stream.ts";

/** What libzmq's buffers hold. */
const MAX_DATAGRAM_BYTES = 8192;
/** libzmq reads the length of a group as a signed octet. */
const MAX_GROUP_BYTES = 127;

const USES = { RADIO: "connect", DISH: "bind", DGRAM: "bind" } as const;

export const udpTransport: DatagramTransport = {
  scheme: "udp",
  shape: "datagrams",

  check(address, use, settings, type) {
    const allowed = (USES as Partial<Record<string, "bind" | "connect">>)[type];
    if (allowed !== use) {
      const what = allowed === undefined ? "udp is for RADIO, DISH and DGRAM" : `over udp a ${type} can only ${allowed}`;
      const text = `Protocol not compatible with the socket type: ${what}, not ${use} a ${type} to udp://${address}`;
      throw new ZmqError("incompatible-transport", text, { address: `udp://${address}` });
    }
    parseUdp(address, use, settings.ipv6);
  },

  open: (address, use, sink) => new UdpNetwork(parseUdp(address, use, sink.settings.ipv6), `udp://${address}`, sink),
};

class UdpNetwork implements Network, NetworkEnd, PipeTaker, DatagramSink {
  readonly taker = this;
  #sink: NetworkSink;
  #target: NetworkAddress;
  #socket: DatagramSocket | null = null;
  #pipe: Pipe;
  #peer: Peer;
  #open = false;
  #closed = false;
  // Given to the runtime, which waits for the system.
  #unacknowledged = 0;
  // Of DGRAM: the last address sent to, as text and parsed; a program mostly answers one peer for a while.
  #lastText = EMPTY;
  #lastAddress: { readonly host: string; readonly port: number } | null = null;

  constructor(target: NetworkAddress, endpoint: string, sink: NetworkSink) {
    this.#sink = sink;
    this.#target = target;
    this.#peer = new Peer(endpoint);
    this.#peer.takesAll = true;
    this.#pipe = sink.join(this.#peer, this);
    if (isIP(target.host) !== 0) this.#openAt(target.host);
    else {
      lookup(target.host, { family: 4 }, (error, address) => {
        if (this.#closed) return;
        if (error)
          sink.onError(new ZmqError("name-not-found", `${endpoint}: ${error.message}`, { address: endpoint, cause: error }));
        else this.#openAt(address);
      });
    }
  }

  #openAt(host: string): void {
    const { family, port, multicast, via } = this.#target;
    this.#target = { ...this.#target, host };
    const { multicastHops, multicastLoop, sendBufferSize = -1, receiveBufferSize = -1 } = this.#sink.settings;
    const any = family === 6 ? "::" : "0.0.0.0";
    const sends = this.#sink.type === "RADIO";
    this.#socket = new DatagramSocket(
      {
        family,
        address: sends || multicast ? any : host,
        port: sends ? 0 : port,
        shared: !sends,
        ...(multicast && !sends ? { group: host } : {}),
        ...(sends && !multicast ? {} : { multicast: { hops: multicastHops, loop: multicastLoop } }),
        via,
        sendBufferSize,
        receiveBufferSize,
      },
      this,
    );
  }

  // The system's socket ------------------------------------------------------------------------------------------------

  onOpen(): void {
    const { host, multicast } = this.#target;
    const bound = (this.#socket as DatagramSocket).bound;
    this.#open = true;
    if (this.#sink.type === "RADIO") {
      this.#peer.address = this.#peer.endpoint;
      this.#sink.onOpen(this.#peer.endpoint);
    } else {
      this.#sink.onOpen(`udp://${formatHostPort(multicast ? host : bound.address, bound.port)}`);
    }
    this.#pump();
  }

  onError(error: Error): void {
    this.#sink.onError(listenError(error, this.#peer.endpoint));
  }

  onDatagram(bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    const peer = this.#peer;
    peer.bytesReceived += bytes.length;
    const { type } = this.#sink;
    if (type === "RADIO") {
      this.#sink.drop("wrong-direction", 1, peer);
      return;
    }
    const frames = type === "DGRAM" ? [fromText(formatHostPort(from.address, from.port)), bytes] : unpack(bytes);
    if (frames === null) {
      this.#sink.drop("malformed-packet", 1, peer);
      return;
    }
    const { maxMessageSize } = this.#sink.settings;
    if (maxMessageSize >= 0 && frames[1].length > maxMessageSize) this.#sink.drop("message-too-large", 1, peer);
    else if (!this.#pipe.write(frames) && !this.#pipe.other.closed) this.#sink.drop("high-water-mark", 1, peer);
  }

  onFree(): void {
    const done = this.#unacknowledged;
    this.#unacknowledged = 0;
    this.#pipe.acknowledge(done);
    this.#pump();
    this.#sink.onProgress();
  }

  onSendError(): void {
    this.#sink.drop("send-failed", 1, this.#peer);
  }

  onReceiveError(cause: Error): void {
    const { endpoint: address } = this.#peer;
    const error = new ZmqError("receive-failed", `${address}: the system failed to receive (${cause.message})`, {
      address,
      cause,
    });
    this.#sink.report({ type: "accept:error", address, error });
  }

  // The pipe -------------------------------------------------------------------------------------------------------------

  take(frames: Frame[]): boolean {
    if (!this.#open || this.#socket === null || this.#socket.blocked) return false;
    this.#send(this.#socket, frames);
    return true;
  }

  relieve(): void {
    // Everything is acknowledged as soon as the system has it.
  }

  onMark(messages: number): void {
    this.#pipe.setHighWaterMark(messages);
  }

  onReadable(): void {
    this.#pump();
  }

  onWritable(): void {
    // What comes while there is no room is lost: nothing waits here.
  }

  onClosed(): void {
    // What the socket had written before still goes out; `finish` follows.
  }

  onDrained(): void {
    this.#sink.onProgress();
  }

  #pump(): void {
    while (this.#open && this.#socket !== null && !this.#socket.blocked) {
      const frames = this.#pipe.takeWaiting();
      if (frames === undefined) return;
      this.#send(this.#socket, frames);
    }
  }

  #send(socket: DatagramSocket, frames: Frame[]): void {
    const datagram = this.#pack(frames);
    if (datagram !== null) {
      const { host, port } = this.#sink.type === "DGRAM" ? (this.#lastAddress as { host: string; port: number }) : this.#target;
      socket.sendTo(datagram, host, port);
      this.#peer.bytesSent += datagram.length;
    }
    if (socket.blocked) this.#unacknowledged++;
    else this.#pipe.acknowledge(1);
  }

  // Null: it cannot be sent, and was counted. The bytes are copied: the system may take them later.
  #pack(frames: Frame[]): Uint8Array | null {
    const [first, body] = frames;
    const type = this.#sink.type;
    // A DISH or a SUB over a network has nobody to tell of its groups.
    if (type === "DISH") return null;
    const head = type === "RADIO" ? 1 + first.length : 0;
    if (head > 1 + MAX_GROUP_BYTES || head + body.length > MAX_DATAGRAM_BYTES) {
      this.#sink.drop("datagram-too-large", 1, this.#peer);
      return null;
    }
    if (type === "DGRAM" && !this.#addressed(first)) {
      this.#sink.drop("unroutable", 1, this.#peer);
      return null;
    }
    const datagram = allocate(head + body.length);
    if (head > 0) {
      datagram[0] = first.length;
      datagram.set(first, 1);
    }
    datagram.set(body, head);
    return datagram;
  }

  #addressed(text: Uint8Array): boolean {
    if (
      this.#lastAddress !== null &&
      text.length === this.#lastText.length &&
      text.every((octet, i) => octet === this.#lastText[i])
    )
      return true;
    const address = parseAddress(toLatin1(text), this.#target.family);
    if (address === null) return false;
    this.#lastText = Uint8Array.from(text);
    this.#lastAddress = address;
    return true;
  }

  // The end --------------------------------------------------------------------------------------------------------------

  get pending(): number {
    return this.#unacknowledged;
  }

  finish(): void {
    this.#pump();
  }

  close(done: () => void): void {
    this.#closed = true;
    this.#open = false;
    if (this.#socket === null) done();
    else this.#socket.close(done);
  }
}

function unpack(bytes: Uint8Array): Frame[] | null {
  const body = 1 + bytes[0];
  if (!(body <= bytes.length)) return null;
  const { buffer, byteOffset } = bytes;
  return [viewOf(buffer, byteOffset + 1, body - 1), viewOf(buffer, byteOffset + body, bytes.length - body)];
}

// libzmq ends the text with a NUL.
function parseAddress(text: string, family: 4 | 6): { host: string; port: number } | null {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const digits = text.slice(colon + 1).replace(/\0$/, "");
  if (colon < 0 || isIP(host) !== family || !/^\d{1,5}$/.test(digits)) return null;
  const port = Number(digits);
  return port === 0 || port > 65535 ? null : { host, port };
}
