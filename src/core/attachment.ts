/**
 * An attachment: what lies between a socket and a network without connections (udp, epgm), from one bind or connect to
 * its end. What a session is to a link.
 *
 *     opening ─▶ open ─▶ closed          lingering is no state of its own: what waits still goes out until its time is up
 *
 * Owns: the pipes that the network asked for, the linger timer, the account of what was lost at the end. Does not own:
 * packets, addresses, what messages mean.
 * Invariant: `#close` is final and idempotent; every message that the network did not take is counted.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { SocketTypeName } from "../zmtp/socket-type.ts";
import type { Bound } from "./bound.ts";
import type { Event } from "./monitor.ts";
import type { Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import { Pipe } from "./pipe.ts";
import type { CloseOutcome } from "./session.ts";
import type { SessionHost } from "./session-host.ts";
import type { DatagramTransport, Network, NetworkEnd, NetworkSink } from "./transport.ts";
import type { Turn } from "./turn.ts";

/** What a bind or connect hears of its attachment. */
export interface AttachmentOwner {
  /** Open; the endpoint is complete. */
  onOpen(endpoint: string): void;
  /** Could not be opened, or broke; `onEnded` follows. */
  onError(error: ZmqError): void;
  /** Over, and its address free. */
  onEnded(outcome: CloseOutcome): void;
}

export class Attachment implements NetworkSink {
  readonly settings: Settings;
  readonly endpoint: string;
  /** The entry it was bound by; null when it was connected. */
  bound: Bound | null = null;
  #host: SessionHost;
  #owner: AttachmentOwner;
  #network: Network | null = null;
  #ends = new Set<Pipe>();
  #state: "opening" | "open" | "closed" = "opening";
  #shutDown = false;
  #pendingAtShutdown = 0;
  #lingerTimer: Timer | null = null;

  constructor(host: SessionHost, endpoint: string, settings: Settings, owner: AttachmentOwner) {
    this.#host = host;
    this.endpoint = endpoint;
    this.settings = settings;
    this.#owner = owner;
  }

  open(transport: DatagramTransport, address: string, use: "bind" | "connect"): void {
    this.#network = transport.open(address, use, this);
  }

  /** The socket's ends of the pipes. */
  get ends(): Pipe[] {
    return [...this.#ends].map((each) => each.other);
  }

  /** Messages that the system does not have. */
  get pending(): number {
    let pending = this.#network?.pending ?? 0;
    for (const end of this.#ends) pending += end.waiting;
    return pending;
  }

  // The network calls -------------------------------------------------------------------------------------------------

  get type(): SocketTypeName {
    return this.#host.type;
  }

  get clock(): Clock {
    return this.#host.context.clock;
  }

  get random(): Random {
    return this.#host.context.random;
  }

  get turn(): Turn {
    return this.#host.context.turn;
  }

  join(peer: Peer, end: NetworkEnd): Pipe {
    const { sendHighWaterMark, receiveHighWaterMark } = this.settings;
    const host = this.#host;
    const owner = {
      onReadable: (pipe: Pipe) => end.onReadable(pipe),
      onWritable: (pipe: Pipe) => end.onWritable(pipe),
      onClosed: (pipe: Pipe) => end.onClosed(pipe),
      onDrained: (pipe: Pipe) => {
        this.#ends.delete(pipe);
        pipe.close(true);
        end.onDrained(pipe);
      },
    };
    const [near, far] = Pipe.pair(
      { owner: host, peer, highWaterMark: sendHighWaterMark },
      { owner, peer, highWaterMark: receiveHighWaterMark },
    );
    const conflates = host.conflates(this.settings);
    if (conflates.sending) near.conflate();
    if (conflates.receiving) far.conflate();
    far.taker = end.taker;
    this.#ends.add(far);
    host.onPipe(near);
    if (this.#state === "open") this.#ready(far);
    return far;
  }

  onOpen(endpoint: string): void {
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.#owner.onOpen(endpoint);
    for (const end of [...this.#ends]) this.#ready(end);
  }

  #ready(end: Pipe): void {
    end.peer.state = "ready";
    this.#host.onPeerReady(end.other, false);
  }

  onError(error: ZmqError): void {
    if (this.#state === "closed") return;
    this.#owner.onError(error);
    this.#close(error);
  }

  onProgress(): void {
    if (this.#shutDown && this.pending === 0) this.#close(null);
  }

  drop(reason: ErrorReason, count: number, peer?: Peer): void {
    this.#host.drop(reason, count, peer);
  }

  get observed(): boolean {
    return this.#host.monitor.active;
  }

  report(event: Event): void {
    if (this.#host.monitor.active) this.#host.monitor.emit(event);
  }

  // The end -----------------------------------------------------------------------------------------------------------

  /** Ends: what waits may still go out for `lingerMs` (-1: no limit, 0: not at all). The socket has closed its ends before. */
  shutDown(lingerMs: number): void {
    if (this.#state === "closed") return;
    if (!this.#shutDown) this.#host.context.hold.take();
    this.#shutDown = true;
    this.#pendingAtShutdown = this.pending;
    this.#lingerTimer?.cancel();
    if (lingerMs === 0 || this.pending === 0) {
      this.#close(null);
      return;
    }
    if (lingerMs > 0) {
      this.#lingerTimer = this.clock.after(lingerMs, () => {
        const text = `${this.endpoint}: linger (${lingerMs} ms) ran out, ${this.pending} messages are unsent`;
        this.#close(new ZmqError("linger-expired", text, { address: this.endpoint }));
      });
    }
    this.#network?.finish();
  }

  #close(error: ZmqError | null): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#lingerTimer?.cancel();
    const lost = this.#network?.pending ?? 0;
    let dropped = lost;
    for (const end of [...this.#ends]) {
      end.peer.state = "closed";
      end.close(true);
      const unsent = end.takeAll().length;
      dropped += unsent;
      if (unsent > 0) this.#host.drop(error?.reason ?? "disconnected", unsent, end.peer);
    }
    if (lost > 0) this.#host.drop(error?.reason ?? "disconnected", lost);
    const ended = (): void => {
      if (this.#shutDown) this.#host.context.hold.release();
      this.#owner.onEnded({ flushed: Math.max(0, this.#pendingAtShutdown - dropped), dropped });
    };
    if (this.#network === null) ended();
    else this.#network.close(ended);
  }
}
