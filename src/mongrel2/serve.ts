/**
 * A Fetch-style server behind Mongrel2: `serve((request) => new Response("hello"), { servers })`.
 *
 * Owns: which function gets which kind of request, and that a request's signal aborts when its browser or server has gone.
 * Does not own: the handler (handler.ts), the translation (fetch.ts), WebSockets (socket-sessions.ts).
 */
import { sendFetchResponse, toFetchRequest, Unservable } from "./fetch.ts";
import { Handler, type HandlerOptions } from "./handler.ts";
import type { Mongrel2Reply } from "./reply.ts";
import type { Mongrel2Request } from "./request.ts";
import { type SocketHandlers, SocketSessions } from "./socket-sessions.ts";
import type { Upload } from "./upload.ts";

/** What `Hono`'s and other frameworks' `fetch` is. `info` is what Fetch has no place for. */
export type FetchFunction = (request: Request, info: FetchInfo) => Response | Promise<Response>;

/** Beside the request. */
export interface FetchInfo {
  /** The request as Mongrel2 sent it. */
  readonly mongrel2: Mongrel2Request;
  /** The file that an uploaded body is in; it is removed when the request is answered. */
  readonly upload: Upload | undefined;
}

export interface ServeOptions extends HandlerOptions {
  /** What to do with WebSockets; without it, they are refused with 426. */
  readonly websocket?: SocketHandlers;
}

/** Begins to serve; end it with `close()`. Throws EINVAL for wrong options. */
export function serve(fetch: FetchFunction, options: ServeOptions): Handler {
  const calls = new CallsUnderWay();
  const handler: Handler = new Handler(options, (request, reply, upload) => {
    switch (request.kind) {
      case "http":
        return calls.run(request, reply, (signal) => answer(fetch, request, reply, upload, signal));
      case "websocket-handshake":
        return sessions === undefined ? refuse(reply) : sessions.onHandshake(request, reply);
      case "websocket":
        return sessions === undefined ? reply.close() : sessions.onMessage(request, reply);
      default:
        return reply.close(); // A JSON or XML socket has no form in Fetch.
    }
  });
  const sessions: SocketSessions | undefined =
    options.websocket === undefined ? undefined : new SocketSessions(options.websocket, handler.events);
  handler.events.on("disconnect", ({ server, connection }) => calls.abort(server, connection));
  handler.events.on("down", () => calls.abortDead());
  handler.events.on("closing", () => sessions?.close());
  return handler;
}

async function answer(
  fetch: FetchFunction,
  request: Mongrel2Request,
  reply: Mongrel2Reply,
  upload: Upload | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    const response = await fetch(toFetchRequest(request, upload, signal), { mongrel2: request, upload });
    if (!(response instanceof Response))
      throw new TypeError(`The function gave no Response for ${request.method} ${request.uri}`);
    await sendFetchResponse(response, reply, signal);
  } catch (error) {
    if (signal.aborted) return; // Nobody is there to be answered.
    if (!(error instanceof Unservable)) throw error;
    reply.http(error.status, { "Content-Type": "text/plain" }, `${error.status}\n`);
  } finally {
    await upload?.remove();
  }
}

function refuse(reply: Mongrel2Reply): void {
  reply.http(426, { Connection: "close" });
  reply.close();
}

// Requests that are being answered, so that they hear of their browser's end.
class CallsUnderWay {
  readonly #calls = new Set<{
    readonly request: Mongrel2Request;
    readonly reply: Mongrel2Reply;
    readonly abort: AbortController;
  }>();

  async run(request: Mongrel2Request, reply: Mongrel2Reply, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const call = { request, reply, abort: new AbortController() };
    this.#calls.add(call);
    try {
      await work(call.abort.signal);
    } finally {
      this.#calls.delete(call);
    }
  }

  abort(server: string, connection: number): void {
    for (const { request, abort } of this.#calls)
      if (request.connection === connection && request.server === server) abort.abort(gone());
  }

  abortDead(): void {
    for (const { reply, abort } of this.#calls) if (!reply.alive) abort.abort(gone());
  }
}

function gone(): DOMException {
  return new DOMException("The browser has gone", "AbortError");
}
