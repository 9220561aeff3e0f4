/**
 * Dialling ws and wss on Node.js, Bun and Deno: the platform's HTTP client asks for the upgrade, its answer is judged here
 * (RFC 6455 section 4.1, RFC 45).
 *
 *     GET path, Upgrade: websocket, Sec-WebSocket-Key, Sec-WebSocket-Protocol ──▶
 *     ◀── 101, Sec-WebSocket-Accept (the key's digest), one of the sub-protocols ──▶ link over the stream
 *     ◀── any other status: tried again, or given up
 *
 * No WebSocket of a platform can be held back, tells why it could not connect, or takes a sub-protocol with a slash
 * (decision 0084). Does not own: the frames afterwards (websocket-stream), dialling in pages (websocket).
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { ZmqError } from "../base/errors.ts";
import { formatWeb, parseWeb, type WebTarget } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";
import { subprotocolsOf } from "../core/subprotocol.ts";
import type { ConnectOptions, Dialing, DialSink } from "../core/transport.ts";
import { dialError } from "./node-stream.ts";
import type { WebScheme } from "./websocket.ts";
import { payloadLimits, WebSocketStream } from "./websocket-stream.ts";

// Loaded by the first use: decision 0069.
const crypto = () => process.getBuiltinModule("node:crypto");
const http = () => process.getBuiltinModule("node:http");
const https = () => process.getBuiltinModule("node:https");
const tls = () => process.getBuiltinModule("node:tls");

/** What RFC 6455 has a server append to the key. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** One attempt to connect. */
class WebDialing implements Dialing {
  #sink: DialSink | null;
  #settings: Settings;
  #endpoint: string;
  #offered: readonly string[];
  #key: string;
  #request: ClientRequest | null = null;

  constructor(scheme: WebScheme, target: WebTarget, settings: Settings, sink: DialSink, ours: ConnectOptions) {
    this.#sink = sink;
    this.#settings = settings;
    this.#endpoint = formatWeb(scheme, target);
    this.#offered = subprotocolsOf(settings);
    this.#key = crypto().randomBytes(16).toString("base64");
    const options: RequestOptions = {
      ...trustOf(settings),
      ...ours.tls,
      host: target.host,
      port: target.port,
      path: target.path === "" ? "/" : target.path,
      family: settings.ipv6 ? 0 : 4,
      // A connection of its own, which no other request gets.
      agent: false,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": this.#key,
        "Sec-WebSocket-Protocol": this.#offered.join(","),
      },
    };
    try {
      this.#ask((scheme === "wss" ? https() : http()).request(options));
    } catch (error) {
      // TLS options that cannot work.
      process.nextTick(() => this.#failed(error as Error));
    }
  }

  cancel(): void {
    // The link that came of it is not ours any more.
    if (this.#sink === null) return;
    this.#sink = null;
    this.#request?.destroy();
  }

  #ask(request: ClientRequest): void {
    this.#request = request;
    request.on("upgrade", (answer, stream, head) => this.#upgraded(answer, stream, head));
    request.on("response", (answer) => this.#refused(request, answer));
    request.on("error", (error) => this.#failed(error));
    request.end();
  }

  #upgraded({ headers }: IncomingMessage, stream: Duplex, head: Buffer): void {
    const sink = this.#sink;
    if (sink === null) return void stream.destroy();
    const agreed = headers["sec-websocket-protocol"];
    const fault = this.#faultOf(headers);
    if (fault !== undefined || agreed === undefined) {
      stream.destroy();
      const text = `Could not connect to ${this.#endpoint}: ${fault}`;
      return this.#fail(new ZmqError("subprotocol-mismatch", text, { address: this.#endpoint }));
    }
    this.#sink = null;
    sink.onLink(new WebSocketStream(stream, head, true, payloadLimits(this.#settings), agreed, this.#endpoint));
  }

  #faultOf(headers: IncomingMessage["headers"]): string | undefined {
    const agreed = headers["sec-websocket-protocol"];
    if (headers.upgrade?.toLowerCase() !== "websocket") return "the server agreed on something else than a WebSocket";
    const expected = crypto().createHash("sha1").update(`${this.#key}${KEY_SUFFIX}`).digest("base64");
    if (headers["sec-websocket-accept"] !== expected) return "the server's Sec-WebSocket-Accept does not belong to our key";
    if (headers["sec-websocket-extensions"] !== undefined) return "the server wants an extension that was not offered";
    if (agreed !== undefined && this.#offered.includes(agreed)) return undefined;
    const said = agreed === undefined ? "none" : agreed.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
    return `the server agreed on the sub-protocol ${said}; ${this.#offered.join(" or ")} was offered`;
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
    this.#fail(dialError(error, this.#endpoint));
  }

  #fail(error: ZmqError): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onError(error);
  }
}

type TlsOptions = Pick<ConnectionOptions, "ca" | "servername">;

// libzmq without any of these trusts nobody; here the platform's authorities are trusted, as everywhere in Node.js.
function trustOf({ wssTrustPem, wssTrustSystem, wssHostname }: Settings): TlsOptions {
  const name = wssHostname === null ? {} : { servername: wssHostname };
  if (wssTrustPem === null) return name;
  return { ...name, ca: wssTrustSystem ? [wssTrustPem, ...tls().rootCertificates] : wssTrustPem };
}

/** Dials an address. */
export function dialWeb(
  scheme: WebScheme,
  address: string,
  settings: Settings,
  sink: DialSink,
  options: ConnectOptions = {},
): Dialing {
  return new WebDialing(scheme, parseWeb(scheme, address, "connect"), settings, sink, options);
}
