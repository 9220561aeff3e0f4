/**
 * Frames on the wire, reading side (RFC 37 "Traffic"): chunks of any size in, whole messages and commands out.
 *
 *     chunk  ...|flags size body|flags size body|flags si      the last header or body may continue in the next chunk
 *
 * Owns: framing, assembly of multipart messages, the limits on what a peer may announce, and pausing. A length is
 * judged before any memory is taken for it: a body across chunks is gathered as the chunks that really came and joined
 * once.
 * Does not own: what a command means. Leniency is libzmq's: reserved flag bits, long form for short bodies and MORE on
 * a command are accepted.
 * Invariants: messages leave in wire order; a paused decoder keeps every byte; after a failure it takes nothing more.
 */
import { allocateOwn, concat, EMPTY, readUint64, setBytes, viewOf } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import { FLAG_COMMAND, FLAG_LONG, FLAG_MORE, MAX_HEADER_BYTES } from "./frame-encoder.ts";

/** One frame's body. */
export type Frame = Uint8Array;

/** Receives what was decoded, synchronously. */
export interface FrameSink {
  /** A whole message; the array and its frames belong to the callee. False: pause after this one. */
  onMessage(frames: Frame[]): boolean;
  /** A command's body (in the handshake: any frame's). False: pause after this one. */
  onCommand(body: Frame): boolean;
  /** The stream is broken; nothing follows. `bytes` are the header at fault. */
  onMalformed(reason: ErrorReason, text: string, bytes: Uint8Array): void;
}

export interface DecoderLimits {
  /** Largest body of one frame, in bytes. */
  readonly maxFrameBytes: number;
  /** Most frames of one message. */
  readonly maxFrames: number;
  /** Most octets of metadata in the handshake. */
  readonly maxMetadataBytes: number;
  /** True: every body is a copy, so that no frame keeps a whole chunk in memory (ZMQ_ZERO_COPY_RECV off). */
  readonly copyBodies: boolean;
}

/** What a handshake command may have beside its metadata: its name, and later keys and boxes. */
const HANDSHAKE_EXTRA_BYTES = 512;

/** Bodies up to this are copied: as cheap as a view, and the chunk they came in is freed. Measured in docs/performance.md. */
const COPY_BYTES = 64;

/** Small copies share slabs of this size; a kept frame pins at most one. */
const POOL_BYTES = 8192;

/** A loop copies this much as fast as `set` does. */
const LOOP_BYTES = 16;

let pool = allocateOwn(POOL_BYTES);
let poolBuffer = pool.buffer;
let poolAt = 0;

export class FrameDecoder {
  /** While true, every frame is given to `onCommand` whatever its flags, and must be small. */
  handshaking = true;

  #sink: FrameSink;
  #limits: DecoderLimits;
  #parts: Frame[] | null = null;
  #backlog = new Fifo<Uint8Array>();
  #paused = false;
  #running = false;
  #failed = false;
  // Where the chunk of now began, and the frame of now, counted from that; negative when it began in an earlier chunk.
  #base = 0;
  #frameAt = 0;

  // A header or body that continues in the next chunk.
  #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #pieces: Uint8Array[] | null = null;
  #missing = 0;
  #bodyBytes = 0;
  #flags = 0;

