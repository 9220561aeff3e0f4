/** PUB (RFC 29): XPUB without its receiving side; what peers send beside subscriptions is ignored. */
import type { ContextCore } from "../core/context.ts";
import type { MessageLike } from "../core/message.ts";
import { type SignalOption, socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { whenSubscribed, XPubCore } from "./xpub.ts";

class PubCore extends XPubCore {
  override readonly connectsOnce = true;
  protected override readonly reports = false;

  constructor(context: ContextCore) {
    super(context, "PUB");
  }

  override tryReceive(): undefined {
    SocketCore.prototype.tryReceive.call(this);
  }
}

/**
 * A publisher: each message goes to the peers that subscribed to a prefix of its first frame. Never waits: a message
 * nobody subscribed to is dropped, and so is one for a peer whose queue is full (with a `drop` event), unless `noDrop`
 * is set.
 */
export class Publisher extends /* @__PURE__ */ socketClass("PUB", PubCore) {
  /** Distinct topics that peers are subscribed to (ZMQ_TOPICS_COUNT). */
  get topicsCount(): number {
    return (this._core as PubCore).topicCount;
  }

  /**
   * Resolves when `count` subscriptions are there (each peer's counts), to exactly `topic` if one is given. Rejects on
   * close and abort.
   */
  subscribed(topic?: MessageLike, count = 1, options: SignalOption = {}): Promise<void> {
    return whenSubscribed(this._core as PubCore, topic, count, options);
  }
}
