/**
 * What goes into an engine and what comes out: settings, the sink, and what it says of a peer and of a failure.
 */
import type { ErrorReason } from "../base/errors.ts";
import type { Metadata } from "./command.ts";
import type { DecoderLimits, Frame } from "./frame-decoder.ts";
import type { HeartbeatSettings } from "./heartbeat.ts";
import type { PeerIdentity } from "./mechanism.ts";
import type { SocketTypeName } from "./socket-type.ts";

/** The version that is spoken with a peer; empty where it is no ZMTP. */
export type Protocol = "1.0" | "2.0" | "3.0" | "3.1" | "ZWS2.0" | "";

/** What the peer said of itself. */
export interface PeerHandshake {
  /** As announced; empty when it announced none. */
  readonly socketType: string;
  /** Its routing id; empty when it has none. */
  readonly routingId: Uint8Array;
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  /** What an authority said of it, if one was asked. */
  readonly identity?: PeerIdentity | undefined;
}

/** Why the engine gave up on its peer. */
export interface EngineFailure {
  readonly reason: ErrorReason;
  readonly text: string;
  /** Bytes received before the fault. */
  readonly offset: number;
  /** The first of the offending bytes, in hex; empty where there are none to show. */
  readonly hex: string;
  /** The status of ZAP, if an authority, ours or the peer's, gave one. */
  readonly status: number | undefined;
  /** A finer code than the reason's own. */
  readonly code: string | undefined;
  /** What the connection is to do now: end at once, end when the ERROR that was output is out, or wait for its end. */
  readonly then: "end" | "end-in-order" | "wait";
}

export interface EngineSink {
  /** Bytes for the peer, to be written before any message that is sent later. They belong to the callee. */
  onOutput(bytes: Uint8Array): void;
  /** A heartbeat is due on a link that has pings of its own. */
  onPing(): void;
  /** The handshake is complete; messages may be sent. */
  onReady(peer: PeerHandshake): void;
  /** A whole message, which belongs to the callee. False: no more until `resume`. */
  onMessage(frames: Frame[]): boolean;
  /** `waiting` is over. */
  onInputWanted(): void;
  /** The connection is over; called at most once. */
  onFailed(failure: EngineFailure): void;
}

/** What all connections of one endpoint have in common. */
export interface EngineSettings {
  readonly socketType: SocketTypeName;
  /** Ours; empty where there is none to announce. */
  readonly routingId: Uint8Array;
  /** Whether peers older than ZMTP 3 are spoken with, which know no security; with a mechanism other than NULL never. */
  readonly acceptsOldPeers: boolean;
  readonly limits: DecoderLimits;
  readonly heartbeat: HeartbeatSettings;
}
