/**
 * ws and wss as transports of a context on Node.js, Bun and Deno: listening over the `ws` package everywhere, dialling over
 * it on Node.js and over the platform's WebSocket on the others, which is theirs and faster.
 */
import type { LinkTransport } from "../core/transport.ts";
import { checkWeb, type WebScheme } from "./websocket.ts";
import { WebServers } from "./websocket-listener.ts";
import { dialWs } from "./websocket-node.ts";

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
    dial: (address, settings, sink, options) => dialWs(scheme, address, settings, sink, options),
    listen: (address, settings, sink, options) => servers.listen(scheme, address, settings, sink, options),
  };
}
