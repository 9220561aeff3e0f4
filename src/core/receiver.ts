/**
 * The receiving side of a socket: promises, batches, iterators and the drain, all over `tryReceive`.
 *
 * Owns: the order of overlapping receives, timeouts, and the budget of messages handed out per event-loop turn, after
 * which timers and I/O run.
 * Does not own: where messages come from (the socket type).
 * Invariant: calls are served in the order they were made; a drain is one long call, those behind it wait for its end;
 * `tryReceive` goes past the queue.
 */
import { ZmqError } from "../base/errors.ts";
import { HELPING_MESSAGES } from "./intake.ts";
import type { Message } from "./message.ts";
import type { Peer } from "./peer.ts";
import type { OperationOptions } from "./sender.ts";
import type { SocketCore } from "./socket-core.ts";
import { OPERATIONS_PER_TURN } from "./turn.ts";
import { type Waiter, WaitQueue } from "./wait-queue.ts";

/** A message and who sent it. */
export interface Received<M = Message[]> {
  readonly message: M;
  readonly peer: Peer;
}

/** Gets each message of a drain: its frames, and who sent it. */
export type MessageHandler<M = Message[]> = (message: M, peer: Peer) => void;

/** What `receiveMany` and `batches` hand out at most, unless told otherwise. */
export const DEFAULT_BATCH = 1000;

/**
 * A program's share of a turn, in messages; then nothing more is decoded for this socket. What is decoded already a drain
 * still takes, as far as it is one connection's helping.
 */
const SHARE = 1536;
const MOST_OF_A_DRAIN = SHARE + HELPING_MESSAGES;
/** What a promise counts as, beside the messages that it brings. */
const PROMISE_COST = SHARE / OPERATIONS_PER_TURN;
/** A drain whose handler takes its time is interrupted after this; the clock is looked at once per so many messages. */
const DRAIN_MS = 5;
const DRAIN_SLICE = 128;

const NOTHING: OperationOptions = {};

// What a waiting call wants: one message, one with its sender, up to n messages, or all of them in a handler.
type Job<M> =
  | { readonly kind: "one" | "from" }
  | { readonly kind: "many"; readonly limit: number }
  | { readonly kind: "drain"; readonly handler: MessageHandler<M> };
type Result<M> = M | Received<M> | M[] | undefined;
const ONE = { kind: "one" } as const;
const FROM = { kind: "from" } as const;

