/**
 * Sockets as version 5 of npm `zeromq` had them, for programs that use `zeromq/v5-compat`: an event emitter with callbacks,
 * an endless queue of sends, and messages that come by themselves.
 *
 * Stands on the drop-in's sockets only. Owns the order of sends, pausing, and the names of the monitor's events.
 */
import { EventEmitter } from "node:events";
import type { Observer } from "../observer.ts";
import type { Socket as BaseSocket } from "../socket.ts";
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Stream,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "../sockets.ts";
import type { Event, MessageLike } from "../types.ts";
import { ZMQ_SNDMORE } from "./constants.ts";
import { getOption, type OptionId, setOption, shortOptions } from "./options.ts";

const CLASSES = {
  pair: Pair,
  req: Request,
  rep: Reply,
  pub: Publisher,
  sub: Subscriber,
  dealer: Dealer,
  xreq: Dealer,
  router: Router,
  xrep: Router,
  pull: Pull,
  push: Push,
  xpub: XPublisher,
  xsub: XSubscriber,
  stream: Stream,
} as const;

/** The old names of the socket types. */
export type SocketType = keyof typeof CLASSES;
export type Callback = (error?: Error) => void;

/** The old names of the monitor's events, where they differ. */
const EVENT_NAMES: Partial<Record<Event["type"], string>> = {
  connect: "connect",
  "connect:delay": "connect_delay",
  "connect:retry": "connect_retry",
  bind: "listen",
  "bind:error": "bind_error",
  accept: "accept",
  "accept:error": "accept_error",
  close: "close",
  "close:error": "close_error",
  disconnect: "disconnect",
};

interface Duplex {
  send?(message: readonly MessageLike[]): Promise<void>;
  receive?(): Promise<Buffer[]>;
}
type Sent = readonly [message: MessageLike[], callback: Callback | undefined];

/** A socket; a message comes as the event `message`, each frame an argument. */
export class Socket extends EventEmitter {
  // The short options, defined below.
  [option: string]: unknown;
  readonly type: SocketType;
  readonly #socket: BaseSocket;
  /** Frames of a message that is not complete. */
  #frames: MessageLike[] = [];
  readonly #queue: Sent[] = [];
  #sending = false;
  #paused = false;
  /** Ends the pause of what waits for it. */
  #resumed: () => void = () => undefined;
  #resume: Promise<void> = Promise.resolve();

