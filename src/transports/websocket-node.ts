/**
 * Links and dialling of ws and wss over the `ws` package, as Node.js has no WebSocket in its oldest supported version and
 * none that can be held back, pinged or given TLS options in the others (RFC 45, RFC 6455).
 *
 * A write is one cork of the connection's stream: as many WebSocket messages as it has frames, one system call. It is taken
 * when nothing is buffered right after it, or when a callback finds it so on a living connection. No connection keeps the
 * process alive; the core holds it when it must.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, rootCertificates } from "node:tls";
import type { ClientOptions, RawData, WebSocket } from "ws";
import { ZmqError } from "../base/errors.ts";
import { formatWeb, parseWeb, type WebTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import { subprotocolsOf } from "../core/subprotocol.ts";
import type { ConnectOptions, Dialing, DialSink, Link, LinkSink } from "../core/transport.ts";
import { dialError } from "./node-stream.ts";
import { closeError, urlOf, type WebScheme } from "./websocket.ts";

/** How long an orderly end waits for the peer to close too. */
const END_MS = 1000;
const OPEN = 1;
const BINARY = { binary: true, compress: false } as const;
/** The sub-protocol that `ws` is told of. */
const STAND_IN = "ZWS2.0";
/** What `ws` can count to. */
const MAX_PAYLOAD = 0x7fffffff;

/** The `ws` package, loaded on first use. */
export function loadWs(): Promise<typeof import("ws")> {
  return import("ws");
}

/** The largest WebSocket message that a socket accepts: a frame and its flags. */
export function maxPayloadOf({ maxMessageSize }: Settings): number {
  return maxMessageSize === -1 ? MAX_PAYLOAD : Math.min(MAX_PAYLOAD, maxMessageSize + 1);
}

export class WsLink implements Link {
  readonly subprotocol: string;
  readonly remote: string;
  #socket: WebSocket;
  // Absent where the runtime has a `ws` of its own and does not show the stream beneath.
  #stream: Duplex | null;
  #sink: LinkSink | null = null;
  #awaiting = false;
  #error: Error | null = null;
  readonly #onWritten = (): void => {
    if (!this.#awaiting || !this.open || this.#socket.bufferedAmount > 0) return;
    this.#awaiting = false;
    this.#sink?.onTaken();
  };