  constructor(sink: FrameSink, limits: DecoderLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Bytes before the frame of now, for error messages: the same however the stream was cut. */
  get offset(): number {
    return this.#base + this.#frameAt;
  }

  /** Decodes `chunk`, which belongs to the decoder from now on (frames may be views of it). Calls the sink before it returns. */
  receive(chunk: Uint8Array): void {
    if (this.#failed || chunk.length === 0) return;
    this.#backlog.push(chunk);
    if (!this.#paused && !this.#running) this.#run();
  }

  /** Goes on after a sink method returned false. May pause again before it returns. */
  resume(): void {
    this.#paused = false;
    if (!this.#running) this.#run();
  }

  /** Gives up what is undecided and takes nothing more. */
  stop(): void {
    this.#failed = true;
    this.#backlog.clear();
    this.#pieces = null;
    this.#parts = null;
  }

  // One run at a time: a sink that calls resume() from inside onMessage only clears the pause, the running loop sees it.
  #run(): void {
    this.#running = true;
    for (;;) {
      const chunk = this.#backlog.peek();
      if (chunk === undefined || this.#paused || this.#failed) break;
      const end = this.#decode(chunk);
      if (this.#failed) break;
      this.#base += end;
      this.#frameAt -= end;
      this.#backlog.shift();
      if (end < chunk.length) this.#backlog.unshift(chunk.subarray(end));
    }
    this.#running = false;
  }

  // Decodes until the chunk's end, a pause or a failure; returns how far it came.
  #decode(chunk: Uint8Array): number {
    const end = chunk.length;
    // Read once per chunk: the getters cost as much as the view.
    const { buffer, byteOffset } = chunk;
    const copyLimit = this.#limits.copyBodies ? Number.POSITIVE_INFINITY : COPY_BYTES;
    let at = 0;
    if (this.#pieces !== null) at = this.#continueBody(chunk);
    else if (this.#headerBytes > 0) at = this.#continueHeader(chunk);
    // Still not whole: the frame began in an earlier chunk and goes on in the next.
    if (this.#headerBytes > 0 || this.#pieces !== null) return at;
    while (!this.#paused && !this.#failed) {
      this.#frameAt = at;
      if (end - at < 2) return this.#keepHeader(chunk, at);
      const flags = chunk[at];
      let size = chunk[at + 1];
      let body = at + 2;
      if ((flags & FLAG_LONG) !== 0) {
        if (end - at < MAX_HEADER_BYTES) return this.#keepHeader(chunk, at);
        size = readUint64(chunk, at + 1);
        body = at + MAX_HEADER_BYTES;
      }
      if (size > this.#limits.maxFrameBytes || this.handshaking) {
        if (!this.#judge(size, chunk, at)) return at;
      }
      const next = body + size;
      if (next > end) {
        this.#startBody(flags, size, chunk.subarray(body));
        return end;
      }
      at = next;
      const from = byteOffset + body;
      this.#emit(flags, size > copyLimit ? viewOf(buffer, from, size) : copyOf(chunk, buffer, from, body, size));
    }
    return at;
  }

  #emit(flags: number, body: Frame): void {
    if ((flags & FLAG_COMMAND) !== 0 || this.handshaking) {
      this.#paused = !this.#sink.onCommand(body);
      return;
    }
    const parts = this.#parts;
    if ((flags & FLAG_MORE) === 0) {
      if (parts === null) {
        this.#paused = !this.#sink.onMessage([body]);
        return;
      }
      parts.push(body);
      this.#parts = null;
      this.#paused = !this.#sink.onMessage(parts);
      return;
    }
    if (parts === null) this.#parts = [body];
    else if (parts.push(body) >= this.#limits.maxFrames) {
      this.#fail("too-many-frames", `a message has more than ${this.#limits.maxFrames} frames`, EMPTY);
    }
  }

  #judge(size: number, header: Uint8Array, at: number): boolean {
    const limit = this.handshaking ? this.#limits.maxMetadataBytes + HANDSHAKE_EXTRA_BYTES : this.#limits.maxFrameBytes;
    if (size <= limit) return true;
    const bytes = header.subarray(at, at + ((header[at] & FLAG_LONG) !== 0 ? MAX_HEADER_BYTES : 2));
    this.#fail("message-too-large", `a frame announces ${size} bytes, the limit is ${limit}`, bytes);
    return false;
  }

  #fail(reason: ErrorReason, text: string, bytes: Uint8Array): void {
    this.stop();
    this.#sink.onMalformed(reason, text, bytes);
  }

  #keepHeader(chunk: Uint8Array, at: number): number {
    for (let i = at; i < chunk.length; i++) this.#header[this.#headerBytes++] = chunk[i];
    return chunk.length;
  }

  // Completes a header that an earlier chunk began; then the body, as far as it is here, goes the gathering way.
  #continueHeader(chunk: Uint8Array): number {
    let at = 0;
    const header = this.#header;
    for (;;) {
      const need = this.#headerBytes > 0 && (header[0] & FLAG_LONG) !== 0 ? MAX_HEADER_BYTES : 2;
      if (this.#headerBytes >= need) break;
      if (at === chunk.length) return at;
      header[this.#headerBytes++] = chunk[at++];
    }
    const flags = header[0];
    const size = (flags & FLAG_LONG) !== 0 ? readUint64(header, 1) : header[1];
    this.#headerBytes = 0;
    if (!this.#judge(size, header, 0)) return at;
    const rest = chunk.subarray(at, Math.min(chunk.length, at + size));
    this.#startBody(flags, size, rest);
    return at + rest.length;
  }

  #startBody(flags: number, size: number, first: Uint8Array): void {
    this.#flags = flags;
    this.#bodyBytes = size;
    this.#pieces = first.length > 0 ? [first] : [];
    this.#missing = size - first.length;
    if (this.#missing === 0) this.#finishBody();
  }

  #continueBody(chunk: Uint8Array): number {
    const take = Math.min(chunk.length, this.#missing);
    (this.#pieces as Uint8Array[]).push(take === chunk.length ? chunk : chunk.subarray(0, take));
    this.#missing -= take;
    if (this.#missing === 0) this.#finishBody();
    return take;
  }

  #finishBody(): void {
    const body = concat(this.#pieces as Uint8Array[], this.#bodyBytes);
    this.#pieces = null;
    this.#emit(this.#flags, body);
  }
}

// A small body goes into a shared slab, a large one (when copies are asked for) into memory of its own.
function copyOf(chunk: Uint8Array, buffer: ArrayBufferLike, from: number, at: number, size: number): Uint8Array {
  if (size > COPY_BYTES) {
    const copy = allocateOwn(size);
    setBytes.call(copy, viewOf(buffer, from, size), 0);
    return copy;
  }
  if (poolAt + size > POOL_BYTES) {
    pool = allocateOwn(POOL_BYTES);
    poolBuffer = pool.buffer;
    poolAt = 0;
  }
  const start = poolAt;
  poolAt = start + size;
  if (size <= LOOP_BYTES) for (let i = 0; i < size; i++) pool[start + i] = chunk[at + i];
  else setBytes.call(pool, viewOf(buffer, from, size), start);
  return viewOf(poolBuffer, start, size);
}
