/**
 * `Context` as npm `zeromq` 6 has it, over a context of ours.
 *
 * Owns the option numbers and the checks of the original's accessors. The default context stands on that of `zmtp`, so
 * both worlds share inproc names.
 */
import type * as zmtp from "../node.ts";
import { calling, checkCount, errnoError, isObject, nativeClass, notOurs } from "./errors.ts";
import { ours } from "./ours.ts";

/** What a context can be made with. */
export type ContextOptions = Partial<
  Pick<Context, "blocky" | "ioThreads" | "maxMessageSize" | "maxSockets" | "ipv6" | "threadPriority" | "threadSchedulingPolicy">
>;

/** libzmq's numbers of what can be read. Number 3 is two options: the limit of sockets, and the priority of threads. */
const READ: Readonly<Record<number, keyof zmtp.ContextOptions | "maxSocketsLimit">> = {
  1: "ioThreads",
  2: "maxSockets",
  3: "maxSocketsLimit",
  5: "maxMessageSize",
  42: "ipv6",
  70: "blocky",
};
const WRITE: Readonly<Record<number, keyof zmtp.ContextOptions>> = {
  1: "ioThreads",
  2: "maxSockets",
  3: "threadPriority",
  4: "threadSchedulingPolicy",
  5: "maxMessageSize",
  42: "ipv6",
  70: "blocky",
};

/** Given instead of options, a context of ours is taken as it is. */
const adopted = new WeakMap<object, zmtp.Context>();

let reveal: (context: Context) => zmtp.Context;

/** A context. Sealed when made: an unknown option is the engine's TypeError. */
class Context {
  readonly #inner: zmtp.Context;

  constructor(...args: [options?: ContextOptions]) {
    const [options] = args;
    if (options !== undefined && !isObject(options)) throw new TypeError("Options must be an object");
    checkCount(args, 1);
    const given = options === undefined ? undefined : adopted.get(options);
    this.#inner = given ?? new ours.Context();
    Object.seal(this);
    if (given === undefined) Object.assign(this, options);
  }

  static {
    reveal = (context) => context.#inner;
  }

  /** Kept and echoed (ZMQ_IO_THREADS). */
  get ioThreads(): number {
    return this.getInt32Option(1);
  }
  set ioThreads(value: number) {
    this.setInt32Option(1, value);
  }

  /** Most open sockets (ZMQ_MAX_SOCKETS). */
  get maxSockets(): number {
    return this.getInt32Option(2);
  }
  set maxSockets(value: number) {
    this.setInt32Option(2, value);
  }

  /** The highest value of `maxSockets` (ZMQ_SOCKET_LIMIT). */
  get maxSocketsLimit(): number {
    return this.getInt32Option(3);
  }

  /** Kept; cannot be read (ZMQ_THREAD_PRIORITY). */
  set threadPriority(value: number) {
    this.setInt32Option(3, value);
  }

  /** Kept; cannot be read (ZMQ_THREAD_SCHED_POLICY). */
  set threadSchedulingPolicy(value: number) {
    this.setInt32Option(4, value);
  }

  /** Kept and echoed (ZMQ_MAX_MSGSZ). */
  get maxMessageSize(): number {
    return this.getInt32Option(5);
  }
  set maxMessageSize(value: number) {
    this.setInt32Option(5, value);
  }

  /** What new sockets have as `ipv6` (ZMQ_IPV6). */
  get ipv6(): boolean {
    return this.getBoolOption(42);
  }
  set ipv6(value: boolean) {
    this.setBoolOption(42, value);
  }

  /** False: new sockets begin with `linger` 0 (ZMQ_BLOCKY). */
  get blocky(): boolean {
    return this.getBoolOption(70);
  }
  set blocky(value: boolean) {
    this.setBoolOption(70, value);
  }

  protected getBoolOption(option: number): boolean {
    return this.getInt32Option(option) !== 0;
  }

  protected setBoolOption(option: number, value: boolean): void {
    checkId(option);
    if (typeof value !== "boolean") throw new TypeError("Option value must be a boolean");
    this.#set(option, Number(value));
  }

  protected getInt32Option(option: number): number {
    checkId(option);
    const name = READ[option];
    if (name === undefined) throw errnoError("EINVAL");
    return Number(this.#inner[name]);
  }

  protected setInt32Option(option: number, value: number): void {
    checkId(option);
    if (typeof value !== "number") throw new TypeError("Option value must be a number");
    this.#set(option, value | 0);
  }

  #set(option: number, value: number): void {
    const name = WRITE[option];
    if (name === undefined) throw errnoError("EINVAL");
    const inner = this.#inner;
    calling(() => {
      if (name !== "ipv6" && name !== "blocky") inner[name] = value;
      else if (value === 0 || value === 1) inner[name] = value === 1;
      else throw errnoError("EINVAL");
    });
  }
}

function checkId(option: unknown): void {
  if (typeof option !== "number") throw new TypeError("Identifier must be a number");
}

const Guarded = nativeClass(Context);
type Guarded = Context;

export { Guarded as Context };

/** Our context beneath one of the original's. Throws for what is none. */
export function contextOf(context: unknown): zmtp.Context {
  if (!(context instanceof Context)) throw notOurs();
  return reveal(context);
}

/** Makes a context that stands on one of ours. */
export function adopt(inner: zmtp.Context): Context {
  const options = {};
  adopted.set(options, inner);
  return new Context(options);
}

/** The process-wide default context, which sockets use unless they are given another. */
export const context: Context = adopt(ours.context);
