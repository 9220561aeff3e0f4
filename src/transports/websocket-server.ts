/**
 * The HTTP servers that sockets listen on for ws and wss: ours, one for each host and port, and the user's.
 *
 * Owns: which endpoints share a server, when one starts and ends, connections that never ask for anything (they are ended
 * after `handshakeInterval`), and which of the bound paths a request means. Does not own: what becomes of a request for one
 * (websocket-listener). No server keeps the process alive; the core holds it when it must.
 * Invariants: of a user's server only the paths that are bound here are touched; a server of ours ends with its last path.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ZmqError } from "../base/errors.ts";
import { formatWeb, type WebTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import type { BindOptions, HttpServer, ListenSink } from "../core/transport.ts";
import { listenHost } from "./local-address.ts";
import { listenError } from "./node-stream.ts";
import type { WebScheme } from "./websocket.ts";

// Loaded by the first use: decision 0069.
const dns = () => process.getBuiltinModule("node:dns");
const http = () => process.getBuiltinModule("node:http");
const https = () => process.getBuiltinModule("node:https");
const net = () => process.getBuiltinModule("node:net");

/** A bound path. */
export interface Route {
  /** From the first slash on; empty: every path that nobody else has. */
  readonly path: string;
  readonly sink: ListenSink;
  /** Somebody asks for a WebSocket here. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Answers a request for a WebSocket with a refusal, and hangs up. */
export function refuse(socket: Duplex, status: string, reason: string): void {
  const body = `${reason}\n`;
  // A client of ours shows this line to its user; browsers show nothing.
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-ZMTP-Reason: ${reason}`,
  ];
  socket.on("error", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

export class WebHost {
  readonly scheme: WebScheme;
  #server: HttpServer;
  #routes = new Set<Route>();
  readonly #onUpgrade = (...[request, socket, head]: unknown[]): void =>
    this.upgrade(request as IncomingMessage, socket as Duplex, head as Buffer);

  constructor(scheme: WebScheme, server: HttpServer) {
    this.scheme = scheme;
    this.#server = server;
    server.on("upgrade", this.#onUpgrade);
  }

  get empty(): boolean {
    return this.#routes.size === 0;
  }

  get routes(): Iterable<Route> {
    return this.#routes;
  }

  /** Throws EADDRINUSE when the path is bound already. */
  add(route: Route, endpoint: string): void {
    for (const { path } of this.#routes) {
      if (path !== route.path) continue;
      const what = path === "" ? "every other path" : `the path ${path}`;
      throw new ZmqError("address-in-use", `Address already in use: cannot bind ${endpoint}, ${what} is bound on this server`, {
        address: endpoint,
      });
    }
    this.#routes.add(route);
  }

  remove(route: Route): void {
    this.#routes.delete(route);
    if (this.empty) this.#server.off("upgrade", this.#onUpgrade);
  }

  /** Somebody asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? "/").split("?", 1)[0];
    const route = this.#find(path);
    if (route !== undefined) route.upgrade(request, socket, head);
    else if (this.#server.listenerCount("upgrade") === 1) {
      const shown = path.replace(/[^\x21-\x7e]/g, "?").slice(0, 80);
      refuse(socket, "404 Not Found", `no socket is bound at ${shown}`);
      const error = new ZmqError("unknown-path", `a WebSocket was asked for at ${shown}, where no socket is bound`);
      for (const { sink } of this.#routes) sink.onAcceptError(error);
    }
  }

  // libzmq's clients ask for the last segment of their endpoint's path only.
  #find(path: string): Route | undefined {
    let byLast: Route | undefined;
    let rest: Route | undefined;
    const last = lastSegment(path);
    for (const route of this.#routes) {
      if (route.path.split("?", 1)[0] === path) return route;
      if (route.path === "") rest = route;
      else if (last !== "" && lastSegment(route.path) === last) byLast = route;
    }
    return byLast ?? rest;
  }
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A server of ours: starts with the first path and ends with the last. */
export class OwnHost extends WebHost {
  readonly target: WebTarget;
  #http: Server;
  #state: "starting" | "listening" | "closed" = "starting";
  #address: { host: string; port: number };
  #onClosed: () => void;
  // Connections that have not asked for a WebSocket yet.
  #idle = new Map<Duplex, ReturnType<typeof setTimeout>>();

  /** `onClosed` is called when the server accepts no more. */
  constructor(scheme: WebScheme, target: WebTarget, settings: Settings, options: BindOptions, onClosed: () => void) {
    const tls = { key: settings.wssKeyPem ?? undefined, cert: settings.wssCertPem ?? undefined, ...options.tls };
    const server = scheme === "wss" ? https().createServer(tls) : http().createServer();
    super(scheme, server);
    this.target = target;
    this.#http = server;
    this.#onClosed = onClosed;
    this.#address = target;
    this.#guard(settings.handshakeInterval);
    server.on("request", (request, response) => this.#plainRequest(request, response));
    server.on("listening", () => this.#listening());
    server.on("error", (error) => this.#failed(error));
    this.#start(listenHost(target.host, settings.ipv6), settings);
  }

  /** Whether an endpoint means this server. */
  serves(scheme: WebScheme, { host, port }: WebTarget): boolean {
    if (scheme !== this.scheme || this.#state === "closed" || port === 0 || port !== this.#address.port) return false;
    return host === this.target.host || host === this.#address.host;
  }

  override add(route: Route, endpoint: string): void {
    super.add(route, endpoint);
    if (this.#state === "listening") queueMicrotask(() => this.#tell(route));
  }

  override remove(route: Route): void {
    super.remove(route);
    if (this.empty) this.#close();
  }

  override upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#forget(socket, false);
    super.upgrade(request, socket, head);
  }

  #start(host: string, settings: Settings): void {
    const { port } = this.target;
    const listen = (address: string): void => void this.#http.listen({ host: address, port, backlog: settings.backlog });
    if (net().isIP(host) !== 0) listen(host);
    else {
      dns().lookup(host, { family: settings.ipv6 ? 0 : 4 }, (error, address) => {
        if (error) this.#failed(error);
        else if (this.#state !== "closed") listen(address);
      });
    }
  }

  #listening(): void {
    // Closed while a name was looked up.
    if (this.#state === "closed") return void this.#http.close();
    this.#state = "listening";
    this.#http.unref();
    const { address, port } = this.#http.address() as AddressInfo;
    this.#address = { host: address, port };
    for (const route of this.routes) this.#tell(route);
  }

  #tell(route: Route): void {
    if (this.#state === "listening") route.sink.onListening(formatWeb(this.scheme, { ...this.#address, path: route.path }));
  }

  #failed(cause: Error): void {
    const error = listenError(cause, formatWeb(this.scheme, this.target));
    const starting = this.#state === "starting";
    if (starting) this.#close();
    for (const { sink } of this.routes) {
      if (starting) sink.onError(error);
      else sink.onAcceptError(error);
    }
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#http.close();
    for (const socket of [...this.#idle.keys()]) this.#forget(socket, true);
    this.#onClosed();
  }

  // A connection that asks for nothing within the time of a handshake is half open, or somebody who knocks.
  #guard(handshakeMs: number): void {
    const http = this.#http;
    if (this.scheme === "wss") {
      if (handshakeMs > 0) Object.assign(http, { handshakeTimeout: handshakeMs });
      http.on("tlsClientError", (error) =>
        this.#reject(new ZmqError("not-websocket", `a connection did not agree on TLS: ${error.message}`)),
      );
    }
    http.on(this.scheme === "wss" ? "secureConnection" : "connection", (socket: Socket) => {
      socket.unref();
      const timer = setTimeout(() => {
        if (!this.#idle.has(socket)) return;
        this.#forget(socket, true);
        this.#reject(new ZmqError("handshake-timeout", `a connection asked for no WebSocket within ${handshakeMs} ms`));
      }, handshakeMs || 0x7fffffff);
      timer.unref();
      this.#idle.set(socket, timer);
      socket.once("close", () => this.#forget(socket, false));
    });
    http.on("clientError", (error: Error & { code?: string }, socket: Duplex) => {
      if (error.code !== "ECONNRESET") {
        this.#reject(new ZmqError("not-websocket", `what came is no request of HTTP: ${error.message}`));
      }
      if (socket.writable) refuse(socket, "400 Bad Request", "a request for a WebSocket is expected");
      else socket.destroy();
    });
  }

  #forget(socket: Duplex, destroy: boolean): void {
    clearTimeout(this.#idle.get(socket));
    this.#idle.delete(socket);
    if (destroy) socket.destroy();
  }

  #plainRequest(request: IncomingMessage, response: ServerResponse): void {
    const reason = "here are sockets of ZeroMQ; they want a WebSocket (RFC 6455, ZWS 2.0)";
    response.writeHead(426, { Connection: "close", Upgrade: "websocket", "Content-Type": "text/plain", "X-ZMTP-Reason": reason });
    response.end(`${reason}\n`);
    request.resume();
    this.#reject(new ZmqError("not-websocket", `a plain ${request.method} request came; sockets want a WebSocket`));
  }

  #reject(error: ZmqError): void {
    for (const { sink } of this.routes) sink.onAcceptError(error);
  }
}
