/** Everything a socket reported, kept, and waits for what it will. */
import { type Event, type EventOfType, type EventType, Observer, type Socket } from "../../src/node.ts";

/** A wait that takes longer has failed: less than a test has, so that the failure names the event. */
const PATIENCE_MS = 8000;

const TYPES: readonly EventType[] = [
  "accept",
  "accept:error",
  "bind",
  "bind:error",
  "connect",
  "connect:delay",
  "connect:retry",
  "close",
  "close:error",
  "disconnect",
  "handshake",
  "handshake:error:protocol",
  "handshake:error:auth",
  "handshake:error:other",
  "drop",
  "gap",
  "end",
  "unknown",
];

export class Events {
  readonly all: Event[] = [];
  #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    const observer = new Observer(socket);
    for (const type of TYPES) {
      observer.on(type, (event) => {
        this.all.push(...single(event as Event));
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
      });
    }
  }

  /** The types so far, in order. */
  get types(): EventType[] {
    return this.all.map((event) => event.type);
  }

  of<E extends EventType>(type: E): EventOfType<E>[] {
    return this.all.filter((event): event is EventOfType<E> => event.type === type);
  }

  /** The `count`th event of a type, past or to come. */
  next<E extends EventType>(type: E, count = 1): Promise<EventOfType<E>> {
    return this.#until(type, () => this.of(type)[count - 1]);
  }

  /** The first event of a type, past or to come, that passes the test. */
  first<E extends EventType>(type: E, test: (event: EventOfType<E>) => boolean = () => true): Promise<EventOfType<E>> {
    return this.#until(type, () => this.of(type).find(test));
  }

  async #until<T>(type: EventType, look: () => T | undefined): Promise<T> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await this.#more(until, type);
    }
  }

  #more(until: number, type: EventType): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited in vain for the event ${type}; there were: ${this.types.join(", ")}`)),
        Math.max(0, until - performance.now()),
      );
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** A burst of drops comes as one event with a count; here each lost message has one of its own, whatever the burst. */
function single(event: Event): Event[] {
  return event.type === "drop" ? Array.from({ length: event.count }, () => ({ ...event, count: 1 })) : [event];
}
