/** The receiving half of the public API, given to every socket type that receives. */
import { giveBack } from "./loans.ts";
import type { Message } from "./message.ts";
import { DEFAULT_BATCH, type MessageHandler, type Received, type Receiver } from "./receiver.ts";
import type { OperationOptions } from "./sender.ts";
import { readableStream } from "./streams.ts";

/** What reading needs of a core. */
interface ReadableCore<M> {
  readonly closed: boolean;
  readonly receiver: Receiver<M>;
}

/**
 * A socket that receives messages. `M` is what one message is: an array of frames, or for types whose messages are
 * single frames the frame alone, with what belongs to it.
 */
export abstract class Readable<M = Message[]> {
  /** @internal */
  declare readonly _core: ReadableCore<M>;

  /**
   * The next message, as an array of its frames. Waits for one; overlapping calls are served in order. A waiting call
   * keeps the process alive.
   *
   * @param options `timeout` in ms (-1 for ever, 0 not waiting; default `receiveTimeout`); `signal` gives up the wait.
   * @returns Rejects with EAGAIN on timeout or close, EFSM on timeout in the wrong state, `signal.reason` on abort. Throws EBADF on a closed socket.
   *   The array is the caller's; frames above 64 bytes are views of a network chunk, which they keep in memory (see `copyReceived`).
   *
   * Cost: one promise per message; see `batches` and `drain` for less. Source: zmq_msg_recv, ZMQ_RCVTIMEO.
   */
  receive(options?: OperationOptions): Promise<M> {
    return this._core.receiver.receive(options);
  }

  /**
   * The next message if one is there. Never waits. Throws EBADF, and EFSM where REQ or REP may not receive now. Goes
   * before waiting `receive` calls.
   */
  tryReceive(): M | undefined {
    return this._core.receiver.tryReceive();
  }

  /**
   * As `receive`, blocking this thread as libzmq's calls do: for worker threads whose peers are other threads of the
   * process (inproc in the default context). While it blocks nothing else runs in this thread: no timer, no tcp or ipc.
   *
   * @param options `timeout` in ms (-1 for ever, 0 not waiting; default `receiveTimeout`).
   * @returns The message. Throws EAGAIN on timeout, EBADF on a closed socket, EFSM where REQ or REP may not receive now, ENOTSUP where
   *   threads cannot be waited for: in a context of one's own, on the main thread of a browser.
   *
   * On Node.js threads that connect meanwhile are accepted; elsewhere they join when the call has returned. Source: zmq_msg_recv.
   */
  receiveSync(options: { readonly timeout?: number } = {}): M {
    return this._core.receiver.receiveSync(options.timeout);
  }

  /**
   * Says that a received message is no longer looked at. Needed with `receiveViews`: frames that are views of shared memory then show other bytes, and the
   * sender has their room again. For all other frames, and a second time, it does nothing. A closed socket's messages can be released too.
   *
   * @param message What a receive gave, an array with some of its frames, or one of them; a part of a frame is none.
   *
   * Cost: one look-up per frame.
   */
  release(message: M | Message | readonly Message[]): void {
    giveBack(Array.isArray(message) ? message : [message]);
  }

  /** As `receive`, together with the peer that sent the message. */
  receiveFrom(options?: OperationOptions): Promise<Received<M>> {
    return this._core.receiver.receiveFrom(options);
  }

  /**
   * Waits for the first message, then takes what else is there, up to `limit` (1000 unless given). Options and errors
   * as `receive`.
   */
  receiveMany(limit?: number, options?: OperationOptions): Promise<M[]> {
    return this._core.receiver.receiveMany(limit, options);
  }

  /**
   * An endless iterator of `receiveMany`: the fastest way to read with `await`. Ends when the socket is closed; leaving
   * the loop leaves the socket open.
   */
  batches(limit: number = DEFAULT_BATCH): AsyncIterableIterator<M[]> {
    return this._core.receiver.iterate(limit) as AsyncIterableIterator<M[]>;
  }

  /**
   * Calls `handler(message, peer)` for each message as it comes, without a promise per message. Resolves when the
   * socket is closed; rejects with `signal.reason` on abort, or with what the handler threw. Other receives wait for
   * its end. The handler runs outside all other calls; its result is ignored.
   */
  drain(handler: MessageHandler<M>, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this._core.receiver.drain(handler, options.signal);
  }

  /**
   * Calls `handler` for up to `limit` messages that are there now and returns how many there were. Never waits; what
   * the handler throws is thrown.
   */
  takeMany(handler: MessageHandler<M>, limit: number): number {
    return this._core.receiver.takeMany(handler, limit);
  }

  /** A web stream of messages, with back-pressure; it ends with the socket. Cancelling it leaves the socket open. */
  toReadableStream(): ReadableStream<M> {
    return readableStream<M>(this);
  }

  /** `for await (const message of socket)`. Ends when the socket is closed; leaving the loop leaves the socket open. */
  [Symbol.asyncIterator](): AsyncIterableIterator<M> {
    return this._core.receiver.iterate(undefined) as AsyncIterableIterator<M>;
  }
}
