/**
 * One connection: a link, the engine that speaks over it, the outbox that writes to it, and the pipe whose messages it
 * moves. From the first byte of the greeting until the link is gone and what it brought has been delivered.
 *
 * Owns: when to flush and to stop reading, deadlines. Does not own: dialling, retry and lingering (the session).
 *
 *     pipe ──take──▶ outbox ──flush: first of a turn at once (on a few links), the rest at its end──▶ link
 *     pipe ◀──put─── engine ◀──data, paused while the pipe is full───────────────── link
 *
 * Invariants: `onOver` is called once, last, and with the first reason; messages that the kernel did not get are back in the pipe by then.
 */
import type { ZmqError } from "../base/errors.ts";
import type { Engine, EngineFailure, EngineSink, PeerHandshake } from "../zmtp/engine.ts";
import type { RawEngine } from "../zmtp/raw-engine.ts";
import { makeEngine } from "./codec.ts";
import { connectionError, failureError, handshakeEvent, linkError } from "./failure.ts";
import { HELPING_MESSAGES } from "./intake.ts";
import { byteLength, type Frame, isSubscription } from "./message.ts";
import { OneTimer, type TimerOwner } from "./one-timer.ts";
import type { Settings } from "./options.ts";
import { Outbox, type OutboxSink } from "./outbox.ts";
import type { Pipe } from "./pipe.ts";
import type { ConnectionOwner, SessionHost } from "./session-host.ts";
import type { SharedRun } from "./shared-run.ts";
import type { Link, LinkSink } from "./transport.ts";
import type { TurnTask } from "./turn.ts";

/** Per turn one connection moves at most this from its pipe to its link, then others get their turn. */
const TURN_MESSAGES = 2048;
const TURN_BYTES = 512 * 1024;
/** Answers of this size that a peer does not take stop us from reading more of its questions. */
const ANSWER_BYTES = 65536;

export class Connection implements LinkSink, EngineSink, OutboxSink, TimerOwner, TurnTask {
  #socket: SessionHost;
  #owner: ConnectionOwner;
  #settings: Settings;
  #link: Link | null;
  #conflates: boolean;
  #engine: Engine | RawEngine;
  #outbox: Outbox;

  // The handshake's deadline, then the heartbeat's; null while nothing is due.
  #timer: OneTimer | null = null;

  #flushedTurn = -1;
  #flushPending = false;
  // The engine has a chunk: what a handshake says to it is written when all is said.
  #receiving = false;
  #blocked = false;
  #linkPaused = false;
  // Answers to commands that wait behind a write which the kernel does not take.
  #answerBytes = 0;
  // At most so many octets of this peer wait for the program.
  #unreadBytes = 0;
  #loss: ZmqError | null = null;
  #handshakeFailed = false;

  constructor(socket: SessionHost, owner: ConnectionOwner, settings: Settings, link: Link) {
    this.#socket = socket;
    this.#owner = owner;
    this.#settings = settings;
    this.#link = link;
    this.#conflates = socket.conflates(settings).sending;
    this.#outbox = new Outbox(link, socket.context.slabs, this);
    this.#engine = makeEngine(socket, settings, owner.peer, link, this);
    this.#outbox.form = this.#engine.toWire;
  }

  /** Sends the greeting and begins to listen. */
  start(): void {
    const { handshakeInterval } = this.#settings;
    if (handshakeInterval > 0) this.#wakeBy(this.#socket.context.clock.now() + handshakeInterval);
    this.#link?.start(this);
    this.#engine.start();
  }

  /** What was taken from the pipe and the kernel does not have. */
  get unsent(): Pick<Outbox, "messages" | "bytes" | "empty"> {
    return this.#outbox;
  }

  // From the pipe to the link -----------------------------------------------------------------------------------------

