/**
 * SUB (RFC 29): XSUB with methods for subscriptions, and a filter of its own, so that a publisher that sends too much
 * is harmless.
 */
import type { ContextCore } from "../core/context.ts";
import { type Frame, type MessageLike, toFrame } from "../core/message.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { XSubCore } from "./xsub.ts";

class SubCore extends XSubCore {
  override readonly connectsOnce = true;

  constructor(context: ContextCore) {
    super(context, "SUB");
  }

  override trySend(frames: Frame[]): boolean {
    return SocketCore.prototype.trySend.call(this, frames);
  }

  override tryReceive(): Frame[] | undefined {
    for (;;) {
      const frames = super.tryReceive();
      if (frames === undefined || this.topics.matches(frames[0]) !== this.settings.invertMatching) return frames;
      this.discard(frames, "not-subscribed");
    }
  }

  override get writable(): boolean {
    return false;
  }
}

/**
 * A subscriber: receives the messages whose first frame begins with one of its topics. Without a subscription it
 * receives nothing.
 */
export class Subscriber extends /* @__PURE__ */ socketClass("SUB", SubCore) {
  /** Distinct topics subscribed to (ZMQ_TOPICS_COUNT). */
  get topicsCount(): number {
    return (this._core as SubCore).topics.topics;
  }

  /**
   * Subscribes to topics, at once and after each reconnection; none given: to everything. Counted: each needs its own
   * `unsubscribe` (ZMQ_SUBSCRIBE).
   */
  subscribe(...topics: MessageLike[]): void {
    this.#set(topics, true);
  }

  /** Takes subscriptions back; none given: the one to everything. One that was not made does nothing (ZMQ_UNSUBSCRIBE). */
  unsubscribe(...topics: MessageLike[]): void {
    this.#set(topics, false);
  }

  #set(topics: MessageLike[], subscribe: boolean): void {
    const core = this._core as SubCore;
    core.assertOpen();
    for (const topic of topics.length === 0 ? [""] : topics) core.setSubscription(toFrame(topic), subscribe);
  }
}
