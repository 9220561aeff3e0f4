/**
 * The entry `zmtp/mongrel2`: handlers for the Mongrel2 web server, for Node.js.
 *
 * Mongrel2 speaks HTTP and WebSocket to browsers and ZeroMQ to the programs that answer them. Sockets come from `zmtp`. See
 * docs/mongrel2.md.
 */
import { decode, encode, netstring } from "./mongrel2/tnetstring.ts";

/** tnetstrings: values as bytes and back, and the plain netstring. */
export const tnetstring: {
  readonly decode: typeof decode;
  readonly encode: typeof encode;
  readonly netstring: typeof netstring;
} = { decode, encode, netstring };

export { type ControlOptions, ControlPort, type ControlRow } from "./mongrel2/control.ts";
export { MAX_TARGETS } from "./mongrel2/envelope.ts";
export { Handler, type HandlerOptions, type HandlerStats, type RequestFunction } from "./mongrel2/handler.ts";
export type { HandlerEvent, HandlerEventOf, HandlerEvents, HandlerEventType } from "./mongrel2/handler-events.ts";
export type { HeaderFields, HeaderValue } from "./mongrel2/headers.ts";
export type { ReplyHeaders } from "./mongrel2/http.ts";
export type { Mongrel2Address } from "./mongrel2/link.ts";
export type { Body, Mongrel2Reply } from "./mongrel2/reply.ts";
export type { ReplyStream } from "./mongrel2/reply-stream.ts";
export { Mongrel2Request, OPCODES, type RequestKind } from "./mongrel2/request.ts";
export { type FetchFunction, type FetchInfo, type ServeOptions, serve } from "./mongrel2/serve.ts";
export type { Mongrel2Socket, SocketHandlers } from "./mongrel2/socket-sessions.ts";
export type { TnetDictionary, TnetOptions, TnetValue } from "./mongrel2/tnetstring.ts";
export type { Upload, UploadOptions } from "./mongrel2/upload.ts";
