/**
 * Errors as npm `zeromq` 6 makes them: plain `Error`s with `code`, `errno` and, for endpoint calls, `address`, whose texts
 * are the binding's own or the C library's.
 *
 * Owns the texts. The better text of ours is not lost: it is the error's `cause`. Does not own when an error happens.
 */
import { constants } from "node:os";
import { ZmqError } from "../node.ts";

/** What an error of the original has beside its message. */
export interface ErrnoError extends Error {
  code: string;
  errno: number;
}

/** ZeroMQ's own numbers begin here. */
const ZMQ_BASE = 156384712;

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAGAIN: "Operation was not possible or timed out",
  EBADF: "Socket is closed",
  EBUSY: "Socket is busy",
  ECONNABORTED: "Software caused connection abort",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EFAULT: "Context is closed",
  EFSM: "Operation cannot be accomplished in current state",
  EHOSTUNREACH: "Host unreachable",
  EINVAL: "Invalid argument",
  EMFILE: "Too many open file descriptors",
  EMSGSIZE: "Message too long",
  ENAMETOOLONG: "File name too long",
  ENOBUFS: "No buffer space available",
  ENOCOMPATPROTO: "The protocol is not compatible with the socket type",
  ENODEV: "No such device",
  ENOENT: "No such endpoint",
  ENOMEM: "Cannot allocate memory",
  ENOTSOCK: "Socket operation on non-socket",
  ENOTSUP: "Operation not supported",
  EPIPE: "Broken pipe",
  EPROTO: "Protocol error",
  EPROTONOSUPPORT: "Protocol not supported",
  ETERM: "Context was terminated",
  ETIMEDOUT: "Connection timed out",
};

const OWN_NUMBERS: Readonly<Record<string, number>> = { EFSM: 51, ENOCOMPATPROTO: 52, ETERM: 53 };

function errnoOf(code: string): number {
  const own = OWN_NUMBERS[code];
  return own !== undefined ? ZMQ_BASE + own : ((constants.errno as Record<string, number>)[code] ?? 0);
}

/** An error of this code, with its usual text or another. */
export function errnoError(code: string, text: string = TEXTS[code] ?? code, cause?: unknown): ErrnoError {
  const error = new Error(text, cause === undefined ? undefined : { cause });
  return Object.assign(error, { errno: errnoOf(code), code });
}

/** The original's error for one of ours; errors that are none of ours come back as they are. */
export function translated(error: unknown, address?: string): unknown {
  if (!(error instanceof ZmqError)) return error;
  const translation = errnoError(error.code, undefined, error);
  return address === undefined ? translation : Object.assign(translation, { address });
}

/** Calls ours; what it throws is thrown as the original would. */
export function calling<Value>(call: () => Value, address?: string): Value {
  try {
    return call();
  } catch (error) {
    throw translated(error, address);
  }
}

/** What is thrown at an object that is not what it should be. */
export function notOurs(): Error {
  return new Error("Invalid argument");
}

/** The original counts the arguments of its native calls. */
export function checkCount(args: readonly unknown[], most: number): void {
  if (args.length > most)
    throw new TypeError(`Expected ${most} argument${most === 1 ? "" : "s"} but received ${String(args.length)}`);
}

/** The only argument of a call about an endpoint. */
export function checkAddress(args: readonly unknown[]): asserts args is [string] {
  if (typeof args[0] !== "string") throw new TypeError("Address must be a string");
  checkCount(args, 1);
}

/** Whether a value is what N-API calls an object. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A class that says what the original's native ones say when they are called without `new`. */
export function nativeClass<Class extends object>(Class: Class): Class {
  return new globalThis.Proxy(Class, {
    apply() {
      throw new TypeError("Class constructors cannot be invoked without 'new'");
    },
  });
}