  constructor(type: SocketType) {
    super();
    if (!Object.hasOwn(CLASSES, type)) throw new Error(`Invalid socket type: ${type}`);
    this.type = type;
    this.#socket = new CLASSES[type]();
    if ((this.#socket as Duplex).receive !== undefined) void this.#receiveAll();
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#socket.closed;
  }

  /** Listens; then comes the event `bind` and `callback`, or the error to the callback, or the event `error`. */
  bind(address: string, callback?: Callback): this {
    this.#settle(this.#socket.bind(address), "bind", address, callback);
    return this;
  }

  /** Stops listening; then comes the event `unbind` and `callback`. */
  unbind(address: string, callback?: Callback): this {
    this.#settle(this.#socket.unbind(address), "unbind", address, callback);
    return this;
  }

  bindSync(address: string): void {
    this.#socket.bindSync(address);
  }

  unbindSync(address: string): void {
    this.#socket.unbindSync(address);
  }

  connect(address: string): this {
    this.#socket.connect(address);
    return this;
  }

  disconnect(address: string): this {
    this.#socket.disconnect(address);
    return this;
  }

  /**
   * Queues a message, without limit. With the flag ZMQ_SNDMORE its frames wait for those of the next call. `callback` is
   * called when the message was sent or could not be; without one an error is the event `error`.
   */
  send(message: MessageLike | MessageLike[], flags?: number | null, callback?: Callback): this {
    this.#frames = this.#frames.concat(message);
    if (((flags ?? 0) & ZMQ_SNDMORE) !== 0) return this;
    this.#queue.push([this.#frames, callback]);
    this.#frames = [];
    void this.#sendAll();
    return this;
  }

  /** Gone since version 6; throws. */
  read(): void {
    throw new Error("read() has been removed from compatibility mode; use on('message', ...) instead.");
  }

  /** Holds back what comes and what is sent, until `resume`. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#resume = new Promise((resolve) => {
      this.#resumed = resolve;
    });
  }

  resume(): void {
    this.#paused = false;
    this.#resumed();
    void this.#sendAll();
  }

  close(): this {
    this.#socket.close();
    this.#resumed();
    return this;
  }

  /** From now on the socket's events come as events here: `listen`, `connect`, `connect_delay`, `accept`, … */
  monitor(interval?: number, count?: number): this {
    if (interval || count) {
      process.emitWarning("Arguments to monitor() are ignored in compatibility mode; all events are read automatically");
    }
    void this.#watch(this.#socket.events);
    return this;
  }

  unmonitor(): this {
    this.#socket.events.close();
    return this;
  }

  subscribe(filter: string): this {
    subscriberOf(this.#socket).subscribe(filter);
    return this;
  }

  unsubscribe(filter: string): this {
    subscriberOf(this.#socket).unsubscribe(filter);
    return this;
  }

  setsockopt(option: OptionId, value: unknown): this {
    setOption(this.#socket, option, value);
    return this;
  }

  getsockopt(option: OptionId): string | number | boolean | null {
    return getOption(this.#socket, option) as string | number | boolean | null;
  }

  #settle(work: Promise<void>, event: string, address: string, callback: Callback | undefined): void {
    work.then(
      () =>
        process.nextTick(() => {
          this.emit(event, address);
          callback?.();
        }),
      (error: Error) => process.nextTick(() => (callback === undefined ? this.emit("error", error) : callback(error))),
    );
  }

  async #sendAll(): Promise<void> {
    const { send } = this.#socket as Duplex;
    if (this.#sending) return;
    this.#sending = true;
    while (!this.closed && !this.#paused) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      const [message, callback] = next;
      try {
        if (send === undefined) throw new Error("Cannot send on this socket type.");
        await unblocked(() => send.call(this.#socket, message));
        callback?.();
      } catch (error) {
        if (callback === undefined) this.emit("error", error);
        else callback(error as Error);
      }
    }
    this.#sending = false;
  }

  async #receiveAll(): Promise<void> {
    const receive = (): Promise<Buffer[]> => (this.#socket as unknown as Required<Duplex>).receive();
    while (!this.closed) {
      try {
        const message = await unblocked(receive);
        if (this.#paused) await this.#resume;
        process.nextTick(() => this.emit("message", ...message));
      } catch (error) {
        if (!this.closed) process.nextTick(() => this.emit("error", error));
      }
    }
  }

  async #watch(events: Observer): Promise<void> {
    while (!events.closed) {
      const event = await events.receive();
      const name = EVENT_NAMES[event?.type];
      if (name === undefined) continue;
      const { address, interval, error } = event as { address?: string; interval?: number; error?: Error & { errno?: number } };
      this.emit(name, error === undefined ? interval : error.errno, address, error);
    }
  }
}

// A bind or unbind in progress refuses all other calls: they wait for its end.
async function unblocked<Value>(call: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EBUSY") throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function subscriberOf(socket: BaseSocket): Subscriber {
  if (socket instanceof Subscriber) return socket;
  throw new Error("Subscriber socket required");
}

for (const name of Object.keys(shortOptions) as (keyof typeof shortOptions)[]) {
  Object.defineProperty(Socket.prototype, name, {
    get(this: Socket) {
      return this.getsockopt(name);
    },
    set(this: Socket, value: unknown) {
      this.setsockopt(name, typeof value === "string" ? Buffer.from(value) : value);
    },
  });
}

/** A new socket, with properties such as `identity` or `linger` set. */
export function createSocket(type: SocketType, options: Readonly<Record<string, unknown>> = {}): Socket {
  return Object.assign(new Socket(type), options);
}
