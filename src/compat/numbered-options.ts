/**
 * Socket options by libzmq's numbers, as the original's `getInt32Option` and its siblings take them, over our options by
 * name.
 *
 * Owns which number is which option, the sizes libzmq checks, and what a number means for an option of another kind. Does
 * not own the values (our option table).
 */
import type { OptionName } from "../core/options.ts";
import type * as zmtp from "../node.ts";
import { hasOption, OPTIONS, type OptionSpec, SOCKET_TYPES, type SocketTypeName, setOption } from "../wire.ts";
import { errnoError, translated } from "./errors.ts";
import { ours } from "./ours.ts";

/** How libzmq keeps an option: four octets, eight, or text. */
export type Storage = "int32" | "int64" | "text";

/** Any of our sockets. */
export type Inner = zmtp.Socket;

const BY_NUMBER = new Map<number, OptionName>();
for (const name of Object.keys(OPTIONS) as OptionName[]) {
  const { id, kind } = OPTIONS[name] as OptionSpec<unknown>;
  if (id > 0 && kind !== "choice" && name !== "copyReceived") BY_NUMBER.set(id, name);
}

const WIDE: readonly OptionName[] = ["affinity", "maxMessageSize", "vmciBufferSize", "vmciBufferMinSize", "vmciBufferMaxSize"];
const TYPE_NAMES = Object.keys(SOCKET_TYPES) as SocketTypeName[];

const SUBSCRIBE = 6;
const UNSUBSCRIBE = 7;
const RECEIVE_MORE = 13;
const EVENTS = 15;
const TYPE = 16;
const LAST_ENDPOINT = 32;
const VERBOSE = 40;
const MECHANISM = 43;
const VERBOSER = 78;
const THREAD_SAFE = 81;
const MECHANISMS = [null, "plain", "curve", "gssapi"];

/** libzmq refuses an empty text here, though it takes none at all (null) for some. */
const NEVER_EMPTY: readonly OptionName[] = ["interface", "plainUsername", "plainPassword", "socksProxy", "tcpAcceptFilter"];
const NEVER_ABSENT: readonly OptionName[] = ["routingId", "zapDomain"];

function storageOf(name: OptionName): Storage {
  const { kind } = OPTIONS[name];
  if (kind === "text" || kind === "bytes") return "text";
  return WIDE.includes(name) ? "int64" : "int32";
}

function optionOf(inner: Inner, option: number, storage: Storage): OptionName {
  const name = BY_NUMBER.get(option);
  const type = TYPE_NAMES.find((each) => SOCKET_TYPES[each].number === inner.type);
  if (name === undefined || type === undefined || !hasOption(type, name) || storageOf(name) !== storage)
    throw errnoError("EINVAL");
  return name;
}

function readonlyNumber(inner: Inner, option: number): number | undefined {
  switch (option) {
    case RECEIVE_MORE:
      return 0;
    case EVENTS:
      return Number(inner.readable) + 2 * Number(inner.writable);
    case TYPE:
      return inner.type;
    case MECHANISM:
      return MECHANISMS.indexOf(inner.securityMechanism);
    case THREAD_SAFE:
      return Number(inner.threadSafe);
    case VERBOSE:
      return inner instanceof ours.XPublisher ? Number(inner.verbosity === "allSubs") : undefined;
    case VERBOSER:
      return inner instanceof ours.XPublisher ? Number(inner.verbosity === "allSubsUnsubs") : undefined;
    default:
      return undefined;
  }
}

/** The number that an option has; true is 1. Throws EINVAL for what is no option of this size. */
export function readNumber(inner: Inner, option: number, storage: "int32" | "int64"): number {
  if (storage === "int32") {
    const value = readonlyNumber(inner, option);
    if (value !== undefined) return value;
  }
  return Number((inner as unknown as Record<string, unknown>)[optionOf(inner, option, storage)]);
}

/** Sets an option to a number that is already cut to its size. Throws EINVAL for what libzmq refuses. */
export function writeNumber(inner: Inner, option: number, value: number, storage: "int32" | "int64"): void {
  if (storage === "int32" && (option === VERBOSE || option === VERBOSER)) {
    if (!(inner instanceof ours.XPublisher)) throw errnoError("EINVAL");
    assign(inner, "verbosity", value === 0 ? null : option === VERBOSE ? "allSubs" : "allSubsUnsubs");
    return;
  }
  const name = optionOf(inner, option, storage);
  if (OPTIONS[name].kind !== "boolean") assign(inner, name, asLibzmq(name, value));
  else if (value === 0 || value === 1) assign(inner, name, value === 1);
  else throw errnoError("EINVAL");
}

/** The text of an option, null for none. */
export function readText(inner: Inner, option: number): string | null {
  if (option === LAST_ENDPOINT) return inner.lastEndpoint;
  return (inner as unknown as Record<string, string | null>)[optionOf(inner, option, "text")] ?? null;
}

/** Sets an option to a text; subscriptions are set this way too. */
export function writeText(inner: Inner, option: number, value: string | Uint8Array | null): void {
  if (option === SUBSCRIBE || option === UNSUBSCRIBE) {
    if (!(inner instanceof ours.Subscriber || inner instanceof ours.XPublisher)) throw errnoError("EINVAL");
    try {
      if (option === SUBSCRIBE) inner.subscribe(value);
      else inner.unsubscribe(value);
    } catch (error) {
      throw translated(error);
    }
    return;
  }
  const name = optionOf(inner, option, "text");
  const empty = value === null || value.length === 0;
  if (empty && (NEVER_ABSENT.includes(name) || (value === "" && NEVER_EMPTY.includes(name)))) throw errnoError("EINVAL");
  assign(inner, name, value);
}

// Where libzmq takes a number otherwise than ours.
function asLibzmq(name: OptionName, value: number): number {
  switch (name) {
    case "heartbeatTimeToLive":
      return Math.trunc(value / 100) * 100; // It keeps tenths of a second.
    case "heartbeatTimeout":
      if (value === -1) throw errnoError("EINVAL"); // The default cannot be set again.
      return value;
    case "maxMessageSize":
      return Math.max(value, -1);
    default:
      return value;
  }
}

function assign(inner: Inner, name: OptionName, value: unknown): void {
  try {
    setOption(inner, name, value);
  } catch (error) {
    throw translated(error);
  }
}
