/**
 * Requests and responses of the Fetch standard over those of Mongrel2.
 *
 * Owns: the translation both ways. Does not own: who is asked (serve.ts).
 * Invariant: what a browser sends cannot make this throw anything but `Unservable`, which has an HTTP status.
 */
import type { ReadableStreamReadResult } from "node:stream/web";
import { allValues } from "./headers.ts";
import type { Mongrel2Reply } from "./reply.ts";
import type { ReplyStream } from "./reply-stream.ts";
import type { Mongrel2Request } from "./request.ts";
import type { Upload } from "./upload.ts";

/** A request that cannot be one of Fetch: the status says why. */
export class Unservable extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Of the connection to the browser, which is Mongrel2's and the handler's affair. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"]);
/** Mongrel2's own words in lower case; the file of an upload is the handler's affair. */
const PRIVATE = /^x-mongrel2-/;

/** The Fetch form of a request. Throws `Unservable`. */
export function toFetchRequest(request: Mongrel2Request, upload: Upload | undefined, signal: AbortSignal): Request {
  const { method } = request;
  const scheme = allValues(request.headers, "URL_SCHEME")[0] === "https" ? "https" : "http";
  const headers = new Headers();
  for (const name of Object.keys(request.headers)) {
    if (name !== name.toLowerCase() || PRIVATE.test(name)) continue;
    for (const value of allValues(request.headers, name)) tryAppend(headers, name, value);
  }
  const body = upload?.stream() ?? (request.body.length > 0 ? request.body : null);
  const bodiless = method === "GET" || method === "HEAD";
  const init: RequestInit & { duplex?: "half" } = { method, headers, signal };
  if (!bodiless && body !== null) {
    init.body = body;
    if (upload !== undefined) init.duplex = "half";
  }
  const url = `${scheme}://${request.header("host") ?? "localhost"}`;
  try {
    return new Request(new URL(request.uri, url), init);
  } catch (cause) {
    const status = /^(CONNECT|TRACE|TRACK)$/i.test(method) ? 501 : 400;
    throw new Unservable(status, `${method} ${request.uri} of ${url} cannot be a Request: ${cause}`);
  }
}

/** Answers with a response; resolves when all of its body is on its way, or its reader is gone. */
export async function sendFetchResponse(response: Response, reply: Mongrel2Reply, signal: AbortSignal): Promise<void> {
  const headers = [...response.headers].filter(([name]) => !HOP_BY_HOP.has(name));
  if (response.body === null) {
    reply.http(response.status, headers);
    return;
  }
  const reader = response.body.getReader();
  const onAbort = (): void => void reader.cancel(signal.reason).catch(() => undefined); // The stream's own affair from here.
  if (signal.aborted) return onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    const first = await reader.read();
    const second = first.done ? first : await atOnce(reader.read());
    if (first.done) reply.http(response.status, headers);
    else if (isRead(second) && second.done) reply.http(response.status, headers, first.value);
    else await pump(reply.stream(response.status, headers), first.value, second, reader);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

type Read = ReadableStreamReadResult<Uint8Array>;
interface Later {
  readonly later: Promise<Read>;
}

// A body that fails in the middle must not look whole to the browser.
async function pump(
  stream: ReplyStream,
  piece: Uint8Array,
  next: Read | Later,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  try {
    let alive = await stream.write(piece);
    for (let read = isRead(next) ? next : await next.later; !read.done; read = await reader.read()) {
      alive = await stream.write(read.value);
      if (!alive) {
        await reader.cancel();
        return;
      }
    }
  } catch (error) {
    stream.abort();
    throw error;
  }
  stream.end();
}

// The result if it is there within this turn of the event loop; most bodies are one piece, and then have a length.
function atOnce(read: Promise<Read>): Promise<Read | Later> {
  const later: Later = { later: read };
  read.catch(() => undefined); // Whoever awaits `later` hears of it.
  return Promise.race([read, new Promise<Later>((resolve) => setImmediate(resolve, later))]);
}

function isRead(value: Read | Later): value is Read {
  return !("later" in value);
}

function tryAppend(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    throw new Unservable(400, `Header ${JSON.stringify(name)} is not one that Fetch allows`);
  }
}
