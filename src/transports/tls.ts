/**
 * tls+tcp: ZMTP inside TLS over TCP, by the runtime's own TLS. Not of libzmq: both sides are this library, or one is behind a
 * TLS proxy.
 *
 * Certificates are verified unless `tls.rejectUnauthorized` is false; names by the endpoint's host, or `tls.servername`.
 * Everything else is tcp's.
 */
import type { Socket } from "node:net";
import type { SecureContextOptions, TlsOptions as ServerOptions } from "node:tls";
import { ZmqError } from "../base/errors.ts";
import type { Settings } from "../core/options.ts";
import type { StreamTransport } from "../core/transport.ts";
import { StreamLink } from "./node-stream.ts";
import { type StreamLayer, transportOver } from "./tcp.ts";

// Loaded by the first use: decision 0069.
const net = () => process.getBuiltinModule("node:net");
const tls = () => process.getBuiltinModule("node:tls");

const TLS: StreamLayer = {
  scheme: "tls+tcp",

  check(use, { tls }) {
    if (use === "connect") return;
    if (tls?.pfx !== undefined || (tls?.cert !== undefined && tls.key !== undefined)) return;
    throw new ZmqError("invalid-option", "To bind tls+tcp:// a socket needs `tls: { cert, key }` (or `pfx`)");
  },

  server(settings) {
    const { handshakeInterval } = settings;
    const timeout = handshakeInterval > 0 ? { handshakeTimeout: handshakeInterval } : {};
    const server = tls().createServer({ ...contextOf(settings), ...timeout, noDelay: true } as ServerOptions);
    // Reported as a connection that could not be accepted; the socket is Node.js's to end.
    server.on("tlsClientError", (error: Error) => server.emit("error", error));
    return server;
  },

  connectionEvent: "secureConnection",

  client(socket: Socket, host: string, settings: Settings): Socket {
    const servername = settings.tls?.servername ?? (net().isIP(host) === 0 ? host : undefined);
    const secure = tls().connect({ ...contextOf(settings), socket, host, ...(servername === undefined ? {} : { servername }) });
    secure.unref();
    return secure;
  },

  readyEvent: "secureConnect",

  // The socket's own memory holds what is encrypted: nothing can be read into ours.
  reader: () => null,
  link: (socket, remote) => new StreamLink(socket, remote),
};

export const tlsTransport: StreamTransport = transportOver(TLS);

// The names are those of node:tls; whatever else the object has is passed on.
function contextOf({ tls }: Settings): SecureContextOptions {
  return { minVersion: "TLSv1.2", ...(tls as SecureContextOptions | null) };
}
