/**
 * WebSockets as `serve` gives them to programs: opened, messages, closed.
 *
 * Owns: one session for each WebSocket that this process has seen, the rules of RFC 6455 that Mongrel2 leaves to handlers
 * (pong, the closing handshake, UTF-8), and that a session ends when its browser is gone. Mongrel2 tells of a browser that
 * vanished only in answer to something sent, so sessions that are quiet for `PING_MS` are sent a ping.
 *
 *     open ──close frame, broken rule, close(), browser or server gone──> closed
 *
 * Invariant: `close` is called once for each session that was opened. With several handler processes a message can come to
 * one that did not see the handshake: it opens a session of its own there.
 */
import type { HandlerEvents } from "./handler-events.ts";
import type { Mongrel2Reply } from "./reply.ts";
import { type Mongrel2Request, OPCODES } from "./request.ts";
import { areValidFlags, readClose, readText } from "./websocket.ts";

/** What a program does with WebSockets. What these throw, or reject with, closes the WebSocket with 1011 and is an event. */
export interface SocketHandlers {
  /** A browser wants one: false refuses it with 403; a text is the protocol to use, one of those that it offered. */
  upgrade?(request: Mongrel2Request): boolean | string | Promise<boolean | string>;
  /** It is open. */
  open?(socket: Mongrel2Socket): unknown;
  /** A message: text as text, binary as bytes of your own. */
  message?(socket: Mongrel2Socket, data: string | Buffer): unknown;
  /** It is closed: 1005 without a code, 1006 if it ended without saying so. */
  close?(socket: Mongrel2Socket, code: number, reason: string): unknown;
}

const PING_MS = 30_000;
const WENT_AWAY = 1006;
const PROTOCOL_ERROR = 1002;
const NOT_UTF8 = 1007;
const FAILED = 1011;

/** One WebSocket of a browser. */
export class Mongrel2Socket {
  /** The request that opened it; of a process that did not see the handshake, its first message. */
  readonly request: Mongrel2Request;
  /** Whatever the program wants to keep with it. */
  data: unknown = undefined;
  /** @internal */
  _reply: Mongrel2Reply;
  /** @internal */
  _quietSince: number = performance.now();
  readonly #end: (socket: Mongrel2Socket, code: number, reason: string) => void;
  #open = true;

  /** @internal */
  constructor(
    request: Mongrel2Request,
    reply: Mongrel2Reply,
    end: (socket: Mongrel2Socket, code: number, reason: string) => void,
  ) {
    this.request = request;
    this._reply = reply;
    this.#end = end;
  }

  /** Whether it is open, as far as this process knows. */
  get open(): boolean {
    return this.#open && this._reply.alive;
  }

  /** Sends text, or bytes as binary; false if it is closed. */
  send(data: string | Uint8Array): boolean {
    return this.#open && this._reply.message(data);
  }

  /** Sends a ping with up to 125 octets. */
  ping(data: string | Uint8Array = ""): boolean {
    return this.#open && this._reply.message(data, OPCODES.ping);
  }

  /** Closes it. Throws EINVAL for a code that may not be sent, or a reason of over 123 octets. */
  close(code = 1000, reason = ""): void {
    if (!this.#open) return;
    this._reply.closeWebSocket(code, reason);
    this._over(code, reason);
  }

  /** @internal */
  _over(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#end(this, code, reason);
  }
}

export class SocketSessions {
  readonly #handlers: SocketHandlers;
  readonly #events: HandlerEvents;
  readonly #sessions = new Map<string, Mongrel2Socket>();
  readonly #timer: NodeJS.Timeout;

  constructor(handlers: SocketHandlers, events: HandlerEvents) {
    this.#handlers = handlers;
    this.#events = events;
    this.#timer = setInterval(() => this.#pingQuiet(), PING_MS / 2);
    this.#timer.unref();
    events.on("disconnect", ({ server, connection }) => this.#sessions.get(keyOf(server, connection))?._over(WENT_AWAY, ""));
    events.on("down", () => {
      for (const session of [...this.#sessions.values()]) if (!session.open) session._over(WENT_AWAY, "");
    });
  }

  /** WebSockets that are open. */
  get count(): number {
    return this.#sessions.size;
  }

  /** A browser asks for a WebSocket. */
  async onHandshake(request: Mongrel2Request, reply: Mongrel2Reply): Promise<void> {
    const verdict = this.#handlers.upgrade === undefined ? true : await this.#handlers.upgrade(request);
    if (verdict === false) {
      reply.http(403, { Connection: "close" });
      reply.close();
      return;
    }
    reply.accept(verdict === true ? undefined : verdict);
    await this.#open(request, reply);
  }

  /** A message came. */
  async onMessage(request: Mongrel2Request, reply: Mongrel2Reply): Promise<void> {
    let session = this.#sessions.get(keyOf(request.server, request.connection));
    // The numbers of another run of the server name other browsers.
    if (session !== undefined && !session._reply.alive) session._over(WENT_AWAY, "");
    if (session === undefined || !session.open) session = await this.#open(request, reply);
    session._reply = reply;
    session._quietSince = performance.now();
    await this.#dispatch(session, request, reply);
  }

  /** No more sessions; those that are open are told 1001. */
  close(): void {
    clearInterval(this.#timer);
    for (const session of [...this.#sessions.values()]) session.close(1001);
  }

  async #dispatch(session: Mongrel2Socket, request: Mongrel2Request, reply: Mongrel2Reply): Promise<void> {
    if (!areValidFlags(request.flags)) {
      session.close(PROTOCOL_ERROR);
      return;
    }
    switch (request.opcode) {
      case OPCODES.text: {
        const text = readText(request.body);
        if (text === undefined) session.close(NOT_UTF8);
        else await this.#call(session, () => this.#handlers.message?.(session, text));
        return;
      }
      case OPCODES.binary:
        await this.#call(session, () => this.#handlers.message?.(session, Buffer.from(request.body)));
        return;
      case OPCODES.close: {
        const closing = readClose(request.body);
        if (closing === undefined) {
          session.close(PROTOCOL_ERROR);
          return;
        }
        reply.message(request.body, OPCODES.close);
        reply.close();
        session._over(closing.code, closing.reason);
        return;
      }
      case OPCODES.ping:
        reply.message(request.body, OPCODES.pong);
        return;
      case OPCODES.pong:
        return;
    }
  }

  async #open(request: Mongrel2Request, reply: Mongrel2Reply): Promise<Mongrel2Socket> {
    const session = new Mongrel2Socket(request, reply, (ended, code, reason) => this.#ended(ended, code, reason));
    this.#sessions.set(keyOf(request.server, request.connection), session);
    await this.#call(session, () => this.#handlers.open?.(session));
    return session;
  }

  #ended(session: Mongrel2Socket, code: number, reason: string): void {
    const key = keyOf(session.request.server, session.request.connection);
    if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    void this.#call(session, () => this.#handlers.close?.(session, code, reason));
  }

  async #call(session: Mongrel2Socket, call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#events.emit({ type: "failed", request: session.request, error });
      session.close(FAILED);
    }
  }

  #pingQuiet(): void {
    const before = performance.now() - PING_MS;
    for (const session of this.#sessions.values()) {
      if (session._quietSince > before) continue;
      session._quietSince = performance.now();
      session.ping();
    }
  }
}

function keyOf(server: string, connection: number): string {
  return `${server} ${connection}`;
}
