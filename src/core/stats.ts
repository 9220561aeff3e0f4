/**
 * Counters of a socket, and the snapshots that `stats()` and `peers()` give.
 *
 * Pipes and peers count for themselves, one integer add per message; a socket adds what pipes that are gone had
 * counted. Nothing here runs per message.
 */
import type { ErrorReason } from "../base/errors.ts";
import { byteLength, type Frame } from "./message.ts";
import type { Peer, PeerState } from "./peer.ts";
import type { Pipe } from "./pipe.ts";
import type { SocketCore } from "./socket-core.ts";

/** Messages lost, by reason. */
export type Drops = Partial<Record<ErrorReason, number>>;

/** What one direction of one peer's queue holds. */
export interface QueueStats {
  readonly messages: number;
  /** Octets of the frames' bodies. */
  readonly bytes: number;
  /** The high-water mark in messages; 0: none. */
  readonly highWaterMark: number;
}

/** One peer, as `peers()` sees it. */
export interface PeerStats {
  readonly peer: Peer;
  readonly id: number;
  readonly endpoint: string;
  readonly address: string;
  readonly socketType: string;
  readonly routingId: Uint8Array;
  readonly state: PeerState;
  /** Waiting to be sent; the last part may already be in the kernel's hands. */
  readonly sending: QueueStats;
  /** Received and not yet read by the program. */
  readonly receiving: QueueStats;
  /** Messages that the network, or over inproc the reader, took. */
  readonly sent: number;
  /** Messages that the program got. */
  readonly received: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly dropped: Drops;
}

/** A socket's sums since it was made, over all peers it has and had. */
export interface SocketStats {
  readonly peers: number;
  readonly sent: number;
  readonly received: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Messages that wait to be sent, with all peers. */
  readonly sending: number;
  /** Messages that wait to be read, of all peers. */
  readonly receiving: number;
  /** Calls of `send` and of `receive` that wait. */
  readonly waitingSends: number;
  readonly waitingReceives: number;
  readonly dropped: Drops;
}

/** Sums of what is gone. */
export class Counters {
  sent = 0;
  received = 0;
  bytesSent = 0;
  bytesReceived = 0;
  drops: Drops = {};

  countDrop(reason: ErrorReason, count: number): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + count;
  }

  /** A pipe is gone for good. */
  addPipe(pipe: Pipe): void {
    addConflated(this.drops, pipe);
    this.sent += pipe.written - pipe.pending;
    this.received += pipe.taken;
    this.bytesSent += pipe.peer.bytesSent;
    this.bytesReceived += pipe.peer.bytesReceived;
  }
}

export function socketStats(core: SocketCore): SocketStats {
  const { counters } = core;
  let { sent, received, bytesSent, bytesReceived } = counters;
  const dropped: Drops = { ...counters.drops };
  let sending = 0;
  let receiving = 0;
  for (const pipe of core.pipes) {
    sent += pipe.written - pipe.pending;
    received += pipe.taken;
    bytesSent += pipe.peer.bytesSent;
    bytesReceived += pipe.peer.bytesReceived;
    sending += pipe.pending;
    receiving += pipe.waiting;
    addConflated(dropped, pipe);
  }
  return {
    peers: core.pipes.size,
    sent,
    received,
    bytesSent,
    bytesReceived,
    sending,
    receiving,
    waitingSends: core.sender.waiting,
    waitingReceives: core.receiver.waiting,
    dropped,
  };
}

export function peerStats(core: SocketCore): PeerStats[] {
  return [...core.pipes].map((pipe) => onePeer(core, pipe));
}

function onePeer(core: SocketCore, pipe: Pipe): PeerStats {
  const { peer } = pipe;
  const outbox = core.sessionOf(pipe)?.inOutbox ?? { messages: 0, bytes: 0 };
  return {
    peer,
    id: peer.id,
    endpoint: peer.endpoint,
    address: peer.address,
    socketType: peer.socketType,
    routingId: peer.routingId,
    state: peer.state,
    sending: {
      messages: pipe.pending,
      bytes: waitingBytes(pipe.other.waitingMessages) + outbox.bytes,
      highWaterMark: pipe.highWaterMark,
    },
    receiving: {
      messages: pipe.waiting,
      bytes: waitingBytes(pipe.waitingMessages),
      highWaterMark: pipe.other.highWaterMark,
    },
    sent: pipe.written - pipe.pending,
    received: pipe.taken,
    bytesSent: peer.bytesSent,
    bytesReceived: peer.bytesReceived,
    dropped: { ...peer.drops },
  };
}

// Conflation happens inside the pipe, where only the peer is known.
function addConflated(drops: Drops, pipe: Pipe): void {
  const { conflated } = pipe.peer.drops ?? {};
  if (conflated !== undefined) drops.conflated = (drops.conflated ?? 0) + conflated;
}

function waitingBytes(messages: Iterable<Frame[]>): number {
  let bytes = 0;
  for (const frames of messages) bytes += byteLength(frames);
  return bytes;
}
