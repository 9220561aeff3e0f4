/**
 * `Observer`: a socket's events as the original tells them, by reading or by listeners.
 *
 * Owns the form of the events (no peer, the original's errors, none of the events that libzmq does not have) and the rule
 * of one reader. The first listener turns reading off for good; from then on events are read by the observer itself, which
 * keeps the process alive until the socket is closed, as a pending `receive` does.
 */
import { EventEmitter } from "node:events";
import type * as zmtp from "../node.ts";
import { checkCount, errnoError, isObject, nativeClass, translated } from "./errors.ts";
import { iterate } from "./iteration.ts";
import { ours } from "./ours.ts";
import type { Socket } from "./socket.ts";
import { stateOf } from "./state.ts";
import type { Event, EventOfType, EventSubscriber, EventType } from "./types.ts";

/** What handshakes were refused with, by status. */
const REFUSALS: Readonly<Record<number, string>> = {
  300: "Temporary error",
  400: "Authentication failure",
  500: "Internal error",
};

/** A view on the events of one socket. */
class Observer implements EventSubscriber {
  #inner: zmtp.Observer;
  #reading = false;
  #closed = false;
  #emitter: EventEmitter | null = null;

  /** Begins to observe; ENOTSOCK when the socket is closed. */
  constructor(...args: [socket: Socket]) {
    if (!isObject(args[0])) throw new TypeError("Socket must be a socket object");
    checkCount(args, 1);
    const state = stateOf(args[0]);
    state.assertSocket();
    this.#inner = new ours.Observer(state.inner);
  }

  /** Whether `end` was read, or `close` called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the observation; a `receive` that waits resolves undefined. */
  close(...args: []): void {
    checkCount(args, 0);
    this.#closed = true;
    this.#inner.close();
  }

  /** The next event. EBUSY while another call waits, EBADF when the observer is closed. */
  receive(...args: []): Promise<Event> {
    checkCount(args, 0);
    return this.#receive();
  }

  /** @internal What listeners hang on; made at first use, from when on events cannot be read. */
  get emitter(): EventEmitter {
    return this.#listen();
  }

  on<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber {
    return this.#listen().on(type, listener) as EventSubscriber;
  }

  off<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber {
    return this.#listen().off(type, listener) as EventSubscriber;
  }

  /** Ends with the `end` event. */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    return iterate.call(this) as AsyncIterator<Event, undefined>;
  }

  #listen(): EventEmitter {
    if (this.#emitter === null) {
      this.#emitter = new EventEmitter();
      Object.defineProperty(this, "receive", {
        get() {
          throw new Error(
            "Observer is in event emitter mode. After a call to events.on() it is not possible to read events with events.receive().",
          );
        },
      });
      void this.#run(this.#emitter);
    }
    return this.#emitter;
  }

  async #run(emitter: EventEmitter): Promise<void> {
    while (!this.closed) {
      const event = await this.#receive();
      if (event !== undefined) emitter.emit(event.type, event);
    }
  }

  #receive(): Promise<Event> {
    if (this.#closed) throw errnoError("EBADF");
    if (this.#reading)
      throw errnoError("EBUSY", "Observer is busy reading; only one receive operation may be in progress at any time");
    return this.#next();
  }

  async #next(): Promise<Event> {
    this.#reading = true;
    try {
      for (;;) {
        const event = await this.#inner.receive();
        if (event === undefined) return undefined as unknown as Event; // The original's type leaves this out as well.
        if (event.type === "end") this.#closed = true;
        const told = toldOf(event);
        if (told !== null) return told;
      }
    } finally {
      this.#reading = false;
    }
  }
}

/** The original's form of an event; null for one that it does not have. */
function toldOf(event: zmtp.Event): Event | null {
  switch (event.type) {
    case "drop":
    case "gap":
      return null;
    case "end":
    case "unknown":
      return { type: event.type };
    case "connect:retry":
      return { type: event.type, address: event.address, interval: event.interval };
    case "accept:error":
    case "bind:error":
    case "close:error":
    case "handshake:error:other":
      return { type: event.type, address: event.address, error: translated(event.error) as never };
    case "handshake:error:protocol":
      return { type: event.type, address: event.address, error: protocolError(event.error) as never };
    case "handshake:error:auth":
      return { type: event.type, address: event.address, error: refusal(event.error) as never };
    default:
      return { type: event.type, address: event.address };
  }
}

function protocolError(cause: zmtp.ZmqError): Error {
  const { code } = cause;
  const protocol = code.startsWith("ERR_ZAP_") ? "ZAP" : "ZMTP";
  const error = new Error(`${protocol} protocol error`, { cause });
  return Object.assign(error, { code: code.startsWith("ERR_") ? code : "ERR_ZMTP_UNSPECIFIED" });
}

function refusal(cause: zmtp.AuthError): Error {
  return Object.assign(new Error(REFUSALS[cause.status] ?? "Unknown error", { cause }), { status: cause.status });
}

const Guarded = nativeClass(Observer);
type Guarded = Observer;

export { Guarded as Observer };
