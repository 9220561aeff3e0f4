/**
 * Sending that takes the bytes away from the program, as `postMessage` does with what is in its transfer list: the ArrayBuffer of each frame is
 * detached, and the library has its bytes alone. Nothing is copied by it.
 *
 * Does not own: what becomes of the bytes.
 * Invariant: all buffers of a message are taken or none is; what cannot be taken throws EINVAL.
 */
import { viewOf } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import { type Frame, type MessageLike, toFrames } from "./message.ts";

/**
 * The frames of a message, as `toFrames`; the ArrayBuffers that the program gave are detached. Text and numbers have none. The first `kept` frames
 * are not sent and stay the program's: whom a ROUTER's message is for.
 */
export function takeFrames(message: MessageLike | readonly MessageLike[], kept = 0): Frame[] {
  const values: readonly unknown[] = Array.isArray(message) ? message : [message];
  const buffers: ArrayBuffer[] = [];
  const places: number[] = [];
  for (let i = kept; i < values.length; i++) {
    const buffer = bufferOf(values[i], i);
    if (buffer === null) continue;
    if (buffers.includes(buffer)) throw refusal(i, "its ArrayBuffer is that of an earlier frame");
    buffers.push(buffer);
    places.push(i);
  }
  const frames = toFrames(message);
  const taken = take(buffers);
  for (let i = 0; i < places.length; i++) frames[places[i]] = viewOf(taken[i], 0, taken[i].byteLength);
  return frames;
}

// The buffer that a value is all of; null when it has none that is the program's.
function bufferOf(value: unknown, index: number): ArrayBuffer | null {
  if (value instanceof ArrayBuffer) return whole(value, value.byteLength, index);
  if (!ArrayBuffer.isView(value)) return null;
  const { buffer, byteLength } = value;
  if (!(buffer instanceof ArrayBuffer)) throw refusal(index, "its memory is shared");
  return whole(buffer, byteLength, index);
}

function whole(buffer: ArrayBuffer, byteLength: number, index: number): ArrayBuffer {
  if (byteLength !== buffer.byteLength)
    throw refusal(index, `it has ${byteLength} of the ${buffer.byteLength} bytes of its ArrayBuffer, which others may use`);
  if (byteLength === 0 && isDetached(buffer)) throw refusal(index, "its ArrayBuffer is detached, so it was transferred before");
  return buffer;
}

// Node.js 20 has no `detached`.
function isDetached(buffer: ArrayBuffer): boolean {
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}

function take(buffers: ArrayBuffer[]): ArrayBuffer[] {
  if (buffers.length === 0) return buffers;
  try {
    return structuredClone(buffers, { transfer: buffers });
  } catch (cause) {
    throw new ZmqError("invalid-argument", `Invalid argument: the message cannot be transferred: ${String(cause)}`, { cause });
  }
}

function refusal(index: number, why: string): ZmqError {
  const text = `Invalid argument: frame ${index} cannot be transferred: ${why}; send it without \`transfer\`, or a copy that has a buffer of its own`;
  return new ZmqError("invalid-argument", text);
}