  /** Takes a message straight from the writer, encoded in `run` already if that is given; false when it has to wait in the pipe. */
  take(frames: Frame[], run: SharedRun | null): boolean {
    if (this.#link === null || this.#engine.state !== "ready" || (this.#conflates && this.#outbox.busy)) return false;
    if (!this.#encode(frames, run)) return false;
    this.#flushSoon();
    return true;
  }

  // The first of a turn goes out at once, unless many links are written to; what follows, at its end.
  #flushSoon(): void {
    const { turn } = this.#socket.context;
    if (this.#flushedTurn === turn.current() || !turn.flushesNow()) return this.#flushAtEnd();
    this.#flushedTurn = turn.id;
    this.#outbox.flush();
  }

  /** The writer has reached its mark: what is gathered goes out now. */
  relieve(): void {
    this.#outbox.flush();
  }

  /** Moves what waits in the pipe, as far as the link takes it and the turn allows. */
  pump(): void {
    const { pipe } = this.#owner;
    if (pipe === null || this.#link === null || this.#engine.state !== "ready") return;
    let bytes = 0;
    for (let count = 0; pipe.waiting > 0 && !(this.#conflates && this.#outbox.busy); count++) {
      if (count === TURN_MESSAGES || bytes >= TURN_BYTES) {
        this.#flushAtEnd();
        break;
      }
      const frames = pipe.takeWaiting() as Frame[];
      bytes += byteLength(frames);
      if (!this.#encode(frames, null)) {
        pipe.putBack([frames]);
        break;
      }
    }
    this.#outbox.flush();
    this.#owner.onProgress();
  }

  #flushAtEnd(): void {
    if (this.#flushPending) return;
    this.#flushPending = true;
    this.#socket.context.turn.flushAtEnd(this);
  }

  onTurnEnd(): void {
    this.#flushPending = false;
    if (this.#link !== null) this.pump();
  }

  #encode(frames: Frame[], run: SharedRun | null): boolean {
    const { toCommand, raw } = this.#engine;
    if (raw) return this.#outbox.addRaw(frames[0]);
    if (run !== null) return this.#outbox.addShared(frames, run);
    if (toCommand === null || !isSubscription(frames)) return this.#outbox.add(frames);
    if (!this.#outbox.addCommand(toCommand(frames[0]))) return false;
    this.#owner.pipe?.acknowledge(1);
    return true;
  }

  onBatchTaken(messages: number, bytes: number): void {
    this.#owner.peer.bytesSent += bytes;
    this.#owner.pipe?.acknowledge(messages);
    if (messages > 0) this.#socket.busyPoll?.sent(this.#settings.busyPoll);
  }

  onTaken(): void {
    this.#answerBytes = 0;
    this.#outbox.taken();
    if (this.#engine.state === "ready") this.pump();
    else this.#outbox.flush(); // What the handshake has said meanwhile.
    this.#unpause();
  }

  // From the link to the pipe -----------------------------------------------------------------------------------------

  onData(chunk: Uint8Array, lent?: boolean): void {
    this.#beforeRead(chunk.length);
    this.#receiving = true;
    this.#engine.receive(chunk, this.#socket.context.clock.now(), lent);
    this.#receiving = false;
    if (this.#engine.state !== "ready") this.#outbox.flush();
    this.#afterRead(chunk.length);
  }

  space(): Uint8Array | null {
    return this.#engine.space();
  }

  onFilled(bytes: number): void {
    this.#beforeRead(bytes);
    this.#engine.filled(bytes, this.#socket.context.clock.now());
    this.#afterRead(bytes);
  }

  // One chunk may wait undecoded; when more come, the kernel has to keep them.
  #beforeRead(bytes: number): void {
    this.#owner.peer.bytesReceived += bytes;
    this.#socket.busyPoll?.heard(this.#settings.busyPoll);
    if (this.#blocked || this.#engine.waiting) this.#pause();
    else if (this.#socket.intake.busy && this.#engine.state === "ready") this.#hold();
  }

  // What came is decoded when the line has come to us.
  #hold(): void {
    this.#blocked = true;
    this.#engine.pause();
    this.#socket.intake.hold(this);
  }

  #afterRead(bytes: number): void {
    this.#unreadBytes += bytes;
    if (this.#unreadBytes > this.#settings.maxUnreadSize) this.#countUnread();
    // A peer that asks (PING) and does not take our answers is not read from until it does.
    if (this.#answerBytes > ANSWER_BYTES) this.#pause();
    this.#afterInput();
  }

  // What came since the last count may have been read: now it is counted exactly.
  #countUnread(): void {
    const { pipe } = this.#owner;
    this.#unreadBytes = 0;
    for (const frames of pipe?.other.waitingMessages ?? []) this.#unreadBytes += byteLength(frames);
    if (pipe === null || this.#blocked || this.#unreadBytes <= this.#settings.maxUnreadSize) return;
    // With the next message that is read.
    pipe.notifyAt(pipe.pending - 1);
    this.#blocked = true;
    this.#pause();
  }

  #pause(): void {
    if (this.#linkPaused) return;
    this.#linkPaused = true;
    this.#link?.pause();
  }

  #unpause(): void {
    if (!this.#linkPaused || this.#blocked || this.#engine.waiting || this.#answerBytes > ANSWER_BYTES) return;
    this.#linkPaused = false;
    this.#link?.resume();
  }

  /** The reader has room again, or reads no more. */
  resumeInput(): void {
    if (this.#blocked && this.#socket.intake.busy) this.#hold();
    else if (this.#blocked) this.admit();
  }

  admit(): void {
    this.#blocked = false;
    this.#engine.resume(this.#socket.context.clock.now());
    this.#afterInput();
    this.#unpause();
  }

  onMessage(frames: Frame[]): boolean {
    const pipe = this.#owner.pipe as Pipe;
    const { peer } = this.#owner;
    const ending = this.#loss !== null;
    if (!this.#socket.acceptsMessage(frames)) {
      const text = `a peer of ${this.#socket.type} sent a message without a valid envelope`;
      this.#lose(connectionError("malformed-message", text, peer));
      return ending;
    }
    if (pipe.other.closed) return true;
    if (this.#socket.discardsInput) {
      this.#socket.drop("wrong-direction", 1, peer);
      return true;
    }
    if (!pipe.put(frames)) this.#blocked = !ending && !pipe.hasRoom();
    else if (pipe.written % HELPING_MESSAGES === 0 && !ending) this.#hold();
    return ending || !this.#blocked;
  }

  #afterInput(): void {
    this.#owner.pipe?.flush();
    const { deadline } = this.#engine;
    if (deadline !== Number.POSITIVE_INFINITY && this.#link !== null) this.#wakeBy(deadline);
  }

  // The engine's other news, and the link's ---------------------------------------------------------------------------

  onOutput(bytes: Uint8Array): void {
    if (this.#link === null) return;
    this.#outbox.addEncoded(bytes);
    if (this.#engine.state === "ready") {
      if (this.#outbox.busy) this.#answerBytes += bytes.length;
      this.#flushSoon();
    } else if (!this.#receiving) this.#outbox.flush();
  }

  onPing(): void {
    this.#link?.ping();
  }

  onAlive(): void {
    this.#engine.heard();
  }

  onInputWanted(): void {
    this.#unpause();
    this.#afterInput();
  }

  onReady(handshake: PeerHandshake): void {
    this.#stopTimer();
    this.#link?.established();
    this.#outbox.form = this.#engine.toWire;
    this.#owner.onReady(handshake);
    this.pump();
  }

  onFailed(failure: EngineFailure): void {
    const { peer } = this.#owner;
    // What the handshake has said, so that the peer can learn the reason.
    if (peer.state === "handshaking") this.#outbox.flush();
    const error = failureError(failure, peer, peer.state === "handshaking");
    this.#tellFailedHandshake(error);
    // Else the peer, or the handshake's deadline, ends it.
    if (failure.then !== "wait") this.#lose(error, failure.then === "end-in-order");
  }

  onEnd(cause: Error | null): void {
    this.#lose(linkError(cause, this.#owner.peer));
  }

  #wakeBy(at: number): void {
    this.#timer ??= new OneTimer(this.#socket.context.clock, this);
    this.#timer.setBy(at);
  }

  onTime(): void {
    if (this.#engine.state === "ready") {
      // While our own application does not read, the peer's answers wait unread: its silence proves nothing.
      this.#engine.tick(this.#socket.context.clock.now(), this.#blocked);
      return this.#afterInput();
    }
    const text = `no handshake within ${this.#settings.handshakeInterval} ms`;
    this.#lose(connectionError("handshake-timeout", text, this.#owner.peer));
  }

  #stopTimer(): void {
    this.#timer?.clear();
    this.#timer = null;
  }

  /** What the mechanism could not seal, for want of memory, is lost, and nothing can follow it. */
  onBatchUnformed(messages: number): void {
    const { peer, pipe } = this.#owner;
    this.#socket.drop("no-crypto-memory", messages, peer);
    pipe?.acknowledge(messages);
    const error = connectionError("no-crypto-memory", "there is no memory to encrypt a frame", peer);
    this.#socket.context.clock.defer(() => this.#lose(error));
  }

  // The end -----------------------------------------------------------------------------------------------------------

  /** Ends in order: the kernel has everything. No callback but `done` follows. */
  end(done: () => void): void {
    const link = this.#link;
    this.#link = null;
    this.#loss ??= connectionError("disconnected", "ended by this side", this.#owner.peer);
    this.#stopTimer();
    this.#engine.close();
    if (link === null) done();
    else link.end(done);
  }

  /** Ends at once; what the kernel did not get is put back into the pipe. No callback follows. */
  destroy(): void {
    this.#loss ??= connectionError("disconnected", "ended by this side", this.#owner.peer);
    this.#dropLink();
    this.#engine.close();
  }

  #lose(error: ZmqError, inOrder = false): void {
    if (this.#loss !== null) return;
    this.#loss = error;
    this.#tellFailedHandshake(error);
    this.#dropLink(inOrder);
    // What came in before an ordinary end is still delivered, over the mark if need be: it is no more than a chunk or
    // two, and here already.
    if (error.retryable && this.#blocked) {
      this.#engine.resume(this.#socket.context.clock.now());
      this.#owner.pipe?.flush();
    }
    this.#engine.close();
    this.#owner.onOver(error);
  }

  // Once, with the first reason.
  #tellFailedHandshake(error: ZmqError): void {
    const { peer } = this.#owner;
    if (this.#handshakeFailed || peer.state !== "handshaking") return;
    this.#handshakeFailed = true;
    if (this.#socket.monitor.active) this.#socket.monitor.emit(handshakeEvent(error, peer));
  }

  #dropLink(inOrder = false): void {
    this.#stopTimer();
    const link = this.#link;
    this.#link = null;
    if (inOrder) link?.end(() => undefined);
    else link?.destroy();
    const { pipe } = this.#owner;
    const { messages, sent } = this.#outbox.unsent();
    if (pipe === null) return;
    // Subscriptions are sent anew after the next handshake.
    const again = this.#socket.resendsSubscriptions ? messages.filter((frames) => !isSubscription(frames)) : messages;
    pipe.acknowledge(sent + messages.length - again.length);
    pipe.putBack(again);
  }
}
