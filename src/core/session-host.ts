/**
 * The narrow views upwards, so that each can be read apart: what a session may ask of its socket, what it may use of the
 * context, and what a connection tells its session.
 */

import type { Clock } from "../base/clock.ts";
import type { ErrorReason, ZmqError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { PeerHandshake } from "../zmtp/engine-port.ts";
import type { Mechanism } from "../zmtp/mechanism.ts";
import type { SocketTypeName } from "../zmtp/socket-type.ts";
import type { StreamProtocols } from "../zmtp/stream-framing.ts";
import type { Attachment } from "./attachment.ts";
import type { BusyPoll } from "./busy-poll.ts";
import type { Hold } from "./hold.ts";
import type { Intake } from "./intake.ts";
import type { Frame } from "./message.ts";
import type { Monitor } from "./monitor.ts";
import type { Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { Pipe, PipeOwner } from "./pipe.ts";
import type { CloseOutcome, Session } from "./session.ts";
import type { SlabPool } from "./slab.ts";
import type { Transport } from "./transport.ts";
import type { Turn } from "./turn.ts";

/** Shared by all sessions of a context. */
export interface SessionContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly hold: Hold;
  readonly slabs: SlabPool;
  /** The runtime's largest buffer. */
  readonly maxFrameBytes: number;
  /** What is spoken over links of bytes; null where there are none. */
  readonly streams: StreamProtocols | null;
  /** Tells the user, once per text. */
  readonly warn: (text: string) => void;
  /** The transport of an endpoint of this context, and the rest of its text. */
  transportOf(endpoint: string): { readonly transport: Transport; readonly address: string };
}

export interface SessionHost extends PipeOwner {
  readonly type: SocketTypeName;
  readonly context: SessionContext;
  readonly monitor: Monitor;
  /** How much the program is given per turn, and who waits for it. */
  readonly intake: Intake;
  /** Looks for input before the event loop sleeps; null for types that only send. */
  readonly busyPoll: BusyPoll | null;
  /** This type only sends: what peers send is counted and thrown away. */
  readonly discardsInput: boolean;
  /** This type sends its subscriptions again after each handshake, so those not sent before a loss are not kept. */
  readonly resendsSubscriptions: boolean;
  /** Whether connections carry plain bytes instead of ZMTP. */
  speaksRaw(settings: Settings): boolean;
  /** Which directions keep only the newest message. Subscriptions are never conflated. */
  conflates(settings: Settings): { readonly sending: boolean; readonly receiving: boolean };
  /** The mechanism of one connection with `peer`. */
  createMechanism(settings: Settings, peer: Peer): Mechanism;
  /** Whether a message has the form that this type requires of its peers; if not, the connection ends. */
  acceptsMessage(frames: Frame[]): boolean;
  /** A pipe was made; this is the socket's end. */
  onPipe(pipe: Pipe): void;
  /** The handshake with the peer behind this pipe is complete, for the first time or again. */
  onPeerReady(pipe: Pipe, again: boolean): void;
  /** The connection behind this pipe is lost and will be tried again. */
  onPeerLost(pipe: Pipe): void;
  /** The pipe is over; these messages were not sent. Returns how many of them are lost (the others went to other peers). */
  onUnsent(pipe: Pipe, messages: Frame[][], reason: ErrorReason): number;
  /** Counts lost messages and tells the monitor. */
  drop(reason: ErrorReason, count: number, peer?: Peer): void;
  onSessionClosed(session: Session | Attachment, outcome: CloseOutcome): void;
}

/** What a connection tells its session. */
export interface ConnectionOwner {
  readonly peer: Peer;
  /** The session's end of the pipe; there is one from `onReady` on. */
  readonly pipe: Pipe | null;
  /** The handshake is complete. */
  onReady(handshake: PeerHandshake): void;
  /** Messages left the pipe or the outbox. */
  onProgress(): void;
  /** The connection is over. */
  onOver(error: ZmqError): void;
}
