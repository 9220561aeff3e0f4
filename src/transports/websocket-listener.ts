/**
 * Listening for ws and wss: the paths where sockets are bound, and what becomes of a request for one (RFC 45, RFC 6455).
 *
 *     request ──▶ the bound path ──▶ address, origin, sub-protocol, number of connections ──▶ upgrade by `ws` ──▶ link
 *                                        └── refused: an answer that says why, and an event
 *
 * Does not own: HTTP servers and paths (websocket-server), links (websocket-stream, websocket-bun).
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import { formatWeb, parseWeb, type WebTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import { chooseSubprotocol, subprotocolsOf } from "../core/subprotocol.ts";
import type { BindOptions, Listening, ListenSink } from "../core/transport.ts";
import { acceptFilter, withoutMapping } from "./local-address.ts";
import { listenError } from "./node-stream.ts";
import type { WebScheme } from "./websocket.ts";
import { BunLink } from "./websocket-bun.ts";
import { OwnHost, type Route, refuse, WebHost } from "./websocket-server.ts";
import { payloadLimits, WebSocketStream } from "./websocket-stream.ts";

/** Bun's substitute for `ws` keeps the stream of a connection to itself. */
const KEEPS_STREAM = "Bun" in globalThis;

/**
 * A class of `ws` that does the handshake only: where its own would begin to speak, nothing happens, and the stream is
 * ours.
 */
function handshakeOnly({ WebSocket: Base }: typeof import("ws")): typeof WebSocket {
  return class extends Base {
    setSocket(): void {}
  };
}

/** The servers of one context. */
export class WebServers {
  #own = new Set<OwnHost>();
  #users = new Map<object, WebHost>();

  listen(scheme: WebScheme, address: string, settings: Settings, sink: ListenSink, options: BindOptions = {}): Listening {
    const target = parseWeb(scheme, address, "bind");
    const endpoint = formatWeb(scheme, target);
    const route = new WsRoute(scheme, target.path, settings, sink, options);
    let host: WebHost | null = null;
    let closed = false;
    import("ws")
      .then((ws) => {
        if (closed) return;
        const own = KEEPS_STREAM ? {} : { WebSocket: handshakeOnly(ws) };
        route.start(new ws.WebSocketServer({ noServer: true, clientTracking: false, ...route.options, ...own }));
        host =
          options.server === undefined
            ? this.#ownHost(scheme, target, settings, options)
            : this.#usersHost(scheme, options.server);
        host.add(route, endpoint);
        if (options.server !== undefined) sink.onListening(usersEndpoint(scheme, target, options.server));
      })
      .catch((error: Error) => sink.onError(listenError(error, endpoint)));
    return {
      close(done) {
        closed = true;
        route.close();
        host?.remove(route);
        setImmediate(done);
      },
    };
  }

  #ownHost(scheme: WebScheme, target: WebTarget, settings: Settings, options: BindOptions): WebHost {
    for (const host of this.#own) if (host.serves(scheme, target)) return host;
    const host: OwnHost = new OwnHost(scheme, target, settings, options, () => this.#own.delete(host));
    this.#own.add(host);
    return host;
  }

  #usersHost(scheme: WebScheme, server: object & NonNullable<BindOptions["server"]>): WebHost {
    const known = this.#users.get(server);
    if (known !== undefined && !known.empty) return known;
    const host = new WebHost(scheme, server);
    this.#users.set(server, host);
    return host;
  }
}

// What is known of where a user's server listens.
function usersEndpoint(scheme: WebScheme, target: WebTarget, server: NonNullable<BindOptions["server"]>): string {
  const found = server.address() as { address?: string; port?: number } | string | null;
  if (found === null || typeof found === "string" || found.address === undefined) return formatWeb(scheme, target);
  return formatWeb(scheme, { host: found.address, port: found.port ?? target.port, path: target.path });
}

/** One bound path. */
class WsRoute implements Route {
  readonly path: string;
  readonly sink: ListenSink;
  readonly options: { readonly perMessageDeflate: false; readonly maxPayload: number };
  #scheme: WebScheme;
  #settings: Settings;
  #origins: BindOptions["origins"];
  #maxConnections: number;
  #connections = 0;
  #allows: ReturnType<typeof acceptFilter>;
  #server: WebSocketServer | null = null;
  // The sub-protocol of the upgrade that is being answered.
  #agreed = "";

