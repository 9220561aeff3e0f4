/**
 * One Mongrel2 server as a handler sees it: run after run, each a link of its own.
 *
 * Owns: that there is always one link, with a pause between them. Does not own: what a link is (link.ts), or requests.
 */
import { setTimeout as pause } from "node:timers";
import type { ZmqError } from "../node.ts";
import { Link, type LinkOptions, type LinkSink, type Mongrel2Address } from "./link.ts";

export class Mongrel2Server implements LinkSink {
  readonly address: Mongrel2Address;
  readonly #sink: LinkSink;
  readonly #options: LinkOptions;
  readonly #pauseMs: number;
  #link: Link;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(address: Mongrel2Address, options: LinkOptions, pauseMs: number, sink: LinkSink) {
    this.address = address;
    this.#options = options;
    this.#pauseMs = pauseMs;
    this.#sink = sink;
    this.#link = this.#open();
  }

  get link(): Link {
    return this.#link;
  }

  onUp(link: Link): void {
    this.#sink.onUp(link);
  }

  onMessage(link: Link, frames: Uint8Array[]): void {
    this.#sink.onMessage(link, frames);
  }

  mayTake(): boolean {
    return this.#sink.mayTake();
  }

  onDown(link: Link, lost: number, error: ZmqError): void {
    this.#sink.onDown(link, lost, error);
    if (this.#closed) return;
    this.#timer = pause(() => {
      this.#link = this.#open();
    }, this.#pauseMs);
  }

  /** Takes no more requests; how many that were here already are given up. */
  stop(): number {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    return this.#link.stop();
  }

  /** Ends when replies have gone out, at most `ms` later. */
  end(ms: number): Promise<void> {
    this.stop();
    return this.#link.end(ms);
  }

  #open(): Link {
    const link = new Link(this.address, this.#options, this);
    link.open();
    return link;
  }
}
