/**
 * REQ (RFC 28): asks one peer and waits for its answer.
 *
 *     request on the wire:  [ id(4), if `correlate` ]  ""  body…        reply: the same envelope, then its body
 *
 * State: nothing asked, or waiting for the reply of one pipe. When that pipe ends, a valid reply from any other is
 * taken, as libzmq does. Before a new request whatever came late is thrown away: a late reply must never be taken for
 * the answer to the next question.
 */
import { allocate, EMPTY, equalBytes } from "../base/bytes.ts";
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import { type Frame, keep, type Message, type MessageLike, toFrames } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { DealerCore } from "./dealer.ts";

class ReqCore extends DealerCore {
  /** Called when the connection that the last request went to is lost. */
  onReplyLost: (() => void) | null = null;
  #waiting = false;
  #replyPipe: Pipe | null = null;
  #askedAt = 0;
  #requestId = 0;
  #id: Frame = EMPTY;

  constructor(context: ContextCore) {
    super(context, "REQ");
    this.#requestId = context.random.next(0x100000000);
  }

  override canSend(): boolean {
    return !this.#waiting || this.settings.relaxed;
  }

  override canReceive(): boolean {
    return this.#waiting;
  }

  override stateError(operation: "send" | "receive"): ZmqError {
    if (operation === "receive")
      return new ZmqError(
        "wrong-state",
        "Operation cannot be accomplished in current state: REQ has asked nothing; send a request first",
      );
    const { clock } = this.context;
    const whom = this.#replyPipe?.peer.endpoint ?? "a peer that is gone";
    const seconds = ((clock.now() - this.#askedAt) / 1000).toFixed(1);
    return new ZmqError(
      "wrong-state",
      `Operation cannot be accomplished in current state: REQ is waiting for a reply from ${whom} (asked ${seconds} s ago); receive it first, or set \`relaxed\``,
    );
  }

  override trySend(frames: Frame[]): boolean {
    if (!this.canSend()) throw this.stateError("send");
    const { correlate } = this.settings;
    const id = correlate ? this.#nextId() : EMPTY;
    if (!super.trySend(correlate ? [id, EMPTY, ...frames] : [EMPTY, ...frames])) return false;
    this.#waiting = true;
    this.#id = id;
    this.#askedAt = this.context.clock.now();
    this.#replyPipe = this.balancer.last;
    this.#forgetLateReplies();
    return true;
  }

  override tryReceive(): Frame[] | undefined {
    if (!this.#waiting) throw this.stateError("receive");
    for (;;) {
      const frames = super.tryReceive();
      if (frames === undefined) return undefined;
      const { last } = this.queue;
      if (this.#replyPipe !== null && last !== this.#replyPipe) this.discard(frames, "stale-reply");
      else if (!this.#opensEnvelope(frames)) this.discard(frames, "invalid-envelope");
      else {
        this.#waiting = false;
        this.#replyPipe = null;
        this.sender.wake();
        return frames;
      }
    }
  }

  override get readable(): boolean {
    return this.#waiting && super.readable;
  }

  override get writable(): boolean {
    return this.canSend() && super.writable;
  }

  /** libzmq's guard below the socket: empty or 4 octets, then more; a peer that breaks it loses its connection. */
  override acceptsMessage(frames: Frame[]): boolean {
    if (frames.length < 2) return false;
    if (frames[0].length === 4) return frames.length > 2 && frames[1].length === 0;
    return frames[0].length === 0;
  }

  protected override retired(pipe: Pipe): void {
    super.retired(pipe);
    if (pipe !== this.#replyPipe) return;
    this.#replyPipe = null;
    this.onReplyLost?.();
  }

  protected override peerLost(pipe: Pipe): void {
    if (pipe === this.#replyPipe) this.onReplyLost?.();
  }

  /** A request that was not sent goes to another peer, who will then be the one to answer. */
  override onUnsent(pipe: Pipe, messages: Frame[][], reason: ErrorReason): number {
    let lost = 0;
    for (const frames of messages) {
      if (!this.closed && this.balancer.send(frames)) this.#replyPipe = this.balancer.last;
      else lost++;
    }
    if (lost > 0) this.drop(reason, lost, pipe.peer);
    return lost;
  }

  // Removes the envelope if it is that of the request.
  #opensEnvelope(frames: Frame[]): boolean {
    const delimiter = this.#id.length > 0 ? 1 : 0;
    if (frames.length < delimiter + 2 || frames[delimiter].length > 0) return false;
    if (delimiter === 1) {
      if (!equalBytes(frames[0], this.#id)) return false;
      frames.shift();
    }
    frames.shift();
    return true;
  }

  #nextId(): Frame {
    this.#requestId = (this.#requestId + 1) >>> 0;
    const id = allocate(4);
    new DataView(id.buffer, id.byteOffset, 4).setUint32(0, this.#requestId, true);
    return id;
  }

  #forgetLateReplies(): void {
    for (let late = this.queue.receive(); late !== undefined; late = this.queue.receive()) this.discard(late, "stale-reply");
  }
}

/** How long a request may take, and how often it is tried. */
export interface RequestOptions {
  /** Milliseconds for each try: sending it and waiting for its reply. -1, the default: no limit. */
  readonly timeout?: number;
  /** How often the request is sent again when its time is up or its peer is lost; 0 by default. The peer may then do its work twice. */
  readonly retries?: number;
  /** Aborting rejects with `signal.reason`; the socket can be used again at once. */
  readonly signal?: AbortSignal;
}

/** A client: `send` a request, `receive` its reply, in turn. Requests go to REP or ROUTER peers in turn. */
export class Request extends /* @__PURE__ */ socketClass("REQ", ReqCore) {
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Sends a request and resolves with the reply to it, never with a late one to another. Overlapping calls wait for their turn. The first call turns on `relaxed` and
   * `correlate`, so that a request which was given up leaves the socket usable.
   *
   * @returns Rejects with EAGAIN when the time of the last try is up, ECONNRESET when the peer of the last try is lost, `signal.reason` on abort, EAGAIN on close.
   *   Throws EBADF on a closed socket and EINVAL for what cannot be a message, at once.
   */
  request(message: MessageLike | readonly MessageLike[], options: RequestOptions = {}): Promise<Message[]> {
    this._core.assertOpen();
    const frames = keep(toFrames(message));
    const result = this.#turn.then(() => this.#request(frames, options));
    this.#turn = result.catch(() => undefined); // The caller hears of it; the next in line only waits.
    return result;
  }

  async #request(frames: Frame[], { timeout = -1, retries = 0, signal }: RequestOptions): Promise<Message[]> {
    this.relaxed = true;
    this.correlate = true;
    for (let left = retries; ; left--) {
      try {
        return await this.#attempt(frames.slice(), timeout, signal);
      } catch (error) {
        const again = error instanceof ZmqError && (error.reason === "timed-out" || error.reason === "connection-lost");
        if (!again || left <= 0 || this.closed) throw error;
      }
    }
  }

  async #attempt(frames: Frame[], timeout: number, signal: AbortSignal | undefined): Promise<Message[]> {
    const core = this._core as ReqCore;
    const { clock } = core.context;
    const until = clock.now() + timeout;
    const given = signal === undefined ? [] : [signal];
    const lost = new AbortController();
    const both = AbortSignal.any([...given, lost.signal]);
    try {
      await this.send(frames as Message[], { timeout, signal: both });
      core.onReplyLost = () =>
        lost.abort(new ZmqError("connection-lost", "The connection that the request went to was lost before its reply came"));
      const rest = timeout < 0 ? -1 : Math.max(1, until - clock.now());
      return await this.receive({ timeout: rest, signal: both });
    } finally {
      core.onReplyLost = null;
    }
  }
}
