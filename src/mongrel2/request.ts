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
import { allValues, decodeHeaders, firstValue, type HeaderFields } from "./headers.ts";
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

/** One request. Decoding copies what it needs but the body, which is a view of the received frame. */
export class Mongrel2Request {
  /** What it is. */
  readonly kind: RequestKind;
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
    this.kind = kindOf(path, headers, body);
  }

  /** Decodes a request's frame. Throws ZmqError `malformed-request` or `malformed-tnetstring` (both EPROTO). */
  static parse(frame: Uint8Array): Mongrel2Request {
    const bytes = asBuffer(frame);
    const uuidEnd = wordEnd(bytes, 0);
    const idEnd = wordEnd(bytes, uuidEnd + 1);
    const pathEnd = wordEnd(bytes, idEnd + 1);
    if (uuidEnd === 0 || uuidEnd > MAX_UUID) throw malformed(`a sender of ${uuidEnd} octets`);
    const cursor = new TnetCursor(bytes, pathEnd + 1, bytes.length);
    cursor.next();
    const headers = decodeHeaders(cursor);
    cursor.next();
    if (cursor.kind !== "bytes") throw malformed("a body that is no netstring");
    if (!cursor.done) throw malformed(`${cursor.end - cursor.at} octets after the body`);
    return new Mongrel2Request(
      nameOf(bytes, uuidEnd),
      connectionId(bytes, uuidEnd + 1, idEnd),
      bytes.toString("latin1", idEnd + 1, pathEnd),
      headers,
      cursor.payloadStart === cursor.payloadEnd ? NO_BODY : bytes.subarray(cursor.payloadStart, cursor.payloadEnd),
    );
  }

  /** The HTTP method; JSON, XML, WEBSOCKET or WEBSOCKET_HANDSHAKE for the other kinds. Of Mongrel2's making. */
  get method(): string {
    return firstValue(this.headers, "METHOD") ?? "";
  }

  /** `HTTP/1.1` or `HTTP/1.0`; empty where there was no HTTP. */
  get version(): string {
    return firstValue(this.headers, "VERSION") ?? "";
  }

  /** Path and query as the client sent them. */
  get uri(): string {
    return firstValue(this.headers, "URI") ?? this.path;
  }

  /** The query without its question mark; empty where there is none. */
  get query(): string {
    return firstValue(this.headers, "QUERY") ?? "";
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
    return this.kind === "websocket" ? flagsOf(this.headers) & 0x0f : 0;
  }
}

function kindOf(path: string, headers: HeaderFields, body: Buffer): RequestKind {
  switch (firstValue(headers, "METHOD")) {
    case undefined:
      throw malformed("no METHOD");
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
  const text = firstValue(headers, "FLAGS");
  return text !== undefined && /^0x[0-9a-f]{1,2}$/i.test(text) ? Number(text) : Number.NaN;
}

// The words are short: a loop costs less than a call of indexOf.
function wordEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) if (bytes[at] === SPACE) return at;
  throw malformed("fewer than three words before its headers");
}

// Requests of one server have one name; the last one is kept, as text and as bytes.
let lastName = "";
let lastNameBytes: Buffer = Buffer.alloc(0);

function nameOf(bytes: Buffer, end: number): string {
  if (end === lastNameBytes.length && lastNameBytes.compare(bytes, 0, end) === 0) return lastName;
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