  /** `socket` is open; `subprotocol` was agreed on. */
  constructor(socket: WebSocket, stream: Duplex | null, subprotocol: string, remote: string) {
    this.#socket = socket;
    this.#stream = stream;
    this.subprotocol = subprotocol;
    this.remote = remote;
    (stream as Partial<Socket> | null)?.unref?.();
    socket.on("error", (error) => {
      this.#error = linkError(error);
    });
    socket.on("close", (code, reason) => this.#over(this.#error ?? closeError(code, reason.toString("latin1"))));
  }

  get open(): boolean {
    return this.#socket.readyState === OPEN && this.#stream?.destroyed !== true && (this.#stream?.errored ?? null) === null;
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
    this.#stream?.cork();
    for (let i = 0; i < last; i++) socket.send(parts[i], BINARY);
    socket.send(parts[last], BINARY, this.#onWritten);
    this.#stream?.uncork();
    this.#awaiting = socket.bufferedAmount > 0 || !this.open;
    return !this.#awaiting;
  }

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

/** One attempt to connect with `ws`. */
export class WsDialing implements Dialing {
  #sink: DialSink | null;
  #endpoint: string;
  #socket: WebSocket | null = null;
  #stream: Duplex | null = null;
  #offered: readonly string[] = [];
  #agreed: string | undefined;

  constructor(scheme: WebScheme, target: WebTarget, settings: Settings, sink: DialSink, { tls }: ConnectOptions) {
    this.#sink = sink;
    this.#endpoint = formatWeb(scheme, target);
    loadWs().then(
      ({ WebSocket }) => {
        if (this.#sink === null) return;
        const options = { ...optionsOf(settings), ...tls, finishRequest: (request: ClientRequest) => this.#offer(request) };
        this.#open(new WebSocket(urlOf(scheme, target), [STAND_IN], options));
      },
      (error: Error) => this.#failed(error),
    );
    this.#offered = subprotocolsOf(settings);
  }

  cancel(): void {
    // The link that came of it is not ours any more.
    if (this.#sink === null) return;
    this.#sink = null;
    this.#socket?.terminate();
  }

  // `ws` takes a sub-protocol with a slash for a mistake: it is told of one without, and the real ones are written here.
  #offer(request: ClientRequest): void {
    request.setHeader("Sec-WebSocket-Protocol", this.#offered.join(","));
    request.end();
  }

  #open(socket: WebSocket): void {
    this.#socket = socket;
    socket.on("upgrade", (response) => {
      this.#stream = response.socket;
      this.#agreed = response.headers["sec-websocket-protocol"];
      if (this.#agreed !== undefined && this.#offered.includes(this.#agreed)) {
        response.headers["sec-websocket-protocol"] = STAND_IN;
      }
    });
    socket.on("unexpected-response", (request, response) => this.#refused(request, response));
    socket.on("error", (error) => this.#failed(error));
    socket.on("open", () => {
      const sink = this.#sink;
      if (sink === null) return;
      this.#sink = null;
      sink.onLink(new WsLink(socket, this.#stream, this.#agreed as string, this.#endpoint));
    });
  }

  #refused(request: ClientRequest, { statusCode = 0, statusMessage = "", headers }: IncomingMessage): void {
    request.destroy();
    // A proxy whose server restarts answers 502 or 503; a path may be bound later. What else is refused stays refused.
    const again = statusCode >= 500 || [404, 408, 425, 429].includes(statusCode);
    const answer = headers["x-zmtp-reason"];
    const said = typeof answer === "string" ? `: ${answer.replace(/[^\x20-\x7e]/g, "?").slice(0, 200)}` : "";
    const text = `Could not connect to ${this.#endpoint}: the server answered ${statusCode} ${statusMessage.slice(0, 40)}${said}`;
    this.#fail(new ZmqError(again ? "upgrade-failed" : "upgrade-refused", text, { address: this.#endpoint }));
  }

  #failed(error: Error): void {
    const endpoint = this.#endpoint;
    if (/subprotocol|Sec-WebSocket-|Upgrade header/i.test(error.message)) {
      const text = `Could not connect to ${endpoint}: ${error.message}`;
      this.#fail(new ZmqError("subprotocol-mismatch", text, { address: endpoint, cause: error }));
    } else this.#fail(dialError(error, endpoint));
  }

  #fail(error: ZmqError): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onError(error);
  }
}

type TlsOptions = Pick<ConnectionOptions, "ca" | "servername">;

function optionsOf(settings: Settings): ClientOptions {
  return {
    perMessageDeflate: false,
    maxPayload: maxPayloadOf(settings),
    family: settings.ipv6 ? 0 : 4,
    ...trustOf(settings),
  };
}

// libzmq without any of these trusts nobody; here the platform's authorities are trusted, as everywhere in Node.js.
export function trustOf({ wssTrustPem, wssTrustSystem, wssHostname }: Settings): TlsOptions {
  const name = wssHostname === null ? {} : { servername: wssHostname };
  if (wssTrustPem === null) return name;
  return { ...name, ca: wssTrustSystem ? [wssTrustPem, ...rootCertificates] : wssTrustPem };
}

/** Dials an address with `ws`. */
export function dialWs(
  scheme: WebScheme,
  address: string,
  settings: Settings,
  sink: DialSink,
  options: ConnectOptions = {},
): Dialing {
  return new WsDialing(scheme, parseWeb(scheme, address, "connect"), settings, sink, options);
}