/** `M` is what the socket type gives as one message. */
export class Receiver<M = Message[]> {
  #core: SocketCore;
  #waiting: WaitQueue<Job<M>, Result<M>>;
  #turn = -1;
  #count = 0;
  // When this turn's drain is over, once it has handed out a slice.
  #until = Number.POSITIVE_INFINITY;
  #pumping = false;
  #waking = false;
  readonly #pump = (): void => {
    this.#pumping = false;
    this.wake();
  };

  constructor(core: SocketCore) {
    this.#core = core;
    this.#waiting = new WaitQueue(core.context.clock, core.context.hold);
  }

  onTurnEnd(): void {
    this.#pump();
  }

  /** Receives that wait for a message. */
  get waiting(): number {
    return this.#waiting.length;
  }

  tryReceive(): M | undefined {
    this.#core.assertOpen();
    return this.#next();
  }

  /** As `receive`, blocking this thread until a message is there. */
  receiveSync(timeoutMs: number = this.#core.settings.receiveTimeout): M {
    const core = this.#core;
    core.assertOpen();
    const until = timeoutMs < 0 ? Number.POSITIVE_INFINITY : core.context.clock.now() + timeoutMs;
    for (;;) {
      const message = core.tryReceive() as M | undefined;
      if (message !== undefined) return message;
      const left = until - core.context.clock.now();
      if (!(left > 0)) throw this.#timeoutError(timeoutMs);
      core.waitForThreads("receiveSync", left);
    }
  }

  receive(options: OperationOptions = NOTHING): Promise<M> {
    return this.#call(ONE, options) as Promise<M>;
  }

  receiveFrom(options: OperationOptions = NOTHING): Promise<Received<M>> {
    return this.#call(FROM, options) as Promise<Received<M>>;
  }

  receiveMany(limit = DEFAULT_BATCH, options: OperationOptions = NOTHING): Promise<M[]> {
    checkLimit(limit);
    return this.#call({ kind: "many", limit }, options) as Promise<M[]>;
  }

  /** An endless iterator over single messages, or over batches of up to `limit`. It ends when the socket is closed. */
  iterate(limit: number | undefined): AsyncIterableIterator<M | M[]> {
    if (limit !== undefined) checkLimit(limit);
    return new Iteration(this.#core, this, limit === undefined ? ONE : { kind: "many", limit });
  }

  /** One step of an iterator: one promise, whether or not the message is there. */
  step(job: Job<M>): Promise<IteratorResult<M | M[]>> {
    const value = this.#serveNow(job) as M | M[] | undefined;
    if (value !== undefined) return this.#hand({ value, done: false }, costOf(job, value));
    return this.#call(job, NOTHING).then((late) => ({ value: late as M | M[], done: false }));
  }

  takeMany(handler: MessageHandler<M>, limit: number): number {
    checkHandler(handler);
    checkLimit(limit);
    this.#core.assertOpen();
    return this.#take(handler, limit, null);
  }

  drain(handler: MessageHandler<M>, signal: AbortSignal | undefined): Promise<void> {
    checkHandler(handler);
    this.#core.assertOpen();
    const timeoutError = (): Error => new Error("a drain has no timeout");
    const done = this.#waiting.wait({ kind: "drain", handler }, { signal, timeoutMs: -1, timeoutError });
    this.#schedule();
    return done as Promise<undefined>;
  }

  /** Messages may be there: waiting calls are served. */
  wake(): void {
    // Receiving can bring more messages and wake us again, in the middle of this loop, which goes on by itself.
    if (this.#waking) return;
    this.#waking = true;
    try {
      this.#serveAll();
    } finally {
      this.#waking = false;
    }
  }

  #serveAll(): void {
    for (let waiter = this.#waiting.peek(); waiter !== undefined; waiter = this.#waiting.peek()) {
      const { job } = waiter;
      if (job.kind === "drain") {
        if (this.#pumping) return;
        this.#serveDrain(job.handler, waiter);
        if (!waiter.settled) return;
        continue; // The handler ended its drain; whoever comes next may already have a message.
      }
      const result = this.#core.canReceive() ? this.#serve(job) : undefined;
      if (result === undefined) return;
      this.#waiting.resolveFirst(result);
    }
  }

  /** Messages came in: a drain is served in a microtask, so that its handler never runs inside another call; others at once. */
  onMessages(): void {
    const kind = this.#waiting.peek()?.job.kind;
    if (kind === "drain") this.#schedule();
    else if (kind !== undefined) this.wake();
  }

  /** The socket is closing: drains end, other calls are rejected. */
  close(error: () => Error): void {
    for (let waiter = this.#waiting.peek(); waiter !== undefined; waiter = this.#waiting.peek()) {
      if (waiter.job.kind === "drain" && this.#core.closed) this.#waiting.resolveFirst(undefined);
      else this.#waiting.rejectFirst(error());
    }
  }

  #call(job: Job<M>, options: OperationOptions): Promise<Result<M>> {
    const core = this.#core;
    core.assertOpen();
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const result = this.#serveNow(job);
    if (result !== undefined) return this.#hand(result, costOf(job, result));
    const timeoutMs = options.timeout ?? core.settings.receiveTimeout;
    if (timeoutMs === 0) return Promise.reject(this.#timeoutError(0));
    return this.#waiting.wait(job, {
      signal: options.signal,
      timeoutMs,
      timeoutError: () => this.#timeoutError(timeoutMs),
    });
  }

  // Nothing while earlier calls wait, or in the wrong state.
  #serveNow(job: Job<M>): Result<M> {
    return this.#waiting.length === 0 && this.#core.canReceive() ? this.#serve(job) : undefined;
  }

  #serve(job: Job<M>): Result<M> {
    const message = this.#next();
    if (message === undefined || job.kind === "one") return message;
    if (job.kind === "from") return { message, peer: this.#core.sourcePeer() };
    const batch = [message];
    const limit = job.kind === "many" ? job.limit : 1;
    while (batch.length < limit) {
      const next = this.#next();
      if (next === undefined) break;
      batch.push(next);
    }
    return batch;
  }

  // The next message; of what waits in line, when nothing else is here.
  #next(): M | undefined {
    const core = this.#core;
    for (;;) {
      const message = core.tryReceive() as M | undefined;
      if (message !== undefined || !core.intake.next()) return message;
    }
  }

  // When the turn's share is used up, a result waits for the next macrotask.
  #hand<Value>(result: Value, cost: number): Promise<Value> {
    this.#newTurn();
    this.#count += cost;
    if (this.#count < SHARE) return Promise.resolve(result);
    this.#core.intake.close();
    return this.#core.context.turn.over(result);
  }

  // The handler can close the socket, end its drain, or leave a REP with a question to answer first.
  #take(handler: MessageHandler<M>, limit: number, drain: Waiter<Job<M>, Result<M>> | null): number {
    const core = this.#core;
    let count = 0;
    while (count < limit) {
      if (count > 0 && (core.closed || drain?.settled || !core.canReceive())) break;
      const message = this.#next();
      if (message === undefined) break;
      count++;
      handler(message, core.sourcePeer());
    }
    return count;
  }

  #serveDrain(handler: MessageHandler<M>, drain: Waiter<Job<M>, Result<M>>): void {
    if (!this.#core.canReceive()) return;
    this.#newTurn();
    try {
      if (this.#takeShare(handler, drain)) return;
    } catch (error) {
      if (drain.settled) throw error;
      this.#waiting.rejectFirst(error);
      this.#schedule();
      return;
    }
    this.#core.intake.close();
    if (this.#pumping) return; // Messages came meanwhile: it is scheduled already, and comes by here again.
    this.#pumping = true;
    this.#core.context.turn.atEnd(this);
  }

  // False when there may be more, for the next turn.
  #takeShare(handler: MessageHandler<M>, drain: Waiter<Job<M>, Result<M>>): boolean {
    const { intake, context } = this.#core;
    while (this.#count < MOST_OF_A_DRAIN) {
      const taken = this.#take(handler, DRAIN_SLICE, drain);
      this.#count += taken;
      if (taken < DRAIN_SLICE) return !intake.closed;
      const now = context.clock.now();
      if (now >= this.#until) return false;
      if (this.#until === Number.POSITIVE_INFINITY) this.#until = now + DRAIN_MS;
      if (this.#count >= SHARE) intake.close();
    }
    return false;
  }

  #newTurn(): void {
    const now = this.#core.context.turn.current();
    if (now === this.#turn) return;
    this.#turn = now;
    this.#count = 0;
    this.#until = Number.POSITIVE_INFINITY;
  }

  // A handler that threw after its own drain had ended reaches the process as an uncaught error of the microtask.
  #schedule(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(this.#pump);
  }

  #timeoutError(timeoutMs: number): Error {
    const core = this.#core;
    if (!core.canReceive()) return core.stateError("receive");
    return new ZmqError(
      "timed-out",
      `Operation was not possible or timed out: receive on ${core.name} after ${timeoutMs} ms without a message`,
    );
  }
}

// Written by hand: an async generator costs about twice as much per message.
class Iteration<M> implements AsyncIterableIterator<M | M[]> {
  #core: SocketCore;
  #receiver: Receiver<M>;
  #job: Job<M>;

  constructor(core: SocketCore, receiver: Receiver<M>, job: Job<M>) {
    this.#core = core;
    this.#receiver = receiver;
    this.#job = job;
  }

  next(): Promise<IteratorResult<M | M[]>> {
    if (this.#core.closed) return this.return();
    const step = this.#receiver.step(this.#job);
    return this.#receiver.waiting === 0 ? step : step.catch((error) => this.#end(error));
  }

  return(): Promise<IteratorResult<M | M[]>> {
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  // A socket that was closed meanwhile ends the iteration; every other error belongs to the loop.
  #end(error: unknown): IteratorResult<M | M[]> {
    if (this.#core.closed && error instanceof ZmqError && error.code === "EAGAIN") return { value: undefined, done: true };
    throw error;
  }
}

function costOf<M>(job: Job<M>, result: unknown): number {
  return job.kind === "many" ? (result as M[]).length : PROMISE_COST;
}

function checkLimit(limit: number): void {
  if (!(limit >= 1)) throw new ZmqError("invalid-argument", `The limit of messages must be at least 1, got ${String(limit)}`);
}

function checkHandler(handler: unknown): void {
  if (typeof handler !== "function")
    throw new ZmqError("invalid-argument", `The handler must be a function (message, peer) => void, got ${typeof handler}`);
}
