/**
 * inproc between the threads of a page that share no memory: who has which name, and connections through ports.
 *
 *     bind        a name is asked for at the centre (exchange.ts), which tells everybody who has it, or says no
 *     connect     to the thread that has the name: HELLO and a port; back through the port: HELLO, or no
 *
 * Everybody knows all names; a connection to a name that nobody has waits until it is told. Does not own: names and
 * connections inside one thread (inproc.ts), what a connection does (port-link.ts).
 * Invariant: only the centre decides who has a name, in the order in which it was asked.
 */
import { ZmqError } from "../base/errors.ts";
import type { Pipe } from "../core/pipe.ts";
import type { Binding, Party } from "../core/transport.ts";
import { type Exchange, type Port, shut } from "./exchange.ts";
import { type InprocNames, nameInUse } from "./inproc.ts";
import type { JoinedThreads } from "./late-threads.ts";
import { PortLink } from "./port-link.ts";
import { acceptedPipe, type Hello, helloOf, meet } from "./thread-hello.ts";
import type { WaitingConnection, WaitingHold } from "./waiting-connection.ts";

/** What threads tell each other. */
type Told =
  // To the centre.
  | { readonly kind: "enter" }
  | { readonly kind: "claim" | "release"; readonly name: string }
  // From the centre.
  | { readonly kind: "names"; readonly names: readonly (readonly [name: string, owner: number])[] }
  | { readonly kind: "bound"; readonly name: string; readonly owner: number }
  | { readonly kind: "unbound" | "denied"; readonly name: string }
  // To the thread that has a name.
  | { readonly kind: "offer"; readonly name: string; readonly hello: Hello; readonly port: Port };

const CENTRE = 0;
/** What an ended thread had posted may still be on its way when its end is known. */
const GRACE_MS = 100;

export class PortThreads implements JoinedThreads {
  readonly holdsWaiting: WaitingHold;
  readonly #exchange: Exchange;
  readonly #names: InprocNames;
  readonly #defer: (callback: () => void) => void;
  readonly #owners = new Map<string, number>();
  // Our claims that are not answered, oldest first, by name.
  readonly #asked = new Map<string, ((granted: boolean) => void)[]>();
  // Connections and offers, and who is at the other end.
  readonly #ties = new Map<{ orphan(): void }, number>();

  constructor(exchange: Exchange, names: InprocNames, defer: (callback: () => void) => void) {
    this.#exchange = exchange;
    this.#names = names;
    this.#defer = defer;
    this.holdsWaiting = exchange.id === CENTRE ? "never" : "closing";
    exchange.onTold = (from, told) => this.#onTold(from, told as Told);
    exchange.onGone = (id) => this.#onGone(id);
    if (exchange.id !== CENTRE) this.#tell(CENTRE, { kind: "enter" });
  }

