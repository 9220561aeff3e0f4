/**
 * XPUB (RFC 29): sends each message to the peers that subscribed to a prefix of its first frame, and tells the program
 * of their subscriptions.
 *
 * A subscription is a frame 01 topic, its end 00 topic, wherever in a message it comes (as libzmq reads it); other
 * frames are the peer's own message. Each peer has a set of topics: subscribing twice and cancelling once leaves none.
 * A peer may hold so many subscriptions and no more. What the program has not read waits here, bounded for each peer;
 * one that reaches the bound is read from no more until the program reads (nothing is dropped).
 */
import { EMPTY } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import type { ContextCore } from "../core/context.ts";
import { type Frame, type MessageLike, toFrame } from "../core/message.ts";
import { optionBytes, type Settings } from "../core/options.ts";
import type { Pipe } from "../core/pipe.ts";
import { SharedRun } from "../core/shared-run.ts";
import { type SignalOption, socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { Distributor } from "../patterns/distributor.ts";
import { Subscriptions, type Topic } from "../patterns/subscriptions.ts";

/** What may wait of one peer for the program to read. */
const MAX_UNREAD = 100_000;
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

interface Holding {
  readonly topics: Set<Topic<Pipe>>;
  bytes: number;
  /** Reports that the program has not read, and their octets. */
  unread: number;
  unreadBytes: number;
}

interface Unread {
  readonly frames: Frame[];
  readonly pipe: Pipe;
}

/** Also the base of PUB. */
export class XPubCore extends SocketCore {
  override readonly connectsOnce: boolean = false;
  /** Whether the program reads subscriptions and messages of peers. */
  protected readonly reports: boolean = true;
  readonly #subscriptions: Subscriptions<Pipe>;
  #holdings = new Map<Pipe, Holding>();
  #count = 0;
  #distributor: Distributor;
  #unread = new Fifo<Unread>();
  #stalled = new Set<Pipe>();
  #source: Pipe | null = null;
  // With `manualLastValue`: who was just subscribed, and gets the next message alone.
  #lastSubscriber: Pipe | null = null;
  readonly #onFull = (pipe: Pipe): void => this.drop("high-water-mark", 1, pipe.peer);

  constructor(context: ContextCore, type: "XPUB" | "PUB" = "XPUB") {
    super(type, context);
    this.#subscriptions = new Subscriptions(context.random);
    this.#distributor = new Distributor(new SharedRun(context.slabs));
  }

  override trySend(frames: Frame[]): boolean {
    const distributor = this.#distributor;
    const only = this.#lastSubscriber;
    this.#lastSubscriber = null;
    if (only === null) this.#subscriptions.match(frames[0], distributor.mark);
    else this.#subscriptions.match(frames[0], (pipe) => pipe === only && distributor.mark(pipe));
    if (this.settings.invertMatching) distributor.invert();
    if (this.settings.noDrop && !distributor.allHaveRoom()) {
      distributor.clear();
      return false;
    }
    distributor.send(frames, this.#onFull);
    return true;
  }

  override tryReceive(): Frame[] | undefined {
    const next = this.#unread.shift();
    if (next === undefined) return undefined;
    this.#source = next.pipe;
    const holding = this.#holdings.get(next.pipe);
    if (holding !== undefined) {
      holding.unread--;
      holding.unreadBytes -= next.frames[0].length;
      if (this.#stalled.delete(next.pipe)) this.#readFrom(next.pipe);
    }
    return next.frames;
  }

  get source(): Pipe | null {
    return this.#source;
  }

  get readable(): boolean {
    return this.#unread.length > 0;
  }

  get writable(): boolean {
    return true;
  }

  /** A subscription must not take another's place. */
  override conflates({ conflate }: Settings): { sending: boolean; receiving: boolean } {
    return { sending: conflate, receiving: false };
  }

  /** Distinct topics. */
  get topicCount(): number {
    return this.#subscriptions.topics;
  }

  /** Subscriptions held by peers: to exactly this topic, or all of them. */
  subscriptionCount(topic: Frame | undefined): number {
    return topic === undefined ? this.#count : (this.#subscriptions.find(topic)?.holders?.size ?? 0);
  }

  /** In manual mode: changes what the peer of the last received message is subscribed to. */
  setSubscription(topic: Frame, subscribe: boolean): void {
    const pipe = this.#source;
    if (pipe === null || !this.#holdings.has(pipe)) return;
    if (subscribe) this.#add(pipe, topic);
    else this.#remove(pipe, topic);
    this.#lastSubscriber = subscribe && this.settings.manualLastValue ? pipe : null;
  }

  protected attach(pipe: Pipe): void {
    this.#distributor.attach(pipe);
    this.#holdings.set(pipe, { topics: new Set(), bytes: 0, unread: 0, unreadBytes: 0 });
    const { welcomeMessage } = this.settings;
    if (welcomeMessage !== null && !pipe.peer.takesAll) pipe.writeFirst([optionBytes(welcomeMessage)]);
    if (pipe.peer.takesAll) this.#add(pipe, EMPTY);
    this.#readFrom(pipe);
  }

  // A dialled peer that was lost had kept its subscriptions, so that messages wait for it. Now it will tell anew what it wants.
  protected override peerReady(pipe: Pipe, again: boolean): void {
    if (again) this.#removeAll(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#removeAll(pipe);
    this.#holdings.delete(pipe);
    this.#stalled.delete(pipe);
  }

  protected retired(pipe: Pipe): void {
    this.#distributor.detach(pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.#readFrom(pipe);
  }

  #readFrom(pipe: Pipe): void {
    for (;;) {
      if (this.#isFull(pipe)) {
        this.#stalled.add(pipe);
        return;
      }
      const frames = pipe.read();
      if (frames === undefined) return;
      this.#onPeerMessage(pipe, frames);
    }
  }

  #onPeerMessage(pipe: Pipe, frames: Frame[]): void {
    const data = this.settings.onlyFirstSubscribe && !isSubscription(frames[0]);
    const others = data ? frames : frames.filter((frame) => !isSubscription(frame));
    if (!data) for (const frame of frames) if (isSubscription(frame)) this.#onSubscription(pipe, frame);
    if (others.length > 0 && this.reports) this.#report(pipe, others);
  }

  #onSubscription(pipe: Pipe, frame: Frame): void {
    // The last message of a peer that is gone: there is nobody to subscribe any more.
    if (!this.#holdings.has(pipe)) return;
    const subscribe = frame[0] === 1;
    const { verbosity, manual } = this.settings;
    if (this.reports && (manual || this.settings.manualLastValue)) return this.#report(pipe, [frame]);
    const topic = frame.subarray(1);
    const changed = subscribe ? this.#add(pipe, topic) : this.#remove(pipe, topic);
    const every = verbosity === "allSubsUnsubs" || (subscribe && verbosity === "allSubs");
    if (this.reports && (changed || every)) this.#report(pipe, [frame]);
  }

  // Returns whether nobody had the topic before.
  #add(pipe: Pipe, topic: Frame): boolean {
    const holding = this.#holdings.get(pipe) as Holding;
    const before = this.#subscriptions.find(topic);
    if (before?.holders?.has(pipe)) return false;
    const { maxSubscriptions, maxSubscriptionSize } = this.settings;
    if (holding.topics.size >= maxSubscriptions || holding.bytes + topic.length > maxSubscriptionSize) {
      this.#refuse(pipe);
      return false;
    }
    holding.topics.add(this.#subscriptions.add(topic, pipe));
    holding.bytes += topic.length;
    this.#count++;
    this.changed();
    return before === undefined;
  }

  // Returns whether nobody has the topic now; a cancel of what the peer did not have counts as that, as libzmq reports it.
  #remove(pipe: Pipe, topic: Frame): boolean {
    const holding = this.#holdings.get(pipe) as Holding;
    const held = this.#subscriptions.find(topic);
    if (held === undefined || !holding.topics.delete(held)) return true;
    holding.bytes -= topic.length;
    this.#count--;
    this.#subscriptions.remove(held, pipe);
    this.changed();
    return held.holders === null;
  }

  #removeAll(pipe: Pipe): void {
    const holding = this.#holdings.get(pipe);
    if (holding === undefined || holding.topics.size === 0) return;
    for (const held of holding.topics) {
      const topic = this.#subscriptions.bytesOf(held);
      this.#count--;
      this.#subscriptions.remove(held, pipe);
      if (
        !this.reports ||
        this.closed ||
        pipe.peer.takesAll ||
        (held.holders !== null && this.settings.verbosity !== "allSubsUnsubs")
      )
        continue;
      const frame = toFrame(new Uint8Array(1 + topic.length));
      frame.set(topic, 1);
      this.#report(pipe, [frame]);
    }
    holding.topics.clear();
    holding.bytes = 0;
    this.changed();
    if (!this.closed) this.receiver.onMessages();
  }

  #report(pipe: Pipe, frames: Frame[]): void {
    this.#unread.push({ frames, pipe });
    const holding = this.#holdings.get(pipe);
    if (holding === undefined) return;
    holding.unread++;
    holding.unreadBytes += frames[0].length;
  }

  #isFull(pipe: Pipe): boolean {
    const { unread = 0, unreadBytes = 0 } = this.#holdings.get(pipe) ?? {};
    return unread >= MAX_UNREAD || unreadBytes >= MAX_UNREAD_BYTES;
  }

  #refuse(pipe: Pipe): void {
    const session = this.sessionOf(pipe);
    if (session === undefined) return;
    const { endpoint, address } = pipe.peer;
    const { maxSubscriptions, maxSubscriptionSize } = this.settings;
    const text = `${endpoint} (${address}): the peer holds more than ${maxSubscriptions} subscriptions or ${maxSubscriptionSize} bytes of topics`;
    this.endpoints.abort(session, new ZmqError("too-many-subscriptions", text, { address: endpoint }));
  }
}

