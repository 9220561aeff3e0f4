/**
 * Links over Node.js streams: what tcp and ipc have in common once a connection is there.
 *
 * A write is taken when `writableLength` is 0 right after it, or when a write callback finds it 0 on a living socket:
 * Node.js calls back without an error for bytes that the kernel never took when a socket is destroyed. No socket keeps
 * the process alive; the core holds it when it must.
 */
import type { Server, Socket } from "node:net";
import { type ErrorReason, systemCode, ZmqError } from "../base/errors.ts";
import type { Link, LinkSink, Listening, ListenSink } from "../core/transport.ts";
import { isForeign } from "./local-address.ts";
import { Reader } from "./reader.ts";
import { noteLarge } from "./spare-heap.ts";

/** What is larger was not gathered: a body that the program has allocated. */
const LARGE_BYTES = 65536;

/** How long an orderly end waits for the peer to close too. */
const END_MS = 1000;

/** A socket that is a link's; its listeners are the same functions for all links. */
interface LinkedSocket extends Socket {
  [LINK]?: StreamLink;
}

const LINK = Symbol("link");

function onSocketError(this: LinkedSocket, error: Error): void {
  this[LINK]?.onSocketError(error);
}

function onSocketOver(this: LinkedSocket): void {
  this[LINK]?.onSocketOver();
}

export class StreamLink implements Link {
  readonly subprotocol = null;
  readonly remote: string;
  #socket: Socket;
  #reader: Reader | null;
  #sink: LinkSink | null = null;
  #awaiting = false;
  #error: Error | null = null;
  #ended = false;
  readonly #onWritten = (): void => {
    if (!this.#awaiting || !this.open || this.#socket.writableLength > 0) return;
    this.#awaiting = false;
    this.#sink?.onTaken();
  };

  /** A link over a connected socket, which is the link's from then on. `remote` is the peer's address as an endpoint text. */
  static over(socket: Socket, remote: string): StreamLink {
    const reader = new Reader();
    const adopted = reader.adopt(socket);
    return adopted === null ? new StreamLink(socket, remote) : new StreamLink(adopted, remote, reader);
  }

  /** `reader` is the one that the socket was made with; without one chunks come as the socket's `data` events. */
  constructor(socket: Socket, remote: string, reader: Reader | null = null) {
    this.#socket = socket;
    this.#reader = reader;
    this.remote = remote;
    (socket as LinkedSocket)[LINK] = this;
    socket.unref();
    socket.on("error", onSocketError);
    socket.on("end", onSocketOver);
    socket.on("close", onSocketOver);
  }

