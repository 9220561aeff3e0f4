/**
 * Frames of WebSocket on a stream of bytes, both directions, without I/O (RFC 6455 section 5).
 *
 *     FIN RSV opcode | MASK length7 | length16 or length64 | key(4), if masked | payload, masked by the key
 *
 * The `ws` package would do, and does the handshake; but it costs a system call's worth of JavaScript for each message and
 * masks octet by octet: with this, small messages go twice as fast, and large ones more (docs/performance.md).
 * Owns: framing, masking, fragments put together, the limits on what a peer announces. Does not own: what a message means,
 * answers to control frames (the link).
 * Invariants: a length is judged before anything is kept; what is emitted belongs to the sink; after a fault nothing follows.
 */
import { allocateOwn, concat, EMPTY, setBytes, viewOf } from "../base/bytes.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** An empty fragment costs memory too. */
const MAX_FRAGMENTS = 16_384;

/** The close code for a fault of the peer. */
export type FaultCode = 1002 | 1003 | 1009;

export interface WebFrameSink {
  /** A whole binary message. */
  onBinary(payload: Uint8Array): void;
  /** A close, ping or pong. */
  onControl(opcode: number, payload: Uint8Array): void;
  onFault(code: FaultCode, text: string): void;
}

/** The reading side. */
export class WebFrameReader {
  /** The largest message that is accepted, in bytes. */
  maxPayload: number;
  #sink: WebFrameSink;
  #masked: boolean;
  // What came of a frame that is not whole yet.
  #pieces: Uint8Array[] = [];
  #have = 0;
  #need = 2;
  // Payloads of a message in fragments.
  #fragments: Uint8Array[] | null = null;
  #fragmentBytes = 0;
  #over = false;

  /** `masked`: whether the peer must mask, as a client must and a server must not. */
  constructor(sink: WebFrameSink, masked: boolean, maxPayload: number) {
    this.#sink = sink;
    this.#masked = masked;
    this.maxPayload = maxPayload;
  }

