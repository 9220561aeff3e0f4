/**
 * CURVE's traffic: each frame becomes the box of a MESSAGE (RFC 26 "Traffic Phase"; flags and framing as libzmq has
 * them).
 *
 *     plain    flags size                          body
 *     sealed   0|2   size  07 "MESSAGE" counter(8) tag(16) [ flags(1) body ]      inner flags: 1 = more, 2 = command
 *
 * Owns: counters, keys of one connection, and the walk over frames. Frames are sealed a batch at a time: their wire
 * form is copied onto libsodium's heap at once, boxed there frame by frame, and copied off at once.
 * Invariants: a counter is used for one frame; a received counter is above all before it; after `close` the keys are
 * gone, and nothing is sealed or opened.
 */
import { allocate, allocateOwn, EMPTY, readUint64, setBytes, viewOf, writeUint64 } from "../base/bytes.ts";
import { assert, type ErrorReason } from "../base/errors.ts";
import { FLAG_COMMAND, FLAG_LONG, FLAG_MORE, type Lender, MAX_HEADER_BYTES, writeHeader } from "../zmtp/frame-encoder.ts";
import { type FrameTransform, MAX_SEALED_BODY_BYTES } from "../zmtp/mechanism.ts";
import { type BoxKey, INPUT_BYTES, KEY_BYTES, type NativeBox, NONCE_BYTES, type Sodium, TAG_BYTES } from "./sodium.ts";

const INNER_MORE = 1;
const INNER_COMMAND = 2;

/** 07 "MESSAGE" */
const NAME = Uint8Array.of(7, 0x4d, 0x45, 0x53, 0x53, 0x41, 0x47, 0x45);
const COUNTER_BYTES = 8;
/** What comes before the box. */
const PREFIX_BYTES = NAME.length + COUNTER_BYTES;
/** What sealing adds to a body: prefix, tag and inner flags. */
const OVERHEAD_BYTES = PREFIX_BYTES + TAG_BYTES + 1;
const NO_HEADER = -1;
const FORGED = "an encrypted frame cannot be opened: it was changed, or forged";
/** Sealed frames are gathered in chunks of this size. */
const CHUNK_BYTES = 65536;
/** From this size on the native library, if there is one, is faster in spite of its calls' cost. Measured: docs/performance.md. */
const NATIVE_BYTES = 800;
/** Above this a short body costs less to copy by `set` than by a loop. */
const LOOP_BYTES = 48;
/** Up to this an opened body gets memory of its own, and the sealed one's is freed: as where nothing is sealed. */
const COPY_BYTES = 64;

/** The first 16 octets of the nonces of both directions. */
const TO_SERVER = "CurveZMQMESSAGEC";
const TO_CLIENT = "CurveZMQMESSAGES";

export class CurveBox implements FrameTransform {
  readonly maxSealedBytes = MAX_SEALED_BODY_BYTES + OVERHEAD_BYTES;
  flags = 0;
  failure: { readonly reason: ErrorReason; readonly text: string } = { reason: "cryptographic", text: "" };
  #sodium: Sodium;
  #key: BoxKey;
  #nativeKey: Uint8Array | null = null;
  #sendNonce: Uint8Array;
  #receiveNonce: Uint8Array;
  #sent: number;
  #received: number;
  #closed = false;
  // A frame found no memory: the peer could make no sense of the next ones.
  #exhausted = false;
  // Sealed frames: those that are done, who lends memory for them, and how many octets of the work area hold others.
  #pieces: Uint8Array[] = [];
  #lender: Lender = OWN_MEMORY;
  #area = 0;
  #used = 0;
  // Frames that the native library sealed.
  #chunk = EMPTY;
  #chunkUsed = 0;

  /** `sent` and `received` are the counters that the handshake used last. The key is the box's from now on. */
  constructor(sodium: Sodium, key: BoxKey, side: "client" | "server", sent: number, received: number) {
    this.#sodium = sodium;
    this.#key = key;
    this.#sendNonce = nonceOf(side === "client" ? TO_SERVER : TO_CLIENT);
    this.#receiveNonce = nonceOf(side === "client" ? TO_CLIENT : TO_SERVER);
    this.#sent = sent;
    this.#received = received;
    if (sodium.native !== null) this.#nativeKey = sodium.module.HEAPU8.slice(key.pointer, key.pointer + KEY_BYTES);
  }

  // Sealing -----------------------------------------------------------------------------------------------------------

