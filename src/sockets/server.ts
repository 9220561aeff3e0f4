/**
 * SERVER (RFC 41): single frames, each with the number of the peer that it comes from or goes to.
 *
 * The routing id is ours alone, never on the wire: 32 bits, not 0, from a counter that begins at random. It ends with an accepted peer's connection, or with a dialled endpoint.
 */
import { readUint32 } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame, Message, RoutedMessage } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { FairQueue } from "../patterns/fair-queue.ts";

/** Also the base of PEER. A message to send is [number's frame, body]; one received is what the user gets. */
export class ServerCore extends SocketCore {
  protected readonly peers = new Map<number, Pipe>();
  protected readonly ids = new WeakMap<Pipe, number>();
  #queue = new FairQueue();
  #next: number;

  constructor(context: ContextCore, type: "SERVER" | "PEER" = "SERVER") {
    super(type, context);
    this.#next = context.random.next(0x100000000);
  }

  override trySend(frames: Frame[]): boolean {
    const routingId = readUint32(frames[0], 0);
    const pipe = this.peers.get(routingId);
    if (pipe === undefined || pipe.closed || pipe.other.closed) {
      throw new ZmqError("host-unreachable", `Host unreachable: no peer of this ${this.name} has the routing id ${routingId}`);
    }
    return pipe.write([frames[1]]);
  }

  override tryReceive(): RoutedMessage | undefined {
    for (;;) {
      const frames = this.#queue.receive();
      if (frames === undefined) return undefined;
      const { last } = this.#queue;
      const routingId = this.ids.get(last as Pipe);
      if (frames.length === 1 && routingId !== undefined) return [frames[0] as Message, { routingId }];
      this.discard(frames, "malformed-message");
    }
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#queue.hasMessage();
  }

  get writable(): boolean {
    for (const pipe of this.peers.values()) if (pipe.hasRoom()) return true;
    return false;
  }

  protected attach(pipe: Pipe): void {
    this.#next = (this.#next + 1) >>> 0 || 1;
    this.peers.set(this.#next, pipe);
    this.ids.set(pipe, this.#next);
    this.#queue.attach(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#queue.detach(pipe);
    this.peers.delete(this.ids.get(pipe) ?? 0);
  }

  protected retired(): void {}

  protected override readActivated(pipe: Pipe): void {
    this.#queue.activated(pipe);
  }
}

/**
 * A server for CLIENT peers: each message received comes with its sender's number, each message sent goes to a number.
 * `send` rejects with EHOSTUNREACH when the peer is gone, and waits while it is full.
 */
export class Server extends /* @__PURE__ */ socketClass("SERVER", ServerCore) {}
