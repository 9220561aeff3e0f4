/**
 * The one error class of the library, its table of reasons, and `assert`.
 *
 * Owns: the names and numbers of every error a user can meet. `code` is libzmq's errno name, what programs match on;
 * `reason` is our finer, stable id, one row each in REASONS; `docs/errors.md` is made of the rows and the comments on them. Does not own:
 * where errors are thrown.
 * Invariant: no field ever holds a secret; the message says what failed with the values, what was expected, and what to do.
 */

/** Whose fault: `local` = the caller's, `remote` = the peer's, `system` = the machine's or the network's. */
export type ErrorOrigin = "local" | "remote" | "system";

interface ReasonRow {
  readonly code: string;
  readonly origin: ErrorOrigin;
  readonly retryable: boolean;
}

const row = (code: string, origin: ErrorOrigin, retryable: boolean): ReasonRow => ({ code, origin, retryable });

/** Every reason the library gives, in the order of the generated page: calls, endpoints, then what happens to a connection. */
export const REASONS = {
  /** An argument has the wrong type, range or form. */
  "invalid-argument": row("EINVAL", "local", false),
  /** An option is unknown for this socket type, read-only, or its value is out of range. */
  "invalid-option": row("EINVAL", "local", false),
  /** A file or text is not a CURVE certificate in ZPL. */
  "invalid-certificate": row("EINVAL", "local", false),
  /** The feature is known but not part of this version. */
  "not-offered": row("ENOTSUP", "local", false),
  /** This socket type cannot send, or cannot receive; as a drop: a peer sent to one that only sends. */
  "wrong-direction": row("ENOTSUP", "local", false),
  /** The socket is closed; as a drop: messages that it had not read. */
  "socket-closed": row("EBADF", "local", false),
  /** The socket was closed while this call was waiting. */
  "closed-while-waiting": row("EAGAIN", "local", false),
  /** A send or receive did not finish within its timeout. */
  "timed-out": row("EAGAIN", "local", true),
  /** REQ and REP alternate between sending and receiving; this call came in the wrong half. */
  "wrong-state": row("EFSM", "local", true),
  /** No peer has this routing id (mandatory ROUTER, SERVER, PEER, STREAM). */
  "host-unreachable": row("EHOSTUNREACH", "local", true),
  /** The context was shut down while this call was waiting. */
  "context-terminated": row("ETERM", "local", false),
  /** The context's `maxSockets` is reached. */
  "too-many-sockets": row("EMFILE", "local", true),
  /** The process is out of file descriptors. */
  "too-many-files": row("EMFILE", "system", true),
  /** A drain already reads from this socket. */
  "reader-busy": row("EBUSY", "local", false),
  /** Events go to listeners once `on` was called; they cannot be read with `receive` too. */
  "emitter-mode": row("EBUSY", "local", false),
  /** No transport with this scheme is offered here. */
  "unknown-transport": row("EPROTONOSUPPORT", "local", false),
  /** This socket type cannot use this transport. */
  "incompatible-transport": row("ENOCOMPATPROTO", "local", false),
  /** The endpoint's text is not what its transport expects. */
  "invalid-endpoint": row("EINVAL", "local", false),
  /** An ipc path is longer than the system allows. */
  "path-too-long": row("ENAMETOOLONG", "local", false),
  /** The directory of an ipc path does not exist. */
  "path-not-found": row("ENOENT", "local", true),
  /** This socket is not bound or connected to that endpoint. */
  "unknown-endpoint": row("ENOENT", "local", false),
  /** A message does not fit into a datagram as libzmq reads it: at most 8192 octets with a group of at most 127. */
  "datagram-too-large": row("EMSGSIZE", "local", false),
  /** A frame to be sent is larger than the security mechanism can encrypt: 1 GiB with CURVE. */
  "frame-too-large": row("EMSGSIZE", "local", false),
  /** No network interface has this name or address. */
  "no-such-device": row("ENODEV", "local", false),
  /** Another listener has this endpoint. */
  "address-in-use": row("EADDRINUSE", "system", true),
  /** This machine does not have that address. */
  "address-not-available": row("EADDRNOTAVAIL", "system", false),
  /** The system does not allow this port or path. */
  "permission-denied": row("EACCES", "system", false),
  /** The system refused to listen; `cause` has its error. */
  "bind-failed": row("EINVAL", "system", false),
  /** Nothing listens at the endpoint. */
  "connection-refused": row("ECONNREFUSED", "system", true),
  /** The connection could not be made; `cause` has the system's error. */
  "connect-failed": row("ECONNREFUSED", "system", true),
  /** The SOCKS proxy did not take our login, or did not connect us; the message has its answer. */
  "proxy-refused": row("ECONNREFUSED", "system", true),
  /** The host name could not be resolved. */
  "name-not-found": row("ENOENT", "system", true),
  /** The connection was not made within `connectTimeout`. */
  "connect-timeout": row("ETIMEDOUT", "system", true),
  /** TLS could not be agreed upon: a certificate that is not trusted, or nothing in common; `cause` says why. */
  "tls-failed": row("EPROTO", "remote", true),
  /** The connection broke; `cause` has the system's error. */
  "connection-lost": row("ECONNRESET", "system", true),
  /** The peer closed the connection. */
  "peer-closed": row("EPIPE", "remote", true),
  /** The thread at the other end of an inproc connection was ended. */
  "thread-ended": row("ECONNRESET", "remote", true),
  /** More threads, or more inproc names, than the process's shared table has room for. */
  "too-many-threads": row("EMFILE", "local", true),
  /** The peer did not finish its handshake within `handshakeInterval`. */
  "handshake-timeout": row("EAGAIN", "remote", true),
  /** The peer was silent after a PING for `heartbeatTimeout`. */
  "heartbeat-timeout": row("ETIMEDOUT", "remote", true),
  /** The peer was silent for the time to live that its own PING announced. */
  "ttl-expired": row("ETIMEDOUT", "remote", true),
  /** The peer's first bytes are not a ZMTP greeting. */
  "not-zmtp": row("EPROTO", "remote", false),
  /** The peer speaks ZMTP 1.0 or 2.0, which have no security mechanisms, and ours is not NULL. */
  "old-protocol": row("EPROTO", "remote", false),
  /** The peer uses another security mechanism. */
  "mechanism-mismatch": row("EPROTO", "remote", false),
  /** Something that is no request for a WebSocket came to a listener of WebSockets; it was refused. */
  "not-websocket": row("EPROTO", "remote", false),
  /** The two ends of a WebSocket have no sub-protocol of ZeroMQ in common, or no security mechanism. */
  "subprotocol-mismatch": row("EPROTO", "remote", false),
  /** The server did not open a WebSocket: its answer is in the message. */
  "upgrade-refused": row("EPROTO", "remote", false),
  /** The server could not open a WebSocket now, or a proxy answered in its place. */
  "upgrade-failed": row("ECONNREFUSED", "remote", true),
  /** Nothing is bound at the path that a WebSocket asked for; it was refused. */
  "unknown-path": row("ENOENT", "remote", true),
  /** A page of an origin that is not allowed asked for a WebSocket; it was refused. */
  "origin-refused": row("EACCES", "remote", false),
  /** The application did not read, and what the runtime had received meanwhile exceeded its limit. */
  "receive-overflow": row("ENOBUFS", "local", true),
  /** The peer's socket type cannot talk to ours. */
  "type-mismatch": row("EPROTO", "remote", false),
  /** A frame came that the handshake does not allow here. */
  "unexpected-command": row("EPROTO", "remote", false),
  /** A command's body does not follow its grammar. */
  "malformed-command": row("EPROTO", "remote", false),
  /** The peer's READY command does not follow its grammar. */
  "malformed-ready": row("EPROTO", "remote", false),
  /** The peer's ERROR command does not follow its grammar. */
  "malformed-error": row("EPROTO", "remote", false),
  /** A frame's header is impossible, or a WebSocket message is none or breaks WebSocket's rules. */
  "malformed-frame": row("EPROTO", "remote", false),
  /** The peer's metadata does not follow its grammar or exceeds its limit. */
  "invalid-metadata": row("EPROTO", "remote", false),
  /** A message does not have the form that our socket type requires; it, or its peer's connection, is dropped. */
  "malformed-message": row("EPROTO", "remote", false),
  /** A frame's announced length exceeds `maxMessageSize`. */
  "message-too-large": row("EMSGSIZE", "remote", false),
  /** A message has more frames than the limit. */
  "too-many-frames": row("EMSGSIZE", "remote", false),
  /** A peer holds more subscriptions, or longer topics in sum, than the limit. */
  "too-many-subscriptions": row("ENOBUFS", "remote", false),
  /** The peer's HELLO command does not follow its grammar. */
  "malformed-hello": row("EPROTO", "remote", false),
  /** The peer's WELCOME command does not follow its grammar. */
  "malformed-welcome": row("EPROTO", "remote", false),
  /** The peer's INITIATE command does not follow its grammar. */
  "malformed-initiate": row("EPROTO", "remote", false),
  /** An encrypted frame does not follow the grammar of CURVE's MESSAGE. */
  "malformed-sealed": row("EPROTO", "remote", false),
  /** What the peer encrypted cannot be opened: another key (often a wrong `curveServerKey`), or changed on its way. */
  cryptographic: row("EPROTO", "remote", false),
  /** The keys that the peer vouches for are not those of this connection. */
  "key-exchange": row("EPROTO", "remote", false),
  /** An encrypted frame came again, or out of its order. */
  "invalid-sequence": row("EPROTO", "remote", false),
  /** Our authority (the ZAP handler, or `allow`) did not let the peer in. */
  "not-authenticated": row("EACCES", "remote", false),
  /** The socket needs a ZAP handler at inproc://zeromq.zap.01, and there is none. */
  "no-zap-handler": row("EFAULT", "local", false),
  /** The ZAP handler went away before it answered. */
  "zap-handler-gone": row("EPIPE", "local", true),
  /** The ZAP handler's reply does not follow RFC 27. */
  "invalid-zap-reply": row("EPROTO", "local", false),
  /** The library of CURVE's cryptography (libsodium) could not be loaded; `cause` says why. */
  "crypto-unavailable": row("ENOTSUP", "local", false),
  /** There is no memory to encrypt or decrypt a frame: it is lost, and its connection is over. */
  "no-crypto-memory": row("ENOMEM", "system", true),
  /** A listener has as many connections, or handshakes, as it may have. */
  "too-many-connections": row("EMFILE", "remote", true),
  /** The peer answered our handshake with ERROR. */
  "refused-by-peer": row("EPROTO", "remote", false),
  /** A datagram does not have the form that its protocol requires; it was ignored. */
  "malformed-packet": row("EPROTO", "remote", false),
  /** A packet of epgm was changed on its way, or made up; it was ignored. */
  "wrong-checksum": row("EPROTO", "remote", false),
  /** More sources send to a group than are kept apart; packets of the others are ignored. */
  "too-many-sources": row("ENOBUFS", "remote", true),
  /** A source of epgm was not heard for five minutes and is forgotten. */
  "source-silent": row("ETIMEDOUT", "remote", true),
  /** Packets of epgm were lost for good, and the messages in them; the `gap` event has the range. */
  unrepairable: row("EPROTO", "remote", false),
  /** The system reported an error while datagrams were awaited; waiting goes on. */
  "receive-failed": row("EIO", "system", true),
  /** The system did not send a datagram. */
  "send-failed": row("EIO", "system", true),
  /** This side ended the connection. */
  disconnected: row("ECONNABORTED", "local", false),
  /** The peer's queue was full. */
  "high-water-mark": row("EAGAIN", "local", true),
  /** No peer has the routing id of the message, or its address is none. */
  unroutable: row("EHOSTUNREACH", "local", true),
  /** The socket's `linger` ran out before the message was handed to the network. */
  "linger-expired": row("ETIMEDOUT", "local", false),
  /** A newer message took this one's place, as `conflate` asks. */
  conflated: row("EAGAIN", "local", false),
  /** A request or reply had no valid envelope. */
  "invalid-envelope": row("EPROTO", "remote", false),
  /** A reply came that nobody was waiting for any more. */
  "stale-reply": row("EPROTO", "remote", false),
  /** A connection came from an address that `tcpAcceptFilter` does not allow; it was closed. */
  filtered: row("EACCES", "remote", false),
  /** A publisher sent what nobody here subscribed to. */
  "not-subscribed": row("EPROTO", "remote", false),
  /** Bytes are not a tnetstring (`zmtp/mongrel2`). */
  "malformed-tnetstring": row("EPROTO", "remote", false),
  /** A request of a Mongrel2 server does not follow its grammar; it was refused. */
  "malformed-request": row("EPROTO", "remote", false),
  /** A request names an upload's file that is not this server's, or not its size. */
  "upload-refused": row("EPROTO", "remote", false),
  /** The Mongrel2 server that sent the request has gone; its clients are not those of the next one. */
  "server-gone": row("ECONNRESET", "system", false),
  /** This reply was already given, or its client has gone. */
  "reply-ended": row("EFSM", "local", false),
  /** A Mongrel2 server's control port answered with an error. */
  "control-refused": row("EPROTO", "remote", false),
} as const satisfies Record<string, ReasonRow>;

