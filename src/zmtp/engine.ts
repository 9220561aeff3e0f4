/**
 * One peer's protocol, without I/O (RFC 37): bytes and the time go in, bytes, messages and verdicts come out at the
 * sink, synchronously.
 *
 *     greeting ──64 octets──▶ handshaking ──READY both ways──▶ ready ──▶ closed
 *         └──────────────────────┴───────────── any failure ──────────────┘
 *
 * Owns: the order of the handshake, the checks on what a peer announces, heartbeats, what a command means in the traffic
 * phase. Does not own: writing messages (the outbox, which asks `toCommand`), timers (the session calls `tick`), reconnection.
 * An older peer (ZMTP 1.0, 2.0) has no READY: its identity is its first frame, and there are no commands.
 * Invariants: one function writes the state; after `onFailed` nothing more is reported; no output but the greeting
 * before the peer's greeting is complete; no message is asked for before the peer's READY came (libzmq takes earlier
 * traffic for an attack).
 */
import { EMPTY, toHex, toLatin1 } from "../base/bytes.ts";
import { assert, type ErrorReason } from "../base/errors.ts";
import {
  decodeCommand,
  decodePing,
  encodePing,
  encodePong,
  groupToCommand,
  isShortName,
  MAX_GROUP_BYTES,
  subscriptionFrame,
  subscriptionToCommand,
} from "./command.ts";
import type { EngineFailure, EngineSettings, EngineSink, PeerHandshake, Protocol } from "./engine-port.ts";
import type { Frame, FrameSink } from "./frame-decoder.ts";
import { encodeFrame, type WireForm } from "./frame-encoder.ts";
import type { Decoder, Framing, Opening } from "./framing.ts";
import type { Greeting, GreetingResult } from "./greeting.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { FrameTransform, HandshakeFailure, HandshakeReady, Mechanism, MechanismStep } from "./mechanism.ts";
import { printable, sealed } from "./mechanism.ts";
import { isCompatible, SOCKET_TYPES } from "./socket-type.ts";

const MAX_ROUTING_ID_BYTES = 255;

const SILENCE = {
  "ttl-expired": "the peer was silent past its own time to live",
  "heartbeat-timeout": "the peer did not answer a PING in time",
} as const;

export type EngineState = "greeting" | "handshaking" | "ready" | "closed";

/** Which state may follow which; a test compares it with the picture above. */
export const ENGINE_TRANSITIONS: Readonly<Record<EngineState, readonly EngineState[]>> = {
  greeting: ["handshaking", "closed"],
  handshaking: ["ready", "closed"],
  ready: ["closed"],
  closed: [],
};

export type { EngineFailure, EngineSettings, EngineSink, PeerHandshake, Protocol };

export class Engine implements FrameSink {
  /** Messages are framed; the outbox writes frames. */
  readonly raw = false;
  /** How a subscription or a group's join becomes a command for this peer; null: it goes as the message it is. */
  toCommand: ((frame: Frame) => Uint8Array) | null = null;
  /** How frames are put on the wire for this peer; null: as they are. Settled when `onReady` is called. */
  toWire: WireForm | null = null;
  /** The handshake waits for something of ours; the peer should not be read from. */
  waiting = false;

  #state: EngineState = "greeting";
  #settings: EngineSettings;
  #framing: Framing;
  #sink: EngineSink;
  // Until the handshake is over.
  #mechanism: Mechanism | null;
  // Until it is read whole; null where there is none.
  #greeting: Greeting | null = null;
  #greetingBytes = 0;
  #protocol: Protocol = "";
  #greets = true;
  #decoder: Decoder;
  #transform: FrameTransform | null = null;
  // From the first deadline on: most connections have none.
  #heartbeat: Heartbeat | null = null;
  #now = 0;

