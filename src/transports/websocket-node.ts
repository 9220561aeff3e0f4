/**
 * Dialling ws and wss on Node.js and Deno: the `ws` package does the handshake, for Node.js has no WebSocket in its oldest
 * supported version and none that can be held back, pinged or given TLS options in the others (RFC 45, RFC 6455).
 *
 * Owns: what is offered, and what an answer means. Does not own: the frames afterwards (websocket-stream).
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { ClientOptions, WebSocket } from "ws";
import { ZmqError } from "../base/errors.ts";
import { formatWeb, parseWeb, type WebTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import { subprotocolsOf } from "../core/subprotocol.ts";
import type { ConnectOptions, Dialing, DialSink } from "../core/transport.ts";
import { dialError } from "./node-stream.ts";
import { urlOf, type WebScheme } from "./websocket.ts";
import { type PayloadLimits, WebSocketStream } from "./websocket-stream.ts";

/** The sub-protocol that `ws` is told of. */
const STAND_IN = "ZWS2.0";
/** What `ws` can count to. */
const MAX_PAYLOAD = 0x7fffffff;
/** What a handshake's message may have beside metadata: more than any has, for the engine judges exactly. */
const HANDSHAKE_BYTES = 1024;

/** The `ws` package, loaded on first use. */
export function loadWs(): Promise<typeof import("ws")> {
  return import("ws");
}

/** The largest WebSocket messages that a socket accepts, a frame and its flags: in the handshake, and later. */
export function payloadLimits({ maxMessageSize, maxMetadataSize }: Settings): PayloadLimits {
  const later = maxMessageSize === -1 ? MAX_PAYLOAD : Math.min(MAX_PAYLOAD, maxMessageSize + 1);
  return { handshake: maxMetadataSize + HANDSHAKE_BYTES, later };
}

/**
 * A class of `ws` that does the handshake only: where its own would begin to speak, `onStream` gets the stream and what it
 * brought already.
 */
export function handshakeOnly(
  { WebSocket: Base }: typeof import("ws"),
  onStream: (stream: Duplex, head: Buffer) => void,
): typeof WebSocket {
  return class extends Base {
    setSocket(stream: Duplex, head: Buffer): void {
      onStream(stream, head);
    }
  };
}

/** One attempt to connect with `ws`. */
export class WsDialing implements Dialing {
  #sink: DialSink | null;
  #endpoint: string;
  #socket: WebSocket | null = null;
  #limits: PayloadLimits;
  #offered: readonly string[] = [];
  #agreed: string | undefined;

  constructor(scheme: WebScheme, target: WebTarget, settings: Settings, sink: DialSink, { tls }: ConnectOptions) {
    this.#sink = sink;
    this.#endpoint = formatWeb(scheme, target);
    this.#limits = payloadLimits(settings);
    loadWs().then(
      (ws) => {
        if (this.#sink === null) return;
        const WebSocket = handshakeOnly(ws, (stream, head) => this.#opened(stream, head));
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
      this.#agreed = response.headers["sec-websocket-protocol"];
      if (this.#agreed !== undefined && this.#offered.includes(this.#agreed)) {
        response.headers["sec-websocket-protocol"] = STAND_IN;
      }
    });
    socket.on("unexpected-response", (request, response) => this.#refused(request, response));
    socket.on("error", (error) => this.#failed(error));
  }

  #opened(stream: Duplex, head: Buffer): void {
    const sink = this.#sink;
    if (sink === null) return void stream.destroy();
    this.#sink = null;
    sink.onLink(new WebSocketStream(stream, head, true, this.#limits, this.#agreed as string, this.#endpoint));
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
    family: settings.ipv6 ? 0 : 4,
    ...trustOf(settings),
  };
}

// libzmq without any of these trusts nobody; here the platform's authorities are trusted, as everywhere in Node.js.
export function trustOf({ wssTrustPem, wssTrustSystem, wssHostname }: Settings): TlsOptions {
  const name = wssHostname === null ? {} : { servername: wssHostname };
  if (wssTrustPem === null) return name;
  // Loaded by the first use: decision 0069.
  const { rootCertificates } = process.getBuiltinModule("node:tls");
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
