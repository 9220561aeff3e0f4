/** Naming the next connection (ZMQ_CONNECT_ROUTING_ID), for ROUTER and STREAM. */
import { copyBytes } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import { type Frame, type MessageLike, toFrame } from "./message.ts";

/** Options of `connect` for ROUTER and STREAM. */
export interface NamedConnectOptions {
  /** The routing id by which the peer is addressed, at once; 1 to 255 bytes that no other peer of the socket has. */
  readonly routingId?: string | Uint8Array;
}

/** A core that gives ids to its pipes. */
interface NamingCore {
  readonly name: string;
  /** The id of the next pipe that is attached; null: one is made. */
  nextId: Frame | null;
  isTaken(id: Frame): boolean;
}

/** Calls `connect` so that its pipe gets the id, if one is given. Throws EINVAL when it is taken or not 1 to 255 bytes. */
export function connectNamed(core: NamingCore, routingId: NamedConnectOptions["routingId"], connect: () => void): void {
  if (routingId !== undefined) {
    const id = copyBytes(toFrame(routingId satisfies MessageLike));
    if (id.length < 1 || id.length > 255) {
      throw new ZmqError("invalid-argument", `A routing id has 1 to 255 bytes, got ${id.length}`);
    }
    if (core.isTaken(id))
      throw new ZmqError("invalid-argument", `Another peer of this ${core.name} has the routing id ${showId(id)}`);
    core.nextId = id;
  }
  try {
    connect();
  } finally {
    core.nextId = null;
  }
}

/** An id for an error message. */
export function showId(id: Frame): string {
  let text = "";
  for (const octet of id.subarray(0, 32)) {
    text += octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : `\\x${octet.toString(16).padStart(2, "0")}`;
  }
  return `"${text}${id.length > 32 ? "…" : ""}"`;
}
