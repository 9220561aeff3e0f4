/**
 * The body of an HTTP response that comes in pieces.
 *
 * Owns: the chunks and their end. Mongrel2 keeps at most 16 messages for a client that reads slowly (its
 * `limits.deliver_outstanding_msgs`), then closes it, and says nothing of how far it is. So pieces that come faster than
 * GATHER_MS apart are gathered into one message.
 * Invariant: after `end` or `abort` nothing is sent.
 */
import { ZmqError } from "../node.ts";
import { chunkEnds, LAST_CHUNK } from "./http.ts";
import type { Link } from "./link.ts";

/** How the reply sends, and learns of the end. */
export interface StreamOwner {
  send(parts: readonly (Uint8Array | string)[]): boolean;
  end(): void;
}

/** Pieces closer together than this become one message. */
const GATHER_MS = 25;
/** A message that is this large goes out at once. */
const GATHER_BYTES = 1 << 20;

export class ReplyStream {
  readonly #link: Link;
  readonly #coding: "chunked" | "plain" | "none";
  readonly #keepAlive: boolean;
  readonly #owner: StreamOwner;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #sentAt = Number.NEGATIVE_INFINITY;
  #ended = false;

  /** @internal */
  constructor(link: Link, coding: "chunked" | "plain" | "none", keepAlive: boolean, owner: StreamOwner) {
    this.#link = link;
    this.#coding = coding;
    this.#keepAlive = keepAlive;
    this.#owner = owner;
  }

  /** Adds to the body; empty pieces add nothing. Resolves when there is room for more: false if the server has gone. */
  async write(piece: string | Uint8Array): Promise<boolean> {
    if (this.#ended) throw new ZmqError("reply-ended", "This response's body has ended; nothing can be added");
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    if (bytes.length > 0) this.#gather(bytes);
    await this.#link.flushed;
    if (this.#gatheredBytes >= GATHER_BYTES) await this.#room();
    return this.#link.state === "up" || this.#link.state === "stopping";
  }

  /** Ends the body; the connection then stays or closes, as HTTP says. */
  end(): boolean {
    if (this.#ended) throw new ZmqError("reply-ended", "This response's body has ended already");
    this.#flush();
    this.#over();
    const sent = this.#coding === "chunked" ? this.#owner.send([LAST_CHUNK]) : this.#link.state === "up";
    return this.#keepAlive ? sent : this.#owner.send([]);
  }

  /** Gives the response up: the client sees a connection that broke in the middle, not a body that looks whole. */
  abort(): boolean {
    if (this.#ended) return false;
    this.#over();
    return this.#owner.send([]);
  }

  #gather(bytes: Uint8Array): void {
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#timer !== null) return;
    const wait = this.#sentAt + GATHER_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), wait);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#gatheredBytes === 0) return;
    const pieces = this.#gathered;
    const size = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#sentAt = performance.now();
    if (this.#coding === "none") return;
    if (this.#coding === "plain") {
      this.#owner.send(pieces);
      return;
    }
    const [before, after] = chunkEnds(size);
    this.#owner.send([before, ...pieces, after]);
  }

  #over(): void {
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#gathered = [];
    this.#owner.end();
  }
}
