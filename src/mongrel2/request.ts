/**
 * A request from Mongrel2, decoded: what a browser, a JSON socket or a WebSocket sent, and where its answer goes.
 *
 * Owns: the grammar of a request's one frame, and what kind of request it is. Does not own: the answer (reply.ts), uploaded
 * files (upload.ts), where frames come from (link.ts).
 *
 *     UUID SP ID SP PATH SP headers body        headers: netstring of JSON, or tnetstring dictionary; body: netstring
 *
 * Invariant: a frame is decoded as a whole or refused with ZmqError `malformed-request`; nothing of it is trusted further
 * than its form. What a client can forge is said at the getters.
 */
import { ZmqError } from "../node.ts";
import { allValues, decodeHeaders, firstOf, firstValue, type HeaderFields } from "./headers.ts";
import { asBuffer, TnetCursor } from "./tnetstring.ts";

/**
 * What a request is: an HTTP request; a message of a JSON or XML socket; the notice that a client is gone; a browser that
 * asks for a WebSocket; a message of a WebSocket; the beginning of an upload, whose end is an `http` request.
 */
export type RequestKind = "http" | "json" | "xml" | "disconnect" | "websocket-handshake" | "websocket" | "upload-start";

/** A WebSocket's opcodes (RFC 6455, section 5.2). Mongrel2 puts fragments together: there are no continuations. */
export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const SPACE = 0x20;
const MAX_ID = 0xffffffff;
const MAX_UUID = 255;
/** The path of the notices that Mongrel2 itself sends. */
const NOTICE_PATH = "@*";
const NO_BODY = Buffer.alloc(0);

/** One request. Its texts are copies (those of one request may share memory), its body is a view of the received frame. */
export class Mongrel2Request {
  /** What it is. */
  readonly kind: RequestKind;
  /** The HTTP method; JSON, XML, WEBSOCKET or WEBSOCKET_HANDSHAKE for the other kinds. Of Mongrel2's making. */
  readonly method: string;
  /** `HTTP/1.1` or `HTTP/1.0`; empty where there was no HTTP. */
  readonly version: string;
  /** The server's name for this handler: `send_ident` of its configuration. */
  readonly server: string;
  /** The server's number of the client's connection, which a reply names. */
  readonly connection: number;
  /** The path that was asked for, without the query; `@…` for JSON sockets, `<…` for XML. */
  readonly path: string;
  /** The client's headers with names in lower case, Mongrel2's own in upper case. */
  readonly headers: HeaderFields;
  /** The body; empty where there is none. Not owned: a view of the received frame. */
  readonly body: Buffer;

  private constructor(server: string, connection: number, path: string, headers: HeaderFields, body: Buffer) {
    this.server = server;
    this.connection = connection;
    this.path = path;
    this.headers = headers;
    this.body = body;
    const method = firstOf(headers.METHOD);
    if (method === undefined) throw malformed("no METHOD");
    this.method = method;
    this.version = firstOf(headers.VERSION) ?? "";
    this.kind = kindOf(method, path, headers, body);
  }

  /** Decodes a request's frame. Throws ZmqError `malformed-request` or `malformed-tnetstring` (both EPROTO). */
  static parse(frame: Uint8Array): Mongrel2Request {
    const bytes = asBuffer(frame);
    const server = nameOf(bytes);
    const idEnd = wordEnd(bytes, server.length + 1);
    const pathEnd = wordEnd(bytes, idEnd + 1);
    const cursor = new TnetCursor(bytes, pathEnd + 1, bytes.length);
    cursor.next();
    // Each text is a part of this one: a call for each of them would cost more than all their characters.
    const head = bytes.toString("latin1", 0, cursor.payloadEnd);
    const headers = decodeHeaders(cursor, head);
    cursor.next();
    if (cursor.kind !== "bytes") throw malformed("a body that is no netstring");
    if (!cursor.done) throw malformed(`${cursor.end - cursor.at} octets after the body`);
    return new Mongrel2Request(
      server,
      connectionId(bytes, server.length + 1, idEnd),
      head.slice(idEnd + 1, pathEnd),
      headers,
      cursor.payloadStart === cursor.payloadEnd ? NO_BODY : bytes.subarray(cursor.payloadStart, cursor.payloadEnd),
    );
  }

  /** Path and query as the client sent them. */
  get uri(): string {
    return firstOf(this.headers.URI) ?? this.path;
  }

