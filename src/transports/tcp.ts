/**
 * tcp: ZMTP over TCP, IPv4 and IPv6 (RFC 23; endpoint forms of zmq_tcp(7)).
 *
 * With `socksProxy` a dial goes through a proxy (socks.ts). Each attempt looks the name up anew and tries all its addresses in order. Nagle's algorithm is off. `*` binds all
 * interfaces (with `ipv6` both families), a name may be that of an interface; port `*` or 0 lets the system choose.
 */
import type { Server, Socket, TcpNetConnectOpts } from "node:net";
import { ZmqError } from "../base/errors.ts";
import { formatTcp, type HostPort, parseTcpBind, parseTcpConnect, type TcpTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import type { Dialing, DialSink, Link, Listening, ListenSink, StreamTransport } from "../core/transport.ts";
import { acceptFilter, interfaceAddress, listenHost, withoutMapping } from "./local-address.ts";
import { dialError, listenError, listenWith, StreamLink } from "./node-stream.ts";
import { Reader } from "./reader.ts";
import { connectThrough, proxyOf } from "./socks.ts";

// Loaded by the first use: decision 0069.
const net = () => process.getBuiltinModule("node:net");
const dns = () => process.getBuiltinModule("node:dns");

/** While other addresses of a name are left, an attempt at one takes no longer than this. */
const NEXT_ADDRESS_MS = 2000;

/** What lies over TCP: nothing, or TLS. */
export interface StreamLayer {
  readonly scheme: string;
  /** Throws EINVAL when the settings cannot work. */
  check(use: "bind" | "connect", settings: Settings): void;
  /** A server that gives each connection, once it can carry data, by this event. */
  server(settings: Settings): Server;
  readonly connectionEvent: string;
  /** The connection over a connected socket, which emits `readyEvent` when it can carry data; null: the socket itself. */
  client(socket: Socket, host: string, settings: Settings): Socket | null;
  readonly readyEvent: string;
  /** For a socket that dials directly: how it is to be read from, if not by `data` events. */
  reader(): Reader | null;
  /** The link over a connection that can carry data; `reader` is what the socket was made with. */
  link(socket: Socket, remote: string, reader: Reader | null): Link;
}

const PLAIN: StreamLayer = {
  scheme: "tcp",
  check: () => undefined,
  server: () => net().createServer({ noDelay: true }),
  connectionEvent: "connection",
  client: () => null,
  readyEvent: "connect",
  reader: () => Reader.forDialling(),
  link: (socket, remote, reader) => (reader === null ? StreamLink.over(socket, remote) : new StreamLink(socket, remote, reader)),
};

/** A transport over TCP. */
export function transportOver(layer: StreamLayer): StreamTransport {
  const { scheme } = layer;
  return {
    scheme,
    shape: "bytes",

    check(address, use, settings) {
      const target: TcpTarget = use === "bind" ? parseTcpBind(address) : parseTcpConnect(address);
      if (use === "bind") acceptFilter(settings.tcpAcceptFilter);
      else proxyOf(settings);
      layer.check(use, settings);
      for (const each of [target, target.source]) {
        if (each?.ipv6 && !settings.ipv6) {
          throw new ZmqError("no-such-device", `${scheme}://${address} has an IPv6 address; set the option \`ipv6\` to use it`, {
            address: `${scheme}://${address}`,
          });
        }
      }
    },

    dial(address, settings, sink) {
      return new TcpDialing(parseTcpConnect(address), layer, settings, sink);
    },

    listen(address, settings, sink) {
      return listenTcp(parseTcpBind(address), layer, settings, sink);
    },
  };
}

export const tcpTransport: StreamTransport = transportOver(PLAIN);

class TcpDialing implements Dialing {
  #target: TcpTarget;
  /** What is connected to first: the proxy, or the target itself. */
  #hop: HostPort;
  #layer: StreamLayer;
  #settings: Settings;
  #sink: DialSink | null;
  #socket: Socket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(target: TcpTarget, layer: StreamLayer, settings: Settings, sink: DialSink) {
    this.#target = target;
    this.#layer = layer;
    this.#settings = settings;
    this.#sink = sink;
    this.#hop = proxyOf(settings) ?? target;
    const { host, ipv6 } = this.#hop;
    if (net().isIP(host) !== 0 || ipv6) process.nextTick(() => this.#try([host], 0));
    else {
      dns().lookup(host, { all: true, family: settings.ipv6 ? 0 : 4 }, (error, found) => {
        if (error) this.#failed(error);
        else
          this.#try(
            found.map((each) => each.address),
            0,
          );
      });
    }
  }

  cancel(): void {
    this.#sink = null;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #try(addresses: readonly string[], index: number): void {
    if (this.#sink === null) return;
    // What a proxy's answer brought along comes as an event of this very socket.
    const isDirect = this.#hop === this.#target;
    const reader = isDirect ? this.#layer.reader() : null;
    const socket = net().connect({ ...this.#options(addresses[index]), ...reader?.option });
    this.#socket = socket;
    socket.unref();
    let over = false;
    const next = (error: Error): void => {
      if (over) return;
      over = true;
      clearTimeout(this.#timer);
      socket.destroy();
      if (index + 1 < addresses.length) this.#try(addresses, index + 1);
      else this.#failed(error);
    };
    socket.on("error", next);
    const done = (ready: Socket, remote: string): void => {
      const sink = this.#sink;
      if (over || sink === null) return;
      over = true;
      ready.removeListener("error", next);
      this.#sink = null;
      this.#socket = null;
      sink.onLink(isDirect ? this.#layer.link(ready, remote, reader) : new StreamLink(ready, remote));
    };
    const connected = (remote: string): void => {
      if (over || this.#sink === null) return;
      configure(socket, this.#settings);
      const above = this.#layer.client(socket, this.#target.host, this.#settings);
      if (above === null) {
        done(socket, remote);
        return;
      }
      this.#socket = above;
      above.on("error", next);
      above.once(this.#layer.readyEvent, () => done(above, remote));
    };
    socket.once("connect", () => {
      if (over || this.#sink === null) return;
      if (isItsOwnPeer(socket)) {
        next(this.#nobody());
        return;
      }
      clearTimeout(this.#timer);
      const { host, port } = this.#target;
      if (isDirect) connected(remoteOf(socket, this.#layer));
      else {
        const remote = formatTcp(host, port, this.#layer.scheme);
        connectThrough(socket, this.#target, this.#settings).then(() => connected(remote), next);
      }
    });
    if (index + 1 < addresses.length) {
      this.#timer = setTimeout(
        () => next(new Error(`no answer from ${addresses[index]} within ${NEXT_ADDRESS_MS} ms`)),
        NEXT_ADDRESS_MS,
      );
      this.#timer.unref();
    }
  }

  #options(host: string): TcpNetConnectOpts {
    const { source } = this.#target;
    const { port } = this.#hop;
    const options: TcpNetConnectOpts = { host, port, noDelay: true, autoSelectFamily: false };
    if (source === undefined) return options;
    const local = source.host === "*" ? undefined : localAddress(source, net().isIP(host) === 6 ? 6 : 4);
    return { ...options, localPort: source.port, ...(local === undefined ? {} : { localAddress: local }) };
  }

  #failed(error: Error): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onError(error instanceof ZmqError ? error : dialError(error, this.#address()));
  }

  #nobody(): ZmqError {
    const address = this.#address();
    const text = `Could not connect to ${address}: nobody listens there, and the system connected the dial to itself`;
    return new ZmqError("connection-refused", text, { address });
  }

  #address(): string {
    const { host, port } = this.#hop;
    return formatTcp(host, port, this.#layer.scheme);
  }
}

/**
 * Who dials a port that the system may choose as the dialler's own, and where nobody listens, is now and then given that very port, and TCP's simultaneous open joins it with itself. Kept,
 * it would speak with itself and hold the port that its peer wants to bind.
 */
function isItsOwnPeer({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}

function listenTcp(target: HostPort, layer: StreamLayer, settings: Settings, sink: ListenSink): Listening {
  const server = layer.server(settings);
  const asked = formatTcp(target.host, target.port, layer.scheme);
  const filter = acceptFilter(settings.tcpAcceptFilter);
  return listenWith(server, {
    sink,
    connectionEvent: layer.connectionEvent,
    link: (socket, remote) => layer.link(socket, remote, null),
    allows: filter === undefined ? undefined : ({ remoteAddress }) => filter(remoteAddress),
    start() {
      const host = listenHost(target.host, settings.ipv6);
      const listen = (address: string): void =>
        void server.listen({ host: address, port: target.port, backlog: settings.backlog });
      if (net().isIP(host) !== 0) listen(host);
      else {
        dns().lookup(host, { family: settings.ipv6 ? 0 : 4 }, (error, address) => {
          if (error) server.emit("error", error);
          else listen(address);
        });
      }
    },
    describe() {
      const { address, port } = server.address() as { address: string; port: number };
      return formatTcp(address, port, layer.scheme);
    },
    remote(socket) {
      configure(socket, settings);
      return remoteOf(socket, layer);
    },
    failed: (error) => listenError(error, asked),
    stopped: () => undefined,
  });
}

/** What newer versions of Node.js can set beside what our floor can. */
interface NewerSocket {
  setKeepAlive(enable: boolean, initialDelayMs: number, intervalMs?: number, count?: number): unknown;
  setTypeOfService?(value: number): unknown;
}

/** Sets the options of a connection that the runtime can set; older ones ignore what they do not know. */
export function configure(socket: NewerSocket, settings: Settings): void {
  const { tcpKeepalive, tcpKeepaliveIdle, tcpKeepaliveInterval, tcpKeepaliveCount, typeOfService } = settings;
  if (tcpKeepalive === 1) {
    const intervalMs = tcpKeepaliveInterval > 0 ? tcpKeepaliveInterval * 1000 : undefined;
    const count = tcpKeepaliveCount > 0 ? tcpKeepaliveCount : undefined;
    socket.setKeepAlive(true, Math.max(0, tcpKeepaliveIdle) * 1000, intervalMs, count);
  }
  if (tcpKeepalive === 0) socket.setKeepAlive(false, 0);
  if (typeOfService > 0) socket.setTypeOfService?.(typeOfService);
}

// A connection can be reset before anybody looks at it; its address is then unknown.
function remoteOf(socket: Socket, layer: StreamLayer): string {
  const { remoteAddress = "unknown", remotePort = 0 } = socket;
  return formatTcp(withoutMapping(remoteAddress), remotePort, layer.scheme);
}

function localAddress(source: HostPort, family: 4 | 6): string {
  return interfaceAddress(source.host, family === 6) ?? source.host;
}
