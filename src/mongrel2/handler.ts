/**
 * A Mongrel2 handler: takes requests from one or many servers, gives each to one function, and answers.
 *
 * Owns: who is asked next (`concurrency`), what happens to bad requests and to a function that fails, the counters and the
 * events. Does not own: the connections (server.ts, link.ts), the forms (request.ts, reply.ts).
 *
 * Invariant: nothing is lost, refused or given up without a counter and an event; no request, however malformed, throws
 * into anybody's call.
 */
import type { Context } from "../node.ts";
import { ZmqError } from "../node.ts";
import { checkServerName, extendedFrames, replyFrames } from "./envelope.ts";
import { HandlerEvents } from "./handler-events.ts";
import type { Link, LinkSink, Mongrel2Address } from "./link.ts";
import { type Body, Mongrel2Reply } from "./reply.ts";
import { Mongrel2Request } from "./request.ts";
import { Mongrel2Server } from "./server.ts";
import type { TnetValue } from "./tnetstring.ts";
import { checkUploads, namesUpload, openUpload, type Upload, type UploadOptions } from "./upload.ts";

export interface HandlerOptions {
  /** The server, or several that give the same kinds of requests. */
  readonly servers: Mongrel2Address | readonly Mongrel2Address[];
  /** Requests that the function may be working on at once; 0: any number. Default 1000. More wait with Mongrel2. */
  readonly concurrency?: number;
  /** Requests that wait in this process (ZMQ_RCVHWM of the PULL); those are lost when it is killed. Default 1000. */
  readonly receiveHighWaterMark?: number;
  /** How long to wait after a server has gone, in ms; default 100. */
  readonly reconnectInterval?: number;
  /** Where uploaded files are; without it, requests whose body is in a file are refused. */
  readonly uploads?: UploadOptions;
  /** The context of the sockets; default: the process's. */
  readonly context?: Context;
}

/** What handles a request: its answer, now or later, goes through `reply`. What it throws, or rejects with, becomes a 500. */
export type RequestFunction = (request: Mongrel2Request, reply: Mongrel2Reply, upload?: Upload) => unknown;

/** Counters since the handler was made. */
export interface HandlerStats {
  /** Requests given to the function. */
  readonly requests: number;
  /** Requests that it is working on now. */
  readonly active: number;
  /** Frames that were no requests, and uploads that were not what they said. */
  readonly refused: number;
  /** Notices that a client is gone. */
  readonly disconnects: number;
  /** Calls of the function that failed. */
  readonly failed: number;
  /** Requests nobody had seen and replies not sent, when their server went away or the handler closed. */
  readonly lost: number;
  /** Servers that are connected now. */
  readonly servers: number;
}

const CONCURRENCY = 1000;
const RECEIVE_HIGH_WATER_MARK = 1000;
const RECONNECT_MS = 100;

export class Handler implements LinkSink {
  /** What happens to servers and requests. */
  readonly events: HandlerEvents = new HandlerEvents();
  readonly #servers: Mongrel2Server[] = [];
  readonly #concurrency: number;
  readonly #uploads: UploadOptions | undefined;
  readonly #function: RequestFunction;
  #idle: (() => void)[] = [];
  #closing: Promise<void> | null = null;
  #counters = { requests: 0, active: 0, refused: 0, disconnects: 0, failed: 0, lost: 0 };

  /**
   * Connects to the servers and begins to take requests as each of them is ready. Throws EINVAL for wrong options.
   *
   * @param handle gets each request but disconnect notices and beginnings of uploads, which are events.
   */
  constructor(options: HandlerOptions, handle: RequestFunction) {
    if (typeof handle !== "function")
      throw new ZmqError("invalid-argument", "A Handler needs the function that handles requests");
    const { servers, receiveHighWaterMark = RECEIVE_HIGH_WATER_MARK, context } = options;
    this.#concurrency = count(options, "concurrency", CONCURRENCY);
    this.#uploads = options.uploads;
    this.#function = handle;
    if (this.#uploads !== undefined) checkUploads(this.#uploads);
    const addresses = "requests" in servers ? [servers] : servers;
    if (addresses.length === 0) throw new ZmqError("invalid-argument", "A Handler needs at least one server");
    const pauseMs = count(options, "reconnectInterval", RECONNECT_MS);
    try {
      for (const address of addresses)
        this.#servers.push(new Mongrel2Server(address, { receiveHighWaterMark, context }, pauseMs, this));
    } catch (error) {
      void this.close(0);
      throw error;
    }
  }

  /** Resolves when every server is connected and has subscribed; rejects when the handler is closed, or on abort. */
  ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.events.until(() => this.stats().servers === this.#servers.length, options.signal);
  }

  stats(): HandlerStats {
    return { ...this.#counters, servers: this.#servers.filter(({ link }) => link.state === "up").length };
  }

  /**
   * Sends the same bytes to many clients, 128 in one message. Empty bytes close them.
   *
   * @param server the name that came with their requests. @param connections their numbers.
   * @returns false if no server that asked by this name is connected: numbers of an earlier run mean nothing to it.
   */
  deliver(server: string, connections: Iterable<number>, ...parts: readonly Body[]): boolean {
    checkServerName(server);
    const bytes = parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part));
    return this.#sendAll(server, replyFrames(server, connections, bytes));
  }

