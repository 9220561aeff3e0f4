/**
 * The public socket: what every socket type has, and the factory that puts a type's class together from its core, its
 * options and its directions.
 *
 * A skin: each method is a call into `SocketCore`. Option accessors come from the option table.
 */
import { describe, ZmqError } from "../base/errors.ts";
import { SOCKET_TYPES, type SocketTypeName } from "../zmtp/socket-type.ts";
import { Context, type ContextCore, defaultContext } from "./context.ts";
import type { GroupMessage, Message, RoutedMessage } from "./message.ts";
import { type Monitor, Observer } from "./monitor.ts";
import { OPTIONS } from "./option-table.ts";
import { hasOption, type OptionName, type OptionNameOf, readOption, type Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import { Readable } from "./readable.ts";
import type { CloseOutcome } from "./session.ts";
import type { SocketCore } from "./socket-core.ts";
import { type PeerStats, peerStats, type SocketStats, socketStats } from "./stats.ts";
import type { BindOptions, ConnectOptions } from "./transport.ts";
import { Writable } from "./writable.ts";
import { GroupWritable, RoutedWritable } from "./writable-to.ts";

/** How long a call may take: `signal` gives it up with `signal.reason`. */
export interface SignalOption {
  readonly signal?: AbortSignal;
}

/** What all sockets have. Made only as one of the socket types. */
export abstract class Socket {
  /** @internal */
  readonly _core: SocketCore;
  readonly #context: Context;
  #events: Observer | null = null;

  /** @internal */
  constructor(core: SocketCore, context: Context) {
    this._core = core;
    this.#context = context;
    Object.defineProperty(this, "_core", { enumerable: false });
  }

  /** @internal */
  get _monitor(): Monitor {
    this._core.assertOpen();
    return this._core.monitor;
  }

  /** The context this socket belongs to. */
  get context(): Context {
    return this.#context;
  }

  /** libzmq's number of the socket type (ZMQ_TYPE). */
  get type(): number {
    return SOCKET_TYPES[this._core.type].number;
  }

  /** The endpoint of the last bind, with its real address and port, or connect; null before (ZMQ_LAST_ENDPOINT). */
  get lastEndpoint(): string | null {
    return this._core.endpoints.last;
  }

  /** The security mechanism of new connections, as the last security option chose it; null is NULL (ZMQ_MECHANISM). */
  get securityMechanism(): null | "plain" | "curve" | "gssapi" {
    const { mechanism } = this._core.settings.security;
    return mechanism === "NULL" ? null : mechanism === "PLAIN" ? "plain" : "curve";
  }

  /** Whether libzmq lets threads share a socket of this type; here no socket is shared (ZMQ_THREAD_SAFE). */
  get threadSafe(): boolean {
    return THREAD_SAFE.includes(this._core.type);
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this._core.closed;
  }

  /** Whether a message can be received now; false when closed. */
  get readable(): boolean {
    return !this._core.closed && this._core.readable;
  }

  /** Whether a message could be sent now; false when closed. */
  get writable(): boolean {
    return !this._core.closed && this._core.writable;
  }

  /** The events of this socket; made at first use, then the same object. EBADF when the socket was closed before. */
  get events(): Observer {
    this.#events ??= new Observer(this);
    return this.#events;
  }

  /**
   * Listens at an endpoint: `tcp://127.0.0.1:5555`, `tcp://*:*` (any interface, free port), `ipc:///tmp/name`,
   * `ipc://*`, `ipc://@abstract`, `inproc://name`, `ws://*:8080/path`, `wss://…`. One socket can listen at many. Resolves when listening;
   * `lastEndpoint` then has the real address. Throws EINVAL, ENAMETOOLONG, ENODEV or EPROTONOSUPPORT at once for a
   * wrong text; rejects with EADDRINUSE, EADDRNOTAVAIL, EACCES, … `options` are those of ws and wss: an existing HTTP
   * server, allowed origins, a limit of connections, TLS.
   */
  async bind(endpoint: string, options?: BindOptions): Promise<void> {
    this._core.assertOpen();
    await this._core.endpoints.bind(endpoint, options);
  }

  /**
   * Stops listening, and ends the connections that came by this endpoint; resolves when the address is free. ENOENT if
   * it is not bound.
   */
  async unbind(endpoint: string): Promise<void> {
    this._core.assertOpen();
    await this._core.endpoints.unbind(endpoint);
  }

  /**
   * As `bind`, without waiting: arguments are checked at once, a failure of the system is a `bind:error` event. inproc
   * is bound when it returns.
   */
  bindSync(endpoint: string, options?: BindOptions): void {
    this._core.assertOpen();
    this._core.endpoints.bind(endpoint, options).catch(() => undefined); // The event has told it.
  }

  /** As `unbind`, without waiting until the address is free. */
  unbindSync(endpoint: string): void {
    this._core.assertOpen();
    void this._core.endpoints.unbind(endpoint);
  }

  /**
   * Connects to an endpoint, now and again whenever the connection is lost, and returns at once. Messages can be sent
   * before there is a connection. `tcp://host:port`, `tcp://source:port;host:port`, `ipc://…`, `inproc://…`,
   * `ws://host:port/path`, `wss://…`. One socket
   * can connect to many, and bind as well. Throws EINVAL, ENAMETOOLONG, ENODEV or EPROTONOSUPPORT for a wrong text;
   * everything later is an event.
   */
  connect(endpoint: string, options?: ConnectOptions): void {
    this._core.assertOpen();
    this._core.endpoints.connect(endpoint, options);
  }

  /**
   * Ends a connection when what waits for it is sent (at most `linger`); what was received can still be read. ENOENT if
   * it was not connected.
   */
  disconnect(endpoint: string): void {
    this._core.assertOpen();
    this._core.endpoints.disconnect(endpoint);
  }

  /**
   * Ends the connection of one peer at once; what waits for it goes to other peers or is lost with an event. A dialled
   * endpoint is not tried again.
   */
  disconnectPeer(peer: Peer | number): void {
    const core = this._core;
    core.assertOpen();
    const id = typeof peer === "number" ? peer : peer.id;
    for (const pipe of core.pipes) {
      if (pipe.peer.id !== id) continue;
      const session = core.sessionOf(pipe);
      const error = new ZmqError("disconnected", `${pipe.peer.endpoint}: ended by disconnectPeer`, {
        address: pipe.peer.endpoint,
      });
      if (session === undefined) core.retire(pipe);
      else core.endpoints.abort(session, error);
      return;
    }
    throw new ZmqError("invalid-argument", `This ${core.name} has no peer ${describe(id)}`);
  }

  /**
   * Closes the socket. Calls that wait are rejected with EAGAIN; what was sent and waits still goes out in the
   * background for at most `linger`, and holds the process that long. Harmless when closed already.
   */
  close(): void {
    void this._core.close(this._core.settings.linger);
  }

  /**
   * Closes, and resolves when nothing is left to send, or after `ms` (default `linger`): how many waiting messages went
   * out and how many were lost.
   */
  end(ms: number = this._core.settings.linger): Promise<CloseOutcome> {
    if (!Number.isInteger(ms) || ms < -1)
      throw new ZmqError("invalid-argument", `end() takes milliseconds from -1 (no limit), got ${describe(ms)}`);
    return this._core.close(ms);
  }

  /** `await using`: the same as `end()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** `using`: the same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Resolves when `count` peers have finished their handshake; an ignored surplus peer does not count. Rejects on close
   * (EAGAIN) and abort.
   */
  connected(count = 1, options: SignalOption = {}): Promise<void> {
    const core = this._core;
    const ready = (): boolean => {
      let peers = 0;
      for (const pipe of core.pipes) if (pipe.peer.state === "ready") peers++;
      return peers >= count;
    };
    return core.until(ready, options.signal);
  }

  /** Counters since the socket was made, over all its peers. */
  stats(): SocketStats {
    return socketStats(this._core);
  }

  /** The peers of now: who they are, what waits for and from each, what was sent, received and lost. */
  peers(): PeerStats[] {
    return peerStats(this._core);
  }

  /** What `console.log` shows in Node.js. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    const state = this.closed ? "closed" : `${this._core.pipes.size} peers`;
    return `${this.constructor.name} <${this.lastEndpoint ?? "no endpoint"}, ${state}>`;
  }
}

const THREAD_SAFE: readonly SocketTypeName[] = ["SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "PEER", "CHANNEL"];

/** How each socket type sends and receives: `frames` whole messages, the others as their names say, absent not at all. */
const DIRECTIONS = {
  PAIR: { sends: "frames", receives: "frames" },
  PUB: { sends: "frames" },
  SUB: { receives: "frames" },
  REQ: { sends: "frames", receives: "frames" },
  REP: { sends: "frames", receives: "frames" },
  DEALER: { sends: "frames", receives: "frames" },
  ROUTER: { sends: "frames", receives: "frames" },
  PULL: { receives: "frames" },
  PUSH: { sends: "frames" },
  XPUB: { sends: "frames", receives: "frames" },
  XSUB: { sends: "frames", receives: "frames" },
  STREAM: { sends: "frames", receives: "frames" },
  SERVER: { sends: "routed", receives: "routed" },
  CLIENT: { sends: "frames", receives: "single" },
  RADIO: { sends: "grouped" },
  DISH: { receives: "grouped" },
  GATHER: { receives: "single" },
  SCATTER: { sends: "frames" },
  DGRAM: { sends: "frames", receives: "frames" },
  PEER: { sends: "routed", receives: "routed" },
  CHANNEL: { sends: "frames", receives: "single" },
} as const satisfies Record<SocketTypeName, { sends?: keyof Sending; receives?: keyof Receiving }>;

interface Sending {
  frames: Writable;
  routed: RoutedWritable;
  grouped: GroupWritable;
}
interface Receiving {
  frames: Readable;
  single: Readable<[Message]>;
  routed: Readable<RoutedMessage>;
  grouped: Readable<GroupMessage>;
}
const SENDING: Record<keyof Sending, object> = {
  frames: Writable.prototype,
  routed: RoutedWritable.prototype,
  grouped: GroupWritable.prototype,
};

type Sends<Type extends SocketTypeName> = (typeof DIRECTIONS)[Type] extends { sends: infer How extends keyof Sending }
  ? Sending[How]
  : unknown;
type Receives<Type extends SocketTypeName> = (typeof DIRECTIONS)[Type] extends { receives: infer How extends keyof Receiving }
  ? Receiving[How]
  : unknown;

/** The public members of a socket type: the common ones, its options, and its directions. */
export type SocketOf<Type extends SocketTypeName> = Socket & Pick<Settings, OptionNameOf<Type>> & Sends<Type> & Receives<Type>;

/** The options that a socket can be made with: any of its writable properties, and its context. */
export type SocketOptions<S extends Socket> = Partial<Pick<S, Extract<keyof S, OptionName>>> & {
  context?: Context;
};

export interface SocketConstructor<Type extends SocketTypeName> {
  new (options?: Partial<Pick<Settings, OptionNameOf<Type>>> & { context?: Context }): SocketOf<Type>;
}

/** The class of a socket type, to be extended by its public class. */
export function socketClass<Type extends SocketTypeName>(
  type: Type,
  Core: new (context: ContextCore) => SocketCore,
): SocketConstructor<Type> {
  abstract class TypedSocket extends Socket {
    constructor(options: Record<string, unknown> = {}) {
      if (typeof options !== "object" || options === null)
        throw new ZmqError("invalid-argument", `Options must be an object, got ${describe(options)}`);
      const { context = defaultContext(), ...values } = options;
      if (!(context instanceof Context))
        throw new ZmqError("invalid-argument", `Option "context" must be a Context, got ${describe(context)}`);
      super(new Core(context._inner), context);
      this._core.settings.ipv6 = context.ipv6;
      if (!context.blocky) this._core.settings.linger = 0;
      try {
        for (const name of Object.keys(values)) {
          if (!(name in OPTIONS) || !hasOption(type, name as OptionName)) throw unknownOption(type, name);
          this._core.setOption(name as OptionName, values[name]);
        }
      } catch (error) {
        this.close();
        throw error;
      }
    }
  }
  const { prototype } = TypedSocket;
  const directions: { sends?: keyof Sending; receives?: keyof Receiving } = DIRECTIONS[type];
  if (directions.sends !== undefined) mixIn(prototype, SENDING[directions.sends]);
  if (directions.receives !== undefined) mixIn(prototype, Readable.prototype);
  for (const [name, accessor] of ACCESSORS) if (hasOption(type, name)) Object.defineProperty(prototype, name, accessor);
  return TypedSocket as unknown as SocketConstructor<Type>;
}

function mixIn(target: object, source: object): void {
  const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(source) as PropertyDescriptorMap;
  Object.defineProperties(target, members);
}

// One pair of functions for each option, which all socket types share.
const ACCESSORS = new Map((Object.keys(OPTIONS) as OptionName[]).map((name) => [name, accessorOf(name)]));

function accessorOf(name: OptionName): PropertyDescriptor & ThisType<Socket> {
  return {
    configurable: true,
    get() {
      return readOption(this._core.settings, name);
    },
    set(value: unknown) {
      this._core.assertOpen();
      this._core.setOption(name, value);
    },
  };
}

function unknownOption(type: SocketTypeName, name: string): ZmqError {
  const names = (Object.keys(OPTIONS) as OptionName[]).filter((each) => hasOption(type, each));
  const near =
    names.find((each) => each.toLowerCase() === name.toLowerCase()) ?? names.find((each) => each.startsWith(name.slice(0, 5)));
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return new ZmqError("invalid-option", `A ${type} socket has no option ${describe(name)}${hint}`);
}
