/**
 * The state of a socket as the original keeps it beside libzmq's: open, blocked by a bind, unbind or proxy, or closed; its
 * count of endpoints; and one pending send and receive at most.
 *
 * Owns the EBUSY rules. Does not own the socket itself (ours, `inner`).
 */
import { errnoError, notOurs, translated } from "./errors.ts";
import type { Inner } from "./numbered-options.ts";

export type Phase = "open" | "blocked" | "closed";

/** Options that act at once: setting them late needs no warning. */
const IMMEDIATE: readonly number[] = [6, 7, 17, 23, 24, 27, 28, 33, 40, 51, 52, 53, 56, 78];

const open = new Set<State>();

/** The states of all sockets that are not closed. */
export function openStates(): Iterable<State> {
  return open;
}

export class State {
  readonly inner: Inner;
  phase: Phase = "open";
  /** Endpoints as the original counts them: a bind adds one and an unbind takes one away even when it fails. */
  endpoints = 0;
  /** Whether an endpoint was in this process: then small frames are copied before they are sent, as the original does with all. */
  local = false;
  #closeLater = false;
  readonly #onClosed: () => void;

  constructor(inner: Inner, onClosed: () => void) {
    this.inner = inner;
    open.add(this);
    this.#onClosed = onClosed;
  }

  /** Throws EBUSY while blocked and EBADF when closed. */
  assertOpen(): void {
    if (this.phase === "open") return;
    if (this.phase === "closed") throw errnoError("EBADF");
    throw errnoError("EBUSY", "Socket is blocked by a bind or unbind operation");
  }

  /** Begins a call about an endpoint. */
  begin(address: string): void {
    this.assertOpen();
    if (address.startsWith("inproc:")) this.local = true;
  }

  /** Options of a closed socket are options of nothing. */
  assertSocket(): void {
    if (this.phase === "closed") throw errnoError("ENOTSOCK");
  }

  /** Blocks the socket until `work` has ended. */
  async whileBlocked(work: () => Promise<unknown>, address: string, endpoints: number): Promise<void> {
    this.phase = "blocked";
    try {
      await work();
    } catch (error) {
      throw translated(error, address);
    } finally {
      this.phase = "open";
      this.endpoints += endpoints;
      if (this.#closeLater) this.close();
    }
  }

  /** At once, or as soon as the socket is blocked no more. */
  requestClose(): void {
    if (this.phase === "blocked") this.#closeLater = true;
    else this.close();
  }

  close(): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    open.delete(this);
    this.endpoints = 0;
    this.inner.close();
    this.#onClosed();
  }

  warnIfLate(option: number): void {
    if (IMMEDIATE.includes(option) || (this.endpoints === 0 && this.phase === "open")) return;
    process.emitWarning("Socket option will not take effect until next connect/bind.");
  }
}

const states = new WeakMap<object, State>();

/** Remembers the state of a socket for the classes that work on one. */
export function register(socket: object, state: State): void {
  states.set(socket, state);
}

/** The state of a socket; throws for an object that is none. */
export function stateOf(socket: object): State {
  const state = states.get(socket);
  if (state === undefined) throw notOurs();
  return state;
}
