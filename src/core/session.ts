/**
 * One connection's life, between a pipe and a link: dialling, handshake, traffic, loss, retry, lingering.
 *
 *     idle ─▶ dialing ─▶ handshaking ─▶ ready ─▶ draining ─▶ closed        dialled: any loss ─▶ waiting ─▶ dialing
 *       └──────────────▶ handshaking   (accepted)                          accepted: any loss ─▶ closed
 *
 * `draining`: the link is gone, what it brought still waits for room in the pipe. Lingering is no state of its own: a session that was shut down
 * goes on as it is (also retrying) until its messages are out or its time is up.
 * Owns: link, engine, outbox, timers, the session's end of the pipe. Does not own: what messages mean (the socket), the protocol (the engine).
 * Invariants: one function writes the state; `#close` is final and idempotent; the first reason wins; messages not given to the kernel survive a loss.
 */

import type { Timer } from "../base/clock.ts";
import { assert, ZmqError } from "../base/errors.ts";
import { subscriptionToCommand } from "../zmtp/command.ts";
import { Engine, type EngineFailure, type EngineSink, type PeerHandshake } from "../zmtp/engine.ts";
import { encodeFrame, FLAG_COMMAND } from "../zmtp/frame-encoder.ts";
import { announcesIdentity } from "../zmtp/socket-type.ts";
import { Backoff } from "./backoff.ts";
import { connectionError, failureError, handshakeEvent } from "./failure.ts";
import { byteLength, type Frame } from "./message.ts";
import { optionBytes, type Settings } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Peer } from "./peer.ts";
import { Pipe, type PipeOwner, type PipeTaker } from "./pipe.ts";
import type { SessionHost } from "./session-host.ts";
import type { Dialing, Link, LinkSink, StreamTransport } from "./transport.ts";

export type SessionState = "idle" | "dialing" | "waiting" | "handshaking" | "ready" | "draining" | "closed";

/** Which state may follow which; a test compares it with the picture above. */
export const SESSION_TRANSITIONS: Readonly<Record<SessionState, readonly SessionState[]>> = {
  idle: ["dialing", "handshaking", "closed"],
  dialing: ["handshaking", "waiting", "closed"],
  waiting: ["dialing", "closed"],
  handshaking: ["ready", "waiting", "closed"],
  ready: ["draining", "waiting", "closed"],
  draining: ["waiting", "closed"],
  closed: [],
};

/** Per turn one session moves at most this from its pipe to its link, then others get their turn. */
const TURN_MESSAGES = 2048;
const TURN_BYTES = 512 * 1024;

/** Where a dialled session connects to. */
export interface DialTarget {
  readonly transport: StreamTransport;
  readonly address: string;
}

/** What came of the messages that waited when a session was shut down. */
export interface SessionOutcome {
  readonly flushed: number;
  readonly dropped: number;
}

export class Session implements LinkSink, EngineSink, PipeOwner, PipeTaker {
  readonly peer: Peer;
  #host: SessionHost;
  #settings: Settings;
  #target: DialTarget | null;
  #backoff: Backoff;
  #state: SessionState = "idle";

  #pipe: Pipe | null = null;
  #dialing: Dialing | null = null;
  #link: Link | null = null;
  #engine: Engine | null = null;
  #outbox: Outbox | null = null;

  // Dial, handshake and retry timeouts share one timer: they never run at the same time.
  #timer: Timer | null = null;
  #heartbeatTimer: Timer | null = null;
  #heartbeatAt = Number.POSITIVE_INFINITY;

  #flushedTurn = -1;
  #flushPending = false;
  #inputBlocked = false;
  #linkPaused = false;
  #loss: ZmqError | null = null;

  #shutDown = false;
  #lingerTimer: Timer | null = null;
  #pendingAtShutdown = 0;

