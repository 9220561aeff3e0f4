/**
 * ws and wss over the WebSocket of the platform (W3C): browsers and their workers (RFC 45, RFC 6455).
 *
 * Such a WebSocket cannot be held back: while the socket above does not read, what comes is kept here, up to
 * UNREAD_BYTES; beyond that the connection ends, with its reason. It tells nothing of the network either: a write counts
 * as taken while little is buffered, and a page notices a dead server only by the close.
 * Does not own: frames (zmtp/zws), listening (websocket-listener), dialling elsewhere (websocket-dialling).
 */
import { viewOf } from "../base/bytes.ts";
import { describe, ZmqError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import { formatWeb, parseWeb, type WebTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import { tokensOf } from "../core/subprotocol.ts";
import type {
  BindOptions,
  ConnectOptions,
  Dialing,
  DialSink,
  HttpServer,
  Link,
  LinkSink,
  LinkTransport,
} from "../core/transport.ts";

export type WebScheme = "ws" | "wss";

/** A write is taken while no more than this is buffered: the bound of what a break can lose. */
const TAKEN_BYTES = 65536;
/** How often a write that was not taken is looked at; the platform has no event for it. */
const POLL_MS = 2;
/** What may wait for a socket that does not read. */
const UNREAD_BYTES = 64 * 1024 * 1024;
/** How long an orderly end waits for the peer to close too. */
const END_MS = 1000;

const OPEN = 1;

/** What we use of a W3C WebSocket. */
interface PlatformWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly protocol: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message?: string; readonly error?: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
}

type WebSocketClass = new (url: string, protocols: readonly string[]) => PlatformWebSocket;

/** Makes a WebSocket of the platform. May throw for a URL that it does not like. */
function openSocket(url: string, protocols: readonly string[]): PlatformWebSocket {
  const { WebSocket } = globalThis as unknown as { WebSocket: WebSocketClass };
  return new WebSocket(url, protocols);
}

/** Throws what a wrong address deserves. */
export function checkWeb(
  scheme: WebScheme,
  address: string,
  use: "bind" | "connect",
  settings: Settings,
  options: BindOptions | ConnectOptions = {},
): void {
  checkOptions(use, options);
  const target = parseWeb(scheme, address, use);
  if (scheme === "wss" && use === "bind" && !hasCertificate(settings, options)) {
    const text = `wss://${address} needs a certificate: set wssKeyPem and wssCertPem, or give bind the options tls or server`;
    throw new ZmqError("invalid-option", text, { address: `wss://${address}` });
  }
  if (target.ipv6 && !settings.ipv6) {
    const endpoint = `${scheme}://${address}`;
    throw new ZmqError("no-such-device", `${endpoint} has an IPv6 address; set the option \`ipv6\` to use it`, {
      address: endpoint,
    });
  }
}

function hasCertificate({ wssKeyPem, wssCertPem }: Settings, { server, tls }: BindOptions): boolean {
  return server !== undefined || tls !== undefined || (wssKeyPem !== null && wssCertPem !== null);
}

const OPTIONS: Readonly<Record<"bind" | "connect", readonly string[]>> = {
  bind: ["server", "origins", "maxConnections", "tls"],
  connect: ["tls"],
};

function checkOptions(use: "bind" | "connect", options: BindOptions | ConnectOptions): void {
  for (const name of Object.keys(options)) {
    if (!OPTIONS[use].includes(name)) {
      throw new ZmqError("invalid-argument", `${use} has no option ${describe(name)}; it has: ${OPTIONS[use].join(", ")}`);
    }
  }
  const { origins, maxConnections, server } = options as BindOptions;
  if (maxConnections !== undefined && !(Number.isInteger(maxConnections) && maxConnections >= 1)) {
    throw new ZmqError("invalid-argument", `maxConnections must be a whole number from 1, got ${describe(maxConnections)}`);
  }
  if (origins !== undefined && typeof origins !== "function" && !Array.isArray(origins)) {
    throw new ZmqError("invalid-argument", `origins must be an array of origins or a function, got ${describe(origins)}`);
  }
  if (server !== undefined && typeof (server as Partial<HttpServer> | null)?.listenerCount !== "function") {
    throw new ZmqError("invalid-argument", `server must be an http.Server or https.Server, got ${describe(server)}`);
  }
}

/** The URL that a dialer asks for. */
function urlOf(scheme: WebScheme, target: WebTarget): string {
  return formatWeb(scheme, { ...target, path: target.path === "" ? "/" : target.path });
}

/** ws or wss where nothing can listen. */
export function dialOnlyTransport(scheme: WebScheme): LinkTransport {
  return {
    scheme,
    shape: "frames",
    check(address, use, settings, options) {
      if (use === "bind") {
        const text = `Operation not supported: a page cannot listen, so ${scheme}://${address} cannot be bound here; connect to a server that binds`;
        throw new ZmqError("not-offered", text, { address: `${scheme}://${address}` });
      }
      checkWeb(scheme, address, use, settings, options);
    },
    dial: (address, settings, sink) => new PlatformDialing(scheme, parseWeb(scheme, address, "connect"), settings, sink),
    listen() {
      throw new Error("a page cannot listen; check() has said so");
    },
  };
}

/** One attempt to connect with the platform's WebSocket. */
class PlatformDialing implements Dialing {
  #sink: DialSink | null;
  #endpoint: string;
  #socket: PlatformWebSocket | null = null;
  #problem: unknown;

  constructor(scheme: WebScheme, target: WebTarget, settings: Settings, sink: DialSink) {
    this.#sink = sink;
    this.#endpoint = formatWeb(scheme, target);
    try {
      this.#open(openSocket(urlOf(scheme, target), tokensOf(settings)));
    } catch (error) {
      // The platform refuses the URL itself, for example ws:// on a page that came by https.
      queueMicrotask(() => this.#failed(error));
    }
  }

  cancel(): void {
    // The link that came of it is not ours any more.
    if (this.#sink === null) return;
    this.#sink = null;
    if (this.#socket !== null) discard(this.#socket);
  }

  #open(socket: PlatformWebSocket): void {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened(socket);
    socket.onerror = (event) => {
      this.#problem = event.error ?? event.message;
    };
    socket.onclose = ({ code, reason }) => this.#failed(this.#problem, code, reason);
  }

  #opened(socket: PlatformWebSocket): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#sink = null;
    if (socket.protocol !== "") sink.onLink(new PlatformLink(socket, this.#endpoint));
    else {
      discard(socket);
      const text = `${this.#endpoint} opened a WebSocket without a sub-protocol of ZeroMQ`;
      sink.onError(new ZmqError("subprotocol-mismatch", text, { address: this.#endpoint }));
    }
  }

  #failed(cause: unknown, code = 0, reason = ""): void {
    const sink = this.#sink;
    this.#sink = null;
    const said = cause instanceof Error ? cause.message : typeof cause === "string" && cause !== "" ? cause : reason;
    const why = said === "" ? `the platform gives no reason (close code ${code})` : said;
    const details = { address: this.#endpoint, ...(cause === undefined ? {} : { cause }) };
    sink?.onError(new ZmqError("connect-failed", `Could not connect to ${this.#endpoint}: ${why}`, details));
  }
}

class PlatformLink implements Link {
  readonly subprotocol: string;
  readonly remote: string;
  #socket: PlatformWebSocket;
  #sink: LinkSink | null = null;
  #awaiting = false;
  #paused = false;
  #unread = new Fifo<Uint8Array>();
  #unreadBytes = 0;

  constructor(socket: PlatformWebSocket, remote: string) {
    this.#socket = socket;
    this.subprotocol = socket.protocol;
    this.remote = remote;
  }

  get open(): boolean {
    return this.#socket.readyState === OPEN;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    const socket = this.#socket;
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  write(parts: readonly Uint8Array[]): boolean {
    for (const part of parts) this.#socket.send(part);
    this.#awaiting = !this.open || this.#socket.bufferedAmount > TAKEN_BYTES;
    if (this.#awaiting) this.#poll();
    return !this.#awaiting;
  }

  established(): void {}

  ping(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const frame = this.#unread.shift();
      if (frame === undefined) return;
      this.#unreadBytes -= frame.length;
      this.#sink?.onData(frame);
    }
  }

  end(done: () => void): void {
    const socket = this.#socket;
    this.#sink = null;
    socket.onmessage = null;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      discard(socket);
      done();
    };
    const timer = setTimeout(finish, END_MS);
    if (socket.readyState > 2) queueMicrotask(finish);
    socket.onclose = finish;
    socket.close(1000);
  }

  destroy(): void {
    this.#sink = null;
    this.#unread.clear();
    discard(this.#socket);
  }

  #poll(): void {
    setTimeout(() => {
      if (!this.#awaiting || !this.open || this.#sink === null) return;
      if (this.#socket.bufferedAmount > TAKEN_BYTES) return this.#poll();
      this.#awaiting = false;
      this.#sink.onTaken();
    }, POLL_MS);
  }

  #received(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      return this.#fail(
        new ZmqError("malformed-frame", `the peer sent ${describe(data)}; a frame of ZeroMQ is a binary message`),
      );
    }
    const frame = viewOf(data, 0, data.byteLength);
    if (!this.#paused) {
      this.#sink?.onData(frame);
      return;
    }
    this.#unread.push(frame);
    this.#unreadBytes += frame.length;
    if (this.#unreadBytes > UNREAD_BYTES) {
      const text = `${this.#unreadBytes} bytes came that nobody read; a WebSocket of this platform cannot be held back`;
      this.#fail(new ZmqError("receive-overflow", text));
    }
  }

  #closed(code: number, reason: string): void {
    // What was buffered when the connection ended is known by now.
    if (this.#awaiting && this.#socket.bufferedAmount === 0) {
      this.#awaiting = false;
      this.#sink?.onTaken();
    }
    this.#paused = false;
    this.resume();
    this.#over(closeError(code, reason));
  }

  #fail(error: ZmqError): void {
    const sink = this.#sink;
    this.destroy();
    sink?.onEnd(error);
  }

  #over(error: Error | null): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onEnd(error);
  }
}

/** What a close code says: null for an end in order. */
export function closeError(code: number, reason: string): Error | null {
  if (code === 1000 || code === 1001 || code === 1005) return null;
  if (code === 1006) return new Error("it ended without a closing handshake");
  return new Error(`the peer closed it with code ${code}${reason === "" ? "" : ` (${reason.slice(0, 80)})`}`);
}

// Ends a WebSocket that nobody listens to any more.
function discard(socket: PlatformWebSocket): void {
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.onerror = () => undefined;
  socket.close();
}