  /** The query without its question mark; empty where there is none. */
  get query(): string {
    return firstOf(this.headers.QUERY) ?? "";
  }

  /** The first value of a header of the client (any case), or undefined. Whatever the client chose to say. */
  header(name: string): string | undefined {
    return firstValue(this.headers, name.toLowerCase());
  }

  /** All values of a header of the client (any case). */
  headerValues(name: string): readonly string[] {
    return allValues(this.headers, name.toLowerCase());
  }

  /**
   * Whether the connection stays open after the reply: HTTP/1.1 unless the client said `Connection: close`, HTTP/1.0 only
   * if it said `keep-alive` (RFC 9112, section 9.3). Mongrel2 leaves the decision to the handler.
   */
  get keepAlive(): boolean {
    const modern = this.version !== "HTTP/1.0";
    const { connection } = this.headers;
    // What nearly all browsers say, without taking it apart.
    if (connection === undefined || (modern && connection === "keep-alive")) return modern;
    const tokens = allValues(this.headers, "connection").join(",").toLowerCase().split(",");
    const says = (word: string): boolean => tokens.some((token) => token.trim() === word);
    return !says("close") && (modern || says("keep-alive"));
  }

  /** The body as JSON. Throws `malformed-request` if it is none. */
  json(): unknown {
    try {
      return JSON.parse(this.body.toString());
    } catch (cause) {
      throw new ZmqError("malformed-request", `The body of ${this.method} ${this.path} is no JSON`, { cause });
    }
  }

  /** The opcode of a WebSocket's message (`OPCODES`); 0 for other kinds. */
  get opcode(): number {
    return this.flags & 0x0f;
  }

  /** The first octet of a WebSocket's message as the browser sent it: final bit, reserved bits, opcode; 0 for other kinds. */
  get flags(): number {
    return this.kind === "websocket" ? flagsOf(this.headers) : 0;
  }
}

function kindOf(method: string, path: string, headers: HeaderFields, body: Buffer): RequestKind {
  switch (method) {
    case "JSON":
      return path === NOTICE_PATH && isDisconnect(body) ? "disconnect" : "json";
    case "XML":
      return "xml";
    case "WEBSOCKET_HANDSHAKE":
      return "websocket-handshake";
    case "WEBSOCKET":
      if (Number.isNaN(flagsOf(headers))) throw malformed("a WebSocket's message without FLAGS");
      return "websocket";
    default:
      return isUploadStart(headers, body) ? "upload-start" : "http";
  }
}

// The path decides who speaks: a client's JSON socket may send the same words under its own path.
function isDisconnect(body: Buffer): boolean {
  return body.toString("latin1") === '{"type":"disconnect"}';
}

function isUploadStart(headers: HeaderFields, body: Buffer): boolean {
  return body.length === 0 && headers["x-mongrel2-upload-start"] !== undefined && headers["x-mongrel2-upload-done"] === undefined;
}

function flagsOf(headers: HeaderFields): number {
  const text = firstOf(headers.FLAGS);
  return text !== undefined && /^0x[0-9a-f]{1,2}$/i.test(text) ? Number(text) : Number.NaN;
}

// The words are short: a loop costs less than a call of indexOf.
function wordEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) if (bytes[at] === SPACE) return at;
  throw malformed("fewer than three words before its headers");
}

// Requests of one server begin with the same name: the last one is kept, as text and as bytes.
let lastName = "";
let lastNameBytes = NO_BODY;

function nameOf(bytes: Buffer): string {
  const { length } = lastNameBytes;
  let at = 0;
  while (at < length && bytes[at] === lastNameBytes[at]) at++;
  if (at === length && length > 0 && bytes[at] === SPACE) return lastName;
  const end = wordEnd(bytes, at);
  if (end === 0 || end > MAX_UUID) throw malformed(`a sender of ${end} octets`);
  lastName = bytes.toString("latin1", 0, end);
  lastNameBytes = Buffer.from(lastName, "latin1");
  return lastName;
}

function connectionId(bytes: Buffer, from: number, to: number): number {
  let id = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9 || to - from > 10) throw malformed("a connection that is no number");
    id = id * 10 + digit;
  }
  if (to === from || id > MAX_ID) throw malformed("a connection that is no number of 32 bits");
  return id;
}

function malformed(what: string): ZmqError {
  return new ZmqError("malformed-request", `A request of Mongrel2 has ${what}`);
}
