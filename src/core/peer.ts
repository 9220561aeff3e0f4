/**
 * What is known of one peer, and what was counted about it. Users get it with events, with `receiveFrom` and `drain`,
 * and from `peers()`.
 *
 * Owns identity and counters. Does not own: the connection or the queues (session and pipe do).
 * A peer of a dialled endpoint exists before its first handshake and outlives a reconnection; its fields then change.
 */
import { EMPTY } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import type { Protocol } from "../zmtp/engine.ts";

/**
 * `connecting`: no connection yet, or again; `handshaking`; `ready`: messages flow; `ignored`: a surplus peer of PAIR,
 * or a ROUTER's with a taken id; `closed`.
 */
export type PeerState = "connecting" | "handshaking" | "ready" | "ignored" | "closed";

/** One peer of a socket. */
export class Peer {
  /** A number that no other peer of this process has or had. */
  readonly id: number;
  /** The endpoint of ours that it came by: the bound or the connected one. */
  readonly endpoint: string;
  /** Its real address, such as `tcp://10.0.0.7:51234`; empty while unknown. */
  address = "";
  /** As it announced itself, such as `DEALER`; empty while unknown. */
  socketType = "";
  /** As it announced itself; for a ROUTER or REP the id it is addressed by. Empty when it has none. */
  routingId: Uint8Array = EMPTY;
  /** Who it is, as the ZAP handler or `allow` said: a PLAIN user, for CURVE often the public key. Empty when nobody said. */
  userId = "";
  /**
   * The properties of its handshake, and those that the ZAP handler or `allow` added. Not to be changed: peers that announced
   * the same share it.
   */
  metadata: ReadonlyMap<string, Uint8Array> = NONE;
  /** The version of ZMTP spoken with it: `3.1`, `3.0`, `2.0` or `1.0`, or `ZWS2.0` over WebSocket; empty while unknown and where none is spoken. */
  protocol: Protocol = "";
  /** What the transport has counted of it beside messages, if it counts (epgm: packets, repairs, NAKs). */
  network: Readonly<Record<string, number>> | null = null;
  state: PeerState = "connecting";
  /** Not one peer but a network that takes everything: its pipe needs no subscription and hears of none. */
  takesAll = false;
  /** Octets written to and read from its connections. */
  bytesSent = 0;
  bytesReceived = 0;
  /** Messages lost, by reason; made with the first. */
  drops: Partial<Record<ErrorReason, number>> | null = null;

  constructor(endpoint: string) {
    this.id = nextId++;
    this.endpoint = endpoint;
  }

  /** Counts lost messages. */
  countDrop(reason: ErrorReason, count: number): void {
    this.drops ??= {};
    this.drops[reason] = (this.drops[reason] ?? 0) + count;
  }
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map();
let nextId = 1;
