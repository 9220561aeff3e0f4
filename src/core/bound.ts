/**
 * The entries of a socket's endpoints: what it listens on, with the limits of a listener, and what it dials.
 */
import { ZmqError } from "../base/errors.ts";
import type { Attachment } from "./attachment.ts";
import type { Settings } from "./options.ts";
import type { Pipe } from "./pipe.ts";
import type { Session } from "./session.ts";

/** What serves a connection, or a network without connections. */
export type Using = Session | Attachment;

export interface Bound {
  /** As the user wrote it. */
  readonly asked: string;
  /** Resolved; the same as `asked` until the listener is up. */
  endpoint: string;
  /** Ends listening; calls back when the address is free. */
  readonly stop: (done: () => void) => void;
  /** Connections that came by it and are not over. */
  connections: number;
  /** Of these, those whose handshake is not complete. */
  readonly pending: Set<Using>;
}

export interface Dialled {
  readonly endpoint: string;
  readonly session: Using | null;
  readonly pipe: Pipe | null;
}

/** Why a listener takes no connection from `remote` now; undefined while it does. */
export function tooMany(bound: Bound, settings: Settings, remote: string): ZmqError | undefined {
  const { endpoint, connections, pending } = bound;
  const { maxConnections, maxPendingHandshakes } = settings;
  let text: string;
  if (connections >= maxConnections) text = `it has ${connections} connections, maxConnections is ${maxConnections}`;
  else if (pending.size < maxPendingHandshakes) return undefined;
  else text = `${pending.size} connections are in their handshake, maxPendingHandshakes is ${maxPendingHandshakes}`;
  return new ZmqError("too-many-connections", `${endpoint} (${remote}): ${text}`, { address: endpoint });
}