  claim(name: string, party: Party): Binding {
    if (this.#exchange.id === CENTRE) {
      if (this.#owners.has(name)) throw this.#inUse(name, party);
      this.#setOwner(name, CENTRE);
      return { close: () => this.#release(name, CENTRE) };
    }
    this.#tell(CENTRE, { kind: "claim", name });
    let held = true;
    const ready = new Promise<void>((resolve, reject) => {
      const answer = (granted: boolean): void => {
        if (granted || !held) {
          resolve();
          return;
        }
        const error = this.#inUse(name, party);
        this.#names.bound.delete(name);
        party.onBindError(error);
        reject(error);
      };
      this.#asked.set(name, [...(this.#asked.get(name) ?? []), answer]);
    });
    const close = (): void => {
      held = false;
      this.#tell(CENTRE, { kind: "release", name });
    };
    return { close, ready };
  }

  has(name: string): boolean {
    const owner = this.#owners.get(name);
    return owner !== undefined && owner !== this.#exchange.id;
  }

  seek(name: string): void {
    const owner = this.#owners.get(name);
    if (owner === undefined || owner === this.#exchange.id) return;
    for (const waiting of this.#names.take(name)) this.#offer(name, waiting, owner);
  }

  wait(): void {
    throw new ZmqError(
      "not-offered",
      "Operation not supported: to block, threads need shared memory, which a page has only under cross-origin isolation (crossOriginIsolated)",
    );
  }

  watch(): void {
    // Ports wake by themselves.
  }

  // What is told ------------------------------------------------------------------------------------------------------

  #tell(to: number, told: Told, port?: Port): void {
    this.#exchange.tell(to, told, port);
  }

  #onTold(from: number, told: Told): void {
    switch (told.kind) {
      case "enter":
        this.#tell(from, { kind: "names", names: [...this.#owners] });
        return;
      case "claim":
        if (this.#owners.has(told.name)) this.#tell(from, { kind: "denied", name: told.name });
        else this.#setOwner(told.name, from);
        return;
      case "release":
        this.#release(told.name, from);
        return;
      case "names":
        for (const [name, owner] of told.names) this.#onBound(name, owner);
        return;
      case "bound":
        this.#onBound(told.name, told.owner);
        if (told.owner === this.#exchange.id) this.#answer(told.name, true);
        return;
      case "unbound":
        this.#owners.delete(told.name);
        return;
      case "denied":
        this.#answer(told.name, false);
        return;
      case "offer":
        this.#onOffer(told.name, told.hello, told.port, from);
    }
  }

  #onBound(name: string, owner: number): void {
    this.#owners.set(name, owner);
    this.seek(name);
  }

  #answer(name: string, granted: boolean): void {
    const [first, ...rest] = this.#asked.get(name) ?? [];
    if (rest.length > 0) this.#asked.set(name, rest);
    else this.#asked.delete(name);
    first?.(granted);
  }

  #onGone(id: number): void {
    for (const name of [...this.#owners.keys()]) this.#release(name, id);
    setTimeout(() => {
      for (const [tie, other] of [...this.#ties]) if (other === id) tie.orphan();
    }, GRACE_MS);
  }

  // At the centre -----------------------------------------------------------------------------------------------------

  #setOwner(name: string, owner: number): void {
    this.#exchange.tellAll({ kind: "bound", name, owner } satisfies Told);
    this.#onBound(name, owner);
  }

  #release(name: string, owner: number): void {
    if (this.#owners.get(name) !== owner) return;
    this.#owners.delete(name);
    if (this.#exchange.id === CENTRE) this.#exchange.tellAll({ kind: "unbound", name } satisfies Told);
  }

  #inUse(name: string, party: Party): ZmqError {
    return nameInUse(name, party.endpoint, "another thread of this page");
  }

  // Connecting --------------------------------------------------------------------------------------------------------

  #offer(name: string, waiting: WaitingConnection, owner: number): void {
    const { connector } = waiting;
    const { port1, port2 } = new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port };
    const tie = {
      orphan: (): void => {
        this.#ties.delete(tie);
        shut(port1);
        if (this.#names.putBack(waiting)) this.seek(name);
      },
    };
    this.#ties.set(tie, owner);
    port1.onmessage = ({ data }) => {
      if (data === null) {
        tie.orphan();
        return;
      }
      this.#ties.delete(tie);
      const lingered = waiting.leave();
      const { pipe } = waiting;
      this.#connect(connector, pipe.other, data as Hello, port1, owner, (link) => {
        waiting.tellMark(link);
        if (!pipe.closed) connector.onJoined(pipe);
      });
      lingered();
    };
    this.#tell(owner, { kind: "offer", name, hello: helloOf(connector), port: port2 }, port2);
  }

  #onOffer(name: string, hello: Hello, port: Port, from: number): void {
    const party = this.#names.bound.get(name);
    if (party === undefined) {
      port.postMessage(null);
      return;
    }
    port.postMessage(helloOf(party));
    const [end, own] = acceptedPipe(party);
    this.#connect(party, own, hello, port, from, () => {
      party.onPipe(end);
      party.onJoined(end);
    });
  }

  #connect(party: Party, own: Pipe, hello: Hello, port: Port, other: number, joined: (link: PortLink) => void): void {
    const link = new PortLink(
      { defer: this.#defer, remove: () => this.#ties.delete(link) },
      party,
      own,
      port,
      meet(party, own, hello).window,
    );
    this.#ties.set(link, other);
    joined(link);
    link.start();
  }
}
