/**
 * One run of one Mongrel2 server: a PULL for its requests and a PUB for our replies, from the moment its subscription is
 * there until either connection is lost.
 *
 * Owns: the order (no request is handed out before Mongrel2 has subscribed, so that no early reply is lost), back-pressure
 * both ways, and the end. Does not own: what frames mean, or the next run (server.ts).
 *
 *     connecting ──subscription──> up ──stop──> stopping          from each of them ──a connection lost, or end──> down
 *
 * The PULL is connected when the PUB is, and not when Mongrel2 has subscribed: a Mongrel2 that has a notice for a handler and none that
 * takes it waits for one, and subscribes nowhere meanwhile.
 * Invariant: what belongs to a run dies with it. Mongrel2 numbers its connections anew when it starts, so a reply that
 * outlived its run could reach another client: on the first loss both sockets are dropped with all they hold.
 */
import { type Context, Publisher, Pull, ZmqError } from "../node.ts";

/** Whom a link tells. */
export interface LinkSink {
  onUp(link: Link): void;
  /** A request's frames; more than one is not Mongrel2. */
  onMessage(link: Link, frames: Uint8Array[]): void;
  /** Both sockets are gone. `lost`: requests that nobody had seen and replies that were not sent. */
  onDown(link: Link, lost: number, error: ZmqError): void;
  /** Whether more requests may be taken now; `link.resume()` says that this changed. */
  mayTake(): boolean;
}

/** Where a Mongrel2 server is. */
export interface Mongrel2Address {
  /** Where it gives out requests: `send_spec` of its configuration, for example `tcp://127.0.0.1:9997`. */
  readonly requests: string;
  /** Where it takes replies: `recv_spec` of its configuration. */
  readonly replies: string;
}

export interface LinkOptions {
  readonly receiveHighWaterMark: number;
  readonly context?: Context | undefined;
}

type State = "connecting" | "up" | "stopping" | "down";

/** Requests handed out before replies and timers get their turn. */
const BATCH = 256;
/** A server of one PUSH has one name; whoever sends more than these is not Mongrel2. */
const MAX_NAMES = 16;
/** ZMQ_RECONNECT_STOP_AFTER_DISCONNECT: what lingers goes to this run of the server or nowhere. */
const STOP_AFTER_CLOSE = 4;

export class Link {
  /** Where its server is. */
  readonly address: Mongrel2Address;
  readonly #sink: LinkSink;
  readonly #pull: Pull;
  readonly #pub: Publisher;
  #state: State = "connecting";
  #backlog = 0;
  // Requests taken from the PULL and not yet handed out.
  #inHand = 0;
  #names: string[] = [];
  #wake: (() => void) | null = null;
  #flushed: Promise<void> = Promise.resolve();

  constructor(address: Mongrel2Address, options: LinkOptions, sink: LinkSink) {
    this.address = address;
    this.#sink = sink;
    const shared = options.context === undefined ? {} : { context: options.context };
    this.#pull = new Pull({ ...shared, linger: 0, receiveHighWaterMark: options.receiveHighWaterMark });
    // A reply is never dropped for lack of room: then it waits, and no more requests are taken.
    this.#pub = new Publisher({ ...shared, linger: 0, noDrop: true, reconnectStop: STOP_AFTER_CLOSE });
    for (const socket of [this.#pull, this.#pub]) {
      socket.events.on("disconnect", ({ error }) => this.#lost(error));
    }
  }

  get state(): State {
    return this.#state;
  }

  /** Dials; throws EINVAL for endpoints that are none. */
  open(): void {
    // Said now, not when the server has subscribed.
    const probe = new Pull({ linger: 0 });
    try {
      probe.connect(this.address.requests);
    } finally {
      probe.close();
    }
    this.#pub.connect(this.address.replies);
    void this.#run().catch((error: unknown) => this.#lost(asZmqError(error)));
  }

  /** A request came that calls its server so; one server has one name per route. */
  learn(name: string): void {
    if (this.#names.at(-1) === name || this.#names.length >= MAX_NAMES || this.#names.includes(name)) return;
    this.#names.push(name);
  }

  /** Whether a request of this run called its server so. */
  knows(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Queues a reply's frame; false when this run of the server is over. */
  send(frame: Buffer): boolean {
    if (this.#state === "down" || this.#state === "connecting") return false;
    if (this.#backlog > 0 || !this.#pub.trySend(frame)) this.#sendLater(frame);
    return true;
  }

  /** Resolves when no reply waits for room; at once when the server is gone. */
  get flushed(): Promise<void> {
    return this.#flushed;
  }

  /** The sink may take requests again. */
  resume(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** Takes no more requests; replies still go out. What Mongrel2 has already sent here is given up: the result counts it. */
  stop(): number {
    if (this.#state !== "connecting" && this.#state !== "up") return 0;
    this.#state = "stopping";
    const lost = this.#inHand + this.#pull.stats().receiving;
    this.#pull.close();
    this.resume();
    return lost;
  }

  /** Ends it when replies have gone out, at most `ms` milliseconds later. Nothing is told to the sink. */
  async end(ms: number): Promise<void> {
    if (this.#state === "down") return;
    this.#state = "down";
    this.#pull.close();
    this.resume();
    await this.#pub.end(ms);
  }

  async #run(): Promise<void> {
    await this.#pub.connected();
    if (this.#state !== "connecting") return;
    this.#pull.connect(this.address.requests);
    await this.#pub.subscribed();
    if (this.#state !== "connecting") return;
    this.#state = "up";
    this.#sink.onUp(this);
    for await (const batch of this.#pull.batches(BATCH)) {
      this.#inHand = batch.length;
      for (const message of batch) {
        while (!this.#mayTake()) await this.#pause();
        if (this.#state !== "up") return;
        this.#inHand--;
        this.#sink.onMessage(this, message);
      }
    }
  }

  #mayTake(): boolean {
    return this.#state !== "up" || (this.#backlog === 0 && this.#sink.mayTake());
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #sendLater(frame: Buffer): void {
    this.#backlog++;
    this.#flushed = this.#pub.send(frame).then(
      () => this.#sentLater(),
      () => this.#sentLater(), // The socket was closed: `onDown` has told of it.
    );
  }

  #sentLater(): void {
    this.#backlog--;
    if (this.#backlog === 0) this.resume();
  }

  #lost(error: ZmqError): void {
    if (this.#state === "down") return;
    const unread = this.#state === "stopping" ? 0 : this.#inHand + this.#pull.stats().receiving;
    const { sending, waitingSends } = this.#pub.stats();
    const lost = unread + sending + waitingSends;
    this.#state = "down";
    this.#pull.close();
    this.#pub.close();
    this.resume();
    this.#sink.onDown(this, lost, error);
  }
}

function asZmqError(error: unknown): ZmqError {
  return error instanceof ZmqError
    ? error
    : new ZmqError("connection-lost", "The connection to Mongrel2 broke", { cause: error });
}