/** Our stable id of an error's cause; one row of `docs/errors.md` each. */
export type ErrorReason = keyof typeof REASONS;

/** ZeroMQ's own numbers begin here (ZMQ_HAUSNUMERO). */
const ZMQ_BASE = 156384712;

const ERRNO: Record<string, number> = {
  ENOENT: 2,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBADF: 9,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  EMFILE: 24,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  EPROTO: 71,
  EMSGSIZE: 90,
  EPROTONOSUPPORT: 93,
  ENOTSUP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EFSM: ZMQ_BASE + 51,
  ENOCOMPATPROTO: ZMQ_BASE + 52,
  ETERM: ZMQ_BASE + 53,
};

/** Takes over this platform's errno numbers (Linux's are built in); the entry of a runtime that knows them calls it once. */
export function usePlatformErrno(numbers: Readonly<Record<string, number>>): void {
  for (const code of Object.keys(ERRNO)) {
    const value = numbers[code];
    if (value !== undefined && (ERRNO[code] as number) < ZMQ_BASE) ERRNO[code] = value;
  }
}

/** What a ZmqError may carry beside its message. */
export interface ErrorDetails {
  /** The endpoint that the failed call or connection was about. */
  readonly address?: string;
  /** The error beneath, mostly the system's. */
  readonly cause?: unknown;
  /** A finer errno name than the reason's own, for example the system's EHOSTUNREACH of a failed dial. */
  readonly code?: string;
}