  /** As `deliver`, an extended reply. */
  deliverExtended(server: string, connections: Iterable<number>, name: string, value: TnetValue): boolean {
    checkServerName(server);
    return this.#sendAll(server, extendedFrames(server, connections, name, value));
  }

  /**
   * Takes no more requests, waits for those under way and for their replies to go out, at most `ms` (default 10 s), and
   * closes. Requests that Mongrel2 had sent ahead and nobody has seen are lost, and counted.
   */
  close(ms = 10_000): Promise<void> {
    this.#closing ??= this.#close(ms);
    return this.#closing;
  }

  /** `await using`: the same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  onUp(link: Link): void {
    this.events.emit({ type: "up", address: link.address });
  }

  /** @internal */
  onDown(link: Link, lost: number, error: ZmqError): void {
    this.#counters.lost += lost;
    this.events.emit({ type: "down", address: link.address, lost, error });
  }

  /** @internal */
  mayTake(): boolean {
    return this.#concurrency === 0 || this.#counters.active < this.#concurrency;
  }

  /** @internal */
  onMessage(link: Link, frames: Uint8Array[]): void {
    let request: Mongrel2Request;
    try {
      if (frames.length !== 1)
        throw new ZmqError("malformed-request", `A request of Mongrel2 has one frame, got ${frames.length}`);
      request = Mongrel2Request.parse(frames[0]);
      link.learn(request.server);
    } catch (error) {
      this.#refuse(link, error as ZmqError, frames[0]);
      return;
    }
    if (request.kind === "disconnect") {
      this.#counters.disconnects++;
      this.events.emit({ type: "disconnect", server: request.server, connection: request.connection });
    } else if (request.kind === "upload-start") {
      this.events.emit({ type: "upload-start", request });
    } else if (namesUpload(request)) {
      this.#counters.active++;
      void this.#handleUpload(link, request);
    } else {
      this.#counters.active++;
      this.#handle(request, new Mongrel2Reply(request, link), undefined);
    }
  }

  #handle(request: Mongrel2Request, reply: Mongrel2Reply, upload: Upload | undefined): void {
    this.#counters.requests++;
    try {
      const result = this.#function(request, reply, upload);
      if (isThenable(result)) {
        result.then(
          () => this.#done(),
          (error: unknown) => this.#failed(request, reply, error),
        );
        return;
      }
    } catch (error) {
      this.#failed(request, reply, error);
      return;
    }
    this.#done();
  }

  async #handleUpload(link: Link, request: Mongrel2Request): Promise<void> {
    const reply = new Mongrel2Reply(request, link);
    let upload: Upload;
    try {
      upload = await openUpload(request, this.#uploads);
    } catch (error) {
      this.#refuse(link, error as ZmqError, undefined);
      reply.http(400, { Connection: "close" });
      reply.close();
      this.#done();
      return;
    }
    this.#handle(request, reply, upload);
  }

  #failed(request: Mongrel2Request, reply: Mongrel2Reply, error: unknown): void {
    this.#counters.failed++;
    if (!reply.begun && request.kind === "http") reply.http(500, { "Content-Type": "text/plain" }, "Internal Server Error\n");
    else if (!reply.ended) reply.close();
    this.events.emit({ type: "failed", request, error });
    this.#done();
  }

  #done(): void {
    this.#counters.active--;
    if (this.#counters.active === this.#concurrency - 1) for (const { link } of this.#servers) link.resume();
    if (this.#counters.active === 0 && this.#idle.length > 0) for (const idle of this.#idle.splice(0)) idle();
  }

  #refuse(link: Link, error: ZmqError, frame: Uint8Array | undefined): void {
    this.#counters.refused++;
    this.events.emit({ type: "refused", address: link.address, error, size: frame?.length ?? 0 });
  }

  #sendAll(server: string, frames: readonly Buffer[]): boolean {
    const links = this.#servers.map(({ link }) => link).filter((link) => link.knows(server));
    let sent = false;
    for (const link of links) for (const frame of frames) sent = link.send(frame) || sent;
    return sent;
  }

  async #close(ms: number): Promise<void> {
    const until = performance.now() + ms;
    this.events.emit({ type: "closing" });
    for (const server of this.#servers) this.#counters.lost += server.stop();
    if (this.#counters.active > 0) await this.#untilIdle(ms);
    await Promise.all(this.#servers.map((server) => server.end(Math.max(0, Math.ceil(until - performance.now())))));
    this.events.close();
  }

  #untilIdle(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function count(options: HandlerOptions, name: "concurrency" | "reconnectInterval", otherwise: number): number {
  const value = options[name] ?? otherwise;
  if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff)
    throw new ZmqError("invalid-argument", `Option "${name}" is a whole number from 0 to 2^31-1, got ${value}`);
  return value;
}
