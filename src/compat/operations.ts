/**
 * Sending and receiving as the original does: at once where possible, at most one pending call in each direction, and no
 * more than so many calls at once before one waits for the event loop.
 *
 * Owns the EBUSY errors, the conversion of what is sent, and the budget. Does not own waiting (our socket's own queue).
 */
import type { MessageLike, Socket as OurSocket, Readable, Writable } from "../node.ts";
import { SOCKET_TYPES } from "../wire.ts";
import { checkCount, errnoError, isObject, translated } from "./errors.ts";
import type { State } from "./state.ts";

/** Calls completed at once before one waits for a turn of the event loop; a call that waited begins anew. */
const CALLS_AT_ONCE = 512;

/** Frames up to this size are copied, larger ones referenced until they are sent. */
const COPY_BYTES = 128;

const SERVER = SOCKET_TYPES.SERVER.number;
const RADIO = SOCKET_TYPES.RADIO.number;

interface Addressee {
  readonly routingId?: unknown;
  readonly group?: unknown;
}
type Sending = OurSocket & Writable & { readonly sendTimeout: number; trySend(message: unknown, options?: unknown): boolean };
type Receiving = OurSocket & Readable<unknown> & { readonly receiveTimeout: number };

export class Operations {
  #state: State;
  #type: number;
  #sending = false;
  #receiving = false;
  #calls = 0;

  /** `type` is libzmq's number of the socket type. */
  constructor(state: State, type: number) {
    this.#state = state;
    this.#type = type;
  }

  /** Takes the arguments of a call: the message, and for SERVER and RADIO to whom it goes. */
  send(args: readonly unknown[]): Promise<void> {
    const [value, options] = args;
    if (value === undefined) throw new TypeError("Message must be present");
    const addressed = this.#type === SERVER || this.#type === RADIO;
    if (addressed && !isObject(options)) throw new TypeError("Options must be an object");
    checkCount(args, addressed ? 2 : 1);
    const state = this.#state;
    state.assertOpen();
    if (this.#sending)
      throw errnoError("EBUSY", "Socket is busy writing; only one send operation may be in progress at any time");
    const message = toMessage(value, state.local);
    if (addressed) this.#checkAddressee(options as Addressee);
    const inner = state.inner as Sending;
    const send = (): Promise<void> => inner.send(message as MessageLike, options as object);
    const atOnce = inner.sendTimeout === 0;
    if (!atOnce && this.#calls >= CALLS_AT_ONCE) return this.#sendPending(() => nextTurn(send));
    try {
      if (inner.trySend(message, options)) {
        this.#calls++;
        return Promise.resolve();
      }
    } catch (error) {
      if (atOnce || (error as { code?: unknown }).code !== "EFSM") return Promise.reject(translated(error));
    }
    if (atOnce) return Promise.reject(errnoError("EAGAIN"));
    return this.#sendPending(send);
  }

  receive(args: readonly unknown[]): Promise<unknown> {
    checkCount(args, 0);
    const state = this.#state;
    state.assertOpen();
    if (this.#receiving)
      throw errnoError("EBUSY", "Socket is busy reading; only one receive operation may be in progress at any time");
    const inner = state.inner as Receiving;
    const atOnce = inner.receiveTimeout === 0;
    if (!atOnce && this.#calls >= CALLS_AT_ONCE) return this.#receivePending(() => nextTurn(() => inner.receive()));
    try {
      const message = inner.tryReceive();
      if (message !== undefined) {
        this.#calls++;
        return Promise.resolve(message);
      }
    } catch (error) {
      if (atOnce || (error as { code?: unknown }).code !== "EFSM") return Promise.reject(translated(error));
    }
    if (atOnce) return Promise.reject(errnoError("EAGAIN"));
    return this.#receivePending(() => inner.receive());
  }

  #checkAddressee({ routingId, group }: Addressee): void {
    if ((this.#type === SERVER ? routingId : group) === undefined) throw errnoError("EINVAL");
    if (this.#type === RADIO && typeof group !== "string" && !(group instanceof Uint8Array))
      throw new TypeError("Value must be a string or buffer");
  }

  async #sendPending(work: () => Promise<void>): Promise<void> {
    this.#sending = true;
    try {
      await work();
    } catch (error) {
      throw translated(error);
    } finally {
      this.#sending = false;
      this.#calls = 0;
    }
  }

  async #receivePending(work: () => Promise<unknown>): Promise<unknown> {
    this.#receiving = true;
    try {
      return await work();
    } catch (error) {
      throw translated(error);
    } finally {
      this.#receiving = false;
      this.#calls = 0;
    }
  }
}

async function nextTurn<Value>(work: () => Promise<Value>): Promise<Value> {
  await new Promise((resolve) => setImmediate(resolve));
  return work();
}

function toMessage(value: unknown, copy: boolean): unknown {
  return Array.isArray(value) ? value.map((each) => toPart(each, copy)) : toPart(value, copy);
}

// Whatever is no bytes and not null goes as its text.
function toPart(value: unknown, copy: boolean): unknown {
  if (typeof value === "string" || value === null) return value;
  if (ArrayBuffer.isView(value)) {
    if (!copy || value.byteLength > COPY_BYTES) return value;
    return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (value instanceof ArrayBuffer) return copy && value.byteLength <= COPY_BYTES ? Buffer.from(value.slice(0)) : value;
  if (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer) return value;
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
  return String(value);
}
