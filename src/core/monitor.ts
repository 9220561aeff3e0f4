/**
 * Events of a socket: their vocabulary, the observers that users hold, and the monitor that sockets and sessions report to.
 *
 * Types and names are those of npm `zeromq` (libzmq's monitor events), with what libzmq cannot say added: the peer and
 * its real address, the reason of a disconnect, drops. Users' listeners run in a microtask of their own, never inside
 * the library's calls; a listener that throws does so to the process, as any callback of an event would, and disturbs
 * nothing here.
 * Invariant: without an observer an event costs one test of `active`; at most UNREAD_EVENTS wait for `receive`.
 */
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import type { Hold } from "./hold.ts";
import type { Peer } from "./peer.ts";

/** Fields that concern a connection. */
export interface EventAddress {
  /** The endpoint of ours: the bound one for accepted connections, otherwise the connected one. */
  readonly address: string;
}
export interface EventPeer extends EventAddress {
  /** The other side; its `address` is the real one. */
  readonly peer: Peer;
}
export interface EventError<E = ZmqError> {
  readonly error: E;
}
export interface EventInterval {
  /** Milliseconds until the next attempt. */
  readonly interval: number;
}
/** The peer's handshake was refused, by us or by it. */
export type AuthError = ZmqError & { readonly status: number };

/** Everything a socket can report; `type` tells which. */
export type Event =
  | ({ readonly type: "accept" } & EventPeer)
  | ({ readonly type: "accept:error" } & EventAddress & EventError)
  | ({ readonly type: "bind" } & EventAddress)
  | ({ readonly type: "bind:error" } & EventAddress & EventError)
  | ({ readonly type: "connect" } & EventPeer)
  | ({ readonly type: "connect:delay" } & EventAddress)
  | ({ readonly type: "connect:retry" } & EventAddress & EventInterval & EventError)
  | ({ readonly type: "close" } & EventAddress & Partial<EventError>)
  | ({ readonly type: "close:error" } & EventAddress & EventError)
  /** A connection ended: why, and whether the endpoint will be tried again. */
  | ({ readonly type: "disconnect"; readonly reason: ErrorReason; readonly retry: boolean } & EventPeer & EventError)
  | ({ readonly type: "handshake" } & EventPeer)
  | ({ readonly type: "handshake:error:protocol" } & EventPeer & EventError)
  | ({ readonly type: "handshake:error:auth" } & EventPeer & EventError<AuthError>)
  | ({ readonly type: "handshake:error:other" } & EventPeer & EventError)
  /** Messages were lost. `peer` is absent when there was none to lose them with. */
  | { readonly type: "drop"; readonly reason: ErrorReason; readonly count: number; readonly peer?: Peer }
  /**
   * Packets of a source (epgm) from `first` to `last` are lost for good, `count` of them, with the messages in them.
   * Reading goes on with the next message that begins in a packet.
   */
  | ({ readonly type: "gap"; readonly first: number; readonly last: number; readonly count: number } & EventPeer)
  | { readonly type: "end" }
  | { readonly type: "unknown" };

export type EventType = Event["type"];
export type EventOfType<E extends EventType = EventType> = Extract<Event, { readonly type: E }>;
export type EventListener<E extends EventType> = (event: EventOfType<E>) => void;

/** Events that wait to be read; older ones are given up and counted in `missed`. */
const UNREAD_EVENTS = 1000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Waiter {
  readonly resolve: (event: Event | undefined) => void;
}

/** A view on the events of one socket, by listeners or by reading. */
export class Observer {
  /** Events that were given up because nobody read them. */
  missed = 0;

  #hold: Hold;
  #unread = new Fifo<Event>();
  #waiters = new Fifo<Waiter>();
  #listeners: Map<EventType, Set<(event: Event) => void>> | null = null;
  #closed = false;
  // The newest unread event, if it is a drop: the next one like it only adds to its count, so a burst is one event.
  #drop: Mutable<EventOfType<"drop">> | null = null;

  /** Begins to observe `socket`; ends with the socket or with `close`. */
  constructor(socket: { readonly _monitor: Monitor }) {
    this.#hold = socket._monitor.hold;
    socket._monitor.add(this);
  }

  /** Whether there will be no more events. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the observation; the socket is not touched. A pending `receive` resolves undefined. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      this.#hold.release();
      waiter.resolve(undefined);
    }
  }

  /**
   * Calls `listener` for each event of a type from now on. After the first call events can no longer be read with `receive`.
   * Events that came before and were not read are delivered to it.
   */
  on<E extends EventType>(type: E, listener: EventListener<E>): this {
    this.#listeners ??= new Map();
    let listeners = this.#listeners.get(type);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(type, listeners);
    }
    listeners.add(listener as (event: Event) => void);
    if (this.#unread.length > 0) queueMicrotask(() => this.#deliver());
    return this;
  }

  off<E extends EventType>(type: E, listener: EventListener<E>): this {
    this.#listeners?.get(type)?.delete(listener as (event: Event) => void);
    return this;
  }

  /**
   * The next event; undefined when the observer is closed while waiting. The pending call keeps the process alive.
   * Throws EBUSY after `on`, and EBADF when the observer is closed and everything was read.
   */
  receive(): Promise<Event | undefined> {
    if (this.#listeners !== null) {
      throw new ZmqError(
        "emitter-mode",
        "Observer is in event emitter mode. After a call to events.on() it is not possible to read events with events.receive().",
      );
    }
    const event = this.#next();
    if (event !== undefined) return Promise.resolve(event);
    if (this.#closed)
      throw new ZmqError("socket-closed", "Socket is closed: the observer has ended and all its events were read");
    this.#hold.take();
    return new Promise((resolve) => this.#waiters.push({ resolve }));
  }

  /** Ends after the `end` event. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
    while (!this.#closed || this.#unread.length > 0) {
      const event = await this.receive();
      if (event === undefined) return;
      yield event;
    }
  }

  /** @internal */
  _push(event: Event): void {
    if (this.#closed) return;
    if (event.type === "drop" && this.#drop?.reason === event.reason && this.#drop.peer === event.peer) {
      this.#drop.count += event.count;
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#hold.release();
      waiter.resolve(event);
    } else {
      const kept = event.type === "drop" ? { ...event } : event;
      this.#drop = kept.type === "drop" ? kept : null;
      this.#unread.push(kept);
      if (this.#listeners !== null && this.#unread.length === 1) queueMicrotask(() => this.#deliver());
      else if (this.#unread.length > UNREAD_EVENTS) {
        this.#next();
        this.missed++;
      }
    }
    if (event.type === "end") this.close();
  }

  #next(): Event | undefined {
    const event = this.#unread.shift();
    if (event === this.#drop) this.#drop = null;
    return event;
  }

  #deliver(): void {
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      for (const listener of this.#listeners?.get(event.type) ?? []) {
        try {
          listener(event);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }
}

/** Where the inside of a socket reports its events. */
export class Monitor {
  /** Whether anybody observes; test it before making an event. */
  active = false;
  readonly hold: Hold;
  #observers: Observer[] = [];

  constructor(hold: Hold) {
    this.hold = hold;
  }

  add(observer: Observer): void {
    this.#observers.push(observer);
    this.active = true;
  }

  emit(event: Event): void {
    this.#observers = this.#observers.filter((observer) => !observer.closed);
    this.active = this.#observers.length > 0;
    for (const observer of this.#observers) observer._push(event);
  }
}
