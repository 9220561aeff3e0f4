/**
 * Frames on the wire, writing side (RFC 37 "Traffic").
 *
 *     short   flags(1) size(1)    body          size 0..255
 *     long    flags(1) size(be64) body          size 256..
 *
 * Owns the header's form, and reading our own frames back. Where the bytes go, and whether a body is copied or referenced, is the
 * outbox's decision.
 */
import { readUint64, writeUint64 } from "../base/bytes.ts";

export const FLAG_MORE = 1;
export const FLAG_LONG = 2;
export const FLAG_COMMAND = 4;

/** The most octets a frame header takes. */
export const MAX_HEADER_BYTES = 9;

/** Gives memory of at least so many octets, with arbitrary contents, which is the giver's again when the kernel has the write. */
export interface Lender {
  lend(bytes: number): Uint8Array;
}

/**
 * Puts gathered frames into the form of a peer's wire. Each part is whole frames, a large body may be a part by itself.
 * Called once for each write, in their order; the result is in new memory, in what was lent, or refers to the parts' bodies. Null: it
 * cannot be done, and nothing can be written after it.
 */
export type WireForm = (parts: readonly Uint8Array[], lender: Lender) => Uint8Array[] | null;

/** Writes the header of a frame into `target` at `at` and returns the offset after it; nine octets of room are enough. */
export function writeHeader(target: Uint8Array, at: number, flags: number, bodyBytes: number): number {
  if (bodyBytes <= 255) {
    target[at] = flags;
    target[at + 1] = bodyBytes;
    return at + 2;
  }
  target[at] = flags | FLAG_LONG;
  writeUint64(target, at + 1, bodyBytes);
  return at + MAX_HEADER_BYTES;
}

/** A whole frame in memory of its own; for commands, which are few. */
export function encodeFrame(flags: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(MAX_HEADER_BYTES + body.length);
  const at = writeHeader(frame, 0, flags, body.length);
  frame.set(body, at);
  return frame.subarray(0, at + body.length);
}

/**
 * Calls back for each frame of gathered parts, after `skip` octets of something else: no header and no small body is cut, a large body may
 * be a part by itself. Bodies are views.
 */
export function readFrames(parts: readonly Uint8Array[], skip: number, onFrame: (flags: number, body: Uint8Array) => void): void {
  let left = skip;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    let at = Math.min(left, part.length);
    left -= at;
    while (at < part.length) {
      const flags = part[at];
      const long = (flags & FLAG_LONG) !== 0;
      const size = long ? readUint64(part, at + 1) : part[at + 1];
      at += long ? MAX_HEADER_BYTES : 2;
      if (at === part.length && size > 0) {
        i++;
        onFrame(flags, parts[i]);
        break;
      }
      onFrame(flags, part.subarray(at, at + size));
      at += size;
    }
  }
}
