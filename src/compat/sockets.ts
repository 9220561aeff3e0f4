/**
 * The socket types of npm `zeromq` 6, and the option properties of them all.
 *
 * Owns which type can send or receive, and which options it has. A type that cannot do something has `undefined` in its
 * place, where the original has a method that never settles.
 */
import { defineFact, defineOptions } from "./accessors.ts";
import { Socket } from "./socket.ts";
import type {
  Message,
  MessageLike,
  Readable,
  RouterConnectOptions,
  SocketAccessors,
  SocketOptions,
  StreamConnectOptions,
  Writable,
} from "./types.ts";

/** The base of a class whose members are declared here and defined by the tables below. */
export type Base<Members> = abstract new (...args: [type: number, options?: object]) => Socket & SocketAccessors & Members;
const both = Socket as unknown as Base<Readable & Writable>;
const sends = Socket as unknown as Base<Writable>;
const receives = Socket as unknown as Base<Readable>;

/** Exclusive pair. */
export class Pair extends both {
  constructor(options?: SocketOptions<Pair>) {
    super(0, options);
  }
}

/** Sends each message to all that subscribed to its beginning. */
export class Publisher extends sends {
  declare noDrop: boolean;
  declare conflate: boolean;
  declare invertMatching: boolean;
  constructor(options?: SocketOptions<Publisher>) {
    super(1, options);
  }
}

/** Receives what it subscribed to. */
export class Subscriber extends receives {
  declare conflate: boolean;
  declare invertMatching: boolean;
  constructor(options?: SocketOptions<Subscriber>) {
    super(2, options);
  }

  /** Receives from now on messages that begin with one of the prefixes; without one, all. */
  subscribe(...prefixes: Array<Buffer | string>): void {
    for (const prefix of prefixes.length === 0 ? [null] : prefixes) this.setStringOption(6, prefix);
  }

  /** Undoes a `subscribe` of the same prefixes. */
  unsubscribe(...prefixes: Array<Buffer | string>): void {
    for (const prefix of prefixes.length === 0 ? [null] : prefixes) this.setStringOption(7, prefix);
  }
}

/** Sends a request, then receives its reply. */
export class Request extends both {
  declare routingId: string | null;
  declare probeRouter: boolean;
  declare correlate: boolean;
  declare relaxed: boolean;
  constructor(options?: SocketOptions<Request>) {
    super(3, options);
  }
}

/** Receives a request, then sends its reply. */
export class Reply extends both {
  declare routingId: string | null;
  constructor(options?: SocketOptions<Reply>) {
    super(4, options);
  }
}

/** Sends to its peers in turn and receives from all. */
export class Dealer extends both {
  declare routingId: string | null;
  declare probeRouter: boolean;
  declare conflate: boolean;
  constructor(options?: SocketOptions<Dealer>) {
    super(5, options);
  }
}

/** A server for many: the first frame is the peer's routing id. */
export class Router extends both {
  declare routingId: string | null;
  declare mandatory: boolean;
  declare probeRouter: boolean;
  declare handover: boolean;
  constructor(options?: SocketOptions<Router>) {
    super(6, options);
  }

  /** As on other sockets; `routingId` names the peer before it is connected. */
  override connect(address: string, options: RouterConnectOptions = {}): void {
    if (options.routingId) this.setStringOption(61, options.routingId);
    super.connect(address);
  }
}

/** Receives from all its peers in turn. */
export class Pull extends receives {
  declare conflate: boolean;
  constructor(options?: SocketOptions<Pull>) {
    super(7, options);
  }
}

/** Sends to its peers in turn. */
export class Push extends sends {
  declare conflate: boolean;
  constructor(options?: SocketOptions<Push>) {
    super(8, options);
  }
}

/** A publisher that receives its subscriptions. */
export class XPublisher extends both {
  declare noDrop: boolean;
  declare manual: boolean;
  declare welcomeMessage: string | null;
  declare invertMatching: boolean;
  constructor(options?: SocketOptions<XPublisher>) {
    super(9, options);
  }

  get verbosity(): null | "allSubs" | "allSubsUnsubs" {
    return this.getBoolOption(78) ? "allSubsUnsubs" : this.getBoolOption(40) ? "allSubs" : null;
  }
  /** Which repeated subscriptions are received: null none, `allSubs` those, `allSubsUnsubs` their ends as well. */
  set verbosity(value: null | "allSubs" | "allSubsUnsubs") {
    if (value === null) this.setBoolOption(40, false);
    else if (value === "allSubs") this.setBoolOption(40, true);
    else if (value === "allSubsUnsubs") this.setBoolOption(78, true);
  }
}

