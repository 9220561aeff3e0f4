/**
 * The answer to one request: HTTP, bytes as they are, JSON, or messages of a WebSocket; now, later, or in pieces.
 *
 * Owns: that each request is answered at most once, and whether the connection then stays open (Mongrel2 leaves that to
 * its handlers). Does not own: the bytes (http.ts, websocket.ts, envelope.ts), the way to the server (link.ts).
 *
 *     waiting ──stream──> streaming ──end──> ended
 *        └──http, json, send, close──────────> ended      raw, message: any number of times, in any state but ended
 *
 * A reply may be kept as long as wanted (long poll). Its methods give false when the server that asked has gone since.
 */
import { ZmqError } from "../node.ts";
import { extendedFrames, replyFrame, textReplyFrame } from "./envelope.ts";
import { delimitsBody, hasNoBody, type ReplyHeaders, responseHead } from "./http.ts";
import type { Link } from "./link.ts";
import { ReplyStream } from "./reply-stream.ts";
import { type Mongrel2Request, OPCODES } from "./request.ts";
import type { TnetValue } from "./tnetstring.ts";
import { closePayload, frameHead, handshakeHead } from "./websocket.ts";

/** What can be a body. Text is sent in UTF-8. */
export type Body = string | Uint8Array;

type State = "waiting" | "streaming" | "ended";

const NO_HEADERS: ReplyHeaders = {};

export class Mongrel2Reply {
  /** What it answers. */
  readonly request: Mongrel2Request;
  readonly #link: Link;
  #state: State = "waiting";

  /** @internal */
  constructor(request: Mongrel2Request, link: Link) {
    this.request = request;
    this.#link = link;
  }

  /** Whether a whole answer was given. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Whether an answer was begun. */
  get begun(): boolean {
    return this.#state !== "waiting";
  }

  /** Whether the server that asked is still there. */
  get alive(): boolean {
    return this.#link.state === "up" || this.#link.state === "stopping";
  }

  /** Resolves when replies do not pile up before this server; at once when it has gone. */
  get flushed(): Promise<void> {
    return this.#link.flushed;
  }

  /**
   * Answers with an HTTP response: adds `Content-Length`, and closes the connection where HTTP says so.
   *
   * @param status 100 to 999. @param headers names and values; a value may be a list. Date and others are yours to add.
   * @param body text (UTF-8) or bytes; copied. Left out for HEAD, 204 and 304.
   * @returns false if the server has gone. Throws EFSM if an answer was begun, EINVAL for a wrong status or header.
   */
  http(status: number, headers: ReplyHeaders = NO_HEADERS, body: Body = ""): boolean {
    this.#mayBegin();
    const { keepAlive, method, version } = this.request;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    const framing = hasNoBody(status) ? "none" : { length };
    const head = responseHead(status, headers, framing, keepAlive, version);
    this.#state = "ended";
    const sent = framing === "none" || method === "HEAD" ? this.#send([head]) : this.#sendBody(head, body, length);
    return keepAlive ? sent : this.#send([]);
  }

  /** Answers with JSON: to a JSON socket the text itself, else an HTTP response of that type. */
  json(value: unknown, status = 200): boolean {
    const text = JSON.stringify(value);
    if (this.request.kind !== "json") return this.http(status, { "Content-Type": "application/json" }, text);
    return this.raw(text);
  }

  /**
   * Begins an HTTP response whose body comes in pieces: as long as a `Content-Length` among the headers says (keeping to it
   * is yours), else chunked for HTTP/1.1, until the connection's end for HTTP/1.0. Throws as `http`.
   */
  stream(status: number, headers: ReplyHeaders = NO_HEADERS): ReplyStream {
    this.#mayBegin();
    const { keepAlive, method, version } = this.request;
    const framing = hasNoBody(status) ? "none" : delimitsBody(headers) ? "given" : version === "HTTP/1.0" ? "close" : "chunked";
    const stays = keepAlive && framing !== "close";
    const head = responseHead(status, headers, framing, stays, version);
    this.#state = "streaming";
    this.#send([head]);
    const coding = framing === "none" || method === "HEAD" ? "none" : framing === "chunked" ? "chunked" : "plain";
    return new ReplyStream(this.#link, coding, stays, {
      send: (parts) => this.#send(parts),
      end: () => {
        this.#state = "ended";
      },
    });
  }

  /** Sends bytes as they are, as often as wanted: the pieces of an HTTP response of your own making, or text to a JSON socket. */
  raw(...parts: readonly Body[]): boolean {
    if (this.#state === "ended" && this.request.kind === "http") throw this.#wrongState();
    return this.#send(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  }

  /** Closes the client's connection, once what was sent before has gone out. */
  close(): boolean {
    this.#state = "ended";
    return this.#send([]);
  }

  /** Answers a `websocket-handshake`: the browser then has its WebSocket. `protocol` is one of those that it offered. */
  accept(protocol?: string): boolean {
    const { kind, body } = this.request;
    if (kind !== "websocket-handshake")
      throw new ZmqError("wrong-state", `accept() answers a websocket-handshake, this is ${kind}`);
    this.#mayBegin();
    if (protocol !== undefined && !/^[\w!#$%&'*+.^`|~-]+$/.test(protocol))
      throw new ZmqError("invalid-argument", `A WebSocket's protocol is a token, got ${JSON.stringify(protocol)}`);
    this.#state = "ended";
    return this.#send([handshakeHead(body.toString("latin1"), protocol)]);
  }

  /** Sends a message to a WebSocket: text as text, bytes as binary. Throws EINVAL for control frames over 125 octets. */
  message(data: Body, opcode: number = typeof data === "string" ? OPCODES.text : OPCODES.binary): boolean {
    const payload = typeof data === "string" ? Buffer.from(data) : data;
    return this.#send([frameHead(opcode, payload.length), payload]);
  }

  /** Closes a WebSocket: its close frame, then the connection. */
  closeWebSocket(code = 1000, reason = ""): boolean {
    this.message(closePayload(code, reason), OPCODES.close);
    return this.close();
  }

  /** Sends an extended reply, for example `("ctl", { "keep-alive": true })` or `{ cancel: true }`. */
  extended(name: string, value: TnetValue): boolean {
    const { server, connection } = this.request;
    return extendedFrames(server, [connection], name, value).every((frame) => this.#link.send(frame));
  }

  #mayBegin(): void {
    if (this.#state !== "waiting") throw this.#wrongState();
  }

  #send(parts: readonly Body[]): boolean {
    return this.#link.send(replyFrame(this.request.server, this.request.connection, parts));
  }

  #sendBody(head: string, body: Body, size: number): boolean {
    if (typeof body !== "string") return this.#send([head, body]);
    return this.#link.send(textReplyFrame(this.request.server, this.request.connection, head, body, size));
  }

  #wrongState(): ZmqError {
    const { method, path } = this.request;
    return new ZmqError("reply-ended", `${method} ${path} was already answered: a request has one reply`);
  }
}
