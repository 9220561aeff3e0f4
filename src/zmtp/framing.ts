/**
 * The framing port: how frames lie on a link, for a link of bytes (RFC 37) and for one whose messages are frames (RFC 45).
 *
 *     bytes    greeting, then flags size body flags size body …     PING and PONG are commands
 *     frames   no greeting; one message of the link = one frame     the link has pings of its own, or none
 *
 * Owns what differs between the two for the engine; the framings themselves are in stream-framing and zws, so that a runtime without
 * links of bytes need not carry what only they need. Does not own: what a frame means (the engine), how messages are gathered (the
 * outbox; a `WireForm` translates what it gathered).
 */
import type { DecoderLimits, FrameSink } from "./frame-decoder.ts";
import type { WireForm } from "./frame-encoder.ts";
import type { Greeting } from "./greeting.ts";
import type { FrameTransform } from "./mechanism.ts";

/** What a handshake command may have beside its metadata: its name, and later keys and boxes. */
export const HANDSHAKE_EXTRA_BYTES = 512;

/** The reading side of a framing. */
export interface Decoder {
  /**
   * Until this call every frame is given to `onCommand` whatever its flags, and must be small; from then on frames are
   * told apart by their flags, those inside what the peer sealed if there is a transform.
   */
  startTraffic(transform: FrameTransform | null): void;
  /** Bytes before the frame of now, for error messages. */
  readonly offset: number;
  /** Decodes what came, which belongs to the decoder from now on, unless it is `lent` for this call. Calls the sink before it returns. */
  receive(chunk: Uint8Array, lent?: boolean): void;
  /** Where the next bytes of a large body belong; null: anywhere. */
  space(): Uint8Array | null;
  /** So many bytes were read into what `space` gave last. */
  filled(bytes: number): void;
  /** Decodes no more until `resume`. */
  pause(): void;
  /** Goes on after a sink method returned false, or after `pause`. May pause again before it returns. */
  resume(): void;
  /** Gives up what is undecided and takes nothing more. */
  stop(): void;
}

/** The ZMTP greeting, and what is done with a peer whose greeting says that it is older than ZMTP 3. */
export interface Opening {
  /** As `Greeting`'s constructor. */
  greeting(mechanism: string, socketType: number, send: (bytes: Uint8Array) => void): Greeting;
  readonly legacy: LegacyFrames;
}

/** Frames of ZMTP 1.0 (RFC 13). */
export interface LegacyFrames {
  encode(flags: number, body: Uint8Array): Uint8Array;
  readonly toWire: WireForm;
  decoder(sink: FrameSink, limits: DecoderLimits): Decoder;
}

export interface Framing {
  /** How a connection begins; null: the link has settled version and mechanism. */
  readonly opening: Opening | null;
  /** The version that is spoken, if the link has settled it. */
  readonly protocol: "" | "ZWS2.0";
  /** Who sends heartbeats: the engine by PING commands, the link by means of its own, or nobody. */
  readonly pings: "command" | "link" | "none";
  /** The flags of the frames that a handshake sends. */
  readonly commandFlags: number;
  /** How frames are put on the wire from the first octet on; null: as they are. */
  readonly toWire: WireForm | null;
  decoder(sink: FrameSink, limits: DecoderLimits): Decoder;
}
