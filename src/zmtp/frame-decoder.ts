/**
 * Frames on the wire, reading side (RFC 37 "Traffic"): chunks of any size in, whole messages and commands out.
 *
 *     chunk  ...|flags size body|flags size body|flags si      the last header or body may continue in the next chunk
 *
 * Owns: framing, assembly of multipart messages, the limits on what a peer may announce, and pausing. A length is
 * judged before any memory is taken for it: a body across chunks is gathered in memory that grows with what really came,
 * and a link may read straight into it (`space`, `filled`).
 * Does not own: what a command means. Leniency is libzmq's: reserved flag bits, long form for short bodies and MORE on
 * a command are accepted.
 * Invariants: messages leave in wire order; a paused decoder keeps every byte; after a failure it takes nothing more.
 */
import { allocateOwn, copyBytes, EMPTY, readUint64, setBytes, viewOf } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import {
  CHUNK_BYTES,
  COPY_BYTES,
  chunkUsed,
  copyOf,
  FIRST_ROOM_BYTES,
  LENT_SHARED_BYTES,
  readyChunk,
  room,
  slabRoom,
} from "./body-memory.ts";
import { FLAG_COMMAND, FLAG_LONG, FLAG_MORE, MAX_HEADER_BYTES } from "./frame-encoder.ts";
import { HANDSHAKE_EXTRA_BYTES } from "./framing.ts";
import type { FrameTransform } from "./mechanism.ts";

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

/** A link reads straight into a body when at least this much of it is still to come: less is not worth a read of its own. */
const DIRECT_BYTES = 16384;

export class FrameDecoder {
  /** While true, every frame is given to `onCommand` whatever its flags, and must be small. */
  handshaking = true;

  #sink: FrameSink;
  #limits: DecoderLimits;
  #transform: FrameTransform | null = null;
  #parts: Frame[] | null = null;
  // What waits, if anything ever did.
  #backlog: Fifo<Uint8Array> | null = null;
  #paused = false;
  #running = false;
  #failed = false;
  // Where the chunk of now began, and the frame of now, counted from that; negative when it began in an earlier chunk.
  #base = 0;
  #frameAt = 0;

  // A header or body that continues in the next chunk.
  #header: Uint8Array = EMPTY;
  #headerBytes = 0;
  #body: Uint8Array | null = null;
  #bodyAt = 0;
  #bodyBytes = 0;
  #flags = 0;
  // Whether the chunk of now is lent, its size, and what its bodies above COPY_BYTES have in sum.
  #lent = false;
  #chunkBytes = 0;
  #largeBytes = 0;
  // What the link may be reading into.
  #chunk: Uint8Array | null = null;
  #wantsChunk = false;

