/**
 * A proxy: everything that comes in at one socket goes out at the other, both ways (zmq_proxy; npm `zeromq`'s `Proxy`).
 *
 * Owns the two pumps and the gate that pauses them. A batch goes on only while the other side has room, so
 * back-pressure passes through; ROUTER and DEALER keep their envelopes, XSUB and XPUB pass subscriptions on. Invariant:
 * when `run` settles, both sockets are closed.
 */
import { describe, ZmqError } from "../base/errors.ts";
import type { Readable } from "../core/readable.ts";
import { Socket } from "../core/socket.ts";
import type { Writable } from "../core/writable.ts";

/** What a pump moves before others get their turn. */
const BATCH = 64;

/** Connects two sockets for as long as `run` is pending. */
export class SocketProxy<Front extends Socket = Socket, Back extends Socket = Socket> {
  readonly frontEnd: Front;
  readonly backEnd: Back;
  #running: AbortController | null = null;
  #gate: Promise<void> | null = null;
  #open: () => void = () => undefined;

  /** Throws EINVAL unless both are sockets. */
  constructor(frontEnd: Front, backEnd: Back) {
    for (const [name, socket] of [
      ["Front-end", frontEnd],
      ["Back-end", backEnd],
    ] as const) {
      if (!(socket instanceof Socket))
        throw new ZmqError("invalid-argument", `${name} must be a socket object, got ${describe(socket)}`);
    }
    this.frontEnd = frontEnd;
    this.backEnd = backEnd;
  }

  /**
   * Forwards messages until `terminate`, or until one of the sockets is closed; then both are closed and the promise
   * resolves. Throws EINVAL at once when a socket is neither bound nor connected, EBUSY when the proxy runs already.
   */
  run(): Promise<void> {
    for (const [name, socket] of [
      ["Front-end", this.frontEnd],
      ["Back-end", this.backEnd],
    ] as const) {
      if (socket.closed || socket._core.endpoints.count === 0)
        throw new ZmqError("invalid-argument", `${name} socket must be bound or connected`);
    }
    if (this.#running !== null) throw new ZmqError("reader-busy", "The proxy is running already");
    this.#running = new AbortController();
    return this.#run(this.#running.signal);
  }

  /** Forwards nothing until `resume`; messages queue in the sockets. EBADF when the proxy is not running. */
  pause(): void {
    this.#assertRunning();
    this.#gate ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Ends a pause. EBADF when the proxy is not running. */
  resume(): void {
    this.#assertRunning();
    this.#gate = null;
    this.#open();
  }

  /** Ends the proxy: `run` resolves and both sockets are closed, what they have to send lingers. EBADF when it is not running. */
  terminate(): void {
    this.#assertRunning().abort();
    this.#open();
  }

  #assertRunning(): AbortController {
    if (this.#running === null) throw new ZmqError("socket-closed", "Socket is closed: the proxy is not running");
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await Promise.race([
        this.#pump(this.frontEnd, this.backEnd, signal),
        this.#pump(this.backEnd, this.frontEnd, signal),
        closing(this.frontEnd, signal),
        closing(this.backEnd, signal),
      ]);
    } catch (error) {
      // The end of a proxy, by terminate or by a closed socket, is no failure.
      if (!signal.aborted && !this.frontEnd.closed && !this.backEnd.closed) throw error;
    } finally {
      this.#running?.abort();
      this.#running = null;
      this.frontEnd.close();
      this.backEnd.close();
    }
  }

  async #pump(from: Socket, to: Socket, signal: AbortSignal): Promise<void> {
    if (!receives(from) || !sends(to)) return new Promise(() => undefined);
    for (;;) {
      // The first message of a batch may wait for room; the others are taken only while there is some.
      const message = await from.receive({ signal });
      while (this.#gate !== null && !signal.aborted) await this.#gate;
      await to.send(message, { signal });
      for (let count = 1; count < BATCH && to.writable && from.readable; count++) {
        const next = from.tryReceive();
        if (next === undefined) break;
        if (!to.trySend(next)) await to.send(next, { signal });
      }
    }
  }
}

// Rejects when the socket is closed: a pump that waits for room on one side does not see the other side close.
function closing(socket: Socket, signal: AbortSignal): Promise<void> {
  return socket._core.until(() => false, signal);
}

function receives(socket: Socket): socket is Socket & Readable {
  return "receive" in socket;
}

function sends(socket: Socket): socket is Socket & Writable {
  return "send" in socket;
}