/** Whether a frame from a subscriber subscribes (01) or cancels (00). */
function isSubscription(frame: Frame): boolean {
  return frame.length > 0 && frame[0] <= 1;
}

/** Resolves when peers hold `count` subscriptions, to exactly `topic` if given. */
export function whenSubscribed(
  core: XPubCore,
  topic: MessageLike | undefined,
  count: number,
  options: SignalOption,
): Promise<void> {
  const frame = topic === undefined ? undefined : toFrame(topic);
  return core.until(() => core.subscriptionCount(frame) >= count, options.signal);
}

/**
 * A publisher that sees its subscriptions: `receive` gives `[01 topic]` when a topic gets its first subscriber, `[00
 * topic]` when it loses its last (see `verbosity`), and messages that XSUB peers send. A message nobody subscribed to
 * is dropped; so is one for a peer that is full, unless `noDrop`.
 */
export class XPublisher extends /* @__PURE__ */ socketClass("XPUB", XPubCore) {
  /**
   * Resolves when `count` subscriptions are there (each peer's counts), to exactly `topic` if one is given. Rejects on
   * close and abort.
   */
  subscribed(topic?: MessageLike, count = 1, options: SignalOption = {}): Promise<void> {
    return whenSubscribed(this._core as XPubCore, topic, count, options);
  }

  /** Distinct topics that peers are subscribed to (ZMQ_TOPICS_COUNT). */
  get topicsCount(): number {
    return (this._core as XPubCore).topicCount;
  }

  /** In `manual` mode: subscribes the peer whose message was received last (ZMQ_SUBSCRIBE on XPUB). */
  subscribe(...topics: MessageLike[]): void {
    this.#set(topics, true);
  }

  /** In `manual` mode: unsubscribes the peer whose message was received last (ZMQ_UNSUBSCRIBE on XPUB). */
  unsubscribe(...topics: MessageLike[]): void {
    this.#set(topics, false);
  }

  #set(topics: MessageLike[], subscribe: boolean): void {
    const core = this._core as XPubCore;
    core.assertOpen();
    if (!core.settings.manual && !core.settings.manualLastValue)
      throw new ZmqError("invalid-argument", "An XPUB answers subscriptions itself; set `manual` to decide on them");
    for (const topic of topics) core.setSubscription(toFrame(topic), subscribe);
  }
}
