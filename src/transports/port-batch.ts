/**
 * Messages on their way through a port: one buffer for as many as there are, which is transferred, not copied.
 *
 *     frame   [ head 4 ][ body ]      head = more 1 bit, body's octets 31 bits
 *
 * A buffer of its own for each frame would cost ten times as much: a port copies or transfers each by itself. The
 * receiver's frames are views of the buffer that came. Does not own: when a batch is posted.
 */
import { setBytes, viewOf } from "../base/bytes.ts";
import type { Frame } from "../core/message.ts";

const HEAD_BYTES = 4;
const MORE = 0x80000000;

/** Octets that a message takes in a batch. */
export function batchBytes(frames: readonly Frame[]): number {
  let size = frames.length * HEAD_BYTES;
  for (const frame of frames) size += frame.length;
  return size;
}

/** A buffer with these messages; `size` is what `batchBytes` gives for all of them. */
export function writeBatch(messages: readonly Frame[][], size: number): ArrayBuffer {
  const buffer = new ArrayBuffer(size);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let at = 0;
  for (const frames of messages) {
    const last = frames.length - 1;
    for (let i = 0; i <= last; i++) {
      const frame = frames[i];
      view.setUint32(at, (frame.length | (i === last ? 0 : MORE)) >>> 0, true);
      setBytes.call(bytes, frame, at + HEAD_BYTES);
      at += HEAD_BYTES + frame.length;
    }
  }
  return buffer;
}

/** Gives each message of a batch, in order. */
export function readBatch(buffer: ArrayBuffer, onMessage: (frames: Frame[]) => void): void {
  const view = new DataView(buffer);
  let frames: Frame[] = [];
  for (let at = 0; at < buffer.byteLength; ) {
    const head = view.getUint32(at, true);
    const length = (head & ~MORE) >>> 0;
    frames.push(viewOf(buffer, at + HEAD_BYTES, length));
    at += HEAD_BYTES + length;
    if (head >= MORE) continue;
    onMessage(frames);
    frames = [];
  }
}
