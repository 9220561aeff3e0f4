/**
 * The events of a handler: their vocabulary, and who listens.
 *
 * Owns: types and listeners. A failure that nobody listens for becomes a process warning, because a handler that fails
 * silently is the worst to find. Does not own: what happens (handler.ts).
 */
import { ZmqError } from "../node.ts";
import type { Mongrel2Address } from "./link.ts";
import type { Mongrel2Request } from "./request.ts";

/** What a handler can report. */
export type HandlerEvent =
  /** A server is connected and has subscribed to our replies. */
  | { readonly type: "up"; readonly address: Mongrel2Address }
  /** A server has gone; `lost` requests nobody had seen and replies that were not sent went with it. */
  | { readonly type: "down"; readonly address: Mongrel2Address; readonly lost: number; readonly error: ZmqError }
  /** Something that is no request came, or an upload that is not what it says. `size` in octets. */
  | { readonly type: "refused"; readonly address: Mongrel2Address; readonly error: ZmqError; readonly size: number }
  /** A client that a reply was sent to was gone. */
  | { readonly type: "disconnect"; readonly server: string; readonly connection: number }
  /** Mongrel2 began to write an upload into a file; the request comes when it is whole. */
  | { readonly type: "upload-start"; readonly request: Mongrel2Request }
  /** The handler takes no more requests; those under way are still answered. */
  | { readonly type: "closing" }
  /** The function that handles requests failed; the client got a 500, or was closed. */
  | { readonly type: "failed"; readonly request: Mongrel2Request; readonly error: unknown };

export type HandlerEventType = HandlerEvent["type"];
export type HandlerEventOf<T extends HandlerEventType> = Extract<HandlerEvent, { readonly type: T }>;

export class HandlerEvents {
  #listeners = new Map<HandlerEventType, Set<(event: HandlerEvent) => void>>();
  #waiting = new Set<{ readonly check: () => void; readonly reject: (error: Error) => void }>();
  #closed = false;

  /** Calls `listener` for each event of a type from now on. */
  on<T extends HandlerEventType>(type: T, listener: (event: HandlerEventOf<T>) => void): this {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener as (event: HandlerEvent) => void));
    return this;
  }

  /** Ends what `on` began. */
  off<T extends HandlerEventType>(type: T, listener: (event: HandlerEventOf<T>) => void): this {
    this.#listeners.get(type)?.delete(listener as (event: HandlerEvent) => void);
    return this;
  }

  /** Resolves at the next event of a type. Rejects when the handler is closed, or on abort. */
  once<T extends HandlerEventType>(type: T, signal?: AbortSignal): Promise<HandlerEventOf<T>> {
    let found: HandlerEventOf<T> | undefined;
    const listener = (event: HandlerEventOf<T>): void => {
      found ??= event;
    };
    this.on(type, listener);
    return this.until(() => found !== undefined, signal).then(
      () => {
        this.off(type, listener);
        return found as HandlerEventOf<T>;
      },
      (error: unknown) => {
        this.off(type, listener);
        throw error;
      },
    );
  }

  /** @internal */
  emit(event: HandlerEvent): void {
    const listeners = this.#listeners.get(event.type);
    if (listeners !== undefined) for (const listener of [...listeners]) listener(event);
    if (event.type === "failed" && (listeners?.size ?? 0) === 0) {
      const { request, error } = event;
      process.emitWarning(
        `The handler failed for ${request.method} ${request.path}: ${error instanceof Error ? error.stack : error}`,
      );
    }
    for (const { check } of [...this.#waiting]) check();
  }

  /** Resolves when a condition that events can change holds. @internal */
  until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    if (condition()) return Promise.resolve();
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        over();
        reject(signal?.reason);
      };
      const waiter = {
        check: () => {
          if (!condition()) return;
          over();
          resolve();
        },
        reject: (error: Error) => {
          over();
          reject(error);
        },
      };
      this.#waiting.add(waiter);
      signal?.addEventListener("abort", onAbort);
    });
  }

  /** @internal */
  close(): void {
    this.#closed = true;
    for (const { reject } of [...this.#waiting]) reject(closed());
    this.#listeners.clear();
  }
}

function closed(): ZmqError {
  return new ZmqError("closed-while-waiting", "The handler was closed");
}
