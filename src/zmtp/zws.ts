/**
 * ZeroMQ over WebSocket, ZWS 2.0, without the WebSocket (RFC 45; as libzmq has it).
 *
 *     one binary WebSocket message = flags(1) body        01 = MORE, 02 = COMMAND (on a stream it is 04)
 *
 *     sub-protocol ZWS2.0/NULL, /PLAIN, /CURVE   the mechanism's commands, then traffic
 *     sub-protocol ZWS2.0                        one frame each way, the routing id; no command ever, no ping
 *
 * Owns: the flags octet, the decoder of such frames, and the handshake of the sub-protocol without a mechanism. Does not
 * own: the upgrade (transports), what commands mean (engine), pings (the WebSocket's own).
 * Invariants: frames leave in the order they came; a paused decoder keeps every frame; after a failure it takes nothing more.
 */
import { copyBytes, EMPTY, readUint64, setBytes, viewOf } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import type { DecoderLimits, Frame, FrameSink } from "./frame-decoder.ts";
import { FLAG_COMMAND, FLAG_LONG, FLAG_MORE, type Lender, MAX_HEADER_BYTES } from "./frame-encoder.ts";
import { type Decoder, type Framing, HANDSHAKE_EXTRA_BYTES } from "./framing.ts";
import type { FrameTransform, Mechanism, MechanismStep } from "./mechanism.ts";

const ZWS_MORE = 1;
const ZWS_COMMAND = 2;

/** The sub-protocol without a mechanism; with one it is this, a slash and the mechanism's name. */
export const ZWS_BARE = "ZWS2.0";

/** The framing of a link that settled on a sub-protocol. */
export function zwsFraming(subprotocol: string): Framing {
  return subprotocol === ZWS_BARE ? BARE : WITH_MECHANISM;
}

const WITH_MECHANISM: Framing = {
  opening: null,
  protocol: "ZWS2.0",
  pings: "link",
  commandFlags: FLAG_COMMAND,
  toWire: toZwsFrames,
  decoder: (sink, limits) => new ZwsDecoder(sink, limits),
};

// The routing id goes as a plain frame. libzmq answers no ping in this mode.
const BARE: Framing = { ...WITH_MECHANISM, pings: "none", commandFlags: 0 };

/** The gathered frames one by one, each with its flags octet before its body, in lent memory. */
function toZwsFrames(parts: readonly Uint8Array[], lender: Lender): Uint8Array[] {
  let room = 0;
  for (const part of parts) room += part.length;
  // A header takes at least two octets where one is needed: there is room for everything.
  const memory = lender.lend(room);
  const { buffer, byteOffset } = memory;
  const frames: Uint8Array[] = [];
  let at = 0;
  let flags = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const end = part.length;
    let from = 0;
    while (from < end) {
      flags = part[from];
      let size = part[from + 1];
      from += 2;
      if ((flags & FLAG_LONG) !== 0) {
        size = readUint64(part, from - 1);
        from += MAX_HEADER_BYTES - 2;
      }
      memory[at] = (flags & FLAG_MORE) | ((flags & FLAG_COMMAND) >> 1);
      // A large body is a part by itself behind the part that ends with its header.
      const body = from === end && size > 0 ? parts[++i] : part;
      const start = body === part ? from : 0;
      setBytes.call(memory, start === 0 && size === body.length ? body : body.subarray(start, start + size), at + 1);
      frames.push(viewOf(buffer, byteOffset + at, size + 1));
      at += size + 1;
      if (body !== part) break;
      from += size;
    }
  }
  return frames;
}

/** The handshake of the sub-protocol without a mechanism: each side's first frame is its routing id. */
export class BareHandshake implements Mechanism {
  readonly name = "";
  #routingId: Uint8Array;

  constructor(routingId: Uint8Array) {
    this.#routingId = routingId;
  }

