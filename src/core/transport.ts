/**
 * The transport port: what a transport offers to the core, and what it may call back.
 *
 * A transport is a value put into a context. Four link shapes: `bytes` (tcp, ipc: the full ZMTP codec runs above),
 * `frames` (WebSocket: one message of the transport is one frame), `messages` (inproc: pipes are joined, no codec), `datagrams`
 * (udp, epgm: a network without connections, whose ends of pipes the transport holds). A link never calls a socket,
 * only the sink it was given. Each operation says: may it call back at once, who owns the bytes, which errors it reports.
 */

import type { Clock } from "../base/clock.ts";
import type { ErrorReason, ZmqError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { SocketTypeName } from "../zmtp/socket-type.ts";
import type { Frame } from "./message.ts";
import type { Event } from "./monitor.ts";
import type { Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { Pipe, PipeOwner, PipeTaker } from "./pipe.ts";
import type { Turn } from "./turn.ts";

/** One connection, which carries a stream of bytes, or frames that stay whole. */
export interface Link {
  /** The agreed sub-protocol of a link of frames, such as `ZWS2.0/NULL`; null: a stream of bytes. */
  readonly subprotocol: string | null;
  /** The other end's address as an endpoint text, such as `tcp://127.0.0.1:40112`. */
  readonly remote: string;
  /** False when the connection is already gone, though `onEnd` is still to come: a write would go nowhere. */
  readonly open: boolean;
  /** Begins delivery; called once, before anything else. Never calls back at once. */
  start(sink: LinkSink): void;
  /**
   * Writes the parts, in order, as one; of a link of frames each part is one frame, in memory that the link may change. True: the kernel has all of it and the
   * bytes are the caller's again. False: they belong to the link until `onTaken`, and nothing may be written before it.
   * Does not call back at once.
   */
  write(parts: readonly Uint8Array[]): boolean;
  /** The handshake is complete: from now on frames may be as large as the options allow. */
  established(): void;
  /** Asks the peer for a sign of life, by means of the link; the answer is `onAlive`. False when the link has no such means. */
  ping(): boolean;
  /** Stops delivery; a chunk or two that were read already may still come. */
  pause(): void;
  resume(): void;
  /**
   * Closes in order: what was written goes out, the end is announced, what comes in is thrown away; `done` is called
   * when the peer has closed too, or after a second. The sink hears nothing more.
   */
  end(done: () => void): void;
  /** Closes at once; what was not taken is lost. No callback follows. */
  destroy(): void;
}

export interface LinkSink {
  /** Bytes that came in, or one frame, the sink's from then on; when `lent`, only for the time of the call. */
  onData(chunk: Uint8Array, lent?: boolean): void;
  /**
   * Where the next bytes belong, if a large body is on its way; null: wherever the link likes. A link that can read into
   * memory of its choice asks before each read and tells by `onFilled`; others need not ask.
   */
  space(): Uint8Array | null;
  /** So many bytes were read into what `space` gave last. */
  onFilled(bytes: number): void;
  /** The peer gave a sign of life by means of the link. */
  onAlive(): void;
  /** The kernel has everything of the write that returned false. */
  onTaken(): void;
  /**
   * The connection is over: the system's error, a ZmqError when the link itself judged the peer, or null when the peer
   * closed it in order. The last call.
   */
  onEnd(error: Error | null): void;
}

/** A connection being made. */
export interface Dialing {
  /** Gives up; no callback follows. */
  cancel(): void;
}

export interface DialSink {
  /** Connected; the attempt is over. Not called at once. */
  onLink(link: Link): void;
  /** Failed; the attempt is over. Not called at once. */
  onError(error: ZmqError): void;
}

export interface ListenSink {
  /** Listening; `endpoint` is complete (real address, real port). Not called at once. */
  onListening(endpoint: string): void;
  /** Could not listen; the listener is over. Not called at once. */
  onError(error: ZmqError): void;
  onLink(link: Link): void;
  /** A connection could not be accepted; listening goes on. */
  onAcceptError(error: ZmqError): void;
}

export interface Listening {
  /** Accepts no more; calls back when the address is free. Links that were accepted stay. */
  close(done: () => void): void;
}

/** An HTTP server of the user's, as Node.js has it, as far as it is used. */
export interface HttpServer {
  readonly listening: boolean;
  address(): unknown;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  listenerCount(event: string): number;
}

/** Options of `bind` for ws and wss. */
export interface BindOptions {
  /**
   * An `http.Server` or `https.Server` to listen on, beside whatever else it serves; it is neither started nor closed. Of
   * the endpoint only the path counts. Default: a server of our own, shared by the endpoints with the same host and port.
   */
  readonly server?: HttpServer;
  /**
   * Whose pages may connect: origins such as `https://example.com`, or a function that judges (undefined: the client
   * named none, as programs do; when it throws, nobody may, and the event `accept:error` says why). With a list, clients
   * without an origin may connect. Default: everybody.
   */
  readonly origins?: readonly string[] | ((origin: string | undefined) => boolean);
  /** Most connections at the same time; one more is refused. Default: no limit. */
  readonly maxConnections?: number;
  /** wss: options of the platform's TLS server (`tls.createServer`), which go before those of the socket. */
  readonly tls?: Readonly<Record<string, unknown>>;
}

/** Options of `connect` for ws and wss. */
export interface ConnectOptions {
  /** wss: options of the platform's TLS client (`tls.connect`), which go before those of the socket. */
  readonly tls?: Readonly<Record<string, unknown>>;
}

/** A transport whose links carry the protocol: as bytes, or frame by frame. */
export interface LinkTransport {
  readonly scheme: string;
  readonly shape: "bytes" | "frames";
  /** Throws EINVAL, ENAMETOOLONG or ENODEV when `address` (the text after `scheme://`) cannot be bound or connected to. */
  check(address: string, use: "bind" | "connect", settings: Settings, options?: BindOptions | ConnectOptions): void;
  dial(address: string, settings: Settings, sink: DialSink, options?: ConnectOptions): Dialing;
  listen(address: string, settings: Settings, sink: ListenSink, options?: BindOptions): Listening;
}

/** A transport whose links are streams of bytes. */
export interface StreamTransport extends LinkTransport {
  readonly shape: "bytes";
}

/** One socket's side of a bind or connect over a message transport. */
export interface Party {
  readonly type: SocketTypeName;
  /** As they were at the bind or connect. */
  readonly settings: Settings;
  /** Which directions keep only the newest message. */
  readonly conflates: { readonly sending: boolean; readonly receiving: boolean };
  /** The endpoint as the user wrote it. */
  readonly endpoint: string;
  /** Who holds this side's ends of the pipes. */
  readonly owner: PipeOwner;
  /** A pipe exists and can be written to, though nobody may have the other end yet. */
  onPipe(pipe: Pipe): void;
  /** Somebody has the other end; called once per pipe, after both sides had `onPipe`. */
  onJoined(pipe: Pipe): void;
  /** Fills in what the other side may know of this one. */
  introduce(peer: Peer): void;
  /** The other side of a joined pipe is gone without having closed it. The transport closes its end afterwards. */
  onLost(pipe: Pipe, error: ZmqError): void;
  /** The other end of the pipe is closed; these messages were not taken. */
  onUnsent(pipe: Pipe, messages: Frame[][], reason: ErrorReason): void;
  /** Keeps the thread alive until the result is called; nothing when the socket does not linger. */
  hold(): () => void;
  /** A name that was bound turned out to be another's; it is bound no more. */
  onBindError(error: ZmqError): void;
  /**
   * This side has closed its end, and messages wait to be handed over: its `linger` begins, and the socket is not at
   * its end before. Calls `giveUp` when the time is over, perhaps at once. The result is called when nothing waits any
   * more, with the number of messages that went and that were lost.
   */
  linger(giveUp: () => void): (flushed: number, dropped: number) => void;
}

/** A name that was taken. */
export interface Binding {
  /** Gives the name free; joined pipes stay. */
  close(): void;
  /** Resolves when it is certain that no other thread has the name, where that takes a while; rejects with EADDRINUSE. */
  readonly ready?: Promise<void>;
}

export interface MessageTransport {
  readonly scheme: string;
  readonly shape: "messages";
  check(address: string, use: "bind" | "connect", settings: Settings, options?: object): void;
  /** Takes a name: connections that wait for it are joined at once. Throws EADDRINUSE. */
  bind(address: string, party: Party): Binding;
  /** Whether somebody has the name now. */
  isBound(address: string): boolean;
  /** Joins at once or when the name is bound. The result is this party's end. */
  connect(address: string, party: Party): Pipe;
}

/** One end of a pipe, held by a network. */
export interface NetworkEnd extends PipeOwner {
  /** Takes messages as they are written; null: they wait to be read. */
  readonly taker: PipeTaker | null;
}

/** A use of a network without connections, made by one bind or connect. */
export interface Network {
  /** Messages taken from the pipes that the system does not have. */
  readonly pending: number;
  /** Nothing more will be written to the pipes; what waits in them still goes out until `close`. */
  finish(): void;
  /** Closes at once, as orderly as that goes; `done` is called when the address is free. The sink hears nothing more. */
  close(done: () => void): void;
}

/** What a network calls, and what it may use. */
export interface NetworkSink {
  readonly type: SocketTypeName;
  /** As they were at the bind or connect. */
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  /** A peer, or all of them as one: makes a pipe and gives the network's end of it. May be called at once. */
  join(peer: Peer, end: NetworkEnd): Pipe;
  /** Open; `endpoint` is complete (real address, real port). Not called at once. */
  onOpen(endpoint: string): void;
  /** Could not be opened, or broke; it is over. Not called at once. */
  onError(error: ZmqError): void;
  /** Something went out. */
  onProgress(): void;
  /** Counts messages or packets that were lost and tells the monitor. */
  drop(reason: ErrorReason, count: number, peer?: Peer): void;
  /** Whether `report` has a listener; asked before an event is made. */
  readonly observed: boolean;
  report(event: Event): void;
}

export interface DatagramTransport {
  readonly scheme: string;
  readonly shape: "datagrams";
  /** Throws EINVAL, ENODEV, or ENOCOMPATPROTO for a socket type that cannot be used so. */
  check(address: string, use: "bind" | "connect", settings: Settings, type: SocketTypeName): void;
  /** Never calls `onOpen` or `onError` at once. */
  open(address: string, use: "bind" | "connect", sink: NetworkSink): Network;
}

export type Transport = LinkTransport | MessageTransport | DatagramTransport;
