/**
 * Web streams over sockets: one chunk is one message, back-pressure both ways, nothing read ahead that a cancelled
 * stream would lose.
 */
import { ZmqError } from "../base/errors.ts";
import type { MessageLike } from "./message.ts";
import type { Readable } from "./readable.ts";
import type { Writable } from "./writable.ts";

export function readableStream<M>(socket: Readable<M>): ReadableStream<M> {
  const cancelled = new AbortController();
  return new ReadableStream<M>(
    {
      async pull(controller) {
        try {
          controller.enqueue(await socket.receive({ signal: cancelled.signal }));
        } catch (error) {
          const closed = socket._core.closed && error instanceof ZmqError;
          if (closed) controller.close();
          else if (!cancelled.signal.aborted) controller.error(error);
        }
      },
      cancel(reason) {
        cancelled.abort(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

export function writableStream(socket: Writable): WritableStream<MessageLike | readonly MessageLike[]> {
  return new WritableStream<MessageLike | readonly MessageLike[]>({
    // The controller's signal is aborted at once; the sink's own `abort` would wait for the write it should end.
    write: (message, controller) => socket.send(message, { signal: (controller as unknown as { signal: AbortSignal }).signal }),
  });
}