  /** Bytes of the peer, which belong to the reader; payloads are views of them. */
  receive(chunk: Uint8Array): void {
    if (this.#over) return;
    let at = this.#have > 0 ? this.#complete(chunk) : 0;
    while (!this.#over && this.#have === 0) {
      const next = this.#frame(chunk, at);
      if (next < 0) break;
      at = next;
    }
    if (this.#over || this.#have > 0 || at === chunk.length) return;
    this.#pieces.push(at === 0 ? chunk : chunk.subarray(at));
    this.#have = chunk.length - at;
  }

  // Goes on with a frame that began in an earlier chunk; returns how much of this one it took.
  #complete(chunk: Uint8Array): number {
    let at = 0;
    while (this.#have > 0 && !this.#over) {
      const take = Math.min(chunk.length - at, this.#need - this.#have);
      this.#pieces.push(chunk.subarray(at, at + take));
      this.#have += take;
      at += take;
      if (this.#have < this.#need) break;
      const frame = concat(this.#pieces, this.#have);
      const whole = this.#frame(frame, 0) > 0;
      this.#pieces = whole ? [] : [frame];
      if (whole) this.#have = 0;
    }
    return at;
  }

  stop(): void {
    this.#over = true;
    this.#pieces = [];
    this.#fragments = null;
  }

  // Takes one frame at `at`; returns where the next begins, or -1 when this one is not whole.
  #frame(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at;
    if (left < 2) return this.#wait(2);
    const first = bytes[at];
    const second = bytes[at + 1];
    const opcode = first & 15;
    const masked = second > 127;
    let size = second & 127;
    let body = at + 2;
    if (!this.#judge(first, opcode, masked, size)) return -1;
    if (size === 126) {
      if (left < 4) return this.#wait(4);
      size = (bytes[at + 2] << 8) | bytes[at + 3];
      body = at + 4;
    } else if (size === 127) {
      if (left < 10) return this.#wait(10);
      size = read64(bytes, at + 2);
      body = at + 10;
    }
    if (opcode < OPCODE.close && size + this.#fragmentBytes > this.maxPayload) {
      return this.#fault(1009, `a message of ${size + this.#fragmentBytes} bytes or more came, the limit is ${this.maxPayload}`);
    }
    const end = body + (masked ? 4 : 0) + size;
    if (end > bytes.length) return this.#wait(end - at);
    if (masked) {
      const key = (bytes[body] | (bytes[body + 1] << 8) | (bytes[body + 2] << 16) | (bytes[body + 3] << 24)) >>> 0;
      body += 4;
      maskInPlace(bytes, body, size, key);
    }
    const payload = viewOf(bytes.buffer, bytes.byteOffset + body, size);
    if (opcode >= OPCODE.close) this.#sink.onControl(opcode, payload);
    else if (opcode === OPCODE.binary && first > 127) this.#sink.onBinary(payload);
    else this.#fragment(payload, first > 127);
    return end;
  }

  #judge(first: number, opcode: number, masked: boolean, size: number): boolean {
    if ((first & 0x70) !== 0)
      return this.#fault(1002, "a frame has a reserved bit, or is compressed, which was not agreed on") > 0;
    if (masked !== this.#masked) return this.#fault(1002, `a frame is ${masked ? "masked, by a server" : "not masked"}`) > 0;
    if (opcode >= OPCODE.close) {
      if (opcode > OPCODE.pong) return this.#fault(1002, `a frame has the unknown opcode ${opcode}`) > 0;
      if (first < 128 || size > 125) return this.#fault(1002, "a control frame is fragmented or longer than 125 bytes") > 0;
      return opcode !== OPCODE.close || size !== 1 || this.#fault(1002, "a close has half a code") > 0;
    }
    if (opcode === OPCODE.text) return this.#fault(1003, "a text message came; a frame of ZeroMQ is a binary message") > 0;
    if (opcode > OPCODE.binary) return this.#fault(1002, `a frame has the unknown opcode ${opcode}`) > 0;
    if ((opcode === OPCODE.continuation) === (this.#fragments !== null)) return true;
    return this.#fault(1002, opcode === OPCODE.binary ? "a message begins inside another" : "a continuation of nothing came") > 0;
  }

  #fragment(payload: Uint8Array, last: boolean): void {
    this.#fragments ??= [];
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (this.#fragments.length > MAX_FRAGMENTS) {
      this.#fault(1009, `a message has more than ${MAX_FRAGMENTS} fragments`);
      return;
    }
    if (!last) return;
    const whole = concat(this.#fragments, this.#fragmentBytes);
    this.#fragments = null;
    this.#fragmentBytes = 0;
    this.#sink.onBinary(whole);
  }

  #wait(need: number): number {
    this.#need = need;
    return -1;
  }

  #fault(code: FaultCode, text: string): number {
    this.stop();
    this.#sink.onFault(code, text);
    return -1;
  }
}

function read64(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 8; i++) value = value * 256 + bytes[at + i];
  return value;
}

// Writing -------------------------------------------------------------------------------------------------------------

const MAX_HEADER_BYTES = 14;
/** One batch of small messages is written from memory that is used again once the kernel has it. */
const SCRATCH_BYTES = 160 * 1024;
/** Payloads from this size on are not copied: what is masked, is masked where it lies. */
const REFERENCE_BYTES = 4096;

let scratch: Uint8Array | null = null;

/** What is to be written, and whether it lies in the shared scratch memory. */
export interface Encoded {
  readonly parts: Uint8Array[];
  readonly inScratch: boolean;
}

/** Each payload as one frame of the opcode; large ones are masked in their own memory. With `inScratch`, call `keepScratch` unless the kernel took it all at once. */
export function encodeFrames(payloads: readonly Uint8Array[], opcode: number, masked: boolean): Encoded {
  let room = 0;
  for (const { length } of payloads) room += MAX_HEADER_BYTES + (length < REFERENCE_BYTES ? length : 0);
  const inScratch = room <= SCRATCH_BYTES;
  if (inScratch) scratch ??= allocateOwn(SCRATCH_BYTES);
  const memory = inScratch ? (scratch as Uint8Array) : allocateOwn(room);
  const parts: Uint8Array[] = [];
  let from = 0;
  let at = 0;
  for (let i = 0; i < payloads.length; i++) {
    const payload = payloads[i];
    const size = payload.length;
    at = writeHeader(memory, at, opcode, size, masked);
    const key = masked ? writeKey(memory, at) : 0;
    if (size >= REFERENCE_BYTES) {
      if (masked) maskInPlace(payload, 0, size, key);
      parts.push(memory.subarray(from, at), payload);
      from = at;
      continue;
    }
    setBytes.call(memory, payload, at);
    if (masked) maskInPlace(memory, at, size, key);
    at += size;
  }
  if (at > from) parts.push(memory.subarray(from, at));
  return { parts, inScratch };
}

// Before the payload at `at`; the lowest octet first.
function writeKey(memory: Uint8Array, at: number): number {
  const key = nextKey();
  memory[at - 4] = key & 255;
  memory[at - 3] = (key >>> 8) & 255;
  memory[at - 2] = (key >>> 16) & 255;
  memory[at - 1] = key >>> 24;
  return key;
}

/** The kernel has not taken what was encoded: the memory is the link's, the next batch gets other. */
export function keepScratch(): void {
  scratch = null;
}

function writeHeader(memory: Uint8Array, at: number, opcode: number, size: number, masked: boolean): number {
  const bit = masked ? 128 : 0;
  memory[at] = 128 | opcode;
  let next = at + 2;
  if (size < 126) memory[at + 1] = bit | size;
  else if (size < 65536) {
    memory[at + 1] = bit | 126;
    memory[at + 2] = size >>> 8;
    memory[at + 3] = size & 255;
    next = at + 4;
  } else {
    memory[at + 1] = bit | 127;
    const high = Math.floor(size / 0x100000000);
    for (let i = 0; i < 4; i++) {
      memory[at + 2 + i] = (high >>> (24 - 8 * i)) & 255;
      memory[at + 6 + i] = (size >>> (24 - 8 * i)) & 255;
    }
    next = at + 10;
  }
  return masked ? next + 4 : next;
}

const KEYS = new Uint32Array(2048);
let keyAt = KEYS.length;

// Unpredictable, as RFC 6455 wants it: nobody may steer what a proxy sees.
function nextKey(): number {
  if (keyAt === KEYS.length) {
    process.getBuiltinModule("node:crypto").randomFillSync(KEYS); // Loaded by the first use: decision 0069.
    keyAt = 0;
  }
  return KEYS[keyAt++];
}

/** Payloads up to this are masked octet by octet: a view of words costs more. */
const WORDS_FROM = 48;

/** Masks, or unmasks, a range by a key whose lowest octet comes first. */
export function maskInPlace(bytes: Uint8Array, start: number, size: number, key: number): void {
  let at = start;
  const end = start + size;
  let turned = key;
  const words = size >= WORDS_FROM;
  const aligned = words ? start + ((4 - ((bytes.byteOffset + start) & 3)) & 3) : end;
  for (; at < aligned; at++) {
    bytes[at] ^= turned & 255;
    turned = (turned >>> 8) | ((turned & 255) << 24);
  }
  if (!words) return;
  const count = (end - at) >>> 2;
  maskWords(new Int32Array(bytes.buffer, bytes.byteOffset + at, count), count, LITTLE_ENDIAN ? turned | 0 : swap(turned));
  for (at += count * 4; at < end; at++) {
    bytes[at] ^= turned & 255;
    turned = (turned >>> 8) | ((turned & 255) << 24);
  }
}

// Eight words a round: half the time of one, for 10 kB 1.0 instead of 1.6 µs.
function maskWords(words: Int32Array, count: number, key: number): void {
  let i = 0;
  for (const whole = count & ~7; i < whole; i += 8) {
    words[i] ^= key;
    words[i + 1] ^= key;
    words[i + 2] ^= key;
    words[i + 3] ^= key;
    words[i + 4] ^= key;
    words[i + 5] ^= key;
    words[i + 6] ^= key;
    words[i + 7] ^= key;
  }
  for (; i < count; i++) words[i] ^= key;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function swap(word: number): number {
  return ((word & 255) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** A close frame's code and reason; 1005 when it has none. */
export function readClose(payload: Uint8Array): { code: number; reason: string } {
  if (payload.length < 2) return { code: 1005, reason: "" };
  return { code: (payload[0] << 8) | payload[1], reason: Buffer.from(payload.subarray(2)).toString("latin1") };
}

export function closePayload(code: number): Uint8Array {
  return code === 1005 ? EMPTY : Uint8Array.of(code >>> 8, code & 255);
}