  constructor(settings: EngineSettings, framing: Framing, mechanism: Mechanism, sink: EngineSink) {
    this.#settings = settings;
    this.#framing = framing;
    this.#mechanism = mechanism;
    this.#sink = sink;
    this.#decoder = framing.decoder(this, settings.limits);
    this.toWire = framing.toWire;
    this.#protocol = framing.protocol;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** When `tick` is due next; Infinity for never. Changes with every call. */
  get deadline(): number {
    return this.#heartbeat === null ? Number.POSITIVE_INFINITY : this.#heartbeat.deadline;
  }

  /** The link is up. */
  start(): void {
    const { socketType, routingId } = this.#settings;
    const { opening } = this.#framing;
    if (opening === null) return this.#beginHandshake();
    const { name } = this.#mechanism as Mechanism;
    this.#greeting = opening.greeting(name, SOCKET_TYPES[socketType].number, (bytes) => this.#sink.onOutput(bytes));
    this.#greeting.start(routingId.length);
  }

  /** The link says that the peer lives, by means of its own. */
  heard(): void {
    this.#heartbeat?.heard();
  }

  /** Bytes of the peer, which belong to the engine from now on, or, when `lent`, for the time of the call. `now` in ms. */
  receive(chunk: Uint8Array, now: number, lent = false): void {
    if (this.#state === "closed") return;
    this.#now = now;
    if (this.#state === "greeting") this.#receiveGreeting(chunk, lent);
    else {
      this.#heartbeat?.heard();
      this.#decoder.receive(chunk, lent);
    }
  }

  /** Where the peer's next bytes belong, if a large body is on its way; whoever reads into it says so by `filled`. */
  space(): Uint8Array | null {
    return this.#decoder.space();
  }

  /** So many bytes were read into the last `space`. */
  filled(bytes: number, now: number): void {
    if (this.#state === "closed") return;
    this.#now = now;
    this.#heartbeat?.heard();
    this.#decoder.filled(bytes);
  }

  /** Keeps what comes, until `resume`. */
  pause(): void {
    this.#decoder.pause();
  }

  /** The sink has room again. */
  resume(now: number): void {
    if (this.#state === "closed") return;
    this.#now = now;
    this.#decoder.resume();
  }

  /** Sends a PING that is due, or gives up a silent peer; not for its silence, though, when `excused`. */
  tick(now: number, excused = false): void {
    if (this.#state !== "ready" || this.#heartbeat === null) return;
    this.#now = now;
    if (excused) this.#heartbeat.heard();
    const due = this.#heartbeat.tick(now);
    if (due === undefined) return;
    if (due === "ping") this.#ping();
    else this.#fail(due, SILENCE[due]);
  }

  /** The link is gone; nothing is reported any more. */
  close(): void {
    if (this.#state !== "closed") this.#become("closed");
    this.#decoder.stop();
    this.#endHandshake();
    this.#transform?.close();
  }

  // Greeting and handshake --------------------------------------------------------------------------------------------

  #receiveGreeting(chunk: Uint8Array, lent: boolean): void {
    const greeting = this.#greeting as Greeting;
    const { result, next } = greeting.receive(chunk, 0);
    this.#greetingBytes = greeting.received;
    if (result.kind === "more") return;
    this.#greeting = null;
    if (result.kind === "stranger") {
      return this.#fail("not-zmtp", "the peer's first bytes begin no greeting of ZMTP", result.received);
    }
    if (result.kind === "old") this.#greetOld(result);
    else this.#greet(result);
    if (next < chunk.length && this.#state !== "closed") this.#decoder.receive(next === 0 ? chunk : chunk.subarray(next), lent);
  }

  #greet(result: GreetingResult & { kind: "done" }): void {
    const mechanism = this.#mechanism as Mechanism;
    this.#protocol = result.minor === 0 ? "3.0" : "3.1";
    const theirs = toLatin1(result.mechanism);
    if (theirs !== mechanism.name) {
      const text = `the peer's security mechanism is ${ascii(theirs)}, ours is ${mechanism.name}`;
      return this.#fail("mechanism-mismatch", text, result.mechanism);
    }
    this.#beginHandshake();
  }

  // To a peer without greeting our signature was the header of our identity frame, and the octets are all that is missing.
  #greetOld({ protocol, greets, frames }: GreetingResult & { kind: "old" }): void {
    const { acceptsOldPeers, routingId, limits } = this.#settings;
    const { name } = this.#mechanism as Mechanism;
    if (!acceptsOldPeers || name !== "NULL") {
      const text = `the peer speaks ZMTP ${protocol}, which knows no security; ours is ${name}, with authentication`;
      return this.#fail("old-protocol", text, frames);
    }
    this.#protocol = protocol;
    this.#greets = greets;
    this.#become("handshaking");
    const { legacy } = this.#framing.opening as Opening;
    if (protocol === "1.0") {
      this.toWire = legacy.toWire;
      this.#decoder = legacy.decoder(this, limits);
    }
    if (!greets) {
      if (routingId.length > 0) this.#sink.onOutput(routingId.slice());
    } else this.#sink.onOutput(protocol === "1.0" ? legacy.encode(0, routingId) : encodeFrame(0, routingId));
    this.#decoder.receive(frames);
  }

  // The first frame of an old peer, whatever its flags.
  #identify(routingId: Frame): boolean {
    if (!this.#acceptsRoutingId(routingId, routingId)) return false;
    this.#decoder.startTraffic(null);
    this.#become("ready");
    this.#endHandshake();
    this.#sink.onReady({ socketType: "", routingId, metadata: new Map(), protocol: this.#protocol });
    // Subscribers of that time filter themselves and tell nobody, so they are sent everything.
    return this.#greets || !this.#takesSubscriptions || this.#sink.onMessage([subscriptionFrame(true, EMPTY)]);
  }

  #acceptsRoutingId(routingId: Uint8Array, body: Frame): boolean {
    if (routingId.length <= MAX_ROUTING_ID_BYTES) return true;
    const text = `the peer's routing id has ${routingId.length} bytes, ${MAX_ROUTING_ID_BYTES} is the most`;
    this.#fail("invalid-metadata", text, body);
    return false;
  }

  #beginHandshake(): void {
    this.#become("handshaking");
    const step = (this.#mechanism as Mechanism).start((later) => this.#later(later));
    this.#advance(step, EMPTY);
  }

  #endHandshake(): void {
    this.#mechanism?.close();
    this.#mechanism = null;
  }

  // A step that was waited for.
  #later(step: MechanismStep): void {
    if (this.#state === "closed") return;
    this.waiting = false;
    this.#advance(step, EMPTY);
    this.#decoder.resume();
    this.#sink.onInputWanted();
  }

  // `body` is the frame that led to the step. False: no more input for now.
  #advance(step: MechanismStep, body: Frame): boolean {
    switch (step.kind) {
      case "send":
        this.#command(step.body);
        return true;
      case "listen":
        return true;
      case "wait":
        this.waiting = true;
        this.#decoder.pause();
        return false;
      case "fail":
        if (step.reply !== undefined) this.#command(step.reply);
        this.#fail(step.reason, step.text, this.#mechanism?.confidential ? EMPTY : body, step);
        return false;
      case "ready":
        if (step.reply !== undefined) this.#command(step.reply);
        this.#accept(step, body);
        return this.state !== "closed";
    }
  }

  #accept({ metadata, metadataBytes: size, identity, transform }: HandshakeReady, body: Frame): void {
    this.#transform = transform ?? null;
    const most = this.#settings.limits.maxMetadataBytes;
    if (size > most) return this.#fail("invalid-metadata", `the peer's metadata has ${size} bytes, ${most} is the most`, body);
    const socketType = toLatin1(metadata.get("Socket-Type") ?? EMPTY);
    if (!isCompatible(this.#settings.socketType, socketType)) {
      return this.#fail(
        "type-mismatch",
        `the peer is ${ascii(socketType)}, which cannot talk to ${this.#settings.socketType}`,
        body,
      );
    }
    const routingId = metadata.get("Identity") ?? EMPTY;
    if (!this.#acceptsRoutingId(routingId, body)) return;
    // SUB sends commands to 3.1 peers and messages to 3.0 ones; what XSUB's program sends stays a message, as with libzmq.
    const own = this.#settings.socketType;
    if (own === "SUB" && this.#protocol === "3.1") this.toCommand = subscriptionToCommand;
    if (own === "DISH") this.toCommand = groupToCommand;
    if (transform !== undefined) this.toWire = sealed(transform, this.toWire);
    this.#decoder.startTraffic(this.#transform);
    this.#become("ready");
    this.#endHandshake();
    // A libzmq DISH drops the connection on a PING or PONG command.
    const { pings } = this.#framing;
    const heard = pings === "link" || (pings === "command" && socketType !== "DISH");
    if (heard && this.#settings.heartbeat.intervalMs > 0) this.#beat().start(this.#now);
    this.#sink.onReady({ socketType, routingId, metadata, protocol: this.#protocol, identity });
  }

  // Traffic -----------------------------------------------------------------------------------------------------------

  onMessage(frames: Frame[]): boolean {
    return this.#sink.onMessage(frames);
  }

  onCommand(body: Frame): boolean {
    const old = this.#protocol === "1.0" || this.#protocol === "2.0";
    if (this.#state === "handshaking")
      return old ? this.#identify(body) : this.#advance((this.#mechanism as Mechanism).onCommand(body), body);
    // libzmq ignores what an old peer marks as a command.
    if (old) return true;
    const command = isShortName(body) ? decodeCommand(body) : undefined;
    switch (command?.name) {
      case "PING":
        return this.#answerPing(command.data, body);
      case "SUBSCRIBE":
      case "CANCEL":
        return this.#takesSubscriptions
          ? this.#sink.onMessage([subscriptionFrame(command.name === "SUBSCRIBE", command.data)])
          : true;
      case "JOIN":
      case "LEAVE":
        return this.#onGroup(command.name === "JOIN", command.data, body);
      default:
        // PONG has done its work by arriving; ERROR and names we do not know are ignored after the handshake, as libzmq
        // ignores them.
        return true;
    }
  }

  onMalformed(reason: ErrorReason, text: string, bytes: Uint8Array): void {
    this.#fail(reason, text, bytes);
  }

  get #takesSubscriptions(): boolean {
    return this.#settings.socketType === "PUB" || this.#settings.socketType === "XPUB";
  }

  #onGroup(join: boolean, group: Uint8Array, body: Frame): boolean {
    if (this.#settings.socketType !== "RADIO") return true;
    if (group.length <= MAX_GROUP_BYTES) return this.#sink.onMessage([subscriptionFrame(join, group)]);
    this.#fail("malformed-command", `a group has ${group.length} bytes, ${MAX_GROUP_BYTES} is the most`, body);
    return false;
  }

  #answerPing(data: Uint8Array, body: Frame): boolean {
    const ping = decodePing(data);
    if (ping === undefined) {
      this.#fail("malformed-command", "a PING is shorter than its time to live", body);
      return false;
    }
    if (ping.ttlTenths > 0) this.#beat().announced(ping.ttlTenths * 100, this.#now);
    this.#command(encodePong(ping.context));
    return true;
  }

  #beat(): Heartbeat {
    this.#heartbeat ??= new Heartbeat(this.#settings.heartbeat);
    return this.#heartbeat;
  }

  #ping(): void {
    if (this.#framing.pings === "link") this.#sink.onPing();
    else this.#command(encodePing(this.#settings.heartbeat.ttlTenths));
  }

  #command(body: Uint8Array): void {
    this.#sink.onOutput(encodeFrame(this.#framing.commandFlags, body));
  }

  #fail(reason: ErrorReason, text: string, bytes: Uint8Array = EMPTY, more: Partial<HandshakeFailure> = {}): void {
    if (this.#state === "closed") return;
    const offset = (this.#greets ? this.#greetingBytes : 0) + this.#decoder.offset;
    this.close();
    const { status, code, reply, hold } = more;
    const then = hold ? "wait" : reply === undefined ? "end" : "end-in-order";
    this.#sink.onFailed({ reason, text, offset, hex: toHex(bytes), status, code, then });
  }

  #become(next: EngineState): void {
    assert(ENGINE_TRANSITIONS[this.#state].includes(next), `engine from ${this.#state} to ${next}`);
    this.#state = next;
  }
}

function ascii(text: string): string {
  return printable(text).slice(0, 40) || "not named";
}
