/**
 * Routing: pipes by routing id (RFC 28, ROUTER). Ids are bytes; here a string of one character per byte is their key.
 *
 * Peers without an id get one: a zero octet and a counter of four octets that begins at random.
 * A pipe whose id another one took over can be kept as an heir: it may have the id back when that one is gone.
 */
import { allocate, toLatin1, writeUint32 } from "../base/bytes.ts";
import type { Random } from "../base/random.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";

interface Route {
  readonly id: Frame;
  readonly key: string;
}

export class RoutingTable {
  #pipes = new Map<string, Pipe>();
  #routes = new Map<Pipe, Route>();
  /** Those who lost their id to another pipe, the latest last. */
  #heirs = new Map<Pipe, Route>();
  #next: number;

  constructor(random: Random) {
    this.#next = random.next(0x100000000);
  }

  /** An id for a peer that has none. */
  generate(): Frame {
    const id = allocate(5);
    id[0] = 0;
    writeUint32(id, 1, this.#next);
    this.#next = (this.#next + 1) >>> 0;
    return id;
  }

  get size(): number {
    return this.#pipes.size;
  }

  find(id: Frame): Pipe | undefined {
    return this.#pipes.get(toLatin1(id));
  }

  /** The id of a pipe; undefined when it has none. */
  idOf(pipe: Pipe): Frame | undefined {
    return this.#routes.get(pipe)?.id;
  }

  /** Gives an id to a pipe; whoever had it loses it. */
  add(id: Frame, pipe: Pipe): void {
    this.remove(pipe);
    const key = toLatin1(id);
    const before = this.#pipes.get(key);
    if (before !== undefined) this.#routes.delete(before);
    this.#pipes.set(key, pipe);
    this.#routes.set(pipe, { id, key });
  }

  /** A pipe loses its id, but not its claim to it. */
  displace(pipe: Pipe): void {
    const route = this.#routes.get(pipe);
    if (route === undefined) return;
    this.remove(pipe);
    this.#heirs.set(pipe, route);
  }

  /** Who had an id last, of those that were displaced. */
  heirOf(id: Frame): Pipe | undefined {
    if (this.#heirs.size === 0) return undefined;
    const key = toLatin1(id);
    let last: Pipe | undefined;
    for (const [pipe, route] of this.#heirs) if (route.key === key) last = pipe;
    return last;
  }

  /** Ends a pipe's id and its claim to one; harmless for a pipe that has none. */
  remove(pipe: Pipe): void {
    this.#heirs.delete(pipe);
    const route = this.#routes.get(pipe);
    if (route === undefined) return;
    this.#routes.delete(pipe);
    this.#pipes.delete(route.key);
  }

  pipes(): Iterable<Pipe> {
    return this.#routes.keys();
  }
}
