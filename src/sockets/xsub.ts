/**
 * XSUB (RFC 29): receives from publishers what it subscribed to; subscriptions are messages 01 topic and 00 topic that
 * the program sends.
 *
 * Counts its subscriptions: each 01 goes to the publishers, a 00 only when it ends the last one. After each handshake
 * all topics are sent again. Inside pipes a subscription is always a message; the session makes a command of it for SUB
 * and a 3.1 peer.
 */

import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Settings } from "../core/options.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { subscriptionFrame } from "../core/subscription.ts";
import { FairQueue } from "../patterns/fair-queue.ts";
import { Subscriptions } from "../patterns/subscriptions.ts";

const SELF = "self";

/** Also the base of SUB. */
export class XSubCore extends SocketCore {
  override readonly connectsOnce: boolean = false;
  override readonly resendsSubscriptions = true;
  readonly topics: Subscriptions<typeof SELF>;
  #queue = new FairQueue();
  #ready = new Set<Pipe>();

  constructor(context: ContextCore, type: "XSUB" | "SUB" = "XSUB") {
    super(type, context);
    this.topics = new Subscriptions(context.random);
    this.settings.linger = 0; // As libzmq has it: nobody waits for subscriptions.
  }

  override trySend(frames: Frame[]): boolean {
    const others: Frame[] = [];
    const data = this.settings.onlyFirstSubscribe && !(frames[0][0] <= 1);
    for (const frame of data ? [] : frames) {
      if (frame.length > 0 && frame[0] <= 1) this.setSubscription(frame.subarray(1), frame[0] === 1);
      else others.push(frame);
    }
    if (data) this.#sendToAll(frames);
    else if (others.length > 0) this.#sendToAll(others);
    return true;
  }

  override tryReceive(): Frame[] | undefined {
    return this.#queue.receive();
  }

  /** Counts, and tells the publishers what they have to know. A cancel without a subscription does nothing. */
  setSubscription(topic: Frame, subscribe: boolean): void {
    if (subscribe) this.topics.add(topic, SELF);
    else {
      const held = this.topics.find(topic);
      const left = held === undefined ? 1 : this.topics.remove(held, SELF);
      if (left > 0 && !this.settings.verboseUnsubscribe) return;
    }
    for (const pipe of this.#ready) pipe.writeAnyway([subscriptionFrame(subscribe, topic)]);
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#queue.hasMessage();
  }

  get writable(): boolean {
    return true;
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
    for (const topic of this.topics.all()) pipe.writeAnyway([subscriptionFrame(true, topic)]);
  }

  protected override peerLost(pipe: Pipe): void {
    this.#ready.delete(pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.#queue.activated(pipe);
  }

  /** A subscription must not take another's place. */
  override conflates({ conflate }: Settings): { sending: boolean; receiving: boolean } {
    return { sending: false, receiving: conflate };
  }

  // Subscriptions that were not sent are no loss: closing does not wait for them.
  override get lingers(): boolean {
    return false;
  }

  #sendToAll(frames: Frame[]): void {
    for (const pipe of this.pipes)
      if (!pipe.peer.takesAll && !pipe.write(frames.slice())) this.drop("high-water-mark", 1, pipe.peer);
  }
}

/**
 * A subscriber by messages: send `\x01topic` to subscribe and `\x00topic` to cancel; other messages go to the
 * publishers. Made for proxies.
 */
export class XSubscriber extends /* @__PURE__ */ socketClass("XSUB", XSubCore) {
  /** Distinct topics subscribed to (ZMQ_TOPICS_COUNT). */
  get topicsCount(): number {
    return (this._core as XSubCore).topics.topics;
  }
}
