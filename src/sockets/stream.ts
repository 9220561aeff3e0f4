/**
 * STREAM: plain TCP connections as a socket; each message is `[id, data]`.
 *
 * The bytes of a connection come in pieces as the network gives them. With `notify` (the default) an empty data frame announces that a peer came, and a second one
 * that it went; an empty data frame that is sent ends the connection when what waits for it is out. Ids are ours: a zero octet and four of a counter, or what
 * `connect` was given. Source: zmq_socket(3), ZMQ_STREAM.
 */
import { EMPTY } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import { connectNamed, type NamedConnectOptions } from "../core/connect-routing-id.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Settings } from "../core/options.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import type { ConnectOptions } from "../core/transport.ts";
import { FairQueue } from "../patterns/fair-queue.ts";
import { RoutingTable } from "../patterns/routing-table.ts";

class StreamCore extends SocketCore {
  override readonly addresses = true;
  /** The id of the next pipe that `connect` makes. */
  nextId: Frame | null = null;
  #queue = new FairQueue();
  #routes: RoutingTable;
  #gone = new WeakSet<Pipe>();

  constructor(context: ContextCore) {
    super("STREAM", context);
    this.#routes = new RoutingTable(context.random);
  }

  override trySend(frames: Frame[]): boolean {
    if (frames.length !== 2)
      throw new ZmqError("invalid-argument", `A STREAM message is [id, data], got ${frames.length} frames`);
    const pipe = this.#routes.find(frames[0]);
    if (pipe === undefined || pipe.closed || pipe.other.closed) {
      throw new ZmqError("host-unreachable", "Host unreachable: no connection of this STREAM has that id");
    }
    if (frames[1].length > 0) return pipe.write([frames[1]]);
    const session = this.sessionOf(pipe);
    if (session !== undefined) this.endpoints.release(session);
    return true;
  }

  override tryReceive(): Frame[] | undefined {
    const frames = this.#queue.receive();
    frames?.unshift((this.#queue.last as Pipe).peer.routingId);
    return frames;
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#queue.hasMessage();
  }

  get writable(): boolean {
    for (const pipe of this.#routes.pipes()) if (pipe.hasRoom()) return true;
    return false;
  }

  isTaken(id: Frame): boolean {
    return this.#routes.find(id) !== undefined;
  }

  protected attach(pipe: Pipe): void {
    const id = this.nextId ?? this.#routes.generate();
    this.nextId = null;
    pipe.peer.routingId = id;
    this.#routes.add(id, pipe);
    this.#queue.attach(pipe);
  }

  protected override peerReady(pipe: Pipe): void {
    pipe.peer.routingId = this.#routes.idOf(pipe) ?? EMPTY;
    this.#announce(pipe);
  }

  protected override peerLost(pipe: Pipe): void {
    this.#announce(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#routes.remove(pipe);
    this.#queue.detach(pipe);
  }

  protected retired(pipe: Pipe): void {
    if (this.#gone.has(pipe)) return;
    this.#gone.add(pipe);
    this.#announce(pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.#queue.activated(pipe);
  }

  override speaksRaw(): boolean {
    return true;
  }

  /** Bytes are not messages: the newest would be a piece of something. */
  override conflates(_settings: Settings): { sending: boolean; receiving: boolean } {
    return { sending: false, receiving: false };
  }

  #announce(pipe: Pipe): void {
    if (this.settings.notify && !this.closed && !pipe.closed && pipe.inSlot !== -1) pipe.notice([EMPTY]);
  }
}

/** Talks to peers that are no ZeroMQ sockets: `receive` gives `[id, data]`, `send` takes it. */
export class Stream extends /* @__PURE__ */ socketClass("STREAM", StreamCore) {
  /**
   * As `Socket.connect`; `options.routingId` names the connection. Throws EINVAL when the id is taken or not 1 to 255
   * bytes.
   */
  override connect(endpoint: string, { routingId, ...options }: NamedConnectOptions & ConnectOptions = {}): void {
    this._core.assertOpen();
    connectNamed(this._core as StreamCore, routingId, () => super.connect(endpoint, options));
  }
}
