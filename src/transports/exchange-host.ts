/** The `ThreadHost` of pages and web workers that share memory, over the ports of their exchange. */
import type { Exchange } from "./exchange.ts";
import type { ThreadHost } from "./thread-host.ts";

interface Posted {
  readonly channel: string;
  readonly message: unknown;
}

export class ExchangeHost implements ThreadHost {
  readonly threadId: number;
  /** A web worker lives until it is ended. */
  readonly endsUnasked = false;
  readonly defer: ThreadHost["defer"];
  readonly #exchange: Exchange;
  readonly #channels = new Map<string, (message: unknown) => void>();
  #inherited: unknown;

  /** `inherited`: what the thread that called this one has bequeathed, whatever the key. */
  constructor(exchange: Exchange, inherited: unknown, defer: ThreadHost["defer"]) {
    this.threadId = exchange.id;
    this.defer = defer;
    this.#exchange = exchange;
    this.#inherited = inherited;
    exchange.onTold = (_, message) => {
      const posted = message as Posted;
      this.#channels.get(posted.channel)?.(posted.message);
    };
  }

  /** What this thread leaves to those that it calls. */
  get inheritance(): unknown {
    return this.#inherited;
  }

  inherit(): unknown {
    return this.#inherited;
  }

  bequeath(_key: string, value: unknown): void {
    this.#inherited = value;
  }

  openChannel(name: string, onMessage?: (message: unknown) => void): ReturnType<ThreadHost["openChannel"]> {
    if (onMessage !== undefined) this.#channels.set(name, onMessage);
    return {
      post: (message) => this.#exchange.tellAll({ channel: name, message } satisfies Posted),
      poll: () => undefined, // The ports of a browser cannot be read in the middle of a call.
      close: () => {
        if (this.#channels.get(name) === onMessage) this.#channels.delete(name);
      },
    };
  }

  onThreadEnd(callback: (threadId: number) => void): void {
    this.#exchange.onGone = callback;
  }

  onExit(): void {
    // The centre sees how a web worker ends; a page takes its workers along.
  }

  every(ms: number, callback: () => void): () => void {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  }
}
