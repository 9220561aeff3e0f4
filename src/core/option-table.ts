/**
 * The option table: every socket option's public name, libzmq constant and number, unit, default, range, socket types,
 * and what it does here.
 *
 * One table gives the accessors of the socket classes, their types, the checks at assignment, and the page
 * `docs/options.md`, whose texts are the comments here. Does not own: what an option does. Invariant: an option that
 * changes nothing says so (`stored`).
 */
import type { SocketTypeName } from "../zmtp/socket-type.ts";
import type { CurveOptions } from "./curve-options.ts";
import type { TlsOptions } from "./tls-options.ts";

/** One row: how an option is written, what it takes, and when it acts. */
export interface OptionSpec<Value> {
  readonly constant: string;
  readonly id: number;
  readonly kind: "int" | "boolean" | "text" | "bytes" | "choice" | "key" | "object";
  readonly default: Value;
  readonly unit: string;
  /** Whole numbers: the least and greatest value. Text: the least and most octets. */
  readonly min: number;
  readonly max: number;
  readonly types: readonly SocketTypeName[] | "all";
  /**
   * `now` = at once; `next` = from the next bind or connect on; `runtime` = so too, where the runtime can; `stored` = kept
   * and echoed, no effect.
   */
  readonly effect: "now" | "next" | "runtime" | "stored";
  /** The values of a choice. */
  readonly values: readonly Value[];
  /** `cidr`: an address with an optional prefix length; `property`: `X-name:value`. Their assignments add up to a list. */
  readonly form: "any" | "cidr" | "property";
}

type Extra = Partial<Pick<OptionSpec<never>, "unit" | "min" | "max" | "types" | "effect" | "form">>;
// The socket types keep their literal type, so that the types of a socket's options can be computed from the table.
type Row<Value, More> = OptionSpec<Value> & { readonly types: More extends { readonly types: infer Types } ? Types : "all" };
type None = Record<never, never>;

const INT_MAX = 0x7fffffff;
const BIG = Number.MAX_SAFE_INTEGER;
const COMMON = { unit: "", min: 0, max: INT_MAX, types: "all", effect: "next", values: [], form: "any" } as const;

function row<Value, More>(spec: Pick<OptionSpec<Value>, "kind" | "id" | "constant" | "default">, more: object): Row<Value, More> {
  return { ...COMMON, ...spec, ...more } as unknown as Row<Value, More>;
}

const int = <const More extends Extra = None>(id: number, constant: string, value: number, more?: More): Row<number, More> =>
  row({ kind: "int", id, constant, default: value }, { ...more });
const bool = <const More extends Extra = None>(id: number, constant: string, value: boolean, more?: More): Row<boolean, More> =>
  row({ kind: "boolean", id, constant, default: value }, { ...more });
const text = <const More extends Extra = None>(id: number, constant: string, more?: More): Row<string | null, More> =>
  row({ kind: "text", id, constant, default: null }, { max: 255, ...more });
const bytes = <const More extends Extra = None>(id: number, constant: string, more?: More): Row<string | null, More> =>
  row({ kind: "bytes", id, constant, default: null }, { max: 255, ...more });
const key = <const More extends Extra = None>(id: number, constant: string, more?: More): Row<string | null, More> =>
  row({ kind: "key", id, constant, default: null }, { ...more });
const object = <Value, const More extends Extra = None>(id: number, constant: string, more?: More): Row<Value | null, More> =>
  row({ kind: "object", id, constant, default: null }, { ...more });
/** The first value is the default. */
const choice = <const Value, const More extends Extra>(
  id: number,
  constant: string,
  values: readonly Value[],
  more: More,
): Row<Value, More> => row({ kind: "choice", id, constant, default: values[0] }, { ...more, values });

const GREETERS = ["DEALER", "ROUTER", "CLIENT", "SERVER", "PEER"] as const;
/** Options without a counterpart in libzmq. */
const OURS = 0;

