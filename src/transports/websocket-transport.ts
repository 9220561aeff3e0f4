/**
 * ws and wss as transports of a context on Node.js, Bun and Deno: dialling by websocket-dialling, listening by
 * websocket-listener. Pages have the one of websocket.ts, which only dials.
 */
import type { LinkTransport } from "../core/transport.ts";
import { checkWeb, type WebScheme } from "./websocket.ts";
import { dialWeb } from "./websocket-dialling.ts";
import { WebServers } from "./websocket-listener.ts";

/** Both transports; they share nothing but their code. */
export function webSocketTransports(): LinkTransport[] {
  return (["ws", "wss"] as const).map(webSocketTransport);
}

function webSocketTransport(scheme: WebScheme): LinkTransport {
  const servers = new WebServers();
  return {
    scheme,
    shape: "frames",
    check: (address, use, settings, options) => checkWeb(scheme, address, use, settings, options),
    dial: (address, settings, sink, options) => dialWeb(scheme, address, settings, sink, options),
    listen: (address, settings, sink, options) => servers.listen(scheme, address, settings, sink, options),
  };
}
