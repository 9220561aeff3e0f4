/**
 * A link of WebSocket over the stream that an upgrade left behind: frames by websocket-frames, bytes by a link of streams
 * (RFC 6455, RFC 45).
 *
 *     core ──frames──▶ one buffer of WebSocket frames ──▶ StreamLink, one system call
 *     core ◀──frames── reader ◀──chunks── StreamLink
 *
 * Owns: control frames (a ping is answered, a close too, a pong is a sign of life) and what a fault costs. Does not own:
 * the upgrade (websocket-dialling, websocket-listener).
 */

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { EMPTY } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import type { Settings } from "../core/options.ts";
import type { Link, LinkSink } from "../core/transport.ts";
import { StreamLink } from "./node-stream.ts";
import { closeError } from "./websocket.ts";
import {
  closePayload,
  encodeFrames,
  type FaultCode,
  keepScratch,
  OPCODE,
  readClose,
  WebFrameReader,
  type WebFrameSink,
} from "./websocket-frames.ts";

/** The largest payload that the `ws` package, which listens, can count to. */
const MAX_PAYLOAD = 0x7fffffff;
/** What a handshake's message may have beside metadata: more than any has, for the engine judges exactly. */
const HANDSHAKE_BYTES = 1024;

/** The largest messages that are accepted, in bytes: before the handshake is complete, and later. */
export interface PayloadLimits {
  readonly handshake: number;
  readonly later: number;
}

/** The largest WebSocket messages that a socket accepts, a frame and its flags. */
export function payloadLimits({ maxMessageSize, maxMetadataSize }: Settings): PayloadLimits {
  const later = maxMessageSize === -1 ? MAX_PAYLOAD : Math.min(MAX_PAYLOAD, maxMessageSize + 1);
  return { handshake: maxMetadataSize + HANDSHAKE_BYTES, later };
}

export class WebSocketStream implements Link, LinkSink, WebFrameSink {
  readonly subprotocol: string;
  readonly remote: string;
  #inner: StreamLink;
  #reader: WebFrameReader;
  #masks: boolean;
  #limits: PayloadLimits;
  #head: Buffer;
  #sink: LinkSink | null = null;

  /** `stream` after an upgrade, `head` what it brought already. A `client` masks, and its peer does not. */
  constructor(stream: Duplex, head: Buffer, client: boolean, limits: PayloadLimits, subprotocol: string, remote: string) {
    const socket = stream as Socket;
    // An http client leaves Nagle's algorithm on, which holds a second small write back until the first is acknowledged.
    socket.setNoDelay(true);
    this.#inner = new StreamLink(socket, remote);
    this.#reader = new WebFrameReader(this, !client, limits.handshake);
    this.#limits = limits;
    this.#masks = client;
    this.#head = head;
    this.subprotocol = subprotocol;
    this.remote = remote;
  }

  // What the core calls -----------------------------------------------------------------------------------------------

  get open(): boolean {
    return this.#inner.open;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    this.#inner.start(this);
    const head = this.#head;
    if (head.length === 0) return;
    this.#head = Buffer.alloc(0);
    process.nextTick(() => this.#reader.receive(head));
  }

  write(parts: readonly Uint8Array[]): boolean {
    return this.#write(parts, OPCODE.binary);
  }

  established(): void {
    this.#reader.maxPayload = this.#limits.later;
  }

  ping(): boolean {
    this.#control(OPCODE.ping, EMPTY);
    return true;
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(done: () => void): void {
    this.#sink = null;
    this.#reader.stop();
    this.#control(OPCODE.close, closePayload(1000));
    this.#inner.end(done);
  }

  destroy(): void {
    this.#sink = null;
    this.#reader.stop();
    this.#inner.destroy();
  }

  // What the stream brings --------------------------------------------------------------------------------------------

  onData(chunk: Uint8Array): void {
    this.#reader.receive(chunk);
  }

  space(): null {
    return null;
  }

  onFilled(): void {}

  onAlive(): void {}

  onTaken(): void {
    this.#sink?.onTaken();
  }

  onEnd(error: Error | null): void {
    this.#over(error ?? closeError(1006, ""));
  }

  onBinary(payload: Uint8Array): void {
    this.#sink?.onData(payload);
  }

  onControl(opcode: number, payload: Uint8Array): void {
    if (opcode === OPCODE.close) {
      const { code, reason } = readClose(payload);
      this.#finish(code, closeError(code, reason));
      return;
    }
    this.#sink?.onAlive();
    if (opcode === OPCODE.ping) this.#control(OPCODE.pong, payload);
  }

  onFault(code: FaultCode, text: string): void {
    this.#finish(code, new ZmqError(code === 1009 ? "message-too-large" : "malformed-frame", text));
  }

  // -------------------------------------------------------------------------------------------------------------------

  #write(payloads: readonly Uint8Array[], opcode: number): boolean {
    const { parts, inScratch } = encodeFrames(payloads, opcode, this.#masks);
    const taken = this.#inner.write(parts);
    if (!taken && inScratch) keepScratch();
    return taken;
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (this.open) this.#write([payload], opcode);
  }

  // Says the last word and hangs up; the core hears of it at once.
  #finish(code: number, error: Error | null): void {
    const sink = this.#sink;
    this.#sink = null;
    this.#reader.stop();
    this.#control(OPCODE.close, closePayload(code));
    this.#inner.end(() => undefined);
    sink?.onEnd(error);
  }

  #over(error: Error | null): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onEnd(error);
  }
}