  get open(): boolean {
    return !this.#socket.destroyed && this.#socket.errored === null;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#reader !== null) this.#reader.sink = sink;
    else this.#socket.on("data", (chunk) => this.#sink?.onData(chunk));
    if (this.#ended) process.nextTick(() => this.onSocketOver());
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (parts.length === 1) socket.write(parts[0], this.#onWritten);
    else {
      socket.cork();
      for (const part of parts) {
        if (part.length > LARGE_BYTES) noteLarge(part.length);
        socket.write(part, this.#onWritten);
      }
      socket.uncork();
    }
    // A write that fails at once (a reset is pending) has already left the stream's count.
    this.#awaiting = socket.writableLength > 0 || !this.open;
    return !this.#awaiting;
  }

  established(): void {}

  ping(): boolean {
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(done: () => void): void {
    const socket = this.#socket;
    this.#silence();
    if (socket.closed) return void setImmediate(done);
    const timer = setTimeout(() => socket.destroy(), END_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      done();
    });
    socket.resume();
    socket.end();
  }

  destroy(): void {
    this.#silence();
    this.#socket.destroy();
  }

  #silence(): void {
    this.#sink = null;
    if (this.#reader !== null) this.#reader.sink = null;
  }

  onSocketError(error: Error): void {
    this.#error = error;
  }

  onSocketOver(): void {
    this.#ended = true;
    const sink = this.#sink;
    if (sink === null) return;
    this.#silence();
    sink.onEnd(this.#error);
  }
}

/** What differs between listeners. */
export interface ListenOptions {
  readonly sink: ListenSink;
  /** The server's event that brings a connection; absent: `connection`. */
  readonly connectionEvent?: string;
  /** The link over a new connection; absent: a plain one. */
  readonly link?: (socket: Socket, remote: string) => Link;
  /** Makes the server listen. */
  readonly start: () => void;
  /** The endpoint, once it is listening. May throw what `failed` understands. */
  readonly describe: () => string;
  /** Whether a connection is welcome; absent: every one. */
  readonly allows?: ((socket: Socket) => boolean) | undefined;
  /** The address of a new connection, as an endpoint text. */
  readonly remote: (socket: Socket) => string;
  readonly failed: (error: Error) => ZmqError;
  /** Called when listening has ended. */
  readonly stopped: () => void;
}

/** Listens with `server` and reports to the sink. */
export function listenWith(server: Server, options: ListenOptions): Listening {
  const { sink } = options;
  let state: "starting" | "listening" | "closed" = "starting";
  server.on("listening", () => {
    if (state !== "starting") {
      // Closed while a name was looked up: the server had nothing to close then.
      server.close();
      return;
    }
    server.unref();
    try {
      const endpoint = options.describe();
      state = "listening";
      sink.onListening(endpoint);
    } catch (error) {
      state = "closed";
      server.close();
      sink.onError(options.failed(error as Error));
    }
  });
  server.on(options.connectionEvent ?? "connection", (socket: Socket) => {
    const remote = options.remote(socket);
    const welcome = options.allows?.(socket) ?? true;
    if (state === "listening" && welcome) sink.onLink(options.link?.(socket, remote) ?? StreamLink.over(socket, remote));
    else socket.destroy();
    if (!welcome)
      sink.onAcceptError(new ZmqError("filtered", `${remote} is not allowed by tcpAcceptFilter; its connection was closed`));
  });
  server.on("error", (error) => {
    if (state === "listening") sink.onAcceptError(options.failed(error));
    else if (state === "starting") {
      state = "closed";
      sink.onError(options.failed(error));
    }
  });
  options.start();
  return {
    close(done) {
      state = "closed";
      // The server's own callback waits for its connections; the address is free when the handle is closed, which is at once.
      server.close();
      options.stopped();
      setImmediate(done);
    },
  };
}

/** The error of an attempt to connect that failed. */
export function dialError(error: Error, address: string): ZmqError {
  const reasons: Record<string, ErrorReason> = {
    ECONNREFUSED: "connection-refused",
    ENOTFOUND: "name-not-found",
    EAI_AGAIN: "name-not-found",
    ETIMEDOUT: "connect-timeout",
  };
  const code = systemCode(error) ?? "";
  const reason = reasons[code] ?? (isTlsError(code) ? "tls-failed" : "connect-failed");
  return new ZmqError(
    reason,
    `Could not connect to ${address}: ${error.message}`,
    reason === "name-not-found" || reason === "tls-failed" ? { address, cause: error } : withCode(error, address),
  );
}

// OpenSSL's own, Node.js's, and those of verification, which have OpenSSL's names (X509_V_ERR_… without the prefix).
function isTlsError(code: string): boolean {
  return /^ERR_(SSL|TLS|OSSL)_|CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/.test(code);
}

/** The error of an attempt to listen that failed. */
export function listenError(error: Error, address: string): ZmqError {
  if (error instanceof ZmqError) return error;
  const reasons: Record<string, [ErrorReason, string]> = {
    EADDRINUSE: ["address-in-use", "Address already in use"],
    EADDRNOTAVAIL: ["address-not-available", "This machine does not have the address"],
    EACCES: ["permission-denied", "Permission denied"],
    EMFILE: ["too-many-files", "Too many open file descriptors"],
    ENOTFOUND: ["no-such-device", "No such host or interface"],
  };
  const [reason, text] = reasons[listenCode(error)] ?? (["bind-failed", "The system refused"] as const);
  const hasOwnCode = reason === "no-such-device" || reason === "address-not-available";
  const details = hasOwnCode ? { address, cause: error } : withCode(error, address);
  return new ZmqError(reason, `${text}: cannot bind ${address} (${error.message})`, details);
}

// For an address that the machine does not have Deno says EINVAL.
function listenCode(error: Error & { address?: string }): string {
  const code = systemCode(error) ?? "";
  return code === "EINVAL" && isForeign(error.address ?? "") ? "EADDRNOTAVAIL" : code;
}

function withCode(cause: Error, address: string): { address: string; cause: Error; code?: string } {
  const code = systemCode(cause);
  return code === undefined ? { address, cause } : { address, cause, code };
}
