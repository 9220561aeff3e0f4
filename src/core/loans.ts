/**
 * Frames that are views of memory which somebody else wants back: who lent which.
 *
 *     link ── lend ──▶ pipe ──▶ socket ──▶ program ── release ──▶ giveBack ──▶ link
 *                        └───── what is thrown away instead ─────────┘
 *
 * A view cannot be taken away, so what was given back and is still looked at shows other bytes: whoever gives back must be done.
 * Owns the table of loans; not the memory, nor when a link lends.
 * Invariants: a loan ends once; a frame that is not lent can be given back, which does nothing, and costs one test where
 * nothing was ever lent.
 */
import { copyBytes } from "../base/bytes.ts";

/** Called when a frame is given back. */
export type LoanEnd = () => void;

const ends = new WeakMap<Uint8Array, LoanEnd>();

/** Whether anything was ever lent in this thread. */
let lending = false;

/** Lends a frame. */
export function lend(frame: Uint8Array, onBack: LoanEnd): void {
  lending = true;
  ends.set(frame, onBack);
}

/** The lent ones of these are given back; `values` are a message's frames and what else a message may have. */
export function giveBack(values: readonly unknown[]): void {
  if (!lending) return;
  for (const value of values) if (value instanceof Uint8Array) end(value);
}

/** The lent ones of these frames become copies, and are given back. Changes and returns the same array. */
export function own(frames: Uint8Array[]): Uint8Array[] {
  if (!lending) return frames;
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i];
    if (!ends.has(frame)) continue;
    frames[i] = unshared(frame);
    end(frame);
  }
  return frames;
}

/** A frame that a program sends: where frames are lent, one in memory that others may write to is what it holds now. */
export function toSend(frame: Uint8Array): Uint8Array {
  return lending ? unshared(frame) : frame;
}

function unshared(frame: Uint8Array): Uint8Array {
  return frame.buffer instanceof ArrayBuffer ? frame : copyBytes(frame);
}

function end(frame: Uint8Array): void {
  const onBack = ends.get(frame);
  if (onBack === undefined) return;
  ends.delete(frame);
  onBack();
}