  start(): MechanismStep {
    return { kind: "send", body: this.#routingId };
  }

  onCommand(body: Uint8Array): MechanismStep {
    return { kind: "ready", metadata: new Map([["Identity", copyBytes(body)]]), metadataBytes: body.length };
  }

  close(): void {}
}

/** Frames as a WebSocket delivers them: whole, one per message. */
export class ZwsDecoder implements Decoder {
  #handshaking = true;
  #transform: FrameTransform | null = null;
  #sink: FrameSink;
  #limits: DecoderLimits;
  #parts: Frame[] | null = null;
  #backlog = new Fifo<Uint8Array>();
  #paused = false;
  #running = false;
  #failed = false;
  #offset = 0;

  constructor(sink: FrameSink, limits: DecoderLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  get offset(): number {
    return this.#offset;
  }

  receive(chunk: Uint8Array, lent = false): void {
    if (this.#failed) return;
    const message = lent ? copyBytes(chunk) : chunk;
    if (this.#paused || this.#running || this.#backlog.length > 0) {
      this.#backlog.push(message);
      return;
    }
    this.#running = true;
    this.#decode(message);
    this.#running = false;
    if (this.#backlog.length > 0) this.#run();
  }

  startTraffic(transform: FrameTransform | null): void {
    this.#handshaking = false;
    this.#transform = transform;
  }

  pause(): void {
    this.#paused = true;
  }

  /** A WebSocket gathers a message itself. */
  space(): null {
    return null;
  }

  filled(): void {}

  resume(): void {
    this.#paused = false;
    this.#run();
  }

  stop(): void {
    this.#failed = true;
    this.#backlog.clear();
    this.#parts = null;
  }

  // One run at a time: a sink that calls resume() from inside onMessage only clears the pause, the running loop sees it.
  #run(): void {
    if (this.#running) return;
    this.#running = true;
    while (!this.#paused && !this.#failed) {
      const message = this.#backlog.shift();
      if (message === undefined) break;
      this.#decode(message);
    }
    this.#running = false;
  }

  #decode(message: Uint8Array): void {
    const size = message.length - 1;
    if (size < 0) return this.#fail("malformed-frame", "a WebSocket message is empty; a frame has at least its flags", EMPTY);
    const { maxFrameBytes, maxMetadataBytes, copyBodies } = this.#limits;
    const limit = this.#handshaking ? maxMetadataBytes + HANDSHAKE_EXTRA_BYTES : maxFrameBytes;
    if (size > limit) {
      return this.#fail("message-too-large", `a frame has ${size} bytes, the limit is ${limit}`, message.subarray(0, 1));
    }
    if (this.#transform === null) {
      const body = copyBodies ? copyBytes(message, 1) : viewOf(message.buffer, message.byteOffset + 1, size);
      this.#emit(message[0], body);
    } else {
      const sealed = viewOf(message.buffer, message.byteOffset + 1, size);
      const body = this.#transform.open(sealed, !copyBodies);
      if (body === null) return this.#fail(this.#transform.failure.reason, this.#transform.failure.text, sealed);
      const { flags } = this.#transform;
      this.#emit((flags & FLAG_MORE) | ((flags & FLAG_COMMAND) >> 1), body);
    }
    this.#offset += message.length;
  }

  #emit(flags: number, body: Frame): void {
    if ((flags & ZWS_COMMAND) !== 0 || this.#handshaking) this.#paused = !this.#sink.onCommand(body);
    else if ((flags & ZWS_MORE) === 0) {
      const parts = this.#parts;
      this.#parts = null;
      if (parts === null) this.#paused = !this.#sink.onMessage([body]);
      else {
        parts.push(body);
        this.#paused = !this.#sink.onMessage(parts);
      }
    } else if (this.#parts === null) this.#parts = [body];
    else if (this.#parts.push(body) >= this.#limits.maxFrames) {
      this.#fail("too-many-frames", `a message has more than ${this.#limits.maxFrames} frames`, EMPTY);
    }
  }

  #fail(reason: ErrorReason, text: string, bytes: Uint8Array): void {
    this.stop();
    this.#sink.onMalformed(reason, text, bytes);
  }
}