/** A subscriber that sends its subscriptions as messages. */
export class XSubscriber extends both {
  constructor(options?: SocketOptions<XSubscriber>) {
    super(10, options);
  }
}

/** Raw tcp: `[id, bytes]` to and from peers that do not speak ZeroMQ. */
export class Stream extends (Socket as unknown as Base<Readable<[Message, Message]> & Writable<[MessageLike, MessageLike]>>) {
  declare notify: boolean;
  constructor(options?: SocketOptions<Stream>) {
    super(11, options);
  }

  /** As on other sockets; `routingId` names the peer before it is connected. */
  override connect(address: string, options: StreamConnectOptions = {}): void {
    if (options.routingId) this.setStringOption(61, options.routingId);
    super.connect(address);
  }
}

type Class = { readonly prototype: object };

/** Gives classes the options of sending, or takes the method away. */
export function defineDirections(classes: readonly Class[], senders: readonly Class[], receivers: readonly Class[]): void {
  defineOptions(senders, ["multicastHops", "sendBufferSize", "sendHighWaterMark", "sendTimeout"]);
  defineOptions(receivers, ["receiveBufferSize", "receiveHighWaterMark", "receiveTimeout"]);
  for (const each of classes) {
    if (!senders.includes(each)) Object.defineProperty(each.prototype, "send", { value: undefined });
    if (receivers.includes(each)) continue;
    for (const name of ["receive", Symbol.asyncIterator]) Object.defineProperty(each.prototype, name, { value: undefined });
  }
}

const TYPES = [Pair, Publisher, Subscriber, Request, Reply, Dealer, Router, Pull, Push, XPublisher, XSubscriber, Stream];
const ONLY_SEND: readonly Class[] = [Publisher, Push];
const ONLY_RECEIVE: readonly Class[] = [Subscriber, Pull];
defineDirections(
  TYPES,
  TYPES.filter((each) => !ONLY_RECEIVE.includes(each)),
  TYPES.filter((each) => !ONLY_SEND.includes(each)),
);

defineFact(Socket, "type", 16, "Int32");
defineFact(Socket, "lastEndpoint", 32, "String");
defineFact(Socket, "securityMechanism", 43, "Int32", [null, "plain", "curve", "gssapi"]);
defineFact(Socket, "threadSafe", 81, "Bool");
defineOptions(
  [Socket],
  [
    ...(["affinity", "rate", "recoveryInterval", "linger", "reconnectInterval", "backlog", "reconnectMaxInterval"] as const),
    ...(["maxMessageSize", "tcpKeepalive", "tcpKeepaliveCount", "tcpKeepaliveIdle", "tcpKeepaliveInterval"] as const),
    ...(["tcpAcceptFilter", "immediate", "ipv6", "plainServer", "plainUsername", "plainPassword", "curveServer"] as const),
    ...(["curvePublicKey", "curveSecretKey", "curveServerKey", "zapDomain", "typeOfService", "handshakeInterval"] as const),
    ...(["socksProxy", "heartbeatInterval", "heartbeatTimeToLive", "heartbeatTimeout", "connectTimeout"] as const),
    ...(["tcpMaxRetransmitTimeout", "multicastMaxTransportDataUnit", "vmciBufferSize", "vmciBufferMinSize"] as const),
    ...(["vmciBufferMaxSize", "vmciConnectTimeout", "interface", "zapEnforceDomain", "loopbackFastPath"] as const),
  ],
);
defineOptions([Request, Reply, Dealer, Router], ["routingId"]);
defineOptions([Request, Dealer, Router], ["probeRouter"]);
defineOptions([Publisher, Subscriber, Dealer, Pull, Push], ["conflate"]);
defineOptions([Publisher, Subscriber, XPublisher], ["invertMatching"]);
defineOptions([Publisher, XPublisher], ["noDrop"]);
defineOptions([Request], ["correlate", "relaxed"]);
defineOptions([Router], ["mandatory", "handover"]);
defineOptions([XPublisher], ["manual", "welcomeMessage"]);
defineOptions([Stream], ["notify"]);
