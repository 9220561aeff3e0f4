/**
 * The type-only names of npm `zeromq` 6, so that a program's annotations keep their meaning after the import was changed.
 *
 * Nothing here exists at run time. Option types come from our option table, picked by the original's names.
 */
import type { Settings } from "../core/options.ts";
import type { Message, MessageLike } from "../node.ts";
import type { Context } from "./context.ts";
import type { ErrnoError } from "./errors.ts";

export type { Message, MessageLike };

type Same<X, Y, A, B = never> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? A : B;
type Flat<T> = T extends infer O ? { [K in keyof O]: O[K] } : never;
type Callable = (...args: never[]) => unknown;
type WritableKeys<T> = {
  [P in keyof T]-?: T[P] extends Callable ? never : Same<{ [Q in P]: T[P] }, { -readonly [Q in P]: T[P] }, P>;
}[keyof T];

/** What an object can be made with: any of its writable properties. */
export type Options<T, E = unknown> = Flat<Partial<E & Pick<T, WritableKeys<T>>>>;
/** What a socket can be made with: any of its writable properties, and its context. */
export type SocketOptions<S> = Options<S, { context: Context }>;

type SendingOptions = Pick<Settings, "multicastHops" | "sendBufferSize" | "sendHighWaterMark" | "sendTimeout">;
type ReceivingOptions = Pick<Settings, "receiveBufferSize" | "receiveHighWaterMark" | "receiveTimeout">;

/** A socket that sends messages of type `M`, with options `O` if its type needs them. */
export interface Writable<M extends MessageLike | MessageLike[] = MessageLike | MessageLike[], O extends [...object[]] = []>
  extends SendingOptions {
  /**
   * Queues a message; resolves when it is queued. While there is no room it waits, at most `sendTimeout`. Only one send
   * may wait at a time: another throws EBUSY. Rejects with EAGAIN on timeout or close; throws EBADF when closed.
   */
  send(message: M, ...options: O): Promise<void>;
}

type ReceiveType<T> = T extends { receive(): Promise<infer U> } ? U : never;

/** A socket that receives messages of type `M`. */
export interface Readable<M extends object[] = Message[]> extends ReceivingOptions {
  /**
   * The next message. Waits for one, at most `receiveTimeout`. Only one receive may wait at a time: another throws EBUSY.
   * Rejects with EAGAIN on timeout or close; throws EBADF when closed.
   */
  receive(): Promise<M>;
  /** `for await`: ends when the socket is closed; leaving the loop leaves the socket open. */
  [Symbol.asyncIterator](): AsyncIterator<ReceiveType<this>, undefined>;
}

/** The options and facts that every socket has. */
export interface SocketAccessors
  extends Pick<
    Settings,
    | "affinity"
    | "rate"
    | "recoveryInterval"
    | "linger"
    | "reconnectInterval"
    | "backlog"
    | "reconnectMaxInterval"
    | "maxMessageSize"
    | "tcpKeepalive"
    | "tcpKeepaliveCount"
    | "tcpKeepaliveIdle"
    | "tcpKeepaliveInterval"
    | "tcpAcceptFilter"
    | "immediate"
    | "ipv6"
    | "plainServer"
    | "plainUsername"
    | "plainPassword"
    | "curveServer"
    | "curvePublicKey"
    | "curveSecretKey"
    | "curveServerKey"
    | "zapDomain"
    | "typeOfService"
    | "handshakeInterval"
    | "socksProxy"
    | "heartbeatInterval"
    | "heartbeatTimeToLive"
    | "heartbeatTimeout"
    | "connectTimeout"
    | "tcpMaxRetransmitTimeout"
    | "multicastMaxTransportDataUnit"
    | "vmciBufferSize"
    | "vmciBufferMinSize"
    | "vmciBufferMaxSize"
    | "vmciConnectTimeout"
    | "interface"
    | "zapEnforceDomain"
    | "loopbackFastPath"
  > {
  /** Not offered: there is no GSSAPI, as in the original's own builds. */
  gssapiServer: boolean;
  /** Not offered. */
  gssapiPrincipal: string | null;
  /** Not offered. */
  gssapiServicePrincipal: string | null;
  /** Not offered. */
  gssapiPrincipalNameType: "hostBased" | "userName" | "krb5Principal";
  /** Not offered. */
  gssapiPlainText: boolean;
  /** Not offered. */
  gssapiServicePrincipalNameType: "hostBased" | "userName" | "krb5Principal";
  /** libzmq's number of the socket type. */
  readonly type: SocketType;
  /** The endpoint of the last bind, with its real address and port, or connect; null before. */
  readonly lastEndpoint: string | null;
  /** Null, or the security mechanism that the options chose. */
  readonly securityMechanism: null | "plain" | "curve" | "gssapi";
  /** Whether libzmq lets threads share a socket of this type. */
  readonly threadSafe: boolean;
}

/** libzmq's numbers of the socket types. */
export type SocketType = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18;

/** Options of `connect` for ROUTER. */
export interface RouterConnectOptions {
  routingId?: string;
}
/** Options of `connect` for STREAM. */
export interface StreamConnectOptions {
  routingId?: string;
}

/** A handshake that was refused. */
export interface AuthError extends Error {
  status: 300 | 400 | 500;
}
type MalformedCommand = "UNSPECIFIED" | "MESSAGE" | "HELLO" | "INITIATE" | "ERROR" | "READY" | "WELCOME";
type ZmtpFault =
  | "UNSPECIFIED"
  | "UNEXPECTED_COMMAND"
  | "INVALID_SEQUENCE"
  | "KEY_EXCHANGE"
  | `MALFORMED_COMMAND_${MalformedCommand}`
  | "INVALID_METADATA"
  | "CRYPTOGRAPHIC"
  | "MECHANISM_MISMATCH";
type ZapFault = "UNSPECIFIED" | "MALFORMED_REPLY" | "BAD_REQUEST_ID" | "BAD_VERSION" | "INVALID_STATUS_CODE" | "INVALID_METADATA";
/** A handshake that did not follow the protocol. */
export interface ProtoError extends Error {
  code: `ERR_ZMTP_${ZmtpFault}` | `ERR_ZAP_${ZapFault}`;
}

export interface EventAddress {
  address: string;
}
export interface EventInterval {
  interval: number;
}
export interface EventError<E = ErrnoError> {
  error: E;
}
export type EventFor<T extends string, D = unknown> = Flat<{ type: T } & D>;

/** Everything that an observer can tell. */
export type Event =
  | EventFor<"accept" | "bind" | "connect" | "connect:delay" | "close" | "disconnect" | "handshake", EventAddress>
  | EventFor<"accept:error" | "bind:error" | "close:error" | "handshake:error:other", EventAddress & EventError>
  | EventFor<"connect:retry", EventAddress & EventInterval>
  | EventFor<"handshake:error:protocol", EventAddress & EventError<ProtoError>>
  | EventFor<"handshake:error:auth", EventAddress & EventError<AuthError>>
  | EventFor<"end">
  | EventFor<"unknown">;
export type EventType = Event["type"];
export type EventOfType<E extends EventType = EventType> = Event extends infer Each
  ? Each extends { type: infer T }
    ? Extract<T, E> extends never
      ? never
      : Flat<Omit<Each, "type"> & { type: Extract<T, E> }>
    : never
  : never;

/** What can be listened to. */
export interface EventSubscriber {
  on<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber;
  off<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber;
}
