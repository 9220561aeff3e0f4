/**
 * The context: what the sockets of one name space share. Transports (and with them the inproc names), the turn, the
 * hold on the process, slabs, limits.
 *
 * Most programs use the default context and never see this class. Options follow npm `zeromq` 6; those about threads
 * are kept and echoed, for there are none. At the end of a program: while sockets have messages that were not sent, the
 * process lives on for as long as their `linger` says.
 */

import type { Clock } from "../base/clock.ts";
import { describe, ZmqError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { StreamProtocols } from "../zmtp/stream-framing.ts";
import { parseEndpoint } from "./endpoint.ts";
import { Hold } from "./hold.ts";
import { installedPlatform, type Platform } from "./platform.ts";
import type { SecurityProvider } from "./security.ts";
import type { CloseOutcome } from "./session.ts";
import type { SessionContext } from "./session-host.ts";
import { SlabPool } from "./slab.ts";
import type { SocketCore } from "./socket-core.ts";
import type { Transport } from "./transport.ts";
import { Turn } from "./turn.ts";

/** The highest `maxSockets` (ZMQ_SOCKET_LIMIT). */
const MAX_SOCKETS_LIMIT = 65535;
const INT_MAX = 0x7fffffff;

/** What a context's options are when it is made. */
export type ContextOptions = Partial<
  Pick<Context, "ioThreads" | "maxSockets" | "maxMessageSize" | "ipv6" | "blocky" | "threadPriority" | "threadSchedulingPolicy">
>;

export class Context {
  #ioThreads = 1;
  #maxSockets = 1023;
  #maxMessageSize = INT_MAX;
  #threadPriority = -1;
  #threadSchedulingPolicy = -1;
  #ipv6 = false;
  #blocky = true;
  /** @internal */
  readonly _inner: ContextCore;

  /**
   * Options are set as if assigned one by one. `platform` is for tests: a context on a virtual clock or with other
   * transports.
   */
  constructor(options: ContextOptions = {}, platform: Platform = installedPlatform()) {
    this._inner = new ContextCore(platform, this);
    for (const [name, value] of Object.entries(options)) {
      if (!(name in Context.prototype)) throw new ZmqError("invalid-option", `A context has no option "${name}"`);
      Object.assign(this, { [name]: value });
    }
  }

  /** Kept and echoed: there are no I/O threads (ZMQ_IO_THREADS). */
  get ioThreads(): number {
    return this.#ioThreads;
  }
  set ioThreads(value: number) {
    this.#ioThreads = int("ioThreads", value, 0, INT_MAX);
  }

  /** Most open sockets; one more throws EMFILE. 1 to 65535, 1023 by default (ZMQ_MAX_SOCKETS). */
  get maxSockets(): number {
    return this.#maxSockets;
  }
  set maxSockets(value: number) {
    this.#maxSockets = int("maxSockets", value, 1, MAX_SOCKETS_LIMIT);
  }

  /** The highest value of `maxSockets` (ZMQ_SOCKET_LIMIT). */
  get maxSocketsLimit(): number {
    return MAX_SOCKETS_LIMIT;
  }

  /** Kept and echoed (ZMQ_MAX_MSGSZ); the limit for what peers send is the sockets' `maxMessageSize`. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }
  set maxMessageSize(value: number) {
    this.#maxMessageSize = int("maxMessageSize", value, 0, INT_MAX);
  }

  /** Kept and echoed: there are no I/O threads (ZMQ_THREAD_PRIORITY). */
  get threadPriority(): number {
    return this.#threadPriority;
  }
  set threadPriority(value: number) {
    this.#threadPriority = int("threadPriority", value, 0, INT_MAX);
  }

  /** Kept and echoed: there are no I/O threads (ZMQ_THREAD_SCHED_POLICY). */
  get threadSchedulingPolicy(): number {
    return this.#threadSchedulingPolicy;
  }
  set threadSchedulingPolicy(value: number) {
    this.#threadSchedulingPolicy = int("threadSchedulingPolicy", value, 0, INT_MAX);
  }

  /** What new sockets have as `ipv6` (ZMQ_IPV6). */
  get ipv6(): boolean {
    return this.#ipv6;
  }
  set ipv6(value: boolean) {
    this.#ipv6 = flag("ipv6", value);
  }

  /**
   * Rejects every call that waits on a socket of this context with ETERM, and lets no new ones in; new sockets throw ETERM
   * too. The sockets stay open until they are closed (zmq_ctx_shutdown).
   */
  shutdown(): void {
    this._inner.shutdown();
  }

  /**
   * Shuts down, closes all sockets, and resolves when what they had sent is out, each within its `linger`: how many
   * waiting messages went out and how many were lost (zmq_ctx_term).
   */
  end(): Promise<CloseOutcome> {
    return this._inner.end();
  }

  /** `await using`: the same as `end()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** False: new sockets begin with `linger` 0 (ZMQ_BLOCKY). */
  get blocky(): boolean {
    return this.#blocky;
  }
  set blocky(value: boolean) {
    this.#blocky = flag("blocky", value);
  }
}

/** The context as sockets and sessions see it. */
export class ContextCore implements SessionContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly hold: Hold;
  readonly slabs = new SlabPool();
  /** Whether `shutdown` was called. */
  terminated = false;
  readonly maxFrameBytes: number;
  readonly streams: StreamProtocols | null;
  /** Blocks this thread until something happened between threads; null where no other thread can be reached. */
  readonly waitForThreads: ((ms: number) => void) | null;
  readonly warn: (text: string) => void;
  readonly security: SecurityProvider | null;
  #owner: Context;
  #transports: Map<string, Transport>;
  #sockets = new Set<SocketCore>();
  #onIdle: Platform["onIdle"];
  #offIdle: (() => void) | null = null;

  constructor(platform: Platform, owner: Context) {
    this.clock = platform.clock;
    this.random = platform.random;
    this.turn = new Turn(platform.clock);
    this.hold = new Hold(platform.clock);
    this.maxFrameBytes = platform.maxFrameBytes;
    this.waitForThreads = platform.waitForThreads === undefined ? null : (ms) => platform.waitForThreads?.(ms);
    this.streams = platform.streams ?? null;
    this.security = platform.security ?? null;
    this.warn = (text) => platform.warn(text);
    this.#owner = owner;
    this.#transports = new Map(platform.transports().map((transport) => [transport.scheme, transport]));
    this.#onIdle = (callback) => platform.onIdle(callback);
  }

  terminatedError(): ZmqError {
    return new ZmqError("context-terminated", "Context was terminated: shutdown() or end() was called");
  }

  shutdown(): void {
    if (this.terminated) return;
    this.terminated = true;
    for (const socket of this.#sockets) socket.interrupt();
  }

  async end(): Promise<CloseOutcome> {
    this.shutdown();
    const closing = [...this.#sockets].map((socket) => socket.close(socket.settings.linger));
    let flushed = 0;
    let dropped = 0;
    for (const outcome of await Promise.all(closing)) {
      flushed += outcome.flushed;
      dropped += outcome.dropped;
    }
    return { flushed, dropped };
  }

  /** Takes in a new socket; throws ETERM after a shutdown and EMFILE when there are too many. */
  add(socket: SocketCore): void {
    if (this.terminated) throw this.terminatedError();
    if (this.#sockets.size >= this.#owner.maxSockets) {
      throw new ZmqError(
        "too-many-sockets",
        `Too many open file descriptors: the context has ${this.#sockets.size} open sockets, maxSockets is ${this.#owner.maxSockets}`,
      );
    }
    this.#sockets.add(socket);
    this.#offIdle ??= this.#onIdle(() => this.#lingerAtExit());
  }

  /** A socket is closed and has lingered. */
  remove(socket: SocketCore): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    this.#offIdle?.();
    this.#offIdle = null;
  }

  /** The transport of an endpoint, and the rest of its text. Throws EINVAL or EPROTONOSUPPORT. */
  transportOf(endpoint: unknown): { transport: Transport; address: string } {
    const { scheme, address } = parseEndpoint(endpoint);
    const transport = this.#transports.get(scheme);
    if (transport === undefined) {
      const offered = [...this.#transports.keys()].map((each) => `${each}://`).join(", ");
      throw new ZmqError(
        "unknown-transport",
        `Protocol not supported: "${scheme}" in ${describe(endpoint)}; offered here: ${offered}`,
        { address: String(endpoint) },
      );
    }
    return { transport, address };
  }

  // The program is over but for messages that wait: it lives on until they are sent or their socket's linger is up.
  #lingerAtExit(): void {
    for (const socket of this.#sockets) socket.lingerAtExit();
  }
}

let shared: Context | undefined;

/** The process-wide default context, made when first needed; all threads of the process have one name space in it. */
export function defaultContext(): Context {
  if (shared === undefined) {
    const platform = installedPlatform();
    shared = new Context({}, { ...platform, ...platform.shared });
  }
  return shared;
}

function int(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new ZmqError(
    "invalid-option",
    `Context option "${name}" must be a whole number from ${min} to ${max}, got ${describe(value)}`,
  );
}

function flag(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ZmqError("invalid-option", `Context option "${name}" must be a boolean, got ${describe(value)}`);
}
