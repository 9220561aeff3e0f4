/**
 * A session: what lies between one pipe of a socket and one endpoint or accepted link, over all its connections.
 * Dialling, retry, lingering.
 *
 *     idle ─▶ dialing ─▶ handshaking ─▶ ready ─▶ closed          dialled: any loss ─▶ waiting ─▶ dialing
 *       └──────────────▶ handshaking   (accepted)                accepted: any loss ─▶ closed
 *
 * Lingering is no state of its own: a session that was shut down goes on as it is, also retrying, until its messages
 * are out or its time is up.
 * Owns: the session's end of the pipe, the connection of now, the timers of dialling and lingering. Does not own: what
 * messages mean (the socket), how bytes flow (the connection).
 * Invariants: one function writes the state; `#close` is final and idempotent; messages not given to the kernel survive a loss.
 */

import { deadline, type Timer } from "../base/clock.ts";
import { assert, ZmqError } from "../base/errors.ts";
import type { PeerHandshake } from "../zmtp/engine.ts";
import { Backoff } from "./backoff.ts";
import type { Bound } from "./bound.ts";
import { Connection } from "./connection.ts";
import { connectionError } from "./failure.ts";
import type { Frame } from "./message.ts";
import type { Settings } from "./options.ts";
import { Peer } from "./peer.ts";
import { Pipe, type PipeOwner, type PipeTaker } from "./pipe.ts";
import type { ConnectionOwner, SessionHost } from "./session-host.ts";
import type { SharedRun } from "./shared-run.ts";
import type { ConnectOptions, Dialing, DialSink, Link, LinkTransport } from "./transport.ts";

export type SessionState = "idle" | "dialing" | "waiting" | "handshaking" | "ready" | "closed";

/** Which state may follow which; a test compares it with the picture above. */
export const SESSION_TRANSITIONS: Readonly<Record<SessionState, readonly SessionState[]>> = {
  idle: ["dialing", "handshaking", "closed"],
  dialing: ["handshaking", "waiting", "closed"],
  waiting: ["dialing", "closed"],
  handshaking: ["ready", "waiting", "closed"],
  ready: ["waiting", "closed"],
  closed: [],
};

/** The bits of `reconnectStop`. */
const STOP_REFUSED = 1;
const STOP_HANDSHAKE = 2;
const STOP_DISCONNECTED = 4;

// Of equal names an authority's properties come before the peer's own, as with libzmq.
function introduce(peer: Peer, { metadata, identity }: PeerHandshake): void {
  peer.userId = identity?.userId ?? "";
  const more = identity !== undefined && identity.metadata.size > 0;
  peer.metadata = more ? new Map([...metadata, ...identity.metadata]) : metadata;
}

/** Where a dialled session connects to. */
export interface DialTarget {
  readonly transport: LinkTransport;
  readonly address: string;
  readonly options: ConnectOptions | undefined;
}

/** What came of the messages that waited when a session, or a whole socket, was closed. */
export interface CloseOutcome {
  /** Messages that the network took. */
  readonly flushed: number;
  /** Messages that were lost, each counted in `stats()` with its reason. */
  readonly dropped: number;
}

export class Session implements ConnectionOwner, PipeOwner, PipeTaker {
  readonly peer: Peer;
  /** The session's end of its pipe, if it has one. */
  pipe: Pipe | null = null;
  /** The listener it came by; null when dialled. */
  bound: Bound | null = null;

  #host: SessionHost;
  #settings: Settings;
  #target: DialTarget | null;
  // From the first retry on.
  #backoff: Backoff | null = null;
  #state: SessionState = "idle";
  #dialing: Dialing | null = null;
  #connection: Connection | null = null;
  // The deadline of an attempt, or the wait before the next.
  #timer: Timer | null = null;
  #lingerTimer: Timer | null = null;
  #wasReady = false;
  #shutDown = false;
  #pendingAtShutdown = 0;

