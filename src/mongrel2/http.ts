/**
 * HTTP/1.1 responses as bytes: head, body, chunks (RFC 9110, RFC 9112).
 *
 * Owns: their form, and that no header can smuggle another one in. Mongrel2 passes these bytes to the browser as they are.
 * Does not own: who gets them (reply.ts).
 * Invariant: a name is a token, a value holds no control character; anything else throws EINVAL before a byte is made.
 */
import { STATUS_CODES } from "node:http";
import { ZmqError } from "../node.ts";
import { describeValue } from "./describe.ts";

/** Headers of a response: text, a number, or several values. */
export type ReplyHeaders =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [name: string, value: string | number]>;

/** How the body of a response is delimited; `given`: as the headers say. */
export type Framing = { readonly length: number } | "chunked" | "close" | "given" | "none";

const DELIMITERS = new Set(["content-length", "transfer-encoding"]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;

/** Status line and headers, up to and with the empty line. A length or transfer coding that is given stays as it is given. */
export function responseHead(
  status: number,
  headers: ReplyHeaders,
  framing: Framing,
  keepAlive: boolean,
  version: string,
): string {
  const head = new Head(statusLine(status));
  if (isIterable(headers)) {
    for (const [name, value] of headers) head.add(name, value);
  } else {
    for (const name in headers) {
      const value = headers[name];
      if (typeof value === "object") for (const each of value) head.add(name, each);
      else head.add(name, value);
    }
  }
  if (!head.hasLength) head.text += delimiter(framing);
  if (!head.hasConnection) {
    if (!keepAlive) head.text += "Connection: close\r\n";
    else if (version === "HTTP/1.0") head.text += "Connection: keep-alive\r\n";
  }
  return `${head.text}\r\n`;
}

/** One chunk of the chunked coding: what stands before and after the bytes. */
export function chunkEnds(size: number): readonly [before: string, after: string] {
  return [`${size.toString(16)}\r\n`, "\r\n"];
}

/** Ends a chunked body. */
export const LAST_CHUNK = "0\r\n\r\n";

/** Whether headers say by themselves how long the body is, or how it is coded. */
export function delimitsBody(headers: ReplyHeaders): boolean {
  const names = isIterable(headers) ? [...headers].map(([name]) => name) : Object.keys(headers);
  return names.some((name) => DELIMITERS.has(name.toLowerCase()));
}

/** Whether a response with this status has no body, whatever its headers say (RFC 9110, section 6.4.1). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304 || (status >= 100 && status < 200);
}

class Head {
  text: string;
  hasLength = false;
  hasConnection = false;

  constructor(text: string) {
    this.text = text;
  }

  add(name: string, value: string | number): void {
    const text = String(value);
    const checked = checkedNames.get(name) ?? checkName(name);
    if (FORBIDDEN.test(text))
      throw new ZmqError("invalid-argument", `Header ${name} has a value with a control character or one beyond Latin-1`);
    if (checked.delimits) this.hasLength = true;
    if (checked.isConnection) this.hasConnection = true;
    this.text += `${checked.start}${text}\r\n`;
  }
}

/** What is known of a header's name that passed. */
interface CheckedName {
  /** The name, colon and space. */
  readonly start: string;
  readonly delimits: boolean;
  readonly isConnection: boolean;
}

/** A program uses the same few names again and again. */
const checkedNames = new Map<string, CheckedName>();
const MAX_CHECKED_NAMES = 256;

function checkName(name: string): CheckedName {
  if (!TOKEN.test(name)) throw new ZmqError("invalid-argument", `A header's name is a token, got ${describeValue(name)}`);
  const lower = name.toLowerCase();
  const checked = { start: `${name}: `, delimits: DELIMITERS.has(lower), isConnection: lower === "connection" };
  if (checkedNames.size < MAX_CHECKED_NAMES) checkedNames.set(name, checked);
  return checked;
}

/** By status; made when first used. */
const statusLines = new Map<number, string>();

function statusLine(status: number): string {
  return statusLines.get(status) ?? makeStatusLine(status);
}

function makeStatusLine(status: number): string {
  if (!Number.isInteger(status) || status < 100 || status > 999)
    throw new ZmqError("invalid-argument", `A status is a whole number from 100 to 999, got ${describeValue(status)}`);
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  statusLines.set(status, line);
  return line;
}

function delimiter(framing: Framing): string {
  if (framing === "chunked") return "Transfer-Encoding: chunked\r\n";
  return typeof framing === "object" ? `Content-Length: ${framing.length}\r\n` : "";
}

function isIterable(headers: ReplyHeaders): headers is Iterable<readonly [string, string | number]> {
  return Symbol.iterator in headers;
}
