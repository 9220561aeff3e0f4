/**
 * Links over Bun's substitute for the `ws` package, which keeps the stream beneath to itself: what Bun accepts as a server
 * (RFC 45, RFC 6455). Elsewhere websocket-stream does this.
 *
 * A write is taken when nothing is buffered right after it, or when a callback finds it so on a living connection.
 */
import type { RawData, WebSocket } from "ws";
import { ZmqError } from "../base/errors.ts";
import type { Link, LinkSink } from "../core/transport.ts";
import { closeError } from "./websocket.ts";

/** How long an orderly end waits for the peer to close too. */
const END_MS = 1000;
const OPEN = 1;
const BINARY = { binary: true, compress: false } as const;

export class BunLink implements Link {
  readonly subprotocol: string;
  readonly remote: string;
  #socket: WebSocket;
  #sink: LinkSink | null = null;
  #awaiting = false;
  #error: Error | null = null;
  readonly #onWritten = (): void => {
    if (!this.#awaiting || !this.open || this.#socket.bufferedAmount > 0) return;
    this.#awaiting = false;
    this.#sink?.onTaken();
  };

  /** `socket` is open; `subprotocol` was agreed on. */
  constructor(socket: WebSocket, subprotocol: string, remote: string) {
    this.#socket = socket;
    this.subprotocol = subprotocol;
    this.remote = remote;
    socket.on("error", (error) => {
      this.#error = linkError(error);
    });
    socket.on("close", (code, reason) => this.#over(this.#error ?? closeError(code, reason.toString("latin1"))));
  }

  get open(): boolean {
    return this.#socket.readyState === OPEN;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    const socket = this.#socket;
    socket.on("message", (data: RawData, isBinary: boolean) => this.#received(data, isBinary));
    const onAlive = (): void => this.#sink?.onAlive();
    socket.on("ping", onAlive);
    socket.on("pong", onAlive);
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    const last = parts.length - 1;
    for (let i = 0; i < last; i++) socket.send(parts[i], BINARY);
    socket.send(parts[last], BINARY, this.#onWritten);
    this.#awaiting = socket.bufferedAmount > 0 || !this.open;
    return !this.#awaiting;
  }

  established(): void {}

  ping(): boolean {
    if (this.open) this.#socket.ping();
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(done: () => void): void {
    const socket = this.#socket;
    this.#sink = null;
    if (socket.readyState > 2) return void setImmediate(done);
    const timer = setTimeout(() => socket.terminate(), END_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      done();
    });
    socket.resume();
    socket.close(1000);
  }

  destroy(): void {
    this.#sink = null;
    this.#socket.terminate();
  }

  #received(data: RawData, isBinary: boolean): void {
    if (isBinary) this.#sink?.onData(data as Buffer);
    else if (this.#sink !== null) {
      this.#socket.close(1003, "frames of ZeroMQ are binary");
      this.#over(new ZmqError("malformed-frame", "the peer sent a text message; a frame of ZeroMQ is a binary message"));
    }
  }

  #over(error: Error | null): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onEnd(error);
  }
}

/** What `ws` found wrong is the peer's fault; everything else is the system's error. */
function linkError(error: Error & { code?: string }): Error {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || error.code === "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH") {
    return new ZmqError("message-too-large", "a WebSocket message is larger than `maxMessageSize` allows", { cause: error });
  }
  if (error.code?.startsWith("WS_ERR_")) return new ZmqError("malformed-frame", error.message, { cause: error });
  return error;
}
