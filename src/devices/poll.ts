/**
 * Waiting for several sockets at once (zmq_poll): which of them can be read from or written to now.
 *
 * Owns the waiting. Readiness is the sockets' own `readable` and `writable`; it can be gone again when another call takes the message.
 */
import { ZmqError } from "../base/errors.ts";
import type { Socket } from "../core/socket.ts";

/** What to wait for on one socket; with neither, both. */
export interface PollItem<S extends Socket = Socket> {
  readonly socket: S;
  readonly readable?: boolean;
  readonly writable?: boolean;
}

/** A socket that is ready. */
export interface PollResult<S extends Socket = Socket> {
  readonly socket: S;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** How long to wait. */
export interface PollOptions {
  /** Milliseconds; -1, the default: no limit; 0: only look. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/**
 * Resolves with the sockets that are ready for what was asked, in the order they were given, as soon as there is one, but not before the end of this turn of the event loop; with none when the time is up. Rejects with
 * `signal.reason` on abort, EAGAIN when a socket is closed meanwhile, ETERM on shutdown. Rejects with EBADF for a closed socket and EINVAL for an empty list.
 */
export async function poll<S extends Socket>(items: readonly PollItem<S>[], options: PollOptions = {}): Promise<PollResult<S>[]> {
  if (items.length === 0) throw new ZmqError("invalid-argument", "poll() needs at least one socket");
  const { timeout = -1, signal } = options;
  for (const { socket } of items) socket._core.assertOpen();
  const ready = (): PollResult<S>[] => items.map(look).filter((result) => result.readable || result.writable);
  const { clock, turn } = items[0].socket._core.context;
  if (signal?.aborted) throw signal.reason;
  // A loop over poll() that leaves something unread would otherwise never let anything else happen.
  await turn.over(undefined);
  const now = ready();
  if (now.length > 0 || timeout === 0) return now;
  const over = new AbortController();
  const signals = signal === undefined ? [over.signal] : [over.signal, signal];
  const timer = timeout < 0 ? null : clock.after(timeout, () => over.abort(TIME_IS_UP));
  try {
    const either = AbortSignal.any(signals);
    await Promise.race(items.map((item) => item.socket._core.until(() => isReady(item), either)));
  } catch (error) {
    if (error !== TIME_IS_UP) throw error;
  } finally {
    timer?.cancel();
    over.abort(TIME_IS_UP);
  }
  return ready();
}

const TIME_IS_UP = Symbol("the time of a poll is up");

function look<S extends Socket>({ socket, readable, writable }: PollItem<S>): PollResult<S> {
  const both = readable === undefined && writable === undefined;
  return {
    socket,
    readable: (both || readable === true) && socket.readable,
    writable: (both || writable === true) && socket.writable,
  };
}

function isReady(item: PollItem): boolean {
  const { readable, writable } = look(item);
  return readable || writable;
}