const SENDERS = [
  ...(["PAIR", "PUB", "REQ", "REP", "DEALER", "ROUTER", "PUSH", "XPUB", "XSUB"] as const),
  ...(["STREAM", "SERVER", "CLIENT", "RADIO", "SCATTER", "DGRAM", "PEER", "CHANNEL"] as const),
] as const;
const RECEIVERS = [
  ...(["PAIR", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "XPUB", "XSUB"] as const),
  ...(["STREAM", "SERVER", "CLIENT", "DISH", "GATHER", "DGRAM", "PEER", "CHANNEL"] as const),
] as const;
const BORROWERS = [
  ...(["PAIR", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "XSUB"] as const),
  ...(["SERVER", "CLIENT", "DISH", "GATHER", "PEER", "CHANNEL"] as const),
] as const;
const POLLING = [...BORROWERS, "STREAM"] as const;
const CONFLATING = ["PUB", "SUB", "DEALER", "PULL", "PUSH", "GATHER", "SCATTER"] as const;
const NAMED = ["REQ", "REP", "DEALER", "ROUTER"] as const;
const PUBLISHERS = ["PUB", "XPUB", "RADIO"] as const;
const MULTICASTING = ["PUB", "XPUB", "RADIO", "DGRAM"] as const;

/** In the order of libzmq's numbers. */
export const OPTIONS = {
  /** Which I/O threads serve new connections; there are none here. */
  affinity: int(4, "ZMQ_AFFINITY", 0, { max: BIG, effect: "stored" }),
  /** The name announced to peers, 1 to 255 octets; a ROUTER uses it as the peer's address (REP's only over inproc). Null: none. */
  routingId: bytes(5, "ZMQ_ROUTING_ID", { min: 1, types: NAMED }),
  /** The most that epgm sends; with `recoveryInterval` it gives the size of the windows, on both sides. */
  rate: int(8, "ZMQ_RATE", 100, { unit: "kbit/s", min: 1 }),
  /** How long epgm can repair losses. */
  recoveryInterval: int(9, "ZMQ_RECOVERY_IVL", 10000, { unit: "ms" }),
  /** Kernel send buffer of udp and epgm; JavaScript runtimes cannot set it for streams. -1: the system's default. */
  sendBufferSize: int(11, "ZMQ_SNDBUF", -1, { unit: "bytes", min: -1, types: SENDERS }),
  /** Kernel receive buffer of udp and epgm; JavaScript runtimes cannot set it for streams. -1: the system's default. */
  receiveBufferSize: int(12, "ZMQ_RCVBUF", -1, { unit: "bytes", min: -1, types: RECEIVERS }),
  /** How long `close` keeps unsent messages: -1 without limit, 0 not at all. 0 by default for SUB, XSUB and DISH, and in a context that is not `blocky`. */
  linger: int(17, "ZMQ_LINGER", -1, { unit: "ms", min: -1, effect: "now" }),
  /** Wait before reconnecting, with up to as much again at random while `reconnectMaxInterval` is 0; -1 or 0 never reconnects. */
  reconnectInterval: int(18, "ZMQ_RECONNECT_IVL", 100, { unit: "ms", min: -1 }),
  /** Length of the system's queue of incoming connections. */
  backlog: int(19, "ZMQ_BACKLOG", 100),
  /** Ceiling of the wait between reconnections, which doubles each time; 0: no doubling. */
  reconnectMaxInterval: int(21, "ZMQ_RECONNECT_IVL_MAX", 0, { unit: "ms" }),
  /** Largest frame accepted from a peer; a bigger one costs it the connection. -1: the runtime's largest buffer. */
  maxMessageSize: int(22, "ZMQ_MAXMSGSIZE", -1, { unit: "bytes", min: -1, max: BIG }),
  /** Most messages queued for one peer; 0: no limit. */
  sendHighWaterMark: int(23, "ZMQ_SNDHWM", 1000, { unit: "messages", types: SENDERS, effect: "now" }),
  /** Most messages of one peer queued for the application; 0: no limit. */
  receiveHighWaterMark: int(24, "ZMQ_RCVHWM", 1000, { unit: "messages", types: RECEIVERS, effect: "now" }),
  /** Time to live of the multicast packets of udp and epgm; what is over 255 is 255. */
  multicastHops: int(25, "ZMQ_MULTICAST_HOPS", 1, { unit: "hops", min: 1, types: SENDERS }),
  /** How long `receive` waits: -1 without limit, 0 not at all. */
  receiveTimeout: int(27, "ZMQ_RCVTIMEO", -1, { unit: "ms", min: -1, types: RECEIVERS, effect: "now" }),
  /** How long `send` waits: -1 without limit, 0 not at all. */
  sendTimeout: int(28, "ZMQ_SNDTIMEO", -1, { unit: "ms", min: -1, types: SENDERS, effect: "now" }),
  /** A message for an unknown peer is an error, one for a full peer waits, instead of being dropped. */
  mandatory: bool(33, "ZMQ_ROUTER_MANDATORY", false, { types: ["ROUTER"], effect: "now" }),
  /** TCP keepalive: 1 on, 0 off, -1 the system's default. */
  tcpKeepalive: int(34, "ZMQ_TCP_KEEPALIVE", -1, { min: -1, max: 1 }),
  /** Keepalive probes before giving up; -1: the runtime's default. Node.js can set it from version 26 on. */
  tcpKeepaliveCount: int(35, "ZMQ_TCP_KEEPALIVE_CNT", -1, { min: -1, effect: "runtime" }),
  /** Idle time before keepalive probes; -1: the system's default. */
  tcpKeepaliveIdle: int(36, "ZMQ_TCP_KEEPALIVE_IDLE", -1, { unit: "s", min: -1 }),
  /** Time between keepalive probes; -1: the runtime's default. Node.js can set it from version 26 on. */
  tcpKeepaliveInterval: int(37, "ZMQ_TCP_KEEPALIVE_INTVL", -1, { unit: "s", min: -1, effect: "runtime" }),
  /**
   * Which peers may connect: an address or CIDR such as `10.0.0.0/8`. Each assignment allows one more, null clears;
   * null: all may.
   */
  tcpAcceptFilter: text(38, "ZMQ_TCP_ACCEPT_FILTER", { form: "cidr" }),
  /** Speak plain TCP instead of ZMTP, as a STREAM with notices does: `[id, data]`, empty data ends a connection. */
  routerRaw: bool(41, "ZMQ_ROUTER_RAW", false, { types: ["ROUTER"] }),
  /** Queue messages only for connections whose handshake is complete. */
  immediate: bool(39, "ZMQ_IMMEDIATE", false),
  /** Allow IPv6: wildcards bind both families, names resolve to both. */
  ipv6: bool(42, "ZMQ_IPV6", false),
  /** Act as PLAIN server: each client's name and password go to the ZAP handler, which must be there. */
  plainServer: bool(44, "ZMQ_PLAIN_SERVER", false),
  /** Name that a PLAIN client gives; makes this socket one. */
  plainUsername: text(45, "ZMQ_PLAIN_USERNAME"),
  /** Password that a PLAIN client gives, in clear text; makes this socket a PLAIN client. */
  plainPassword: text(46, "ZMQ_PLAIN_PASSWORD"),
  /** Act as CURVE server, with `curveSecretKey`. */
  curveServer: bool(47, "ZMQ_CURVE_SERVER", false),
  /** Our public key, Z85 text or 32 octets; made from the secret key where it is not set. */
  curvePublicKey: key(48, "ZMQ_CURVE_PUBLICKEY"),
  /** Our secret key, Z85 text or 32 octets. */
  curveSecretKey: key(49, "ZMQ_CURVE_SECRETKEY"),
  /** Public key of the server that a CURVE client talks to; makes this socket one. */
  curveServerKey: key(50, "ZMQ_CURVE_SERVERKEY"),
  /**
   * CURVE in one: `{ serverKey }` for a client, `{ keyPair, allow }` for a server, where `allow` is a set of public keys,
   * `{ directory }` of certificates, a function of the peer, or `"any"`.
   */
  curve: object<CurveOptions>(OURS, ""),
  /** Send an empty message to each new peer, so that a ROUTER learns of us. */
  probeRouter: bool(51, "ZMQ_PROBE_ROUTER", false, { types: ["REQ", "DEALER", "ROUTER"], effect: "now" }),
  /** Put a request id before each request and take only the reply that carries it. */
  correlate: bool(52, "ZMQ_REQ_CORRELATE", false, { types: ["REQ"], effect: "now" }),
  /** Allow a new request before the reply to the last one came. */
  relaxed: bool(53, "ZMQ_REQ_RELAXED", false, { types: ["REQ"], effect: "now" }),
  /** Keep only the newest message of each queue; high-water marks are ignored. */
  conflate: bool(54, "ZMQ_CONFLATE", false, { types: CONFLATING }),
  /** Domain of ZAP requests; with the NULL mechanism peers are authenticated only if there is one. */
  zapDomain: text(55, "ZMQ_ZAP_DOMAIN"),
  /** A new peer with a known routing id takes it over; otherwise it is ignored. */
  handover: bool(56, "ZMQ_ROUTER_HANDOVER", false, { types: ["ROUTER"], effect: "now" }),
  /** IP type of service of tcp connections. Node.js can set it from version 26 on. */
  typeOfService: int(57, "ZMQ_TOS", 0, { max: 255, effect: "runtime" }),
  /** Deadline of greeting and handshake; 0: none. */
  handshakeInterval: int(66, "ZMQ_HANDSHAKE_IVL", 30000, { unit: "ms" }),
  /** SOCKS5 proxy of outgoing tcp connections, `host:port`; it looks up the names of hosts. Null: none. */
  socksProxy: text(68, "ZMQ_SOCKS_PROXY", { max: INT_MAX }),
  /** A full subscriber makes `send` wait instead of losing the message. */
  noDrop: bool(69, "ZMQ_XPUB_NODROP", false, { types: PUBLISHERS, effect: "now" }),
  /** The application answers each subscription message with `subscribe` or `unsubscribe` for its sender. */
  manual: bool(71, "ZMQ_XPUB_MANUAL", false, { types: ["XPUB"], effect: "now" }),
  /** Sent to each new subscriber before anything else; null: none. */
  welcomeMessage: bytes(72, "ZMQ_XPUB_WELCOME_MSG", { max: INT_MAX, types: ["XPUB"], effect: "now" }),
  /** Announce each peer's coming and going by `[id, empty]`. */
  notify: bool(73, "ZMQ_STREAM_NOTIFY", true, { types: ["STREAM"] }),
  /** Deliver what does not match a subscription; set it on both sides. */
  invertMatching: bool(74, "ZMQ_INVERT_MATCHING", false, { types: ["PUB", "XPUB", "SUB"], effect: "now" }),
  /** Time between PINGs; 0: none. */
  heartbeatInterval: int(75, "ZMQ_HEARTBEAT_IVL", 0, { unit: "ms" }),
  /**
   * How long the peer may hear nothing before it drops us, in steps of 100 (at most 65,500 are announced, for libzmq's
   * sake); 0: no limit.
   */
  heartbeatTimeToLive: int(76, "ZMQ_HEARTBEAT_TTL", 0, { unit: "ms", max: 6553599 }),
  /** How long a peer may be silent after a PING; -1: as long as `heartbeatInterval`, 0: for ever. */
  heartbeatTimeout: int(77, "ZMQ_HEARTBEAT_TIMEOUT", -1, { unit: "ms", min: -1 }),
  /** Deadline of one connection attempt; 0: the system's. */
  connectTimeout: int(79, "ZMQ_CONNECT_TIMEOUT", 0, { unit: "ms" }),
  /** TCP user timeout; JavaScript runtimes cannot set it. */
  tcpMaxRetransmitTimeout: int(80, "ZMQ_TCP_MAXRT", 0, { unit: "ms", effect: "stored" }),
  /** Largest packet of epgm with its IP and UDP headers; a bind or connect with less than 100 or more than 65535 throws EINVAL. */
  multicastMaxTransportDataUnit: int(84, "ZMQ_MULTICAST_MAXTPDU", 1500, { unit: "bytes", min: 1 }),
  /** vmci is not offered. */
  vmciBufferSize: int(85, "ZMQ_VMCI_BUFFER_SIZE", 65546, { unit: "bytes", max: BIG, effect: "stored" }),
  /** vmci is not offered. */
  vmciBufferMinSize: int(86, "ZMQ_VMCI_BUFFER_MIN_SIZE", 128, { unit: "bytes", max: BIG, effect: "stored" }),
  /** vmci is not offered. */
  vmciBufferMaxSize: int(87, "ZMQ_VMCI_BUFFER_MAX_SIZE", 262144, { unit: "bytes", max: BIG, effect: "stored" }),
  /** vmci is not offered. */
  vmciConnectTimeout: int(88, "ZMQ_VMCI_CONNECT_TIMEOUT", -1, { unit: "ms", min: -1, effect: "stored" }),
  /** Ties a connection to a network device; JavaScript runtimes cannot. */
  interface: text(92, "ZMQ_BINDTODEVICE", { max: 16, effect: "stored" }),
  /** Refuse peers when there is a `zapDomain` and no ZAP handler. */
  zapEnforceDomain: bool(93, "ZMQ_ZAP_ENFORCE_DOMAIN", false),
  /** A shortcut of Windows; JavaScript runtimes cannot set it. */
  loopbackFastPath: bool(94, "ZMQ_LOOPBACK_FASTPATH", false, { effect: "stored" }),
  /**
   * Every received frame has memory of its own, so that a kept frame never keeps a network chunk alive. (libzmq has the
   * inverse, on the context.)
   */
  copyReceived: bool(10, "ZMQ_ZERO_COPY_RECV", false),
  /**
   * Which repeated subscriptions an XPUB reports: null only news, `allSubs` every subscription, `allSubsUnsubs` every
   * one and every end.
   */
  verbosity: choice(40, "ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER", [null, "allSubs", "allSubsUnsubs"], {
    types: ["XPUB"],
    effect: "now",
  }),
  /** Properties announced to peers in the handshake, `X-name:value`. Each assignment adds one, null clears. */
  metadata: text(95, "ZMQ_METADATA", { max: INT_MAX, form: "property" }),
  /** Whether sockets of this machine hear what is sent to a multicast group (udp and epgm). */
  multicastLoop: bool(96, "ZMQ_MULTICAST_LOOP", true, { types: MULTICASTING }),
  /** Deliver `[id, empty]` when a peer comes (1), goes (2), or both (3). */
  routerNotify: int(97, "ZMQ_ROUTER_NOTIFY", 0, { max: 3, types: ["ROUTER"], effect: "now" }),
  /** As `manual`, and the next message after a subscription was received goes to its sender only, if subscribed. */
  manualLastValue: bool(98, "ZMQ_XPUB_MANUAL_LAST_VALUE", false, { types: ["XPUB"], effect: "now" }),
  /** User name for the SOCKS5 proxy; null: no login. */
  socksUsername: text(99, "ZMQ_SOCKS_USERNAME", { min: 1 }),
  /** Password for the SOCKS5 proxy. */
  socksPassword: text(100, "ZMQ_SOCKS_PASSWORD", { min: 1 }),
  /** wss, binding: the server's private key, PEM. Both key and certificate can be given as options of `bind` instead. */
  wssKeyPem: text(103, "ZMQ_WSS_KEY_PEM", { max: INT_MAX }),
  /** wss, binding: the server's certificate, PEM, with intermediate ones behind it. */
  wssCertPem: text(104, "ZMQ_WSS_CERT_PEM", { max: INT_MAX }),
  /** wss, connecting: the authorities to trust, PEM. Null: those of the platform; in browsers always those. */
  wssTrustPem: text(105, "ZMQ_WSS_TRUST_PEM", { max: INT_MAX }),
  /** wss, connecting: the name that the server's certificate must have, if it is not the endpoint's host. */
  wssHostname: text(106, "ZMQ_WSS_HOSTNAME"),
  /** wss, connecting: trust the platform's authorities too where `wssTrustPem` is set. */
  wssTrustSystem: bool(107, "ZMQ_WSS_TRUST_SYSTEM", false),
  /** Only a message's first frame can be a subscription; otherwise each frame that begins with 00 or 01 is one. */
  onlyFirstSubscribe: bool(108, "ZMQ_ONLY_FIRST_SUBSCRIBE", false, { types: ["XPUB", "XSUB"], effect: "now" }),
  /** When to give a dialled endpoint up: 1 = refused, 2 = its handshake failed, 4 = after `disconnect`; added up. */
  reconnectStop: int(109, "ZMQ_RECONNECT_STOP", 0, { max: 7 }),
  /** Sent to each new peer before anything else, also after a reconnection; null: none. */
  helloMessage: bytes(110, "ZMQ_HELLO_MSG", { max: INT_MAX, types: GREETERS, effect: "now" }),
  /** Delivered here when a peer's connection ends, as if from the peer; null: none. */
  disconnectMessage: bytes(111, "ZMQ_DISCONNECT_MSG", { max: INT_MAX, types: ["ROUTER", "SERVER", "PEER"], effect: "now" }),
  /**
   * For how long the event loop looks for input without sleeping, after a connection has sent what may be answered at once; for types that only
   * receive, after something came. 0, the default of the latter: not at all. On Node.js with two cores or more; after looking in vain it looks more
   * seldom.
   */
  busyPoll: int(113, "ZMQ_BUSY_POLL", 50, { unit: "µs", max: 1_000_000, types: POLLING, effect: "runtime" }),
  /** Delivered here when a dialled connection is lost and will be made again; null: none. */
  hiccupMessage: bytes(114, "ZMQ_HICCUP_MSG", { max: INT_MAX, types: ["DEALER", "CLIENT", "PEER"], effect: "now" }),
  /** Send every unsubscription to the publishers, not only a topic's last. */
  verboseUnsubscribe: bool(115, "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE", false, { types: ["XSUB"], effect: "now" }),
  /**
   * What `tls+tcp://` connections use, as `node:tls` has it: `cert`, `key`, `ca`, `servername`, `minVersion`, … The
   * other side's certificate is verified unless `rejectUnauthorized` is false; a listener asks for one with `requestCert`.
   */
  tls: object<TlsOptions>(OURS, ""),
  /** Most connections that one bound endpoint may have at a time; one more is closed at once. */
  maxConnections: int(OURS, "", 65_536, { unit: "connections", min: 1 }),
  /** Most connections of one bound endpoint whose handshake is not complete; one more is closed at once. */
  maxPendingHandshakes: int(OURS, "", 16_384, { unit: "connections", min: 1 }),
  /**
   * Octets of one peer that wait to be read by the program; above, nothing more is read from its connection until some
   * were. A message is never cut by it.
   */
  maxUnreadSize: int(OURS, "", 256 * 1024 * 1024, { unit: "bytes", min: 1, max: BIG, types: RECEIVERS }),
  /**
   * Frames of 1 KiB to 1 MiB from other threads are views of the memory that both share instead of copies, until `release` is called with
   * their message. Until then their room is taken; afterwards they show other bytes.
   */
  receiveViews: bool(OURS, "", false, { types: BORROWERS }),
  /** Most frames of one message from a peer; a longer one costs it the connection. */
  maxFrames: int(OURS, "", 100_000, { unit: "frames", min: 1 }),
  /** Most octets of the properties in a peer's handshake; more cost it the connection. */
  maxMetadataSize: int(OURS, "", 65536, { unit: "bytes" }),
  /** Most subscriptions that one peer may hold; one more costs it the connection. */
  maxSubscriptions: int(OURS, "", 1_000_000, { unit: "topics", types: PUBLISHERS, effect: "now" }),
  /** Most octets of all topics that one peer may hold; more cost it the connection. */
  maxSubscriptionSize: int(OURS, "", 64 * 1024 * 1024, { unit: "bytes", max: BIG, types: PUBLISHERS, effect: "now" }),
};
