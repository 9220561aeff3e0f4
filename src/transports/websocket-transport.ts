/**
 * ws and wss as transports of a context on Node.js, Bun and Deno: listening over the `ws` package everywhere, dialling over
 * it on Node.js and Deno, which run it as it is, and over its own WebSocket on Bun, whose substitute for `ws` cannot be
 * told which sub-protocols to offer.
 */
import { parseWeb } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import type { ConnectOptions, Dialing, DialSink, LinkTransport } from "../core/transport.ts";
import { checkWeb, PlatformDialing, type PlatformWebSocket, type WebScheme } from "./websocket.ts";
import { WebServers } from "./websocket-listener.ts";
import { dialWs, trustOf } from "./websocket-node.ts";

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
    dial: (address, settings, sink, options) => dial(scheme, address, settings, sink, options),
    listen: (address, settings, sink, options) => servers.listen(scheme, address, settings, sink, options),
  };
}

const dial = "Bun" in globalThis ? dialBun : dialWs;

/** What Bun's WebSocket takes beside sub-protocols. */
interface BunOptions {
  readonly protocols: readonly string[];
  readonly tls: Readonly<Record<string, unknown>>;
}

function dialBun(scheme: WebScheme, address: string, settings: Settings, sink: DialSink, options: ConnectOptions = {}): Dialing {
  const tls = { ...trustOf(settings), ...options.tls };
  const { WebSocket } = globalThis as unknown as { WebSocket: new (url: string, options: BunOptions) => PlatformWebSocket };
  const open = (url: string, protocols: readonly string[]): PlatformWebSocket => new WebSocket(url, { protocols, tls });
  return new PlatformDialing(scheme, parseWeb(scheme, address, "connect"), settings, sink, open);
}
