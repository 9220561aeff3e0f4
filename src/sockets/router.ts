/**
 * ROUTER (RFC 28): each message begins with the routing id of the peer that it goes to or comes from.
 *
 * A peer's id is the one it announced, or one we make; it is known when its handshake is complete. The first to have an
 * id keeps it (a newcomer is ignored, its connection stays open: closing it would make a libzmq peer reconnect for
 * ever) unless `handover` is set. Then the newcomer takes it over, and who had it is ignored for as long as the newcomer
 * stays: that may be a connection which died long ago and whose handshake came late. With `routerRaw` peers speak plain
 * TCP, and messages are those of STREAM.
 */
import { EMPTY } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import { connectNamed, type NamedConnectOptions, showId } from "../core/connect-routing-id.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Settings } from "../core/options.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import type { ConnectOptions } from "../core/transport.ts";
import { FairQueue } from "../patterns/fair-queue.ts";
import { RoutingTable } from "../patterns/routing-table.ts";

/** The bits of `routerNotify`. */
const NOTIFY_CONNECT = 1;
const NOTIFY_DISCONNECT = 2;

class RouterCore extends SocketCore {
  override readonly addresses = true;
  /** The id of the next pipe that `connect` makes. */
  nextId: Frame | null = null;
  #queue = new FairQueue();
  #routes: RoutingTable;

  constructor(context: ContextCore) {
    super("ROUTER", context);
    this.#routes = new RoutingTable(context.random);
  }

  override trySend(frames: Frame[]): boolean {
    // A routing id alone is no message; libzmq ignores it as well.
    if (frames.length < 2) {
      this.drop("unroutable", 1);
      return true;
    }
    const { mandatory } = this.settings;
    const pipe = this.#routes.find(frames[0]);
    if (pipe === undefined || pipe.closed || pipe.other.closed) {
      if (mandatory)
        throw new ZmqError(
          "host-unreachable",
          `Host unreachable: no peer of this ROUTER has the routing id ${showId(frames[0])}`,
        );
      this.drop("unroutable", 1);
      return true;
    }
    if (this.settings.routerRaw) return this.#sendRaw(pipe, frames);
    if (pipe.write(frames.slice(1))) return true;
    if (!mandatory) this.drop("high-water-mark", 1, pipe.peer);
    return !mandatory;
  }

  override tryReceive(): Frame[] | undefined {
    const frames = this.#queue.receive();
    if (frames === undefined) return undefined;
    frames.unshift((this.#queue.last as Pipe).peer.routingId);
    return frames;
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#queue.hasMessage();
  }

  get writable(): boolean {
    if (!this.settings.mandatory) return true;
    for (const pipe of this.#routes.pipes()) if (pipe.hasRoom()) return true;
    return false;
  }

  isTaken(id: Frame): boolean {
    return this.#routes.find(id) !== undefined;
  }

  protected attach(pipe: Pipe): void {
    this.probe(pipe);
    const id = this.nextId;
    this.nextId = null;
    if (id !== null) this.#admit(pipe, id);
  }

  protected override peerReady(pipe: Pipe): void {
    const known = this.#routes.idOf(pipe);
    if (known !== undefined) {
      pipe.peer.routingId = known;
      this.#notify(pipe, NOTIFY_CONNECT);
      return;
    }
    const { routingId } = pipe.peer;
    const id = routingId.length > 0 ? routingId : this.#routes.generate();
    const holder = this.#routes.find(id);
    // A connection that is over keeps what it brought, under its id, but not the id: the peer may be the same one, come back.
    if (holder !== undefined && !holder.other.closed) {
      if (!this.settings.handover) {
        pipe.peer.state = "ignored";
        return;
      }
      this.#dismiss(holder);
    }
    this.#admit(pipe, id);
    this.#notify(pipe, NOTIFY_CONNECT);
  }

  protected detach(pipe: Pipe): void {
    this.#routes.remove(pipe);
    this.#queue.detach(pipe);
  }

  protected override peerLost(pipe: Pipe): void {
    this.#notify(pipe, NOTIFY_DISCONNECT);
  }

  override onClosed(pipe: Pipe): void {
    this.#notify(pipe, NOTIFY_DISCONNECT);
    super.onClosed(pipe);
  }

  protected retired(pipe: Pipe): void {
    const id = this.#routes.idOf(pipe);
    // What an ignored peer has sent is read by nobody.
    if (pipe.inSlot === -1) pipe.discard();
    // The id stays until everything was read: messages that still wait are given out under it. Writing finds the pipe closed.
    if (pipe.waiting === 0) this.#routes.remove(pipe);
    if (id !== undefined && !this.closed) this.#restore(id);
  }

  protected override readActivated(pipe: Pipe): void {
    if (pipe.inSlot !== -1) this.#queue.activated(pipe);
  }

  override speaksRaw({ routerRaw }: Settings): boolean {
    return routerRaw;
  }

  // Bytes are never dropped for lack of room; no bytes end the connection when what waits for it is out.
  #sendRaw(pipe: Pipe, frames: Frame[]): boolean {
    if (frames.length !== 2)
      throw new ZmqError("invalid-argument", `A message of a ROUTER with routerRaw is [id, data], got ${frames.length} frames`);
    if (frames[1].length > 0) return pipe.write([frames[1]]);
    const session = this.sessionOf(pipe);
    if (session === undefined) return true;
    this.#notify(pipe, NOTIFY_DISCONNECT);
    this.endpoints.release(session);
    return true;
  }

  // Tells the program that a peer came or went, if it asked.
  #notify(pipe: Pipe, bit: number): void {
    const { routerRaw, routerNotify } = this.settings;
    if ((routerRaw || (routerNotify & bit) !== 0) && !this.closed && pipe.inSlot !== -1) pipe.notice([EMPTY]);
  }

  #admit(pipe: Pipe, id: Frame): void {
    pipe.peer.routingId = id;
    this.#routes.add(id, pipe);
    this.#queue.attach(pipe);
  }

  // Its id was taken over: nothing is read from it or sent to it for now.
  #dismiss(pipe: Pipe): void {
    pipe.peer.state = "ignored";
    this.#routes.displace(pipe);
    this.#queue.detach(pipe);
  }

  // Who took an id over is gone; who had it before and is still there has it again.
  #restore(id: Frame): void {
    const pipe = this.#routes.heirOf(id);
    if (pipe === undefined) return;
    pipe.peer.state = "ready";
    this.#admit(pipe, id);
    this.#notify(pipe, NOTIFY_CONNECT);
    if (pipe.waiting > 0) this.onReadable(pipe);
  }
}

/** A server for many: each message received begins with its sender's routing id, each message sent with its receiver's. */
export class Router extends /* @__PURE__ */ socketClass("ROUTER", RouterCore) {
  /**
   * As `Socket.connect`; `options.routingId` names the peer before it is connected. Throws EINVAL when the id is taken
   * or not 1 to 255 bytes.
   */
  override connect(endpoint: string, { routingId, ...options }: NamedConnectOptions & ConnectOptions = {}): void {
    this._core.assertOpen();
    connectNamed(this._core as RouterCore, routingId, () => super.connect(endpoint, options));
  }
}
