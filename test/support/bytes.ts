/** Bytes for tests: from hexadecimal text, from text, joined, and cut into chunks in every way that matters. */

/**
 * Bytes from digits with spaces anywhere: `04 0b` or `040b`. `61*255` repeats a byte. Each call gives memory of its own, as a link would.
 */
export function hex(text: string): Buffer {
  const parts: Buffer[] = [];
  for (const word of text.split(/\s+/)) {
    const [digits, count] = word.split("*");
    if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) throw new Error(`not hexadecimal: ${word}`);
    const bytes = Buffer.from(digits, "hex");
    parts.push(count === undefined ? bytes : Buffer.alloc(Number(count), bytes));
  }
  return Buffer.concat(parts);
}

export function toHexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function text(value: string): Buffer {
  return Buffer.from(value);
}

export function join(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts);
}

/** One way to cut a stream, with a name for messages. */
export interface Cut {
  readonly name: string;
  readonly chunks: readonly Buffer[];
}

/** A copy in memory of its own, not of Node's shared pool: what a test poisons must not be somebody else's. */
export function own(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Whole, byte by byte, and in two pieces at every offset. */
export function* cuts(stream: Uint8Array): Generator<Cut> {
  yield { name: "whole", chunks: [own(stream)] };
  yield { name: "byte by byte", chunks: [...stream].map((octet) => Buffer.from([octet])) };
  for (let at = 1; at < stream.length; at++) {
    yield { name: `cut at ${at}`, chunks: [own(stream.subarray(0, at)), own(stream.subarray(at))] };
  }
}

/** Frames as hexadecimal text, for comparisons that print well. */
export function hexFrames(frames: readonly Uint8Array[]): string[] {
  return frames.map(toHexText);
}