  constructor(host: SessionHost, endpoint: string, settings: Settings, target: DialTarget | null) {
    this.#host = host;
    this.#settings = settings;
    this.#target = target;
    this.#backoff = new Backoff(settings, host.context.random);
    this.peer = new Peer(endpoint);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The session's end of its pipe, if it has one. */
  get pipe(): Pipe | null {
    return this.#pipe;
  }

  /** Messages and bytes taken from the pipe that the kernel does not have. */
  get inOutbox(): { messages: number; bytes: number } {
    return { messages: this.#outbox?.messages ?? 0, bytes: this.#outbox?.bytes ?? 0 };
  }

  /** Whether messages wait that the kernel does not have. */
  get unsent(): boolean {
    return this.#pending() > 0;
  }

  /** Begins to connect. Messages can be queued at once, unless `immediate` is set. */
  dial(): void {
    if (!this.#settings.immediate) this.#openPipe();
    this.#dialNow();
  }

  /** Takes over an accepted link. */
  accept(link: Link): void {
    this.#useLink(link);
  }

  // Connecting --------------------------------------------------------------------------------------------------------------------

  #dialNow(): void {
    const { transport, address } = this.#target as DialTarget;
    this.#become("dialing");
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: "connect:delay", address: this.peer.endpoint });
    this.#dialing = transport.dial(address, this.#settings, {
      onLink: (link) => this.#useLink(link),
      onError: (error) => this.#dialFailed(error),
    });
    const { connectTimeout } = this.#settings;
    if (connectTimeout > 0) {
      this.#startTimer(connectTimeout, () => {
        const text = `${this.peer.endpoint} did not answer within connectTimeout (${connectTimeout} ms)`;
        this.#dialFailed(new ZmqError("connect-timeout", text, { address: this.peer.endpoint }));
      });
    }
  }

  #dialFailed(error: ZmqError): void {
    this.#stopDialing();
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: "close", address: this.peer.endpoint, error });
    this.#retryOrClose(error);
  }

  #retryOrClose(error: ZmqError): void {
    const wait = error.retryable && this.#target !== null && !this.#nothingLeft() ? this.#backoff.next() : undefined;
    if (wait === undefined) return this.#close(error);
    this.peer.state = "connecting";
    this.#become("waiting");
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: "connect:retry", address: this.peer.endpoint, interval: wait, error });
    this.#startTimer(wait, () => this.#dialNow());
  }

  #useLink(link: Link): void {
    this.#stopDialing();
    this.#backoff.reset();
    this.#become("handshaking");
    this.#link = link;
    this.peer.address = link.remote;
    this.peer.state = "handshaking";
    const { context, monitor, type } = this.#host;
    if (monitor.active)
      monitor.emit({
        type: this.#target ? "connect" : "accept",
        address: this.peer.endpoint,
        peer: this.peer,
      });
    this.#outbox = new Outbox(link, context.slabs, (messages, bytes) => this.#taken(messages, bytes));
    const { maxMessageSize, copyReceived, heartbeatInterval, heartbeatTimeout, heartbeatTimeToLive } = this.#settings;
    this.#engine = new Engine(
      {
        socketType: type,
        routingIdBytes: announcesIdentity(type) ? optionBytes(this.#settings.routingId).length : 0,
        mechanism: this.#host.createMechanism(this.#settings),
        limits: {
          maxFrameBytes: maxMessageSize === -1 ? context.maxFrameBytes : maxMessageSize,
          maxFrames: context.maxFrames,
          copyBodies: copyReceived,
        },
        heartbeat: {
          intervalMs: heartbeatInterval,
          timeoutMs: heartbeatTimeout === -1 ? heartbeatInterval : heartbeatTimeout,
          ttlTenths: Math.floor(heartbeatTimeToLive / 100),
        },
      },
      this,
    );
    const { handshakeInterval } = this.#settings;
    if (handshakeInterval > 0) {
      this.#startTimer(handshakeInterval, () =>
        this.#fail(connectionError("handshake-timeout", `no handshake within ${handshakeInterval} ms`, this.peer)),
      );
    }
    link.open(this);
    this.#engine.start();
  }

  // The engine's sink -------------------------------------------------------------------------------------------------------------

  onOutput(bytes: Uint8Array): void {
    this.#outbox?.addEncoded(bytes);
    this.#outbox?.flush();
  }

  onReady(handshake: PeerHandshake): void {
    this.#stopTimer();
    const { peer } = this;
    peer.socketType = handshake.socketType;
    peer.routingId = handshake.routingId;
    peer.metadata = handshake.metadata;
    peer.state = "ready";
    this.#become("ready");
    const { monitor } = this.#host;
    if (monitor.active) monitor.emit({ type: "handshake", address: peer.endpoint, peer });
    if (this.#pipe === null) this.#openPipe();
    this.#host.onPeerReady((this.#pipe as Pipe).other);
    this.#pump();
  }

  onMessage(frames: Frame[]): boolean {
    const pipe = this.#pipe as Pipe;
    if (!this.#host.acceptsMessage(frames)) {
      this.#fail(
        connectionError("malformed-message", `${this.#host.type} received a message without a valid envelope`, this.peer),
      );
      return false;
    }
    if (pipe.other.closed) return true;
    if (this.#host.discardsInput) {
      this.#host.drop("wrong-direction", 1, this.peer);
      return true;
    }
    if (pipe.put(frames)) return true;
    this.#inputBlocked = !pipe.hasRoom();
    return !this.#inputBlocked;
  }

  onFailed(failure: EngineFailure): void {
    this.#fail(failureError(failure, this.peer, this.#state === "handshaking"));
  }

  // The link's sink ---------------------------------------------------------------------------------------------------------------

  onData(chunk: Uint8Array): void {
    const engine = this.#engine;
    if (engine === null) return;
    this.peer.bytesReceived += chunk.length;
    // One chunk may wait undecoded; when more come, the kernel has to keep them.
    if (this.#inputBlocked && !this.#linkPaused) {
      this.#linkPaused = true;
      this.#link?.pause();
    }
    engine.receive(chunk, this.#host.context.clock.now());
    this.#afterInput();
  }

  onTaken(): void {
    this.#outbox?.taken();
    this.#pump();
  }

  onEnd(error: ZmqError | null): void {
    this.#fail(error ?? connectionError("peer-closed", "the peer closed the connection", this.peer));
  }

  #afterInput(): void {
    this.#pipe?.flush();
    if (this.#loss !== null && this.#engine?.drained) return this.#finishLoss();
    const deadline = this.#engine?.deadline ?? Number.POSITIVE_INFINITY;
    if (deadline < this.#heartbeatAt) this.#armHeartbeat(deadline);
  }

  #armHeartbeat(at: number): void {
    const { clock } = this.#host.context;
    this.#heartbeatTimer?.cancel();
    this.#heartbeatAt = at;
    this.#heartbeatTimer = clock.after(Math.max(0, at - clock.now()), () => {
      this.#heartbeatAt = Number.POSITIVE_INFINITY;
      // While our own application does not read, the peer's answers wait unread: its silence proves nothing.
      this.#engine?.tick(clock.now(), this.#inputBlocked);
      this.#afterInput();
    });
  }

  // The pipe's owner and taker ------------------------------------------------------------------------------------------------------

  take(frames: Frame[]): boolean {
    if (this.#state !== "ready") return false;
    const outbox = this.#outbox as Outbox;
    if (this.#settings.conflate && outbox.busy) return false;
    if (!this.#encode(frames)) return false;
    const { turn } = this.#host.context;
    const now = turn.current();
    if (this.#flushedTurn !== now) {
      this.#flushedTurn = now;
      outbox.flush();
    } else if (!this.#flushPending) {
      this.#flushPending = true;
      turn.atEnd(this.#endOfTurn);
    }
    return true;
  }

  readonly #endOfTurn = (): void => {
    this.#flushPending = false;
    this.#outbox?.flush();
    this.#pump();
  };

  relieve(): void {
    this.#outbox?.flush();
  }

  onReadable(): void {
    this.#pump();
  }

  onWritable(): void {
    this.#inputBlocked = false;
    this.#engine?.resume(this.#host.context.clock.now());
    this.#afterInput();
    if (this.#inputBlocked || !this.#linkPaused) return;
    this.#linkPaused = false;
    this.#link?.resume();
  }

  /** The socket reads no more: what comes in is thrown away. What still waits to go out is for `shutDown` to decide. */
  onClosed(): void {
    if (this.#inputBlocked) this.onWritable();
  }

  onDrained(): void {
    // The socket's end is closed and empty; `shutDown` has the last word.
  }

  // From the pipe to the link, as far as the link takes it and the turn allows.
  #pump(): void {
    const pipe = this.#pipe;
    const outbox = this.#outbox;
    if (pipe === null || outbox === null || this.#state !== "ready") return;
    let bytes = 0;
    for (let count = 0; pipe.waiting > 0 && !(this.#settings.conflate && outbox.busy); count++) {
      if (count === TURN_MESSAGES || bytes >= TURN_BYTES) {
        if (!this.#flushPending) {
          this.#flushPending = true;
          this.#host.context.turn.atEnd(this.#endOfTurn);
        }
        break;
      }
      const frames = pipe.takeWaiting() as Frame[];
      bytes += byteLength(frames);
      if (!this.#encode(frames)) {
        pipe.putBack([frames]);
        break;
      }
    }
    outbox.flush();
    if (this.#shutDown && this.#nothingLeft()) this.#close(null);
  }

  #encode(frames: Frame[]): boolean {
    const outbox = this.#outbox as Outbox;
    if (!this.#engine?.subscriptionsAsCommands || frames.length !== 1 || !(frames[0][0] <= 1)) return outbox.add(frames);
    outbox.addEncoded(encodeFrame(FLAG_COMMAND, subscriptionToCommand(frames[0])));
    this.#pipe?.acknowledge(1);
    return true;
  }

  #taken(messages: number, bytes: number): void {
    this.peer.bytesSent += bytes;
    if (messages > 0) this.#pipe?.acknowledge(messages);
  }

  // Loss and end --------------------------------------------------------------------------------------------------------------------

  #fail(error: ZmqError): void {
    if (this.#state === "closed" || this.#loss !== null) return;
    this.#loss = error;
    const { monitor } = this.#host;
    if (monitor.active && this.#state === "handshaking") monitor.emit(handshakeEvent(error, this.peer));
    this.#dropLink();
    // What came in before the end is still delivered, when the application makes room; a peer's fault ends it at once.
    if (this.#state === "ready" && this.#engine !== null && !this.#engine.drained && error.retryable) this.#become("draining");
    else this.#finishLoss();
  }

  #finishLoss(): void {
    const error = this.#loss as ZmqError;
    this.#loss = null;
    this.#engine?.close();
    this.#engine = null;
    this.#inputBlocked = false;
    const retry = this.#target !== null && error.retryable && this.#settings.reconnectInterval > 0 && !this.#nothingLeft();
    const { monitor } = this.#host;
    if (monitor.active)
      monitor.emit({
        type: "disconnect",
        address: this.peer.endpoint,
        peer: this.peer,
        reason: error.reason,
        retry,
        error,
      });
    if (this.#pipe !== null && retry) {
      if (this.#settings.immediate) this.#closePipe(error);
      else this.#host.onPeerLost(this.#pipe.other);
    }
    this.#retryOrClose(error);
  }

  // Takes the link away and puts what the kernel did not get back into the pipe.
  #dropLink(): void {
    this.#stopTimer();
    this.#heartbeatTimer?.cancel();
    this.#heartbeatTimer = null;
    this.#heartbeatAt = Number.POSITIVE_INFINITY;
    this.#link?.destroy();
    this.#link = null;
    this.#linkPaused = false;
    const outbox = this.#outbox;
    this.#outbox = null;
    if (outbox === null || this.#pipe === null) return;
    const { messages, sent } = outbox.unsent();
    this.#pipe.acknowledge(sent);
    const again = this.#host.resendsSubscriptions ? messages.filter((frames) => !(frames[0][0] <= 1)) : messages;
    this.#pipe.acknowledge(messages.length - again.length);
    this.#pipe.putBack(again);
  }

  /** Ends this session: what waits may still go out for `lingerMs` (-1: without limit, 0: not at all). The socket has closed its end before. */
  shutDown(lingerMs: number): void {
    if (this.#state === "closed" || this.#shutDown) return;
    this.#shutDown = true;
    this.#pendingAtShutdown = this.#pending();
    this.#host.context.hold.take();
    if (lingerMs === 0 || this.#nothingLeft()) return this.#close(null);
    if (lingerMs > 0) {
      this.#lingerTimer = this.#host.context.clock.after(lingerMs, () => {
        this.#close(new ZmqError("linger-expired", `linger (${lingerMs} ms) ran out with ${this.#pending()} messages unsent`));
      });
    }
    this.#pump();
  }

  /** Ends this session at once. */
  abort(error: ZmqError): void {
    if (this.#state === "closed") return;
    const { monitor } = this.#host;
    if (monitor.active && this.#link !== null) {
      monitor.emit({
        type: "disconnect",
        address: this.peer.endpoint,
        peer: this.peer,
        reason: error.reason,
        retry: false,
        error,
      });
    }
    this.#dropLink();
    this.#close(error);
  }

  #pending(): number {
    return (this.#pipe?.waiting ?? 0) + (this.#outbox?.messages ?? 0);
  }

  #nothingLeft(): boolean {
    return this.#shutDown && (this.#pipe?.waiting ?? 0) === 0 && (this.#outbox?.empty ?? true);
  }

  #close(error: ZmqError | null): void {
    if (this.#state === "closed") return;
    const orderly = error === null && this.#state === "ready" && this.#nothingLeft();
    this.#become("closed");
    this.peer.state = "closed";
    this.#stopDialing();
    this.#lingerTimer?.cancel();
    this.#engine?.close();
    this.#engine = null;
    const link = this.#link;
    if (orderly && link !== null) this.#link = null;
    this.#dropLink();
    const dropped = this.#closePipe(error);
    const outcome = { flushed: Math.max(0, this.#pendingAtShutdown - dropped), dropped };
    const finish = (): void => {
      if (this.#shutDown) this.#host.context.hold.release();
      this.#host.onSessionClosed(this, outcome);
    };
    if (orderly && link !== null) link.end(finish);
    else finish();
  }

  // The messages that nobody will send are handed to the socket, which has other peers or counts them as lost.
  #closePipe(error: ZmqError | null): number {
    const pipe = this.#pipe;
    if (pipe === null) return 0;
    this.#pipe = null;
    const messages = pipe.takeAll();
    const { other } = pipe;
    pipe.close();
    return messages.length === 0 ? 0 : this.#host.onUnsent(other, messages, error?.reason ?? "disconnected");
  }

  #openPipe(): void {
    const { sendHighWaterMark, receiveHighWaterMark, conflate } = this.#settings;
    const [end, own] = Pipe.pair(
      { owner: this.#host, peer: this.peer, highWaterMark: sendHighWaterMark },
      { owner: this, peer: this.peer, highWaterMark: receiveHighWaterMark },
      conflate,
    );
    own.taker = this;
    this.#pipe = own;
    this.#host.onPipe(end);
  }

  #startTimer(ms: number, callback: () => void): void {
    this.#stopTimer();
    this.#timer = this.#host.context.clock.after(ms, callback);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #stopDialing(): void {
    this.#stopTimer();
    this.#dialing?.cancel();
    this.#dialing = null;
  }

  #become(next: SessionState): void {
    assert(SESSION_TRANSITIONS[this.#state].includes(next), `session from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
