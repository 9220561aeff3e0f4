/** The sending half of the public API, given to every socket type that sends. */
import { type Frame, type MessageLike, toFrames } from "./message.ts";
import type { SendOptions } from "./sender.ts";
import type { SocketCore } from "./socket-core.ts";
import { writableStream } from "./streams.ts";
import { takeFrames } from "./transfer.ts";

/** A socket that sends messages. */
export abstract class Writable {
  /** @internal */
  declare readonly _core: SocketCore;

  /**
   * Queues a message for sending; resolves when it is queued, not when it is delivered. While there is no room (no
   * peer, or the high-water mark) it waits; overlapping calls are served in order.
   *
   * @param message One frame or an array of frames: bytes, string (UTF-8), number (its text) or null (empty). Bytes are referenced until the network has
   *   them, except frames up to 128 bytes over tcp and ipc: do not change larger ones. An empty array sends nothing.
   * @param options `timeout` in ms (-1 for ever, 0 not waiting; default `sendTimeout`); `signal` gives up the wait; `transfer` takes the bytes away:
   *   what was sent can be neither changed nor read any more, as with `postMessage`. A frame that only says whom the message is for (ROUTER, STREAM, DGRAM) stays.
   * @returns Rejects with EAGAIN on timeout or close, EFSM on timeout in the wrong state, EMSGSIZE for a frame above 1 GiB on a CURVE socket, `signal.reason` on abort. Throws EBADF on a closed socket and
   *   EINVAL for what cannot be a message, at once.
   *
   * Cost: with room, one shared resolved promise; after 512 sends in one turn of the event loop one promise that waits
   * for the next turn.
   * Source: zmq_msg_send, ZMQ_SNDTIMEO.
   */
  send(message: MessageLike | readonly MessageLike[], options?: SendOptions): Promise<void> {
    const core = this._core;
    if (options?.transfer !== true) return core.sender.send(toFrames(message), options);
    core.assertOpen();
    return core.sender.send(takeFrames(message, core.addresses ? 1 : 0), options);
  }

  /**
   * Sends at once or not at all: true if the message was queued, false if there is no room now. Never waits. Returns
   * false too while earlier sends wait. Throws EBADF, EINVAL, EMSGSIZE for a frame above 1 GiB on a CURVE socket, and EFSM where REQ or REP may not send now. The fastest
   * way to send.
   */
  trySend(message: MessageLike | readonly MessageLike[]): boolean {
    const frames: Frame[] = toFrames(message);
    return this._core.sender.trySend(frames);
  }

  /**
   * As `send`, blocking this thread while there is no room, as libzmq's calls do: for worker threads whose peers are other
   * threads of the process (inproc in the default context). Returns when the message is queued.
   *
   * @param options `timeout` in ms (-1 for ever, 0 not waiting; default `sendTimeout`). Throws as `trySend`, EAGAIN on timeout, and ENOTSUP
   *   where threads cannot be waited for.
   */
  sendSync(message: MessageLike | readonly MessageLike[], options: { readonly timeout?: number } = {}): void {
    this._core.sender.sendSync(toFrames(message), options.timeout);
  }

  /**
   * A web stream that sends each chunk as one message, with back-pressure. Closing or aborting the stream leaves the
   * socket open.
   */
  toWritableStream(): WritableStream<MessageLike | readonly MessageLike[]> {
    return writableStream(this);
  }
}
