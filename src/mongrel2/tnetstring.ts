/**
 * tnetstrings: the typed netstrings that Mongrel2 speaks in request headers, extended replies and on its control port.
 *
 * Owns: the grammar, both ways, and the cursor that decoders of whole messages share. Does not own: what the values mean.
 *
 *     SIZE ":" payload tag        SIZE = 1 to 9 decimal digits, octets of the payload, no leading zero
 *     tag: "," bytes  "#" integer  "^" float  "!" boolean  "~" null  "]" list of tnetstrings  "}" key, value, key, value, …
 *
 * Invariant: a size is judged against what is there before anything is made, nesting is bounded, and no bytes make the
 * decoder do anything but return a value or throw ZmqError `malformed-tnetstring`.
 */
import { ZmqError } from "../node.ts";

/** What a tnetstring can hold. Integers beyond 2^53 are `bigint`. */
export type TnetValue = null | boolean | number | bigint | string | Uint8Array | readonly TnetValue[] | TnetDictionary;

/** A dictionary; keys are strings. */
export interface TnetDictionary {
  readonly [key: string]: TnetValue;
}

/** How to decode. */
export interface TnetOptions {
  /** What byte strings become: text in UTF-8 (default), text of one character per octet, or a view of the input. */
  readonly strings?: "utf8" | "latin1" | "bytes";
  /** Lists and dictionaries in each other at most; default 32. */
  readonly maxDepth?: number;
}

const COMMA = 0x2c;
const HASH = 0x23;
const CARET = 0x5e;
const BANG = 0x21;
const TILDE = 0x7e;
const BRACKET = 0x5d;
const BRACE = 0x7d;
const COLON = 0x3a;
const ZERO = 0x30;

const MAX_SIZE_DIGITS = 9;
const MAX_DEPTH = 32;
const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** Walks over tnetstrings in a range of bytes. After `next` its fields tell where the payload is, and its tag. */
export class TnetCursor {
  readonly bytes: Buffer;
  /** Where the next tnetstring begins. */
  at: number;
  readonly end: number;
  payloadStart = 0;
  payloadEnd = 0;
  tag = 0;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** Steps over one tnetstring. Throws `malformed-tnetstring`. */
  next(): void {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let size = 0;
    for (; at < end; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      size = size * 10 + digit;
    }
    const digits = at - start;
    if (digits === 0 || digits > MAX_SIZE_DIGITS) throw malformed(`a size of ${digits} digits`, start);
    if (digits > 1 && bytes[start] === ZERO) throw malformed("a size with a leading zero", start);
    if (at >= end || bytes[at] !== COLON) throw malformed('no ":" after the size', at);
    if (size > end - at - 2) throw malformed(`a size of ${size} with ${Math.max(0, end - at - 2)} octets left`, start);
    this.payloadStart = at + 1;
    this.payloadEnd = at + 1 + size;
    this.tag = bytes[this.payloadEnd];
    this.at = this.payloadEnd + 1;
  }

  /** Steps over a byte string and gives its part of `text`, which is what all bytes are, one character per octet. */
  nextText(text: string): string {
    this.next();
    if (this.tag !== COMMA) throw malformed("a byte string was expected", this.payloadEnd);
    return text.slice(this.payloadStart, this.payloadEnd);
  }

  /** Whether the tnetstring just stepped over is a byte string, list or dictionary. */
  get kind(): "bytes" | "list" | "dictionary" | "other" {
    if (this.tag === COMMA) return "bytes";
    if (this.tag === BRACKET) return "list";
    return this.tag === BRACE ? "dictionary" : "other";
  }

  /** A cursor over what the one just stepped over holds. */
  inside(): TnetCursor {
    return new TnetCursor(this.bytes, this.payloadStart, this.payloadEnd);
  }
}

/**
 * Decodes one tnetstring that is all of `bytes`. Dictionaries have no prototype. Throws ZmqError `malformed-tnetstring`
 * (EPROTO).
 */
export function decode(bytes: Uint8Array, options: TnetOptions = {}): TnetValue {
  const buffer = asBuffer(bytes);
  const cursor = new TnetCursor(buffer, 0, buffer.length);
  const value = decodeNext(cursor, options.strings ?? "utf8", options.maxDepth ?? MAX_DEPTH);
  if (!cursor.done) throw malformed(`${cursor.end - cursor.at} octets after the value`, cursor.at);
  return value;
}

/**
 * Encodes a value: strings in UTF-8, whole numbers as integers, others as floats. Throws EINVAL for what has no form:
 * undefined, a function, NaN, an infinity, or nesting deeper than 32.
 */
export function encode(value: TnetValue): Buffer {
  const parts: Buffer[] = [];
  encodeInto(parts, value, MAX_DEPTH);
  return Buffer.concat(parts);
}

/** A byte string: `SIZE:bytes,`. */
export function netstring(bytes: Uint8Array | string): Buffer {
  return encode(bytes);
}

