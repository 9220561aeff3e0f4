// Messages as text: how a test says what to send and what must arrive, the same for our side and for peers in other languages. The grammar and the
// pattern are in test/interop/peers/README.md.

import { crc32 } from "node:zlib";

const PERIOD = 65521;
const SHOWN = 32;

const pattern = makePattern();

function makePattern(): Buffer {
  const block = Buffer.alloc(PERIOD);
  let x = 1;
  for (let i = 0; i < PERIOD; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    block[i] = x >>> 24;
  }
  return block;
}

/** A frame of `size` octets, by default unlike its neighbours. */
export function frame(size: number, seed = size): string {
  return `p${size}:${seed}`;
}

/** A frame with a text. */
export function text(value: string): string {
  return `x${Buffer.from(value).toString("hex")}`;
}

/** The octets of one message. Those of large frames are made once and shared: do not change them. */
export function framesOf(message: string): Buffer[] {
  return message.split(",").flatMap((each) => {
    if (each.startsWith("x")) return [Buffer.from(each.slice(1), "hex")];
    const parts = /^p(\d+):(\d+)(?:\*(\d+))?$/.exec(each);
    if (parts === null) throw new Error(`not a frame: ${each}`);
    const [size, seed] = [Number(parts[1]), Number(parts[2])];
    return Array.from({ length: Number(parts[3] ?? 1) }, (_, i) => patternOf(size, seed + i));
  });
}

const large = new Map<string, Buffer>();

function patternOf(size: number, seed: number): Buffer {
  const key = `${size}:${seed}`;
  const known = large.get(key);
  if (known !== undefined) return known;
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0, from = seed % PERIOD; at < size; from = 0) at += pattern.copy(bytes, at, from, from + size - at);
  if (size > PERIOD) large.set(key, bytes);
  return bytes;
}

/** What a peer reports of these frames, and what failures show. */
export function describe(frames: readonly Uint8Array[]): string {
  return frames
    .map((bytes) => {
      if (bytes.length <= SHOWN) return `x${Buffer.from(bytes).toString("hex")}`;
      return `c${bytes.length}:${crc32(bytes).toString(16).padStart(8, "0")}`;
    })
    .join(",");
}

/** What a peer reports of a message that arrived whole. */
export function reportOf(message: string): string {
  return describe(framesOf(message));
}
