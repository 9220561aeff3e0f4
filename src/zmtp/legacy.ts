/**
 * Frames of ZMTP 1.0 (RFC 13), which peers older than ZeroMQ 3 speak on streams and which PGM's payload still has.
 *
 *     short   size(1)     flags(1) body         size = body + 1, 01..FE
 *     long    FF size(be64) flags(1) body       size = body + 1, 255..
 *
 * Both directions translate to and from the form of ZMTP 2 and 3 (frame-encoder), so that the outbox, its way back after
 * a break, assembly, limits and pauses are the same for every peer. There are no commands; of the flags only MORE counts.
 * Invariants: translating copies no body on the way in; a length is judged before memory is taken for it.
 * ZMTP 2.0 (RFC 15) needs nothing of this: its frames are those of ZMTP 3 without commands.
 */
import { readUint64, setBytes, writeUint64 } from "../base/bytes.ts";
import { type DecoderLimits, FrameDecoder, type FrameSink } from "./frame-decoder.ts";
import { FLAG_LONG, FLAG_MORE, MAX_HEADER_BYTES } from "./frame-encoder.ts";

/** The most octets a header of ZMTP 1.0 takes. */
export const MAX_LEGACY_HEADER_BYTES = 10;
/** Begins the long form. */
const LONG_MARK = 0xff;
/** The largest body of the short form. */
const MAX_SHORT_BODY = 253;

/** Writes a header at `at` and returns the offset after it; ten octets of room are enough. */
export function writeLegacyHeader(target: Uint8Array, at: number, flags: number, bodyBytes: number): number {
  if (bodyBytes <= MAX_SHORT_BODY) {
    target[at] = bodyBytes + 1;
    target[at + 1] = flags & FLAG_MORE;
    return at + 2;
  }
  target[at] = LONG_MARK;
  writeUint64(target, at + 1, bodyBytes + 1);
  target[at + 9] = flags & FLAG_MORE;
  return at + MAX_LEGACY_HEADER_BYTES;
}

/** A whole frame in memory of its own. */
export function encodeLegacyFrame(flags: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(MAX_LEGACY_HEADER_BYTES + body.length);
  const at = writeLegacyHeader(frame, 0, flags, body.length);
  frame.set(body, at);
  return frame.subarray(0, at + body.length);
}

/**
 * The same frames in the form of ZMTP 1.0, in memory of their own. `parts` are whole frames as the outbox gathers them:
 * a body may be a part by itself, a header is never cut; such bodies are passed on by reference.
 */
export function toLegacyFrames(parts: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  let isBody = false;
  for (const part of parts) {
    if (isBody) {
      out.push(part);
      isBody = false;
      continue;
    }
    const { frames, open } = reframe(part);
    out.push(frames);
    isBody = open;
  }
  return out;
}

// One part in the old form, and whether the body of its last frame is the next part.
function reframe(part: Uint8Array): { frames: Uint8Array; open: boolean } {
  // A header grows by one octet, or by eight where the body has 254 or 255.
  const target = new Uint8Array(part.length + 1 + Math.ceil(part.length / MAX_SHORT_BODY) * 8);
  let at = 0;
  let to = 0;
  while (at < part.length) {
    const flags = part[at];
    const long = (flags & FLAG_LONG) !== 0;
    const size = long ? readUint64(part, at + 1) : part[at + 1];
    at += long ? MAX_HEADER_BYTES : 2;
    to = writeLegacyHeader(target, to, flags, size);
    setBytes.call(target, part.subarray(at, at + size), to);
    to += Math.min(size, part.length - at);
    at += size;
  }
  return { frames: target.subarray(0, to), open: at > part.length };
}

/**
 * Decodes a stream of ZMTP 1.0 frames; in all else the decoder that it extends. Its offsets count the translated stream: one
 * less for each header in the long form.
 */
export class LegacyDecoder extends FrameDecoder {
  #header = new Uint8Array(MAX_LEGACY_HEADER_BYTES);
  #headerBytes = 0;
  #bodyLeft = 0;
  #ended: Ended;

  constructor(sink: FrameSink, limits: DecoderLimits) {
    const ended: Ended = { header: null };
    super(
      {
        onMessage: (frames) => sink.onMessage(frames),
        onCommand: (body) => sink.onCommand(body),
        onMalformed: (reason, text, bytes) => {
          if (ended.header === null) sink.onMalformed(reason, text, bytes);
          else sink.onMalformed("malformed-frame", "a ZMTP 1.0 frame has length 0, 1 is the least", ended.header);
        },
      },
      limits,
    );
    this.#ended = ended;
  }

  /** As the base's; the chunk's headers are rewritten in place. */
  override receive(chunk: Uint8Array, lent = false): void {
    let from = 0;
    let at = 0;
    while (at < chunk.length && this.#ended.header === null) {
      if (this.#bodyLeft > 0) {
        const step = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= step;
        at += step;
      } else if (this.#headerBytes === 0 && chunk[at] !== LONG_MARK && chunk[at] !== 0 && chunk.length - at >= 2) {
        // Two octets in either form.
        this.#bodyLeft = chunk[at] - 1;
        chunk[at] = chunk[at + 1] & FLAG_MORE;
        chunk[at + 1] = this.#bodyLeft;
        at += 2;
      } else {
        if (this.#headerBytes === 0) super.receive(chunk.subarray(from, at), lent);
        this.#header[this.#headerBytes++] = chunk[at++];
        from = at;
        this.#translateHeader();
      }
    }
    if (this.#ended.header === null) super.receive(chunk.subarray(from), lent);
  }

  /** Its chunks are rewritten, so nothing is read into memory of its own. */
  override space(): null {
    return null;
  }

  // The long form, and a header that is cut: gathered octet by octet.
  #translateHeader(): void {
    const header = this.#header;
    const long = header[0] === LONG_MARK;
    const whole = header[0] === 0 || this.#headerBytes === (long ? MAX_LEGACY_HEADER_BYTES : 2);
    if (!whole) return;
    const size = long ? readUint64(header, 1) : header[0];
    const flags = header[this.#headerBytes - 1] & FLAG_MORE;
    const seen = header.slice(0, this.#headerBytes);
    this.#headerBytes = 0;
    if (size === 0) {
      // The fault has its place behind what came before it and may still wait: a size that every limit refuses.
      this.#ended.header = seen;
      super.receive(IMPOSSIBLE_HEADER);
      return;
    }
    // Beyond that a number is not exact, and would go round when it is written again; no limit is as large.
    this.#bodyLeft = Math.min(size - 1, Number.MAX_SAFE_INTEGER);
    if (!long) return super.receive(Uint8Array.of(flags, this.#bodyLeft));
    const translated = new Uint8Array(MAX_HEADER_BYTES);
    translated[0] = flags | FLAG_LONG;
    writeUint64(translated, 1, this.#bodyLeft);
    super.receive(translated);
  }
}

/** The header at which a stream ended, once there is one. */
interface Ended {
  header: Uint8Array | null;
}

const IMPOSSIBLE_HEADER = Uint8Array.of(FLAG_LONG, 255, 255, 255, 255, 255, 255, 255, 255);