/** Every error that the library throws, rejects with, or puts into an event. */
export class ZmqError extends Error {
  /** libzmq's errno name, such as `EAGAIN`; what programs match on. */
  readonly code: string;
  /** The positive number of `code`: the platform's own, or 156384712 + n for ZeroMQ's. */
  readonly errno: number;
  /** Our finer, stable id. */
  readonly reason: ErrorReason;
  /** Whose fault it was. */
  readonly origin: ErrorOrigin;
  /** Whether the same call, or the same connection, can succeed later without a change of the program. */
  readonly retryable: boolean;
  /** The endpoint concerned, where there is one. */
  declare readonly address?: string;

  constructor(reason: ErrorReason, message: string, details?: ErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    const known = REASONS[reason];
    this.code = details?.code ?? known.code;
    this.errno = ERRNO[this.code] ?? 0;
    this.reason = reason;
    this.origin = known.origin;
    this.retryable = known.retryable;
    if (details?.address !== undefined) this.address = details.address;
  }
}
// On the prototype, not on each error: `name` should not show as a field when an error is printed.
Object.defineProperty(ZmqError.prototype, "name", { value: "ZmqError", configurable: true, writable: true });

/**
 * Guards a border between floors: a failure is a bug of the library, never a peer's or a user's doing. Never used per
 * message.
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`zmtp: internal invariant broken: ${what}. Please report this as a bug.`);
}

/** The errno name of a system error, or undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** A short description of any value for an error message: its type, and the value where that is short. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return value.length <= 60 ? JSON.stringify(value) : `a string of ${value.length} characters`;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "function") return "a function";
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  return name ? `an instance of ${name}` : typeof value;
}