  /** `target` is null for an accepted link. */
  constructor(host: SessionHost, endpoint: string, settings: Settings, target: DialTarget | null) {
    this.#host = host;
    this.#settings = settings;
    this.#target = target;
    this.peer = new Peer(endpoint);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Messages and bytes taken from the pipe that the kernel does not have. */
  get inOutbox(): { readonly messages: number; readonly bytes: number } {
    return this.#connection?.unsent ?? { messages: 0, bytes: 0 };
  }

  /** The socket's ends of the pipes: at most one. */
  get ends(): Pipe[] {
    return this.pipe === null ? [] : [this.pipe.other];
  }

  /** Messages that the kernel does not have. */
  get pending(): number {
    return (this.pipe?.waiting ?? 0) + this.inOutbox.messages;
  }

  // Connecting --------------------------------------------------------------------------------------------------------

  /** Begins to connect. Messages can be queued at once, unless `immediate` is set. */
  dial(): void {
    if (!this.#settings.immediate) this.#openPipe();
    this.#dialNow();
  }

  /** Takes over an accepted link. */
  accept(link: Link): void {
    this.#connect(link);
  }

  #dialNow(): void {
    const { transport, address, options } = this.#target as DialTarget;
    const { endpoint } = this.peer;
    const { monitor, context } = this.#host;
    this.#become("dialing");
    if (monitor.active) monitor.emit({ type: "connect:delay", address: endpoint });
    const sink: DialSink = {
      onLink: (link) => this.#connect(link),
      onError: (error) => this.#dialFailed(error),
    };
    this.#dialing = transport.dial(address, this.#settings, sink, options);
    const { connectTimeout } = this.#settings;
    if (connectTimeout === 0) return;
    this.#timer = deadline(context.clock, connectTimeout, () => {
      const text = `${endpoint} did not answer within connectTimeout (${connectTimeout} ms)`;
      this.#dialFailed(new ZmqError("connect-timeout", text, { address: endpoint }));
    });
  }

  #dialFailed(error: ZmqError): void {
    this.#stopDialing();
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: "close", address: this.peer.endpoint, error });
    this.#retryOrClose(error);
  }

  #connect(link: Link): void {
    this.#stopDialing();
    this.#backoff?.reset();
    this.#become("handshaking");
    const { peer } = this;
    peer.address = link.remote;
    peer.state = "handshaking";
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: this.#target ? "connect" : "accept", address: peer.endpoint, peer });
    this.#connection = new Connection(this.#host, this, this.#settings, link);
    this.#connection.start();
  }

  onReady(handshake: PeerHandshake): void {
    const { peer } = this;
    peer.socketType = handshake.socketType;
    peer.routingId = handshake.routingId;
    peer.protocol = handshake.protocol;
    introduce(peer, handshake);
    peer.state = "ready";
    this.#become("ready");
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: "handshake", address: peer.endpoint, peer });
    const pipe = this.pipe ?? this.#openPipe();
    this.#host.onPeerReady(pipe.other, this.#wasReady);
    // Without `immediate` the pipe outlives its connections; with it, each connection has one of its own.
    this.#wasReady = !this.#settings.immediate;
  }

  onOver(error: ZmqError): void {
    this.#connection = null;
    const { peer, pipe } = this;
    const retry = this.#mayRetry(error);
    const { monitor } = this.#host;
    if (monitor.active) {
      monitor.emit({ type: "disconnect", address: peer.endpoint, peer, reason: error.reason, retry, error });
    }
    if (retry && pipe !== null) {
      if (this.#settings.immediate) this.#closePipe(error);
      else this.#host.onPeerLost(pipe.other);
    }
    this.#retryOrClose(error);
  }

  #mayRetry(error: ZmqError): boolean {
    const { reconnectInterval, reconnectStop } = this.#settings;
    if ((reconnectStop & STOP_REFUSED) !== 0 && error.reason === "connection-refused") return false;
    if ((reconnectStop & STOP_HANDSHAKE) !== 0 && this.#state === "handshaking") return false;
    if ((reconnectStop & STOP_DISCONNECTED) !== 0 && this.#shutDown) return false;
    return this.#target !== null && error.retryable && reconnectInterval > 0 && !this.#finished;
  }

  #retryOrClose(error: ZmqError): void {
    const wait = this.#mayRetry(error) ? this.#nextWait() : undefined;
    if (wait === undefined) {
      this.#close(error);
      return;
    }
    this.peer.state = "connecting";
    this.#become("waiting");
    const { monitor, context } = this.#host;
    if (monitor.active) monitor.emit({ type: "connect:retry", address: this.peer.endpoint, interval: wait, error });
    this.#timer = context.clock.after(wait, () => this.#dialNow());
  }

  #nextWait(): number | undefined {
    this.#backoff ??= new Backoff(this.#settings, this.#host.context.random);
    return this.#backoff.next();
  }

  // The pipe's owner and taker ----------------------------------------------------------------------------------------

  take(frames: Frame[], run: SharedRun | null): boolean {
    return this.#connection?.take(frames, run) ?? false;
  }

  relieve(): void {
    this.#connection?.relieve();
  }

  onMark(messages: number): void {
    this.pipe?.setHighWaterMark(messages);
  }

  onReadable(): void {
    this.#connection?.pump();
  }

  onWritable(): void {
    this.#connection?.resumeInput();
  }

  /** The socket reads no more: what comes in is thrown away. What still waits to go out is for `shutDown` to decide. */
  onClosed(): void {
    this.#connection?.resumeInput();
  }

  onDrained(): void {
    // The socket's end is closed and empty; `shutDown` has the last word.
  }

  // The end -----------------------------------------------------------------------------------------------------------

  /**
   * Ends this session: what waits may still go out for `lingerMs` (-1: no limit, 0: not at all). The socket has closed
   * its end before.
   */
  shutDown(lingerMs: number): void {
    if (this.#state === "closed") return;
    const { clock, hold } = this.#host.context;
    if (!this.#shutDown) hold.take();
    this.#shutDown = true;
    this.#pendingAtShutdown = this.pending;
    this.#lingerTimer?.cancel();
    if (lingerMs === 0 || this.#finished) {
      this.#close(null);
      return;
    }
    if (lingerMs > 0) {
      this.#lingerTimer = clock.after(lingerMs, () => {
        this.#close(
          connectionError("linger-expired", `linger (${lingerMs} ms) ran out, ${this.pending} messages are unsent`, this.peer),
        );
      });
    }
    this.#connection?.pump();
  }

  onProgress(): void {
    if (this.#finished) this.#close(null);
  }

  /** Ends this session at once. */
  abort(error: ZmqError): void {
    if (this.#state === "closed") return;
    const { peer } = this;
    const { monitor } = this.#host;
    if (monitor.active && this.#connection !== null) {
      monitor.emit({ type: "disconnect", address: peer.endpoint, peer, reason: error.reason, retry: false, error });
    }
    this.#close(error);
  }

  // Shut down, and nothing is left to send.
  get #finished(): boolean {
    return this.#shutDown && (this.pipe?.waiting ?? 0) === 0 && (this.#connection?.unsent.empty ?? true);
  }

  #close(error: ZmqError | null): void {
    if (this.#state === "closed") return;
    const connection = this.#connection;
    const orderly = error === null && this.#finished && this.#state === "ready";
    this.#become("closed");
    this.peer.state = "closed";
    this.#stopDialing();
    this.#lingerTimer?.cancel();
    this.#connection = null;
    if (!orderly) connection?.destroy();
    const dropped = this.#closePipe(error);
    const done = (): void => {
      if (this.#shutDown) this.#host.context.hold.release();
      this.#host.onSessionClosed(this, { flushed: Math.max(0, this.#pendingAtShutdown - dropped), dropped });
    };
    if (orderly && connection !== null) connection.end(done);
    else done();
  }

  #openPipe(): Pipe {
    const { sendHighWaterMark, receiveHighWaterMark } = this.#settings;
    const [end, own] = Pipe.pair(
      { owner: this.#host, peer: this.peer, highWaterMark: sendHighWaterMark },
      { owner: this, peer: this.peer, highWaterMark: receiveHighWaterMark },
    );
    const conflates = this.#host.conflates(this.#settings);
    if (conflates.sending) end.conflate();
    if (conflates.receiving) own.conflate();
    own.taker = this;
    this.pipe = own;
    this.#host.onPipe(end);
    return own;
  }

  // The messages that nobody will send are handed to the socket, which has other peers or counts them as lost.
  #closePipe(error: ZmqError | null): number {
    const { pipe } = this;
    if (pipe === null) return 0;
    this.pipe = null;
    // Closed first: taking messages out makes room, and nobody may write into a pipe that is going.
    pipe.close(true);
    const messages = pipe.takeAll();
    return messages.length === 0 ? 0 : this.#host.onUnsent(pipe.other, messages, error?.reason ?? "disconnected");
  }

  #stopDialing(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#dialing?.cancel();
    this.#dialing = null;
  }

  #become(next: SessionState): void {
    assert(SESSION_TRANSITIONS[this.#state].includes(next), `session from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