  constructor(sink: FrameSink, limits: DecoderLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Bytes before the frame of now, for error messages: the same however the stream was cut. */
  get offset(): number {
    return this.#base + this.#frameAt;
  }

  /**
   * Decodes `chunk`, which belongs to the decoder from now on (frames may be views of it), unless it is `lent`: then it is
   * the caller's again afterwards, and everything is copied. Calls the sink before it returns.
   */
  receive(chunk: Uint8Array, lent = false): void {
    if (this.#failed || chunk.length === 0) return;
    if (this.#paused || this.#running) {
      this.#wait(lent ? copyBytes(chunk) : chunk);
      return;
    }
    // One copy of all costs less than one of each body.
    const copies = lent && this.#wantsChunk;
    this.#lent = lent && !copies;
    this.#chunkBytes = chunk.length;
    this.#run(copies ? copyBytes(chunk) : chunk);
    this.#lent = false;
  }

  /**
   * Where the next bytes should be read into: the rest of a large body, or a chunk for views; who reads into it says so by
   * `filled`. Null: best into memory that is lent.
   */
  space(): Uint8Array | null {
    this.#takeChunk();
    // Other bytes of the body may wait, while this is paused.
    if (this.#paused || this.#body === null || this.#bodyBytes - this.#bodyAt < DIRECT_BYTES) {
      if (this.#wantsChunk) this.#chunk = readyChunk();
      return this.#chunk;
    }
    if (this.#bodyAt === this.#body.length) this.#grow();
    return this.#body.length - this.#bodyAt < DIRECT_BYTES ? null : this.#body.subarray(this.#bodyAt);
  }

  /** So many bytes were read into the last `space`. Calls the sink before it returns. */
  filled(bytes: number): void {
    const chunk = this.#takeChunk();
    if (chunk !== null) {
      return this.receive(bytes === chunk.length ? chunk : chunk.subarray(0, bytes));
    }
    if (this.#body === null) return;
    this.#bodyAt += bytes;
    this.#base += bytes;
    this.#frameAt -= bytes;
    if (this.#bodyAt === this.#bodyBytes) this.#finishBody();
  }

  /** Goes on after a sink method returned false. May pause again before it returns. */
  resume(): void {
    this.#paused = false;
    if (!this.#running) this.#run(null);
  }

  /** Decodes no more until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  /** The handshake is over: frames are told apart by their flags, those inside what the peer sealed if there is a transform. */
  startTraffic(transform: FrameTransform | null): void {
    this.handshaking = false;
    this.#transform = transform;
    const { maxFrameBytes } = this.#limits;
    if (transform !== null && transform.maxSealedBytes < maxFrameBytes)
      this.#limits = { ...this.#limits, maxFrameBytes: transform.maxSealedBytes };
  }

  /** Gives up what is undecided and takes nothing more. */
  stop(): void {
    this.#failed = true;
    this.#backlog = null;
    this.#body = null;
    this.#parts = null;
    this.#wantsChunk = false;
    this.#takeChunk();
  }

  // The chunk that was ready, if there was one.
  #takeChunk(): Uint8Array | null {
    const chunk = this.#chunk;
    if (chunk === null) return null;
    this.#chunk = null;
    chunkUsed();
    return chunk;
  }

  #wait(chunk: Uint8Array): void {
    this.#backlog ??= new Fifo();
    this.#backlog.push(chunk);
  }

  // `first`, then what waits. One run at a time: a sink that calls resume() from inside onMessage only clears the pause,
  // the running loop sees it.
  #run(first: Uint8Array | null): void {
    this.#running = true;
    for (let chunk = first ?? this.#nextWaiting(); chunk !== undefined; chunk = this.#nextWaiting()) {
      const end = this.#decode(chunk);
      if (this.#failed) break;
      this.#base += end;
      this.#frameAt -= end;
      if (end === chunk.length) this.#chooseMemory();
      else this.#keepRest(chunk, end);
    }
    this.#running = false;
  }

  #nextWaiting(): Uint8Array | undefined {
    return this.#paused || this.#failed ? undefined : this.#backlog?.shift();
  }

  // What a pause left of a chunk goes on before what came meanwhile.
  #keepRest(chunk: Uint8Array, from: number): void {
    this.#backlog ??= new Fifo();
    this.#backlog.unshift(this.#lent ? copyBytes(chunk, from) : chunk.subarray(from));
  }

  // A chunk was decoded, be it in several goes.
  #chooseMemory(): void {
    this.#wantsChunk = this.#chunkBytes >= CHUNK_BYTES && this.#largeBytes > CHUNK_BYTES / 2 && !this.#limits.copyBodies;
    this.#largeBytes = 0;
  }

  // Decodes until the chunk's end, a pause or a failure; returns how far it came.
  #decode(chunk: Uint8Array): number {
    const end = chunk.length;
    // Read once per chunk: the getters cost as much as the view.
    const { buffer, byteOffset } = chunk;
    const { copyBodies } = this.#limits;
    // What is sealed is opened where it is, or into memory of its own: a view is enough, also of lent memory.
    const opens = this.#transform !== null;
    const given = !copyBodies && !this.#lent;
    const copyLimit = opens ? -1 : copyBodies || this.#lent ? Number.POSITIVE_INFINITY : COPY_BYTES;
    const sharedLimit = copyBodies ? COPY_BYTES : LENT_SHARED_BYTES;
    let at = 0;
    if (this.#body !== null) at = this.#continueBody(chunk);
    else if (this.#headerBytes > 0) at = this.#continueHeader(chunk);
    // Still not whole: the frame began in an earlier chunk and goes on in the next.
    if (this.#headerBytes > 0 || this.#body !== null) return at;
    while (!this.#paused && !this.#failed) {
      this.#frameAt = at;
      if (end - at < 2) return at === end ? end : this.#keepHeader(chunk, at);
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
      if (size > COPY_BYTES) this.#largeBytes += size;
      const from = byteOffset + body;
      const frame = size > copyLimit ? viewOf(buffer, from, size) : copyOf(chunk, buffer, from, body, size, sharedLimit);
      this.#emit(flags, frame, given);
    }
    return at;
  }

  // `given`: the body's memory is nobody else's.
  #emit(flags: number, body: Frame, given: boolean): void {
    if (this.#transform !== null) {
      const opened = this.#transform.open(body, given);
      if (opened === null) return this.#fail(this.#transform.failure.reason, this.#transform.failure.text, body);
      body = opened;
      flags = this.#transform.flags;
    }
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
    if (this.#header === EMPTY) this.#header = new Uint8Array(MAX_HEADER_BYTES);
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
    const isShared = size <= FIRST_ROOM_BYTES && !this.#limits.copyBodies;
    this.#body = isShared ? slabRoom(size) : allocateOwn(room(size, first.length));
    this.#bodyAt = 0;
    this.#continueBody(first);
  }

  #continueBody(chunk: Uint8Array): number {
    const take = Math.min(chunk.length, this.#bodyBytes - this.#bodyAt);
    if (this.#bodyAt + take > (this.#body as Uint8Array).length) this.#grow(take);
    setBytes.call(this.#body as Uint8Array, take === chunk.length ? chunk : chunk.subarray(0, take), this.#bodyAt);
    this.#bodyAt += take;
    if (this.#bodyAt === this.#bodyBytes) this.#finishBody();
    return take;
  }

  // Moves what came of the body into more memory, with `more` octets to come right now.
  #grow(more = 0): void {
    const larger = allocateOwn(room(this.#bodyBytes, this.#bodyAt + more));
    setBytes.call(larger, (this.#body as Uint8Array).subarray(0, this.#bodyAt), 0);
    this.#body = larger;
  }

  #finishBody(): void {
    const body = this.#body as Uint8Array;
    this.#body = null;
    this.#emit(this.#flags, body, true);
  }
}
