/** DISH (RFC 48): receives the messages of the groups that it joined, and filters again by itself. */
import { toLatin1 } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame, GroupMessage, Message } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { subscriptionFrame } from "../core/subscription.ts";
import { toGroup } from "../core/writable-to.ts";
import { FairQueue } from "../patterns/fair-queue.ts";

class DishCore extends SocketCore {
  override readonly resendsSubscriptions = true;
  #queue = new FairQueue();
  #groups = new Map<string, Frame>();
  #ready = new Set<Pipe>();

  constructor(context: ContextCore) {
    super("DISH", context);
    this.settings.linger = 0; // As libzmq has it: nobody waits for memberships.
  }

  override tryReceive(): GroupMessage | undefined {
    for (;;) {
      const frames = this.#queue.receive();
      if (frames === undefined) return undefined;
      const [group, body] = frames;
      if (frames.length === 2 && this.#groups.has(toLatin1(group))) return [body as Message, { group: group as Message }];
      this.discard(frames, "not-subscribed");
    }
  }

  /** A message is a group of up to 255 octets and a body; a peer that sends another loses its connection, as with libzmq. */
  override acceptsMessage(frames: Frame[]): boolean {
    return frames.length === 2 && frames[0].length <= 255;
  }

  setGroup(group: Frame, join: boolean): void {
    const key = toLatin1(group);
    if (this.#groups.has(key) === join) {
      throw new ZmqError(
        "invalid-argument",
        `Invalid argument: this DISH has ${join ? "joined" : "not joined"} the group ${JSON.stringify(key)}`,
      );
    }
    if (join) this.#groups.set(key, group.slice());
    else this.#groups.delete(key);
    for (const pipe of this.#ready) pipe.writeAnyway([subscriptionFrame(join, group)]);
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#queue.hasMessage();
  }

  get writable(): boolean {
    return false;
  }

  protected attach(pipe: Pipe): void {
    this.#queue.attach(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#queue.detach(pipe);
  }

  protected retired(pipe: Pipe): void {
    this.#ready.delete(pipe);
  }

  protected override peerReady(pipe: Pipe): void {
    // A network sends everything: there is nobody to tell.
    if (pipe.peer.takesAll) return;
    this.#ready.add(pipe);
    for (const group of this.#groups.values()) pipe.writeAnyway([subscriptionFrame(true, group)]);
  }

  protected override peerLost(pipe: Pipe): void {
    this.#ready.delete(pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.#queue.activated(pipe);
  }

  override get lingers(): boolean {
    return false;
  }
}

/** A subscriber to groups: receives `[frame, { group }]` of the groups that it joined. Names are compared exactly. */
export class Dish extends /* @__PURE__ */ socketClass("DISH", DishCore) {
  /** Joins groups, at once and after each reconnection. Throws EINVAL for a group of over 255 octets or one that was joined (ZMQ join). */
  join(...groups: (string | Uint8Array)[]): void {
    this.#set(groups, true);
  }

  /** Leaves groups. Throws EINVAL for one that was not joined (ZMQ leave). */
  leave(...groups: (string | Uint8Array)[]): void {
    this.#set(groups, false);
  }

  #set(groups: (string | Uint8Array)[], join: boolean): void {
    const core = this._core as DishCore;
    core.assertOpen();
    for (const group of groups) core.setGroup(toGroup(group), join);
  }
}
