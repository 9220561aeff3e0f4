/**
 * One connection to another thread of a page that shares no memory: what the socket writes is posted in batches, what
 * comes is put into the pipe.
 *
 *     socket ⇄ end │ own end ⇄ PortLink ⇄ port ═ port ⇄ PortLink ⇄ own end │ end ⇄ socket        (another thread)
 *
 *     posted     a batch of messages (port-batch.ts) | how many messages the program took | the end, with that number
 *                the reading socket's mark, when it is another | the writer's marks added up, when they are others and it has to wait
 *
 * A message counts against its writer's mark until the other program took it. Messages are kept until then: when the
 * reader closes, what it had not taken is the writer's to give to others. When the reader's thread is ended nobody knows
 * what it took, and what was posted counts as sent.
 * Does not own: how the two sides found each other (port-threads.ts). Invariant: each side posts its end once, and nothing behind it.
 */

import { type ErrorReason, ZmqError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import { type Frame, keep } from "../core/message.ts";
import type { Pipe, PipeOwner, PipeTaker } from "../core/pipe.ts";
import type { Party } from "../core/transport.ts";
import type { Port } from "./exchange.ts";
import { batchBytes, readBatch, writeBatch } from "./port-batch.ts";

/** The other side hears what was taken after so many messages at most. */
const STEP = 64;
/** Octets that are gathered at most before they are posted. */
const GATHER_BYTES = 64 * 1024;

/** What a link needs of its thread. */
export interface PortLinkHost {
  /** Runs a callback in a macrotask. */
  defer(callback: () => void): void;
  /** The link is over. */
  remove(): void;
}

/** What goes through the port. */
type Posted = ArrayBuffer | number | { readonly taken: number } | { readonly mark: number } | { readonly window: number };

export class PortLink implements PipeOwner, PipeTaker {
  readonly #host: PortLinkHost;
  readonly #party: Party;
  readonly #pipe: Pipe;
  readonly #port: Port;
  // Messages that the other side's program has not taken, oldest first; the last `#gathered.length` are not posted yet.
  readonly #sent = new Fifo<Frame[]>();
  #gathered: Frame[][] = [];
  #gatheredBytes = 0;
  // Something was posted in this turn; what follows is gathered until its end.
  #posted = false;
  // Messages put into the pipe since the beginning; how many were taken when the other side was last told; and how many of
  // ours it has said it took.
  #delivered = 0;
  #told = 0;
  #acknowledged = 0;
  #step: number;
  // How many messages may be under way from this side, as the other side was last told.
  #toldWindow: number;
  // This side has posted its end.
  #ended = false;
  #over = false;
  readonly #turnEnded = (): void => {
    this.#posted = false;
    this.#post();
  };

  /** `pipe` is the transport's end. `window`: how many messages may be under way to this side. */
  constructor(host: PortLinkHost, party: Party, pipe: Pipe, port: Port, window: number) {
    this.#host = host;
    this.#party = party;
    this.#pipe = pipe;
    this.#port = port;
    this.#step = stepOf(window);
    this.#toldWindow = pipe.other.highWaterMark;
    pipe.owner = this;
    pipe.taker = this;
    port.onmessage = ({ data }) => this.#onPosted(data as Posted);
    port.addEventListener("close", () => this.orphan());
  }

  /** Begins: what waits goes out. Both sides know each other. */
  start(): void {
    this.onReadable();
    if (this.#pipe.other.closed) this.onClosed();
  }

  /** The other thread was ended. */
  orphan(): void {
    if (this.#over) return;
    const { peer } = this.#pipe.other;
    const error = new ZmqError("thread-ended", `${peer.endpoint}: the thread at the other end was ended`, {
      address: peer.endpoint,
    });
    this.#party.onLost(this.#pipe.other, error);
    this.#finish("thread-ended");
  }

  // The pipe calls ----------------------------------------------------------------------------------------------------

  take(frames: Frame[]): boolean {
    keep(frames);
    this.#sent.push(frames);
    this.#gathered.push(frames);
    this.#gatheredBytes += batchBytes(frames);
    if (!this.#posted || this.#gatheredBytes >= GATHER_BYTES) this.#post();
    return true;
  }

  relieve(): void {
    this.#post();
    const window = this.#pipe.other.highWaterMark;
    if (window === this.#toldWindow) return;
    this.#toldWindow = window;
    this.#tell({ window });
  }

  onMark(messages: number): void {
    this.#tell({ mark: messages });
  }

  onReadable(): void {
    for (let frames = this.#pipe.takeWaiting(); frames !== undefined; frames = this.#pipe.takeWaiting()) this.take(frames);
  }

  onWritable(): void {
    this.#acknowledge();
  }

  /** The socket has closed its end: everything it sent is posted, and stays readable for the other side. */
  onClosed(): void {
    if (this.#over) return;
    this.#end();
    this.#finish(null);
  }

  onDrained(): void {
    // The socket's end is closed and nothing waits: `onClosed` has seen to it.
  }

  // Sending -----------------------------------------------------------------------------------------------------------

  #post(): void {
    if (this.#gathered.length === 0 || this.#over) return;
    const batch = writeBatch(this.#gathered, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#port.postMessage(batch, [batch]);
    if (this.#posted) return;
    this.#posted = true;
    this.#host.defer(this.#turnEnded);
  }

  // Nothing is posted behind the end.
  #tell(posted: Posted): void {
    if (!this.#ended && !this.#over) this.#port.postMessage(posted);
  }

  // Receiving ---------------------------------------------------------------------------------------------------------

  #onPosted(posted: Posted): void {
    if (typeof posted === "object" && "taken" in posted) this.#onEnd(posted.taken);
    else if (this.#over) return;
    else if (posted instanceof ArrayBuffer) this.#deliver(posted);
    else if (typeof posted === "number") this.#credit(posted);
    else if ("mark" in posted) this.#pipe.other.addHighWaterMark(posted.mark);
    else {
      this.#step = stepOf(posted.window);
      this.#acknowledge();
    }
  }

  #deliver(batch: ArrayBuffer): void {
    const pipe = this.#pipe;
    readBatch(batch, (frames) => {
      this.#delivered++;
      pipe.put(frames);
    });
    pipe.flush();
    if (!this.#over) this.#acknowledge();
  }

  get #taken(): number {
    return this.#delivered - this.#pipe.pending;
  }

  // Tells the other side how many messages the program took, every so often.
  #acknowledge(): void {
    const pipe = this.#pipe;
    const taken = this.#taken;
    if (taken - this.#told >= this.#step) {
      this.#told = taken;
      this.#port.postMessage(taken);
    }
    if (pipe.pending > 0) pipe.notifyAt(Math.max(0, pipe.pending - this.#step));
  }

  // Gives our socket room for what the other program took.
  #credit(taken: number): void {
    const count = taken - this.#acknowledged;
    this.#acknowledged = taken;
    for (let i = 0; i < count; i++) this.#sent.shift();
    if (!this.#over) this.#pipe.acknowledge(count);
  }

  // The end -----------------------------------------------------------------------------------------------------------

  #end(): void {
    if (this.#ended) return;
    this.#post();
    this.#tell({ taken: this.#taken });
    this.#ended = true;
  }

  // The other socket is closed and reads no more. The answer tells it that its end was seen; then the port is no longer used.
  #onEnd(taken: number): void {
    this.#credit(taken);
    this.#end();
    this.#finish("peer-closed");
    this.#port.close();
  }

  // What was not taken is the socket's to give to others, or to count as lost; null: the socket itself is closed.
  #finish(reason: ErrorReason | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.remove();
    const end = this.#pipe.other;
    this.#pipe.close(true);
    if (reason === null) return;
    const unsent = reason === "peer-closed" ? [...this.#sent] : this.#gathered;
    end.written -= unsent.length;
    this.#pipe.acknowledge(unsent.length);
    if (unsent.length > 0) this.#party.onUnsent(end, unsent, reason);
  }
}

// How often the other side must hear what was taken, that may have so many messages under way; 0: any number.
function stepOf(window: number): number {
  return window === 0 ? STEP : Math.max(1, Math.min(STEP, (window + 1) >> 1));
}