  constructor(scheme: WebScheme, path: string, settings: Settings, sink: ListenSink, options: BindOptions) {
    this.path = path;
    this.sink = sink;
    this.#scheme = scheme;
    this.#settings = settings;
    this.#origins = options.origins;
    this.#maxConnections = options.maxConnections ?? Number.POSITIVE_INFINITY;
    this.#allows = acceptFilter(settings.tcpAcceptFilter);
    this.options = { perMessageDeflate: false, maxPayload: payloadLimits(settings).later };
  }

  start(server: WebSocketServer): void {
    this.#server = server;
    // For all upgrades: one of its own for each would be left behind by those that `ws` refuses, and answer a later one too.
    server.on("headers", (headers) => headers.push(`Sec-WebSocket-Protocol: ${this.#agreed}`));
    server.on("wsClientError", (error, socket, request) =>
      this.#refuse(request, socket, "400 Bad Request", "not-websocket", error.message),
    );
  }

  close(): void {
    this.#server = null;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress, remotePort = 0 } = request.socket;
    if (this.#allows?.(remoteAddress) === false) {
      return this.#refuse(request, socket, "403 Forbidden", "filtered", "tcpAcceptFilter does not allow this address");
    }
    const { origin } = request.headers;
    const { welcome, cause } = this.#judge(origin);
    if (!welcome) {
      const text = `pages of ${printable(origin)} may not connect here`;
      return this.#refuse(request, socket, "403 Forbidden", "origin-refused", text, cause);
    }
    // Looked at behind `origins`, which may have closed the socket.
    const server = this.#server;
    if (server === null) return refuse(socket, "404 Not Found", "no socket is bound here any more");
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
    const subprotocol = chooseSubprotocol(offered, this.#settings);
    if (subprotocol === undefined) {
      const spoken = subprotocolsOf(this.#settings).join(" or ");
      const said = offered.join("") === "" ? "none" : printable(offered.join(", "));
      const text = `a socket of ZeroMQ speaks the sub-protocol ${spoken}; the client offered ${said}`;
      return this.#refuse(request, socket, "400 Bad Request", "subprotocol-mismatch", text);
    }
    if (this.#connections >= this.#maxConnections) {
      const text = `there are ${this.#connections} connections, maxConnections is ${this.#maxConnections}`;
      return this.#refuse(request, socket, "503 Service Unavailable", "too-many-connections", text);
    }
    // `ws` takes a sub-protocol with a slash for a mistake: it sees none, and the answer is written here.
    request.headers["sec-websocket-protocol"] = undefined;
    this.#agreed = subprotocol;
    server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#connections++;
      (KEEPS_STREAM ? webSocket : socket).once("close", () => this.#connections--);
      const remote = formatWeb(this.#scheme, { host: withoutMapping(remoteAddress ?? "unknown"), port: remotePort, path: "" });
      const link = KEEPS_STREAM
        ? new BunLink(webSocket, subprotocol, remote)
        : new WebSocketStream(socket, head, false, payloadLimits(this.#settings), subprotocol, remote);
      this.sink.onLink(link);
    });
  }

  // A function that throws at what a peer says lets nobody in; why is for the program alone.
  #judge(origin: string | undefined): { readonly welcome: boolean; readonly cause?: unknown } {
    const origins = this.#origins;
    if (typeof origins !== "function")
      return { welcome: origins === undefined || origin === undefined || origins.includes(origin) };
    try {
      return { welcome: origins(origin) };
    } catch (cause) {
      return { welcome: false, cause };
    }
  }

  #refuse(request: IncomingMessage, socket: Duplex, status: string, reason: ErrorReason, text: string, cause?: unknown): void {
    refuse(socket, status, text);
    const { remoteAddress = "unknown", remotePort = 0 } = request.socket;
    const remote = formatWeb(this.#scheme, { host: withoutMapping(remoteAddress), port: remotePort, path: "" });
    const why = cause === undefined ? text : `${text}: \`origins\` failed (${String(cause)})`;
    this.sink.onAcceptError(new ZmqError(reason, `${remote} was refused: ${why}`, cause === undefined ? {} : { cause }));
  }
}

function printable(text: string | undefined): string {
  return (text ?? "no origin").replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
