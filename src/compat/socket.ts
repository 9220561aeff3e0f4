/**
 * `Socket`, the base class of the drop-in: what every socket of npm `zeromq` 6 has, as a skin over one of our sockets.
 *
 * Owns the order of its checks and the protected accessors by option number. Does not own sending and receiving
 * (operations), the phases (state), or the options' meaning (numbered-options).
 * Invariant: an instance has no property of its own and is sealed, so a misspelt option is the engine's TypeError.
 */
import type * as zmtp from "../node.ts";
import { SOCKET_TYPES } from "../wire.ts";
import { type Context, contextOf, context as defaultContext } from "./context.ts";
import { calling, checkAddress, checkCount, errnoError, isObject, nativeClass } from "./errors.ts";
import { iterate } from "./iteration.ts";
import { type Inner, readNumber, readText, type Storage, writeNumber, writeText } from "./numbered-options.ts";
import { Observer } from "./observer.ts";
import { Operations } from "./operations.ts";
import { ours } from "./ours.ts";
import { register, State } from "./state.ts";
import type { SocketType } from "./types.ts";

type Maker = new (options: { context: zmtp.Context }) => Inner;

/** Our class of each type, by libzmq's number. */
const MAKERS = new Map<number, Maker>([
  [SOCKET_TYPES.PAIR.number, ours.Pair],
  [SOCKET_TYPES.PUB.number, ours.Publisher],
  [SOCKET_TYPES.SUB.number, ours.Subscriber],
  [SOCKET_TYPES.REQ.number, ours.Request],
  [SOCKET_TYPES.REP.number, ours.Reply],
  [SOCKET_TYPES.DEALER.number, ours.Dealer],
  [SOCKET_TYPES.ROUTER.number, ours.Router],
  [SOCKET_TYPES.PULL.number, ours.Pull],
  [SOCKET_TYPES.PUSH.number, ours.Push],
  [SOCKET_TYPES.XPUB.number, ours.XPublisher],
  [SOCKET_TYPES.XSUB.number, ours.XSubscriber],
  [SOCKET_TYPES.STREAM.number, ours.Stream],
  [SOCKET_TYPES.SERVER.number, ours.Server],
  [SOCKET_TYPES.CLIENT.number, ours.Client],
  [SOCKET_TYPES.RADIO.number, ours.Radio],
  [SOCKET_TYPES.DISH.number, ours.Dish],
  [SOCKET_TYPES.GATHER.number, ours.Gather],
  [SOCKET_TYPES.SCATTER.number, ours.Scatter],
  [SOCKET_TYPES.DGRAM.number, ours.Datagram],
]);

const CONNECT_ROUTING_ID = 61;

let operationsOf: (socket: Socket) => Operations;

/** What all sockets have. Made only as one of the socket types. */
abstract class Socket {
  readonly #state: State;
  readonly #operations: Operations;
  #context: Context | undefined;
  #events: Observer | null = null;
  /** Names the next connection. */
  #peerId: string | Uint8Array | null = null;

  protected constructor(...args: [type: SocketType, options?: object]) {
    const [type, options] = args;
    if (typeof type !== "number") throw new TypeError("Socket type must be a number");
    if (options !== undefined && !isObject(options)) throw new TypeError("Options must be an object");
    checkCount(args, 2);
    const { context = defaultContext, ...values } = (options ?? {}) as { context?: Context };
    const inner = contextOf(context);
    const Maker = MAKERS.get(type);
    if (Maker === undefined) throw errnoError("EINVAL");
    this.#context = context;
    this.#state = new State(
      calling(() => new Maker({ context: inner })),
      () => {
        this.#context = undefined;
        this.#events = null;
      },
    );
    this.#operations = new Operations(this.#state, type);
    register(this, this.#state);
    Object.seal(this);
    try {
      Object.assign(this, values);
    } catch (error) {
      this.#state.close();
      throw error;
    }
  }

  static {
    operationsOf = (socket) => socket.#operations;
  }

  /** The events of this socket; made at first use, then the same object. ENOTSOCK when closed. */
  get events(): Observer {
    this.#state.assertSocket();
    this.#events ??= new Observer(this);
    return this.#events;
  }

  /** The context it was made in; undefined when closed, though the original's type does not say so. */
  get context(): Context {
    return this.#context as Context;
  }

  /** Whether it is closed; a close during a bind or unbind waits for its end. */
  get closed(): boolean {
    return this.#state.phase === "closed";
  }

  /** Whether a message can be received now. */
  get readable(): boolean {
    return this.#state.inner.readable;
  }

  /** Whether a message could be sent now. */
  get writable(): boolean {
    return this.#state.inner.writable;
  }

  /** Closes the socket; a call that waits rejects with EAGAIN. What was sent goes out in the background, for `linger` at most. */
  close(...args: []): void {
    checkCount(args, 0);
    this.#state.requestClose();
  }

  /** Listens at an endpoint. Until the promise settles every other call throws EBUSY. Rejects with the endpoint as `address`. */
  bind(...args: [address: string]): Promise<void> {
    checkAddress(args);
    const [address] = args;
    const state = this.#state;
    state.begin(address);
    return state.whileBlocked(() => state.inner.bind(address), address, 1);
  }

