/**
 * The sending side of a socket: promises over `trySend`.
 *
 * Owns: the order of overlapping sends, timeouts, and the budget of sends completed per event-loop turn. Does not own:
 * where messages go (the socket type).
 * Invariant: a send never overtakes an earlier one that waits.
 */
import { ZmqError } from "../base/errors.ts";
import { MAX_SEALED_BODY_BYTES } from "../zmtp/mechanism.ts";
import { type Frame, keep } from "./message.ts";
import type { SocketCore } from "./socket-core.ts";
import { OPERATIONS_PER_TURN } from "./turn.ts";
import { WaitQueue } from "./wait-queue.ts";

/** How long a `send` or `receive` may take. */
export interface OperationOptions {
  /** Aborting rejects with `signal.reason`; a message not yet queued is not sent. */
  readonly signal?: AbortSignal;
  /** Milliseconds: -1 without limit, 0 not waiting at all. Default: the socket's `sendTimeout` or `receiveTimeout`. */
  readonly timeout?: number;
}

/** How a message is sent. */
export interface SendOptions extends OperationOptions {
  /**
   * Takes the bytes away: the ArrayBuffer of each frame is detached at once and stays so, whatever comes of the call. Text and
   * numbers are not concerned; memory that the runtime cannot detach, as WebAssembly's, is copied or refused. Throws EINVAL, and takes nothing, for a frame that is not all of its ArrayBuffer, is shared or was detached before. Default:
   * false.
   */
  readonly transfer?: boolean;
}

const NOTHING: OperationOptions = {};
const DONE = Promise.resolve();

export class Sender {
  #core: SocketCore;
  #waiting: WaitQueue<Frame[], void>;
  #turn = -1;
  #count = 0;
  #waking = false;

  constructor(core: SocketCore) {
    this.#core = core;
    this.#waiting = new WaitQueue(core.context.clock, core.context.hold);
  }

  /** Sends that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends at once or returns false; false as well while earlier sends wait. */
  trySend(frames: Frame[]): boolean {
    this.#core.assertOpen();
    const fault = this.#faultOf(frames);
    if (fault !== null) throw fault;
    return frames.length === 0 || (this.#waiting.length === 0 && this.#core.trySend(frames));
  }

  send(frames: Frame[], options: OperationOptions = NOTHING): Promise<void> {
    const core = this.#core;
    core.assertOpen();
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (frames.length === 0) return DONE;
    const fault = this.#faultOf(frames);
    if (fault !== null) return Promise.reject(fault);
    try {
      if (this.#waiting.length === 0 && this.#tryOrWait(frames)) return this.#done();
    } catch (error) {
      return Promise.reject(error);
    }
    const timeoutMs = options.timeout ?? core.settings.sendTimeout;
    if (timeoutMs === 0) return Promise.reject(this.#timeoutError(0));
    return this.#waiting.wait(keep(frames), {
      signal: options.signal,
      timeoutMs,
      timeoutError: () => this.#timeoutError(timeoutMs),
    });
  }

  /** As `send`, blocking this thread while there is no room. */
  sendSync(frames: Frame[], timeoutMs: number = this.#core.settings.sendTimeout): void {
    const core = this.#core;
    core.assertOpen();
    const until = timeoutMs < 0 ? Number.POSITIVE_INFINITY : core.context.clock.now() + timeoutMs;
    while (!this.trySend(frames)) {
      const left = until - core.context.clock.now();
      if (!(left > 0)) throw this.#timeoutError(timeoutMs);
      core.waitForThreads("sendSync", left);
    }
  }

  /** There may be room: waiting sends go on. */
  wake(): void {
    // Sending can make room and wake us again, in the middle of this loop, which goes on by itself.
    if (this.#waking) return;
    this.#waking = true;
    for (let waiter = this.#waiting.peek(); waiter !== undefined; waiter = this.#waiting.peek()) {
      try {
        if (!this.#tryOrWait(waiter.job)) break;
        this.#waiting.resolveFirst();
      } catch (error) {
        this.#waiting.rejectFirst(error);
      }
    }
    this.#waking = false;
  }

  /** The socket is closing. */
  close(error: () => Error): void {
    this.#waiting.rejectAll(error);
  }

  // What could never be sent must not wait, nor end a connection later.
  #faultOf(frames: readonly Frame[]): ZmqError | null {
    // Lengths first: nearly no message has such a frame, and they are at hand.
    for (let i = 0; i < frames.length; i++)
      if (frames[i].length > MAX_SEALED_BODY_BYTES) return this.#faultOfLarge(frames[i].length);
    return null;
  }

  #faultOfLarge(bytes: number): ZmqError | null {
    if (this.#core.settings.security.mechanism !== "CURVE") return null;
    const text = `A frame of ${bytes} bytes is too large for CURVE on ${this.#core.name}: ${MAX_SEALED_BODY_BYTES} is the most; send it in parts`;
    return new ZmqError("frame-too-large", text);
  }

  // In the wrong state a promise waits until the state allows it, as npm `zeromq` does; only the try form reports it.
  #tryOrWait(frames: Frame[]): boolean {
    return this.#core.canSend() && this.#core.trySend(frames);
  }

  #done(): Promise<void> {
    const { turn } = this.#core.context;
    const now = turn.current();
    if (now !== this.#turn) {
      this.#turn = now;
      this.#count = 0;
    }
    if (++this.#count < OPERATIONS_PER_TURN) return DONE;
    return turn.over(undefined);
  }

  #timeoutError(timeoutMs: number): Error {
    const core = this.#core;
    if (!core.canSend()) return core.stateError("send");
    const peers = core.pipes.size === 0 ? "there is no peer" : `no room with any of ${core.pipes.size} peers`;
    return new ZmqError(
      "timed-out",
      `Operation was not possible or timed out: send on ${core.name} after ${timeoutMs} ms, ${peers}`,
    );
  }
}
