/**
 * A proxy: everything that comes in at one socket goes out at the other, both ways (zmq_proxy, zmq_proxy_steerable; npm
 * `zeromq`'s `Proxy`).
 *
 * Owns the two pumps, their counters, the gate that pauses them, and the control socket's words. Every message is also
 * sent to `capture`. A pump waits for a message, then moves what else is there without waiting, as long as the other side has
 * room, so back-pressure passes through; ROUTER and DEALER keep their envelopes, XSUB and XPUB pass subscriptions on. Receivers of a multicast group send none and get
 * everything: for them the proxy subscribes itself (decision 0032).
 * Invariant: when `run` settles, both sockets are closed.
 */
import { describe, ZmqError } from "../base/errors.ts";
import { byteLength, type Message } from "../core/message.ts";
import type { Readable } from "../core/readable.ts";
import { Socket } from "../core/socket.ts";
import type { Writable } from "../core/writable.ts";
import { XSubscriber } from "../sockets/xsub.ts";

/** A subscription to all topics. */
const EVERYTHING = Uint8Array.of(1);
/** What a pump moves before others get their turn. */
const BATCH = 256;

/** The sockets beside the two ends. */
export interface ProxyOptions {
  /** Gets a copy of every message, both ways: a PUB, DEALER, PUSH or PAIR. It is not closed with the proxy. */
  readonly capture?: Socket & Writable;
  /**
   * Steers the proxy by the words PAUSE, RESUME, TERMINATE and STATISTICS: a PAIR, PULL, SUB or REP. STATISTICS is
   * answered with eight unsigned 64-bit numbers of this machine's byte order (front-end messages in, bytes in, messages
   * out, bytes out, then the back-end's); a REP answers the other words with an empty frame. The proxy ends when the
   * control socket is closed; it does not close it.
   */
  readonly control?: Socket & Readable;
}

/** What went through one end. */
export interface ProxyCounters {
  messagesReceived: number;
  bytesReceived: number;
  messagesSent: number;
  bytesSent: number;
}

/** Connects two sockets for as long as `run` is pending. */
export class SocketProxy<Front extends Socket = Socket, Back extends Socket = Socket> {
  readonly frontEnd: Front;
  readonly backEnd: Back;
  readonly #options: ProxyOptions;
  readonly #front = noCounters();
  readonly #back = noCounters();
  #running: AbortController | null = null;
  #gate: Promise<void> | null = null;
  #open: () => void = () => undefined;

  /** Throws EINVAL unless both are sockets. */
  constructor(frontEnd: Front, backEnd: Back, options: ProxyOptions = {}) {
    for (const [name, socket] of [
      ["Front-end", frontEnd],
      ["Back-end", backEnd],
    ] as const) {
      if (!(socket instanceof Socket))
        throw new ZmqError("invalid-argument", `${name} must be a socket object, got ${describe(socket)}`);
    }
    this.frontEnd = frontEnd;
    this.backEnd = backEnd;
    this.#options = options;
  }

  /** What went through both ends until now. */
  statistics(): { readonly frontEnd: Readonly<ProxyCounters>; readonly backEnd: Readonly<ProxyCounters> } {
    return { frontEnd: { ...this.#front }, backEnd: { ...this.#back } };
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
    subscribeForGroups(this.frontEnd, this.backEnd);
    subscribeForGroups(this.backEnd, this.frontEnd);
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
        this.#pump(this.frontEnd, this.#front, this.backEnd, this.#back, signal),
        this.#pump(this.backEnd, this.#back, this.frontEnd, this.#front, signal),
        this.#obey(signal),
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

  async #pump(from: Socket, received: ProxyCounters, to: Socket, sent: ProxyCounters, signal: AbortSignal): Promise<void> {
    if (!receives(from) || !sends(to)) return new Promise(() => undefined);
    for (;;) {
      // What waits ends with its socket, which is closed when the proxy ends: no signal, whose listeners cost more than a message.
      let message: Message[] | undefined = await from.receive();
      while (this.#gate !== null && !signal.aborted) await this.#gate;
      // The first message of a batch may wait for room; the others are taken only while there is some.
      for (let count = 1; message !== undefined; count++) {
        const bytes = byteLength(message);
        received.messagesReceived++;
        received.bytesReceived += bytes;
        const waits = this.#forward(message, to, signal);
        if (waits !== null) await waits;
        sent.messagesSent++;
        sent.bytesSent += bytes;
        from.release(message);
        if (count === BATCH || this.#gate !== null || !to.writable || !from.readable) break;
        message = from.tryReceive();
      }
    }
  }

  // Null when there was room for it everywhere.
  #forward(message: Message[], to: Writable, signal: AbortSignal): Promise<void> | null {
    const { capture } = this.#options;
    if (capture !== undefined && !capture.trySend(message)) {
      return capture.send(message, { signal }).then(() => to.send(message));
    }
    return to.trySend(message) ? null : to.send(message);
  }

  // The control socket's words, until the proxy ends. A word that is none is dropped, with an event of that socket.
  async #obey(signal: AbortSignal): Promise<void> {
    const { control } = this.#options;
    if (control === undefined) return new Promise(() => undefined);
    while (!control.closed) {
      const word = String((await control.receive({ signal }))[0]);
      if (sends(control) && (word === "STATISTICS" || control._core.type === "REP")) {
        await control.send(word === "STATISTICS" ? this.#report() : "", { signal });
      }
      if (word === "PAUSE") this.pause();
      else if (word === "RESUME") this.resume();
      else if (word === "TERMINATE") return;
      else if (word !== "STATISTICS") control._core.drop("malformed-message", 1, control._core.sourcePeer());
    }
  }

  #report(): Uint8Array[] {
    const { frontEnd, backEnd } = this.statistics();
    return [frontEnd, backEnd].flatMap((end) =>
      [end.messagesReceived, end.bytesReceived, end.messagesSent, end.bytesSent].map(
        (count) => new Uint8Array(BigUint64Array.of(BigInt(count)).buffer),
      ),
    );
  }
}

function noCounters(): ProxyCounters {
  return { messagesReceived: 0, bytesReceived: 0, messagesSent: 0, bytesSent: 0 };
}

/** Runs a proxy between two sockets until it is terminated or one of them is closed (zmq_proxy, zmq_proxy_steerable). */
export function proxy(frontEnd: Socket, backEnd: Socket, options: ProxyOptions = {}): Promise<void> {
  return new SocketProxy(frontEnd, backEnd, options).run();
}

// Rejects when the socket is closed: a pump that waits for room on one side does not see the other side close.
function closing(socket: Socket, signal: AbortSignal): Promise<void> {
  return socket._core.until(() => false, signal);
}

/** What sends to a multicast group takes everything and is told of no subscription, so nobody else would ask for it. */
function subscribeForGroups(from: Socket, to: Socket): void {
  if (from instanceof XSubscriber && [...to._core.pipes].some(({ peer }) => peer.takesAll)) from.trySend(EVERYTHING);
}

function receives(socket: Socket): socket is Socket & Readable {
  return "receive" in socket;
}

function sends(socket: Socket): socket is Socket & Writable {
  return "send" in socket;
}