  /** As `bind`, without a promise. */
  bindSync(...args: [address: string]): void {
    checkAddress(args);
    const [address] = args;
    const state = this.#state;
    state.begin(address);
    state.endpoints++;
    calling(() => state.inner.bindSync(address), address);
  }

  /** Stops listening at an endpoint; ENOENT if it is not bound. */
  unbind(...args: [address: string]): Promise<void> {
    checkAddress(args);
    const [address] = args;
    const state = this.#state;
    state.begin(address);
    return state.whileBlocked(() => state.inner.unbind(address), address, -1);
  }

  /** As `unbind`, without a promise. (The original's `unbindSync` binds.) */
  unbindSync(...args: [address: string]): void {
    checkAddress(args);
    const [address] = args;
    const state = this.#state;
    state.begin(address);
    state.endpoints--;
    calling(() => state.inner.unbindSync(address), address);
  }

  /** Connects to an endpoint, now and again whenever the connection is lost. */
  connect(...args: [address: string]): void {
    checkAddress(args);
    const [address] = args;
    const state = this.#state;
    state.begin(address);
    const { inner } = state;
    calling(() => {
      if (this.#peerId !== null && (inner instanceof ours.Router || inner instanceof ours.Stream)) {
        inner.connect(address, { routingId: this.#peerId });
      } else inner.connect(address);
    }, address);
    this.#peerId = null;
    state.endpoints++;
  }

  /** Ends a connection; ENOENT if it is not connected. */
  disconnect(...args: [address: string]): void {
    checkAddress(args);
    const [address] = args;
    const state = this.#state;
    state.begin(address);
    calling(() => state.inner.disconnect(address), address);
    state.endpoints--;
  }

  protected getBoolOption(option: number): boolean {
    return this.#read(option, "int32") !== 0;
  }
  protected setBoolOption(option: number, value: boolean): void {
    checkId(option);
    if (typeof value !== "boolean") throw new TypeError("Option value must be a boolean");
    this.#write(option, Number(value), "int32");
  }
  protected getInt32Option(option: number): number {
    return this.#read(option, "int32");
  }
  protected setInt32Option(option: number, value: number): void {
    this.#write(option, checkNumber(option, value) | 0, "int32");
  }
  protected getUint32Option(option: number): number {
    return this.#read(option, "int32") >>> 0;
  }
  protected setUint32Option(option: number, value: number): void {
    this.#write(option, checkNumber(option, value) >>> 0, "int32");
  }
  protected getInt64Option(option: number): number {
    return this.#read(option, "int64");
  }
  protected setInt64Option(option: number, value: number): void {
    const whole = Math.trunc(checkNumber(option, value)) || 0;
    this.#write(option, Math.min(whole, Number.MAX_SAFE_INTEGER), "int64");
  }
  protected getUint64Option(option: number): number {
    return this.#read(option, "int64");
  }
  protected setUint64Option(option: number, value: number): void {
    const whole = Math.max(0, Math.trunc(checkNumber(option, value)) || 0);
    if (whole > Number.MAX_SAFE_INTEGER)
      process.emitWarning("Value is larger than Number.MAX_SAFE_INTEGER and may have been rounded inaccurately.");
    this.#write(option, Math.min(whole, Number.MAX_SAFE_INTEGER), "int64");
  }

  protected getStringOption(option: number): string | null {
    checkId(option);
    this.#state.assertSocket();
    return readText(this.#state.inner, option);
  }

  protected setStringOption(option: number, value: string | Buffer | null): void {
    checkId(option);
    if (value !== null && typeof value !== "string" && !(value instanceof Uint8Array))
      throw new TypeError("Option value must be a string or buffer");
    const state = this.#state;
    state.assertSocket();
    state.warnIfLate(option);
    if (option !== CONNECT_ROUTING_ID) writeText(state.inner, option, value);
    else if (value !== null && value.length > 0) this.#peerId = value;
    else throw errnoError("EINVAL");
  }

  #read(option: number, storage: Exclude<Storage, "text">): number {
    checkId(option);
    this.#state.assertSocket();
    return readNumber(this.#state.inner, option, storage);
  }

  #write(option: number, value: number, storage: Exclude<Storage, "text">): void {
    const state = this.#state;
    state.assertSocket();
    state.warnIfLate(option);
    writeNumber(state.inner, option, value, storage);
  }
}

/** Defines a method that the declared types do not have. */
function hidden(prototype: object, name: PropertyKey, value: (...args: never[]) => unknown): void {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false });
}

// On every socket, as in the original; a type that cannot has `undefined` in their place, and only the others declare them.
hidden(Socket.prototype, "send", function (this: Socket, ...args: unknown[]) {
  return operationsOf(this).send(args);
});
hidden(Socket.prototype, "receive", function (this: Socket, ...args: unknown[]) {
  return operationsOf(this).receive(args);
});
hidden(Socket.prototype, Symbol.asyncIterator, iterate);

function checkId(option: unknown): void {
  if (typeof option !== "number") throw new TypeError("Identifier must be a number");
}

function checkNumber(option: unknown, value: unknown): number {
  checkId(option);
  if (typeof value !== "number") throw new TypeError("Option value must be a number");
  return value;
}

const Guarded = nativeClass(Socket);
type Guarded = Socket;

export { Guarded as Socket };
