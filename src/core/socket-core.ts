/**
 * The inside of a socket: pipes, endpoints, options, monitor, and the hooks that a socket type fills in. The public
 * class (socket.ts) is a skin over it.
 *
 * A type's hooks: `attach` and `detach` when a pipe comes and goes, `retired` when it can be written to no more,
 * `readActivated`, `writeActivated`, `trySend`, `tryReceive`, and where needed `peerReady`, `peerLost`, `canSend`,
 * `canReceive`, `acceptsMessage`, `onUnsent`.
 * Invariants: after `close` no hook is called but `detach`; a message that is lost is counted with its reason; the
 * state of a call that waits is in Sender and Receiver, never here.
 */

import { fromText } from "../base/bytes.ts";
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import type { Mechanism } from "../zmtp/mechanism.ts";
import type { SocketTypeName } from "../zmtp/socket-type.ts";
import type { Attachment } from "./attachment.ts";
import { BusyPoll } from "./busy-poll.ts";
import type { ContextCore } from "./context.ts";
import { Endpoints } from "./endpoints.ts";
import { Intake } from "./intake.ts";
import { giveBack } from "./loans.ts";
import { makeMechanism } from "./make-mechanism.ts";
import type { Frame } from "./message.ts";
import { Monitor } from "./monitor.ts";
import { OPTIONS } from "./option-table.ts";
import { addToList, checkOption, defaultSettings, hasOption, type OptionName, optionBytes, type Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { Pipe } from "./pipe.ts";
import { Receiver } from "./receiver.ts";
import { isSecurityOption, wipe } from "./security.ts";
import { Sender } from "./sender.ts";
import { type CloseOutcome, Session } from "./session.ts";
import type { SessionHost } from "./session-host.ts";
import { setSecurity } from "./set-security.ts";
import { Counters } from "./stats.ts";
import { WaitQueue } from "./wait-queue.ts";

/** Those whose peers expect no answer. */
const ONLY_RECEIVE: ReadonlySet<string> = new Set(["SUB", "XSUB", "PULL", "DISH", "GATHER"]);

export abstract class SocketCore implements SessionHost {
  readonly type: SocketTypeName;
  readonly context: ContextCore;
  readonly settings: Settings = defaultSettings();
  readonly monitor: Monitor;
  readonly pipes = new Set<Pipe>();
  readonly endpoints: Endpoints;
  readonly sender: Sender;
  readonly receiver: Receiver<unknown>;
  readonly intake: Intake;
  readonly busyPoll: BusyPoll | null;
  readonly counters = new Counters();
  /** Calls that wait for a condition: `connected`, `subscribed`. */
  readonly conditions: WaitQueue<() => boolean, void>;
  closed = false;

  /** Whether a second connect to the same endpoint does nothing (as libzmq has it for some types). */
  readonly connectsOnce: boolean = false;
  /** The first frame of each message says whom it is for, or who sent it. */
  readonly addresses: boolean = false;
  readonly discardsInput: boolean = false;
  readonly resendsSubscriptions: boolean = false;

  #snapshot: Settings | null = null;
  #ended: Promise<CloseOutcome> | null = null;

  constructor(type: SocketTypeName, context: ContextCore) {
    this.type = type;
    this.context = context;
    this.intake = new Intake(context.turn);
    const onlyReceives = ONLY_RECEIVE.has(type);
    this.busyPoll = hasOption(type, "busyPoll") ? new BusyPoll(context.clock, onlyReceives) : null;
    if (onlyReceives) this.settings.busyPoll = 0; // Found sooner, messages are read in smaller chunks: a flood goes slower.
    this.monitor = new Monitor(context.hold);
    this.endpoints = new Endpoints(this);
    this.sender = new Sender(this);
    this.receiver = new Receiver(this);
    this.conditions = new WaitQueue(context.clock, context.hold);
    context.add(this);
  }

  // Hooks of the socket type ------------------------------------------------------------------------------------------

  /** Sends at once, or says that there is no room (and `writeActivated` follows). The frames are the socket's only if sent. */
  trySend(_frames: Frame[]): boolean {
    throw new ZmqError("wrong-direction", `Operation not supported: a ${this.name} cannot send`);
  }

  /** The next message, the caller's; undefined when there is none (and `readActivated` follows). Sets what `source` gives. */
  tryReceive(): unknown {
    throw new ZmqError("wrong-direction", `Operation not supported: a ${this.name} cannot receive`);
  }

  /** The pipe that the last received message came by. */
  abstract get source(): Pipe | null;

  /** Whether the type's state allows sending now, room aside. */
  canSend(): boolean {
    return true;
  }

  canReceive(): boolean {
    return true;
  }

  /** Whether connections carry plain bytes instead of ZMTP. */
  speaksRaw(_settings: Settings): boolean {
    return false;
  }

  /** Which directions keep only the newest message. */
  conflates({ conflate }: Settings): { sending: boolean; receiving: boolean } {
    return { sending: conflate, receiving: conflate };
  }

  /** What is wrong when `canSend` or `canReceive` says no. */
  stateError(operation: "send" | "receive"): ZmqError {
    return new ZmqError("wrong-state", `Operation cannot be accomplished in current state: ${operation} on ${this.name}`);
  }

  /** Whether a send would find room now. */
  abstract get writable(): boolean;

  /** Whether a message is there. */
  abstract get readable(): boolean;

  protected abstract attach(pipe: Pipe): void;
  /** Everything was read and nothing comes any more. */
  protected abstract detach(pipe: Pipe): void;
  /** Nothing can be written any more; reading may go on. */
  protected abstract retired(pipe: Pipe): void;
  protected readActivated(_pipe: Pipe): void {}
  protected writeActivated(_pipe: Pipe): void {}
  /** `again`: after a reconnection, with the same pipe. */
  protected peerReady(_pipe: Pipe, _again: boolean): void {}
  protected peerLost(_pipe: Pipe): void {}

  /** Sent to each new peer, if asked for: a ROUTER then knows of us. Types that have the option call it in `attach`. */
  protected probe(pipe: Pipe): void {
    if (this.settings.probeRouter) pipe.writeAnyway([fromText("")]);
  }

  // Calls of the public class -----------------------------------------------------------------------------------------

  /** For messages. */
  get name(): string {
    return `${this.type} socket`;
  }

  assertOpen(): void {
    if (this.context.terminated && !this.closed) throw this.context.terminatedError();
    if (this.closed) throw new ZmqError("socket-closed", `Socket is closed: this ${this.name} takes no more calls`);
  }

  closedError(call: string): ZmqError {
    return new ZmqError(
      "closed-while-waiting",
      `Operation was not possible or timed out: the ${this.name} was closed while ${call} was waiting`,
    );
  }

  /** The options as a bind or connect made now takes them; shared by those between which no option was set. */
  snapshot(): Settings {
    this.#snapshot ??= { ...this.settings };
    return this.#snapshot;
  }

  setOption(name: OptionName, value: unknown): void {
    this.assignOption(name, value);
    const { effect } = OPTIONS[name];
    if ((effect === "next" || effect === "runtime") && this.endpoints.count > 0)
      this.context.warn("Socket option will not take effect until next connect/bind.");
  }

  /** As `setOption`, without the warning that an option comes late. */
  assignOption(name: OptionName, value: unknown): void {
    const spec = OPTIONS[name];
    this.#snapshot = null;
    const before = this.settings[name];
    let checked: unknown = checkOption(name, value);
    if (spec.form !== "any") checked = addToList(before as string | null, checked as string | null);
    if (isSecurityOption(name) || name === "curve") setSecurity(this.settings, this.context.security, name, checked);
    else (this.settings as Record<OptionName, unknown>)[name] = checked;
    if (name === "sendHighWaterMark") for (const pipe of this.pipes) pipe.setHighWaterMark(checked as number);
    if (name === "receiveHighWaterMark") {
      for (const { other } of this.pipes)
        if (other.taker !== null) other.taker.onMark(checked as number);
        else other.addHighWaterMark(checked as number);
    }
  }

  /** Resolves when `condition` holds, now or after a change. */
  until(condition: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    this.assertOpen();
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (condition()) return Promise.resolve();
    return this.conditions.wait(condition, {
      signal,
      timeoutMs: -1,
      timeoutError: () => this.closedError("the call"),
    });
  }

  /** Something changed that a condition may be about. */
  changed(): void {
    if (this.conditions.length > 0) this.conditions.resolveIf((condition) => condition(), undefined);
  }

  /** The session at the other end of a pipe; over inproc there is none. */
  sessionOf(pipe: Pipe): Session | undefined {
    const { owner } = pipe.other;
    return owner instanceof Session ? owner : undefined;
  }

  sourcePeer(): Peer {
    return (this.source as Pipe).peer;
  }

  /** Blocks this thread until something came from another one, at most so long. Throws ENOTSUP where that is impossible. */
  waitForThreads(call: string, ms: number): void {
    const { waitForThreads } = this.context;
    if (waitForThreads !== null) {
      waitForThreads(ms);
      return;
    }
    throw new ZmqError(
      "not-offered",
      `Operation not supported: ${call} waits for other threads of the process, and this context reaches none; use ${call.replace("Sync", "")}`,
    );
  }

  /** Closes; resolves when everything has lingered. Only the first call's linger counts. */
  close(linger: number): Promise<CloseOutcome> {
    if (this.#ended !== null) return this.#ended;
    this.closed = true;
    this.sender.close(() => this.closedError("send"));
    this.receiver.close(() => this.closedError("receive"));
    this.busyPoll?.close();
    this.conditions.rejectAll(() => this.closedError("the call"));
    const lingerMs = this.lingers ? linger : 0;
    this.endpoints.closingLinger = lingerMs;
    this.#ended = new Promise((resolve) => {
      for (const pipe of [...this.pipes]) this.retire(pipe);
      this.endpoints.close(lingerMs, (outcome) => {
        this.context.remove(this);
        wipe(this.settings.security);
        if (this.monitor.active) this.monitor.emit({ type: "end" });
        resolve(outcome);
      });
    });
    return this.#ended;
  }

  /** The context was shut down: calls that wait are rejected with ETERM. The socket is still to be closed. */
  interrupt(): void {
    const error = (): ZmqError => this.context.terminatedError();
    this.sender.close(error);
    this.receiver.close(error);
    this.conditions.rejectAll(error);
  }

  /** Whether closing waits for messages at all; subscriptions are not worth it. */
  get lingers(): boolean {
    return true;
  }

  /** The program has nothing left to do: what is unsent holds it, for as long as `linger` says. */
  lingerAtExit(): void {
    const { linger } = this.settings;
    const unsent = (): boolean =>
      [...this.endpoints.sessions].some((session) => session.pending > 0) ||
      [...this.pipes].some(({ other }) => other.taker !== null && (other.waiting > 0 || other.taker.isBusy === true));
    if (this.closed || linger === 0 || !this.lingers || !unsent()) return;
    const { clock, hold } = this.context;
    hold.take();
    const until = linger === -1 ? Number.POSITIVE_INFINITY : clock.now() + linger;
    const check = (): void => {
      if (unsent() && !this.closed && clock.now() < until) clock.after(EXIT_CHECK_MS, check);
      else {
        hold.release();
        if (unsent() && !this.closed) void this.close(0);
      }
    };
    clock.after(EXIT_CHECK_MS, check);
  }

  // Sessions and pipes call -------------------------------------------------------------------------------------------

  createMechanism(settings: Settings, peer: Peer): Mechanism {
    return makeMechanism(this.type, settings, peer, this.context);
  }

  acceptsMessage(_frames: Frame[]): boolean {
    return true;
  }

  onPipe(pipe: Pipe): void {
    this.pipes.add(pipe);
    this.attach(pipe);
    if (!this.closed) this.sender.wake();
  }

  onPeerReady(pipe: Pipe, again: boolean): void {
    const session = this.sessionOf(pipe);
    if (session !== undefined) this.endpoints.onSessionReady(session);
    if (again) this.probe(pipe);
    const { helloMessage } = this.settings;
    if (helloMessage !== null) pipe.writeFirst([optionBytes(helloMessage)]);
    this.peerReady(pipe, again);
    this.changed();
    this.sender.wake();
  }

  onPeerLost(pipe: Pipe): void {
    this.tell(pipe, this.settings.hiccupMessage);
    this.peerLost(pipe);
  }

  onReadable(pipe: Pipe): void {
    if (this.closed) return;
    this.readActivated(pipe);
    this.receiver.onMessages();
    this.changed();
  }

  onWritable(pipe: Pipe): void {
    if (this.closed) return;
    this.writeActivated(pipe);
    this.sender.wake();
    this.changed();
  }

  onClosed(pipe: Pipe): void {
    pipe.peer.state = "closed";
    this.tell(pipe, this.settings.disconnectMessage);
    this.retired(pipe);
    // A send may have waited for room with this peer; now it goes elsewhere, or learns that there is nobody.
    if (!this.closed) this.sender.wake();
  }

  /** Delivers a message of our own making as if the peer had sent it. */
  private tell(pipe: Pipe, message: string | null): void {
    if (message !== null && !this.closed && pipe.peer.state !== "ignored") pipe.notice([optionBytes(message)]);
  }

  onDrained(pipe: Pipe): void {
    if (!this.pipes.delete(pipe)) return;
    this.retired(pipe);
    this.detach(pipe);
    this.counters.addPipe(pipe);
    this.endpoints.forget(pipe);
    pipe.peer.state = "closed";
    pipe.close();
  }

  /**
   * Our own side of a pipe ends: it is written to no more; what it holds can be read until it is empty, unless the
   * socket is closed.
   */
  retire(pipe: Pipe): void {
    this.retired(pipe);
    const unread = pipe.close(!this.closed);
    if (unread > 0) this.drop("socket-closed", unread, pipe.peer);
  }

  onUnsent(pipe: Pipe, messages: Frame[][], reason: ErrorReason): number {
    this.drop(reason, messages.length, pipe.peer);
    return messages.length;
  }

  /** Throws away the message that was received last. */
  discard(frames: Frame[], reason: ErrorReason): void {
    giveBack(frames);
    this.drop(reason, 1, this.sourcePeer());
  }

  drop(reason: ErrorReason, count: number, peer?: Peer): void {
    this.counters.countDrop(reason, count);
    peer?.countDrop(reason, count);
    if (!this.monitor.active) return;
    this.monitor.emit(peer === undefined ? { type: "drop", reason, count } : { type: "drop", reason, count, peer });
  }

  onSessionClosed(session: Session | Attachment, outcome: CloseOutcome): void {
    this.endpoints.onSessionClosed(session, outcome);
    this.changed();
  }
}

/** How often a program that only waits for unsent messages looks whether they are gone. */
const EXIT_CHECK_MS = 10;

/** Hands messages that one peer did not get to the others; returns how many found nobody. For PUSH, DEALER and REQ. */
export function handOver(core: SocketCore, pipe: Pipe, messages: Frame[][], reason: ErrorReason): number {
  let lost = 0;
  for (const frames of messages) if (core.closed || !core.trySend(frames)) lost++;
  if (lost > 0) core.drop(reason, lost, pipe.peer);
  return lost;
}
