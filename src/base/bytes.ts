/**
 * Bytes: allocation that gives `Buffer` where the runtime has one and `Uint8Array` elsewhere, text, comparison, and the
 * pooled copies of small frames. No import: `Buffer` is looked up on the global object, so one code base serves Node
 * and browsers.
 */

type Alloc = (size: number) => Uint8Array;

interface BufferGlobal {
  readonly allocUnsafe: Alloc;
  readonly allocUnsafeSlow: Alloc;
  readonly from: (source: unknown, ...rest: unknown[]) => Uint8Array;
}

const host = (globalThis as { Buffer?: BufferGlobal }).Buffer;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A new byte array with arbitrary contents; small ones share the runtime's pool. */
export const allocate: Alloc = host ? (size) => host.allocUnsafe(size) : (size) => new Uint8Array(size);

/** A new byte array with arbitrary contents and memory of its own. */
export const allocateOwn: Alloc = host ? (size) => host.allocUnsafeSlow(size) : (size) => new Uint8Array(size);

/** The UTF-8 form of a text. */
export const fromText: (text: string) => Uint8Array = host ? (text) => host.from(text) : (text) => encoder.encode(text);

type ViewConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => Uint8Array;

// The class behind Buffer is reachable as its species; `new` on it costs half of `subarray` or `Buffer.from`
// (docs/performance.md). It is not documented, so it is used only while it really makes Buffers.
const species = (host as unknown as Record<symbol, ViewConstructor | undefined> | undefined)?.[Symbol.species];
const FastView: ViewConstructor | undefined = host
  ? species?.prototype === (host as unknown as ViewConstructor).prototype
    ? species
    : undefined
  : Uint8Array;

/** A view of the same memory, as `Buffer` where there is one. */
export const viewOf: (buffer: ArrayBufferLike, offset: number, length: number) => Uint8Array = FastView
  ? (buffer, offset, length) => new FastView(buffer, offset, length)
  : (buffer, offset, length) => (host as BufferGlobal).from(buffer, offset, length);

/** `target.set(source, at)` without the look-up through Buffer's prototype chain. */
export const setBytes: (this: Uint8Array, source: Uint8Array, at: number) => void = Uint8Array.prototype.set;

/** The text of UTF-8 bytes; wrong bytes become U+FFFD. */
export function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** One character per byte, 0..255: a key for maps and a form for ASCII names. */
export function toLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Up to `limit` bytes as hexadecimal digits, for error messages. */
export function toHex(bytes: Uint8Array, limit = 16): string {
  let text = "";
  const end = Math.min(bytes.length, limit);
  for (let i = 0; i < end; i++) text += bytes[i].toString(16).padStart(2, "0");
  return bytes.length > limit ? `${text}…` : text;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** As `equalBytes`, in a time that depends on the lengths alone. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= (i < a.length ? a[i] : 0) ^ b[i];
  return difference === 0;
}

/** A copy of a range in memory of its own; `Buffer.slice` would be a view. */
export function copyBytes(source: Uint8Array, start = 0, end = source.length): Uint8Array {
  const copy = allocateOwn(end - start);
  setBytes.call(copy, start === 0 && end === source.length ? source : source.subarray(start, end), 0);
  return copy;
}

/** All parts one after the other, in memory of its own. */
export function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = allocate(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const EMPTY: Uint8Array = allocate(0);

/** Bytes 2^53 and above cannot be counted exactly in a number. */
export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * 0x100000000 + readUint32(bytes, at + 4);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  writeUint32(bytes, at, Math.floor(value / 0x100000000));
  writeUint32(bytes, at + 4, value >>> 0);
}
