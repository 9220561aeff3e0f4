/**
 * What users send and what they get: conversion of every kind of value into frames, and the ownership of their bytes.
 *
 * A message is an array of frames; inside the library it belongs to whoever holds it. A frame handed to `send` is
 * copied when it has at most COPY_BYTES and has to wait; a larger one is referenced until the network took it, as in
 * npm `zeromq`: do not change it after sending. Where frames are lent (loans.ts) one in shared memory is copied, so that what was
 * received can be sent on and given back.
 */
import { allocate, EMPTY, fromText, viewOf } from "../base/bytes.ts";
import { describe, ZmqError } from "../base/errors.ts";
import { toSend } from "./loans.ts";

/** One frame's body, inside the library. */
export type Frame = Uint8Array;

/** One frame of a received message: a `Buffer` where the runtime has them, elsewhere (in browsers) a `Uint8Array`. */
export type Message = typeof globalThis extends { Buffer: { isBuffer(value: unknown): value is infer Native extends Uint8Array } }
  ? Native
  : Uint8Array;

/** One message of SERVER and PEER: its frame, and the number of the peer that sent it. */
export type RoutedMessage = [frame: Message, info: { readonly routingId: number }];

/** One message of DISH: its frame, and the group that it was sent to. */
export type GroupMessage = [frame: Message, info: { readonly group: Message }];

/** Anything that can be sent as one frame: bytes, text (as UTF-8), a number (its decimal text) or null (an empty frame). */
export type MessageLike = ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string | number | null;

/** Frames up to this size are copied when they have to wait in a queue, so that a reused small buffer is safe. */
const COPY_BYTES = 128;

const NativeBuffer = (globalThis as { Buffer?: { isBuffer(value: unknown): boolean } }).Buffer;
const isFrame: (value: unknown) => value is Frame = NativeBuffer
  ? (value): value is Frame => NativeBuffer.isBuffer(value)
  : (value): value is Frame => value instanceof Uint8Array;

/**
 * The frames of a message, in an array of its own; bytes are referenced, not copied. Throws `EINVAL` for what cannot be
 * a message.
 */
export function toFrames(message: MessageLike | readonly MessageLike[]): Frame[] {
  if (isFrame(message)) return [toSend(message)];
  if (!Array.isArray(message)) return [toFrame(message)];
  const frames: Frame[] = new Array(message.length);
  for (let i = 0; i < message.length; i++) frames[i] = toFrame(message[i]);
  return frames;
}

/** One frame. */
export function toFrame(value: unknown): Frame {
  if (isFrame(value)) return toSend(value);
  if (typeof value === "string") return fromText(value);
  if (value === null) return EMPTY;
  if (ArrayBuffer.isView(value)) return toSend(viewOf(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return viewOf(value, 0, value.byteLength);
  // Another thread may write to shared memory at any time: the message is what it holds now.
  if (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer) return copyOf(new Uint8Array(value));
  if (value === undefined)
    throw new ZmqError(
      "invalid-argument",
      "Message must be present: expected bytes, a string, a number, null, or an array of these, got undefined",
    );
  return fromText(textOf(value));
}

// Every other value goes by its own text, as with npm `zeromq`; one that has none would be sent as "[object Object]".
function textOf(value: unknown): string {
  const { toString } = Object(value) as { toString?: unknown };
  if (typeof value === "symbol" || typeof toString !== "function" || toString === Object.prototype.toString) {
    throw new ZmqError(
      "invalid-argument",
      `A frame must be bytes, a string, a number or null, got ${describe(value)}; serialise it first, for example with JSON.stringify`,
    );
  }
  return String(value);
}

function copyOf(bytes: Uint8Array): Frame {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Makes a message safe to wait in a queue: its small frames become copies. Changes and returns the same array. */
export function keep(frames: Frame[]): Frame[] {
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i];
    if (frame.length <= COPY_BYTES && frame.length > 0) frames[i] = copyOf(frame);
  }
  return frames;
}

/** The bytes of a message's frames, without headers. */
export function byteLength(frames: readonly Frame[]): number {
  let length = 0;
  for (const frame of frames) length += frame.length;
  return length;
}

/** Whether a message has the form of a subscription or its end: one frame, 01 or 00 and the topic. */
export function isSubscription(frames: readonly Frame[]): boolean {
  return frames.length === 1 && frames[0].length > 0 && frames[0][0] <= 1;
}