  seal(parts: readonly Uint8Array[], lender: Lender = OWN_MEMORY): Uint8Array[] | null {
    assert(!this.#closed, "no frame is sealed after the end");
    this.#lender = lender;
    let flags = NO_HEADER;
    for (const part of parts) {
      if (flags === NO_HEADER) flags = this.#sealPart(part);
      else {
        this.#sealBody(flags, part, 0, part.length);
        flags = NO_HEADER;
      }
      if (this.#exhausted) return null;
    }
    this.#empty();
    const sealed = this.#pieces;
    this.#pieces = [];
    return sealed;
  }

  // Seals the whole frames of a part. Returns the flags of its last header if the next part is that frame's body.
  #sealPart(part: Uint8Array): number {
    const end = part.length;
    const { input, module } = this.#sodium;
    const onHeap = end <= INPUT_BYTES;
    if (onHeap) module.HEAPU8.set(part, input);
    let at = 0;
    while (at < end) {
      const flags = part[at];
      const long = (flags & FLAG_LONG) !== 0;
      const size = long ? readUint64(part, at + 1) : part[at + 1];
      const body = at + (long ? MAX_HEADER_BYTES : 2);
      if (body === end && size > 0) return flags;
      if (this.#goesNative(size)) this.#sealFrom(flags, part, body, size);
      else if (onHeap) this.#sealInput(flags, input + body, size);
      else this.#sealBody(flags, part, body, size);
      at = body + size;
    }
    return NO_HEADER;
  }

  #goesNative(size: number): boolean {
    return this.#nativeKey !== null && size >= NATIVE_BYTES;
  }

  // The body is in the input area. The octet before it, the last of its header, makes room for the inner flags.
  #sealInput(flags: number, body: number, size: number): void {
    const { module, nonce } = this.#sodium;
    if (this.#chunkUsed > 0) this.#endChunk();
    const at = this.#room(MAX_HEADER_BYTES + OVERHEAD_BYTES + size);
    if (at < 0) return;
    const heap = module.HEAPU8;
    heap[body - 1] = innerFlags(flags);
    const box = this.#prefix(heap, at, size);
    heap.set(this.#sendNonce, nonce);
    module._crypto_box_easy_afternm(box, body - 1, size + 1, 0, nonce, this.#key.pointer);
    this.#used = box + TAG_BYTES + 1 + size - this.#area;
  }

  // The body is elsewhere: it is copied to where its box will be, and sealed in place.
  #sealBody(flags: number, source: Uint8Array, from: number, size: number): void {
    if (this.#goesNative(size)) return this.#sealCopy(flags, source, size);
    const { module, nonce } = this.#sodium;
    if (this.#chunkUsed > 0) this.#endChunk();
    const at = this.#room(MAX_HEADER_BYTES + OVERHEAD_BYTES + size);
    if (at < 0) return;
    const heap = module.HEAPU8;
    const box = this.#prefix(heap, at, size);
    const text = box + TAG_BYTES;
    heap[text] = innerFlags(flags);
    heap.set(source.subarray(from, from + size), text + 1);
    heap.set(this.#sendNonce, nonce);
    module._crypto_box_detached_afternm(text, box, text, size + 1, 0, nonce, this.#key.pointer);
    this.#used = text + 1 + size - this.#area;
  }

  // Where the next frame can go; those before it leave the heap when they are many. Negative: there is no memory.
  #room(bytes: number): number {
    if (this.#used > 0 && this.#used + bytes > CHUNK_BYTES) this.#empty();
    if (this.#used === 0) {
      const area = this.#sodium.work(bytes);
      this.#exhausted ||= area === undefined;
      if (area === undefined) return -1;
      this.#area = area;
    }
    return this.#area + this.#used;
  }

  #empty(): void {
    this.#endChunk();
    if (this.#used === 0) return;
    const piece = this.#lender.lend(this.#used).subarray(0, this.#used);
    setBytes.call(piece, this.#sodium.module.HEAPU8.subarray(this.#area, this.#area + this.#used), 0);
    this.#pieces.push(piece);
    this.#used = 0;
  }

  // The native library boxes a frame out of a part. The octet before its body, the last of its header, is meanwhile the inner
  // flags: the part goes on being the plain form.
  #sealFrom(flags: number, part: Uint8Array, body: number, size: number): void {
    const box = this.#nextBox(size);
    const last = part[body - 1];
    part[body - 1] = innerFlags(flags);
    this.#sealNative(box, viewIn(part, body - 1, 1 + size));
    part[body - 1] = last;
  }

  // A body of its own belongs to the program: it is copied to where its box will be.
  #sealCopy(flags: number, source: Uint8Array, size: number): void {
    const box = this.#nextBox(size);
    const chunk = this.#chunk;
    const text = box + TAG_BYTES;
    chunk[text] = innerFlags(flags);
    setBytes.call(chunk, source, text + 1);
    this.#sealNative(box, viewIn(chunk, text, 1 + size));
  }

  #sealNative(box: number, text: Uint8Array): void {
    const target = viewIn(this.#chunk, box, TAG_BYTES + text.length);
    (this.#sodium.native as NativeBox).seal(target, text, this.#sendNonce, this.#nativeKey as Uint8Array);
    this.#chunkUsed = box + target.length;
  }

  // Frames follow each other in chunks, so that a write has few parts. Returns where the next one's box goes.
  #nextBox(size: number): number {
    if (this.#used > 0) this.#empty();
    const most = MAX_HEADER_BYTES + OVERHEAD_BYTES + size;
    if (this.#chunk.length - this.#chunkUsed < most) {
      this.#endChunk();
      this.#chunk = this.#lender.lend(Math.max(CHUNK_BYTES, most));
    }
    return this.#prefix(this.#chunk, this.#chunkUsed, size);
  }

  #endChunk(): void {
    if (this.#chunkUsed > 0) this.#pieces.push(this.#chunk.subarray(0, this.#chunkUsed));
    this.#chunk = EMPTY;
    this.#chunkUsed = 0;
  }

  // Writes all that comes before the box, and counts. Returns where the box begins.
  #prefix(target: Uint8Array, at: number, size: number): number {
    this.#sent++;
    const name = writeHeader(target, at, 0, size + OVERHEAD_BYTES);
    for (let i = 0; i < NAME.length; i++) target[name + i] = NAME[i];
    writeUint64(target, name + NAME.length, this.#sent);
    writeUint64(this.#sendNonce, NONCE_BYTES - COUNTER_BYTES, this.#sent);
    return name + PREFIX_BYTES;
  }

  // Opening -----------------------------------------------------------------------------------------------------------

  open(body: Uint8Array, given = false): Uint8Array | null {
    if (this.#closed) return this.#refuse("disconnected", "the connection is over");
    if (body.length < OVERHEAD_BYTES)
      return this.#refuse("malformed-sealed", `an encrypted frame has ${body.length} bytes, ${OVERHEAD_BYTES} is the least`);
    for (let i = 0; i < NAME.length; i++)
      if (body[i] !== NAME[i]) return this.#refuse("unexpected-command", "the peer sent a frame that is not encrypted");
    const counter = readUint64(body, NAME.length);
    if (counter <= this.#received) {
      const text = `an encrypted frame has the counter ${counter}, after ${this.#received}: it came again, or too late`;
      return this.#refuse("invalid-sequence", text);
    }
    for (let i = 0; i < COUNTER_BYTES; i++) this.#receiveNonce[NONCE_BYTES - COUNTER_BYTES + i] = body[NAME.length + i];
    const size = body.length - OVERHEAD_BYTES;
    const opened = this.#goesNative(size) ? this.#openNative(body, size, given) : this.#openOnHeap(body, size, given);
    if (opened === null) return this.#exhausted ? null : this.#refuse("cryptographic", FORGED);
    this.#received = counter;
    return opened;
  }

  #openOnHeap(body: Uint8Array, size: number, given: boolean): Uint8Array | null {
    const { module, nonce } = this.#sodium;
    const area = this.#sodium.work(body.length);
    if (area === undefined) {
      this.#exhausted = true;
      return this.#refuse("no-crypto-memory", `there is no memory to decrypt a frame of ${size} bytes`);
    }
    const heap = module.HEAPU8;
    heap.set(body, area);
    heap.set(this.#receiveNonce, nonce);
    const tag = area + PREFIX_BYTES;
    const text = tag + TAG_BYTES;
    if (module._crypto_box_open_detached_afternm(text, text, tag, size + 1, 0, nonce, this.#key.pointer) !== 0) return null;
    this.flags = outerFlags(heap[text]);
    const opened = given && size > COPY_BYTES ? viewIn(body, OVERHEAD_BYTES, size) : allocate(size);
    if (size <= LOOP_BYTES) for (let i = 0; i < size; i++) opened[i] = heap[text + 1 + i];
    else setBytes.call(opened, heap.subarray(text + 1, text + 1 + size), 0);
    return opened;
  }

  // The text may lie where the box has it: the library judges the box before it writes.
  #openNative(body: Uint8Array, size: number, given: boolean): Uint8Array | null {
    const text = given ? viewIn(body, PREFIX_BYTES + TAG_BYTES, 1 + size) : allocate(1 + size);
    const { native } = this.#sodium;
    const box = viewIn(body, PREFIX_BYTES, body.length - PREFIX_BYTES);
    if (!native?.open(text, box, this.#receiveNonce, this.#nativeKey as Uint8Array)) return null;
    this.flags = outerFlags(text[0]);
    return viewIn(text, 1, size);
  }

  #refuse(reason: ErrorReason, text: string): null {
    this.failure = { reason, text };
    return null;
  }

  close(): void {
    this.#closed = true;
    this.#key.close();
    this.#nativeKey?.fill(0);
  }
}

const OWN_MEMORY: Lender = { lend: allocateOwn };

// Costs less than `subarray`.
function viewIn(bytes: Uint8Array, from: number, size: number): Uint8Array {
  return viewOf(bytes.buffer, bytes.byteOffset + from, size);
}

function innerFlags(flags: number): number {
  return ((flags & FLAG_MORE) !== 0 ? INNER_MORE : 0) | ((flags & FLAG_COMMAND) !== 0 ? INNER_COMMAND : 0);
}

function outerFlags(inner: number): number {
  return ((inner & INNER_MORE) !== 0 ? FLAG_MORE : 0) | ((inner & INNER_COMMAND) !== 0 ? FLAG_COMMAND : 0);
}

function nonceOf(prefix: string): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  for (let i = 0; i < prefix.length; i++) nonce[i] = prefix.charCodeAt(i);
  return nonce;
}
