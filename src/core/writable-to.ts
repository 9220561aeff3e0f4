/** The sending halves of the types whose messages go to somebody by name: a peer's number, or a group. */
import { writeUint32 } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import { type Frame, type MessageLike, toFrame, toFrames } from "./message.ts";
import type { SendOptions } from "./sender.ts";
import type { SocketCore } from "./socket-core.ts";
import { takeFrames } from "./transfer.ts";

/** To whom a message of SERVER or PEER goes. */
export interface RoutedOptions {
  /** The number that came with a message of the peer, or that `connectPeer` gave. */
  readonly routingId: number;
}

/** To whom a message of RADIO goes. */
export interface GroupOptions {
  /** Up to 255 octets; every DISH that joined it gets the message. */
  readonly group: string | Uint8Array;
}

/** A socket that sends to one peer, by its number. */
export abstract class RoutedWritable {
  /** @internal */
  declare readonly _core: SocketCore;

  /**
   * Queues one frame for the peer `routingId`; waits while that peer's queue is full. Rejects with EHOSTUNREACH when there is no such peer, otherwise as the `send`
   * of other sockets. Throws EINVAL for a message of several frames.
   */
  send(message: MessageLike, options: RoutedOptions & SendOptions): Promise<void> {
    if (options?.transfer === true) this._core.assertOpen();
    return this._core.sender.send(routed(message, options, options?.transfer), options);
  }

  /** As `send`, at once or not at all: false if the peer's queue is full. Throws EHOSTUNREACH when there is no such peer. */
  trySend(message: MessageLike, options: RoutedOptions): boolean {
    return this._core.sender.trySend(routed(message, options));
  }
}

/** A socket that sends to a group. */
export abstract class GroupWritable {
  /** @internal */
  declare readonly _core: SocketCore;

  /** Sends one frame to all members of a group; waits only with `noDrop`. Members that are full lose it, with a `drop` event. Throws EINVAL for several frames or a long group. */
  send(message: MessageLike, options: GroupOptions & SendOptions): Promise<void> {
    if (options?.transfer === true) this._core.assertOpen();
    return this._core.sender.send(grouped(message, options, options?.transfer), options);
  }

  /** As `send`, at once or, with `noDrop` and a full member, not at all. */
  trySend(message: MessageLike, options: GroupOptions): boolean {
    return this._core.sender.trySend(grouped(message, options));
  }
}

function routed(message: MessageLike, options: RoutedOptions, transfer = false): Frame[] {
  const id = options?.routingId;
  if (!Number.isInteger(id) || id < 0 || id > 0xffffffff)
    throw new ZmqError("invalid-argument", `The option routingId must be a peer's number, got ${String(id)}`);
  const frame = new Uint8Array(4);
  writeUint32(frame, 0, id);
  return [frame, single(message, transfer)];
}

function grouped(message: MessageLike, options: GroupOptions, transfer = false): Frame[] {
  const group = toGroup(options?.group);
  return [group, single(message, transfer)];
}

/** A group's octets; throws EINVAL for what is none. */
export function toGroup(group: unknown): Frame {
  if (typeof group !== "string" && !(group instanceof Uint8Array))
    throw new ZmqError("invalid-argument", `A group must be a string or a Buffer, got ${typeof group}`);
  const frame = toFrame(group);
  if (frame.length > 255) throw new ZmqError("invalid-argument", `A group has at most 255 octets, got ${frame.length}`);
  return frame;
}

function single(message: MessageLike, transfer: boolean): Frame {
  const count = Array.isArray(message) ? message.length : 1;
  if (count !== 1)
    throw new ZmqError("invalid-argument", `Invalid argument: this socket sends single frames, got a message of ${count}`);
  return (transfer ? takeFrames(message) : toFrames(message))[0];
}