function decodeNext(cursor: TnetCursor, strings: "utf8" | "latin1" | "bytes", depth: number): TnetValue {
  cursor.next();
  const { bytes, payloadStart: start, payloadEnd: end } = cursor;
  switch (cursor.tag) {
    case COMMA:
      return strings === "bytes" ? bytes.subarray(start, end) : bytes.toString(strings, start, end);
    case HASH:
      return integer(bytes.toString("latin1", start, end), start);
    case CARET: {
      const text = bytes.toString("latin1", start, end);
      const number = FLOAT.test(text) ? Number(text) : Number.NaN;
      if (!Number.isFinite(number)) throw malformed("not a float", start);
      return number;
    }
    case BANG: {
      const text = bytes.toString("latin1", start, end);
      if (text !== "true" && text !== "false") throw malformed("not a boolean", start);
      return text === "true";
    }
    case TILDE:
      if (end !== start) throw malformed("a null with a payload", start);
      return null;
    case BRACKET:
    case BRACE:
      if (depth <= 0) throw malformed("nested too deep", start);
      return cursor.tag === BRACKET
        ? decodeList(cursor.inside(), strings, depth - 1)
        : decodeDictionary(cursor.inside(), strings, depth - 1);
    default:
      throw malformed(`an unknown tag 0x${cursor.tag.toString(16)}`, end);
  }
}

function decodeList(cursor: TnetCursor, strings: "utf8" | "latin1" | "bytes", depth: number): TnetValue[] {
  const list: TnetValue[] = [];
  while (!cursor.done) list.push(decodeNext(cursor, strings, depth));
  return list;
}

function decodeDictionary(cursor: TnetCursor, strings: "utf8" | "latin1" | "bytes", depth: number): TnetDictionary {
  const dictionary: Record<string, TnetValue> = Object.create(null);
  while (!cursor.done) {
    cursor.next();
    if (cursor.tag !== COMMA) throw malformed("a key that is not a byte string", cursor.payloadEnd);
    const key = cursor.bytes.toString(strings === "latin1" ? "latin1" : "utf8", cursor.payloadStart, cursor.payloadEnd);
    if (cursor.done) throw malformed("a key without a value", cursor.at);
    dictionary[key] = decodeNext(cursor, strings, depth);
  }
  return dictionary;
}

function integer(text: string, offset: number): number | bigint {
  if (!INTEGER.test(text)) throw malformed("not an integer", offset);
  const number = Number(text);
  // BigInt knows no sign "+".
  return Number.isSafeInteger(number) ? number : BigInt(text.replace("+", ""));
}

function encodeInto(parts: Buffer[], value: TnetValue, depth: number): number {
  if (value === null) return push(parts, "~", EMPTY);
  switch (typeof value) {
    case "boolean":
      return push(parts, "!", Buffer.from(String(value)));
    case "bigint":
      return push(parts, "#", Buffer.from(String(value)));
    case "number":
      if (!Number.isFinite(value)) throw new ZmqError("invalid-argument", `A tnetstring cannot hold ${value}`);
      return push(parts, Number.isSafeInteger(value) ? "#" : "^", Buffer.from(String(value)));
    case "string":
      return push(parts, ",", Buffer.from(value));
    case "object":
      return value instanceof Uint8Array ? push(parts, ",", asBuffer(value)) : encodeCompound(parts, value, depth);
    default:
      throw new ZmqError("invalid-argument", `A tnetstring cannot hold a value of type ${typeof value}`);
  }
}

// The size stands before the payload: its place is kept, and filled when the payload's size is known.
function encodeCompound(parts: Buffer[], value: readonly TnetValue[] | TnetDictionary, depth: number): number {
  if (depth <= 0)
    throw new ZmqError(
      "invalid-argument",
      `Lists and dictionaries in each other at most ${MAX_DEPTH} deep; or does it hold itself?`,
    );
  const place = parts.push(EMPTY) - 1;
  let size = 0;
  if (isList(value)) {
    for (const item of value) size += encodeInto(parts, item, depth - 1);
  } else {
    for (const [key, item] of Object.entries(value)) {
      size += push(parts, ",", Buffer.from(key));
      size += encodeInto(parts, item, depth - 1);
    }
  }
  parts[place] = Buffer.from(`${size}:`);
  parts.push(Buffer.from(isList(value) ? "]" : "}"));
  return parts[place].length + size + 1;
}

function push(parts: Buffer[], tag: string, payload: Buffer): number {
  const head = Buffer.from(`${payload.length}:`);
  parts.push(head, payload, Buffer.from(tag));
  return head.length + payload.length + 1;
}

function isList(value: readonly TnetValue[] | TnetDictionary): value is readonly TnetValue[] {
  return Array.isArray(value);
}

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const EMPTY = Buffer.alloc(0);

function malformed(what: string, offset: number): ZmqError {
  return new ZmqError("malformed-tnetstring", `Not a tnetstring: ${what}, at octet ${offset}`);
}
