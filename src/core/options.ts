/**
 * The option table: every socket option's public name, libzmq constant and number, unit, default, range, socket types, and what it does here.
 *
 * One table gives the accessors of the socket classes, their types, the checks at assignment, and the page `docs/options.md`.
 * Does not own: what an option does. Invariants: an option that changes nothing says so (`stored`); one whose meaning would matter for safety but
 * is not built refuses every value but its default (`refused`), so that nobody believes to be protected; reading always works.
 */
import { fromText, toText } from "../base/bytes.ts";
import { describe, ZmqError } from "../base/errors.ts";
import type { SocketTypeName } from "../zmtp/socket-type.ts";

interface Spec<Value> {
  readonly constant: string;
  readonly id: number;
  readonly kind: "int" | "boolean" | "text" | "bytes";
  readonly unit: string;
  readonly default: Value;
  /** Whole numbers: the least and greatest value. Text: the most octets. */
  readonly min: number;
  readonly max: number;
  readonly types: readonly SocketTypeName[] | "all";
  /** `now` = at once; `next` = from the next bind or connect on; `stored` = kept and echoed, no effect; `refused` = only the default can be set. */
  readonly effect: "now" | "next" | "stored" | "refused";
  readonly readonly: boolean;
  readonly text: string;
  /** Spellings of the values where they are not the wire's, for example of `verbosity`. */
  readonly values?: readonly Value[];
}

type Extra = Partial<Pick<Spec<never>, "unit" | "min" | "max" | "types" | "effect" | "readonly">>;

const INT_MAX = 0x7fffffff;

const int = (id: number, constant: string, value: number, text: string, extra: Extra = {}): Spec<number> => ({
  constant,
  id,
  kind: "int",
  unit: "",
  default: value,
  min: 0,
  max: INT_MAX,
  types: "all",
  effect: "next",
  readonly: false,
  text,
  ...extra,
});
const bool = (id: number, constant: string, value: boolean, text: string, extra: Extra = {}): Spec<boolean> => ({
  constant,
  id,
  kind: "boolean",
  unit: "",
  default: value,
  min: 0,
  max: 1,
  types: "all",
  effect: "next",
  readonly: false,
  text,
  ...extra,
});
const text = (id: number, constant: string, what: string, extra: Extra = {}): Spec<string | null> => ({
  constant,
  id,
  kind: "text",
  unit: "",
  default: null,
  min: 0,
  max: 255,
  types: "all",
  effect: "next",
  readonly: false,
  text: what,
  ...extra,
});
const bytes = (id: number, constant: string, what: string, extra: Extra = {}): Spec<string | null> => ({
  ...text(id, constant, what, extra),
  kind: "bytes",
});

const SENDERS = ["PAIR", "PUB", "REQ", "REP", "DEALER", "ROUTER", "PUSH", "XPUB", "XSUB"] as const;
const RECEIVERS = ["PAIR", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "XPUB", "XSUB"] as const;
const CONFLATING = ["PUB", "SUB", "DEALER", "PULL", "PUSH"] as const;
const NAMED = ["REQ", "REP", "DEALER", "ROUTER"] as const;
const PUBLISHERS = ["PUB", "XPUB"] as const;

/** In the order of libzmq's numbers. */
export const OPTIONS = {
  /** Which I/O threads serve new connections; there are none here. */
  affinity: int(4, "ZMQ_AFFINITY", 0, "Which I/O threads serve new connections; there are none here.", {
    max: Number.MAX_SAFE_INTEGER,
    effect: "stored",
  }),
  /** The name that this socket announces to its peers; a ROUTER uses it as the peer's address. */
  routingId: bytes(
    5,
    "ZMQ_ROUTING_ID",
    "The name announced to peers, 1 to 255 octets; a ROUTER uses it as the peer's address. Null: none.",
    { min: 1, types: NAMED },
  ),
  /** Multicast data rate. */
  rate: int(8, "ZMQ_RATE", 100, "Multicast data rate.", { unit: "kbit/s", min: 1, effect: "stored" }),
  /** How long multicast can repair losses. */
  recoveryInterval: int(9, "ZMQ_RECOVERY_IVL", 10000, "How long multicast can repair losses.", {
    unit: "ms",
    effect: "stored",
  }),
  /** Kernel send buffer; JavaScript runtimes cannot set it for streams. */
  sendBufferSize: int(11, "ZMQ_SNDBUF", -1, "Kernel send buffer; JavaScript runtimes cannot set it for streams.", {
    unit: "bytes",
    min: -1,
    types: SENDERS,
    effect: "stored",
  }),
  /** Kernel receive buffer; JavaScript runtimes cannot set it for streams. */
  receiveBufferSize: int(12, "ZMQ_RCVBUF", -1, "Kernel receive buffer; JavaScript runtimes cannot set it for streams.", {
    unit: "bytes",
    min: -1,
    types: RECEIVERS,
    effect: "stored",
  }),
  /** How long `close` keeps unsent messages: -1 without limit, 0 not at all. */
  linger: int(
    17,
    "ZMQ_LINGER",
    -1,
    "How long `close` keeps unsent messages: -1 without limit, 0 not at all. 0 by default in a context that is not `blocky`.",
    { unit: "ms", min: -1, effect: "now" },
  ),
  /** Wait before the first reconnection, plus up to as much again at random; -1 or 0 never reconnects. */
  reconnectInterval: int(
    18,
    "ZMQ_RECONNECT_IVL",
    100,
    "Wait before reconnecting, with up to as much again at random while `reconnectMaxInterval` is 0; -1 or 0 never reconnects.",
    { unit: "ms", min: -1 },
  ),
  /** Length of the queue of connections that the system accepted and we have not. */
  backlog: int(19, "ZMQ_BACKLOG", 100, "Length of the system's queue of incoming connections."),
  /** Ceiling of the doubling wait between reconnections; 0 does not double. */
  reconnectMaxInterval: int(
    21,
    "ZMQ_RECONNECT_IVL_MAX",
    0,
    "Ceiling of the wait between reconnections, which doubles each time; 0: no doubling.",
    { unit: "ms" },
  ),
  /** Largest frame accepted from a peer; a bigger one costs it the connection. -1: the runtime's largest buffer. */
  maxMessageSize: int(
    22,
    "ZMQ_MAXMSGSIZE",
    -1,
    "Largest frame accepted from a peer; a bigger one costs it the connection. -1: the runtime's largest buffer.",
    { unit: "bytes", min: -1, max: Number.MAX_SAFE_INTEGER },
  ),
  /** Most messages queued for one peer; 0: no limit. */
  sendHighWaterMark: int(23, "ZMQ_SNDHWM", 1000, "Most messages queued for one peer; 0: no limit.", {
    unit: "messages",
    types: SENDERS,
    effect: "now",
  }),
  /** Most messages of one peer queued for the application; 0: no limit. */
  receiveHighWaterMark: int(24, "ZMQ_RCVHWM", 1000, "Most messages of one peer queued for the application; 0: no limit.", {
    unit: "messages",
    types: RECEIVERS,
    effect: "now",
  }),
  /** Time to live of multicast packets. */
  multicastHops: int(25, "ZMQ_MULTICAST_HOPS", 1, "Time to live of multicast packets.", {
    unit: "hops",
    min: 1,
    types: SENDERS,
    effect: "stored",
  }),
  /** How long `receive` waits: -1 without limit, 0 not at all. */
  receiveTimeout: int(27, "ZMQ_RCVTIMEO", -1, "How long `receive` waits: -1 without limit, 0 not at all.", {
    unit: "ms",
    min: -1,
    types: RECEIVERS,
    effect: "now",
  }),
  /** How long `send` waits: -1 without limit, 0 not at all. */
  sendTimeout: int(28, "ZMQ_SNDTIMEO", -1, "How long `send` waits: -1 without limit, 0 not at all.", {
    unit: "ms",
    min: -1,
    types: SENDERS,
    effect: "now",
  }),
  /** A message for an unknown or full peer is an error instead of a silent drop. */
  mandatory: bool(
    33,
    "ZMQ_ROUTER_MANDATORY",
    false,
    "A message for an unknown peer is an error, one for a full peer waits, instead of being dropped.",
    { types: ["ROUTER"], effect: "now" },
  ),
  /** TCP keepalive: 1 on, 0 off, -1 the system's default. */
  tcpKeepalive: int(34, "ZMQ_TCP_KEEPALIVE", -1, "TCP keepalive: 1 on, 0 off, -1 the system's default.", {
    min: -1,
    max: 1,
  }),
  /** Keepalive probes before giving up; Node 20 cannot set it. */
  tcpKeepaliveCount: int(35, "ZMQ_TCP_KEEPALIVE_CNT", -1, "Keepalive probes before giving up; Node.js cannot set it.", {
    min: -1,
    effect: "stored",
  }),
  /** Idle time before keepalive probes. */
  tcpKeepaliveIdle: int(36, "ZMQ_TCP_KEEPALIVE_IDLE", -1, "Idle time before keepalive probes; -1: the system's default.", {
    unit: "s",
    min: -1,
  }),
  /** Time between keepalive probes; Node 20 cannot set it. */
  tcpKeepaliveInterval: int(37, "ZMQ_TCP_KEEPALIVE_INTVL", -1, "Time between keepalive probes; Node.js cannot set it.", {
    unit: "s",
    min: -1,
    effect: "stored",
  }),
  /** Which peers may connect, as address or CIDR; not built yet, so only null can be set. */
  tcpAcceptFilter: text(38, "ZMQ_TCP_ACCEPT_FILTER", "Which peers may connect; not built yet.", {
    effect: "refused",
  }),
  /** Queue messages only for connections whose handshake is complete. */
  immediate: bool(39, "ZMQ_IMMEDIATE", false, "Queue messages only for connections whose handshake is complete."),
  /** Allow IPv6: wildcards bind both families, names resolve to both. */
  ipv6: bool(42, "ZMQ_IPV6", false, "Allow IPv6: wildcards bind both families, names resolve to both."),
  /** Act as PLAIN server; not built yet. */
  plainServer: bool(44, "ZMQ_PLAIN_SERVER", false, "Act as PLAIN server; not built yet.", {
    effect: "refused",
  }),
  /** PLAIN user name; not built yet. */
  plainUsername: text(45, "ZMQ_PLAIN_USERNAME", "PLAIN user name; not built yet.", { effect: "refused" }),
  /** PLAIN password; not built yet. */
  plainPassword: text(46, "ZMQ_PLAIN_PASSWORD", "PLAIN password; not built yet.", { effect: "refused" }),
  /** Act as CURVE server; not built yet. */
  curveServer: bool(47, "ZMQ_CURVE_SERVER", false, "Act as CURVE server; not built yet.", {
    effect: "refused",
  }),
  /** CURVE public key; not built yet. */
  curvePublicKey: text(48, "ZMQ_CURVE_PUBLICKEY", "CURVE public key; not built yet.", { effect: "refused" }),
  /** CURVE secret key; not built yet. */
  curveSecretKey: text(49, "ZMQ_CURVE_SECRETKEY", "CURVE secret key; not built yet.", { effect: "refused" }),
  /** CURVE key of the server to talk to; not built yet. */
  curveServerKey: text(50, "ZMQ_CURVE_SERVERKEY", "CURVE key of the server to talk to; not built yet.", {
    effect: "refused",
  }),
  /** Send an empty message to each new peer, so that a ROUTER learns of us. */
  probeRouter: bool(51, "ZMQ_PROBE_ROUTER", false, "Send an empty message to each new peer, so that a ROUTER learns of us.", {
    types: ["REQ", "DEALER", "ROUTER"],
    effect: "now",
  }),
  /** Put a request id before each request and take only the reply that carries it. */
  correlate: bool(
    52,
    "ZMQ_REQ_CORRELATE",
    false,
    "Put a request id before each request and take only the reply that carries it.",
    { types: ["REQ"], effect: "now" },
  ),
  /** Allow a new request before the reply to the last one came. */
  relaxed: bool(53, "ZMQ_REQ_RELAXED", false, "Allow a new request before the reply to the last one came.", {
    types: ["REQ"],
    effect: "now",
  }),
  /** Keep only the newest message of each queue; single frames only, high-water marks are ignored. */
  conflate: bool(54, "ZMQ_CONFLATE", false, "Keep only the newest message of each queue; high-water marks are ignored.", {
    types: CONFLATING,
  }),
  /** Domain of ZAP requests; not built yet. */
  zapDomain: text(55, "ZMQ_ZAP_DOMAIN", "Domain of ZAP requests; not built yet.", { effect: "refused" }),
  /** A new peer with a known routing id takes it over. */
  handover: bool(56, "ZMQ_ROUTER_HANDOVER", false, "A new peer with a known routing id takes it over; otherwise it is ignored.", {
    types: ["ROUTER"],
    effect: "now",
  }),
  /** IP type of service; Node 20 cannot set it. */
  typeOfService: int(57, "ZMQ_TOS", 0, "IP type of service; Node.js cannot set it.", {
    max: 255,
    effect: "stored",
  }),
  /** Deadline of greeting and handshake; 0: none. */
  handshakeInterval: int(66, "ZMQ_HANDSHAKE_IVL", 30000, "Deadline of greeting and handshake; 0: none.", {
    unit: "ms",
  }),
  /** SOCKS5 proxy; not built yet. */
  socksProxy: text(68, "ZMQ_SOCKS_PROXY", "SOCKS5 proxy of outgoing connections; not built yet.", {
    effect: "refused",
  }),
  /** A full subscriber makes `send` wait instead of losing the message. */
  noDrop: bool(69, "ZMQ_XPUB_NODROP", false, "A full subscriber makes `send` wait instead of losing the message.", {
    types: PUBLISHERS,
    effect: "now",
  }),
  /** The application decides what each subscription message really subscribes to. */
  manual: bool(
    71,
    "ZMQ_XPUB_MANUAL",
    false,
    "The application answers each subscription message with `subscribe` or `unsubscribe` for its sender.",
    { types: ["XPUB"], effect: "now" },
  ),
  /** Sent to each new subscriber before anything else. */
  welcomeMessage: text(72, "ZMQ_XPUB_WELCOME_MSG", "Sent to each new subscriber before anything else; null: none.", {
    max: INT_MAX,
    types: ["XPUB"],
    effect: "now",
  }),
  /** Deliver what does not match. Set it on both sides. */
  invertMatching: bool(74, "ZMQ_INVERT_MATCHING", false, "Deliver what does not match a subscription; set it on both sides.", {
    types: ["PUB", "XPUB", "SUB"],
    effect: "now",
  }),
  /** Time between PINGs; 0: none. */
  heartbeatInterval: int(75, "ZMQ_HEARTBEAT_IVL", 0, "Time between PINGs; 0: none.", { unit: "ms" }),
  /** How long the peer may hear nothing before it drops us, in steps of 100; 0: no limit. */
  heartbeatTimeToLive: int(
    76,
    "ZMQ_HEARTBEAT_TTL",
    0,
    "How long the peer may hear nothing before it drops us, in steps of 100 (at most 65,500 are announced, for libzmq's sake); 0: no limit.",
    { unit: "ms", max: 6553599 },
  ),
  /** How long a peer may be silent after a PING; -1: `heartbeatInterval`. */
  heartbeatTimeout: int(
    77,
    "ZMQ_HEARTBEAT_TIMEOUT",
    -1,
    "How long a peer may be silent after a PING; -1: as long as `heartbeatInterval`, 0: for ever.",
    { unit: "ms", min: -1 },
  ),
  /** Deadline of one connection attempt; 0: the system's. */
  connectTimeout: int(79, "ZMQ_CONNECT_TIMEOUT", 0, "Deadline of one connection attempt; 0: the system's.", {
    unit: "ms",
  }),
  /** TCP user timeout; JavaScript runtimes cannot set it. */
  tcpMaxRetransmitTimeout: int(80, "ZMQ_TCP_MAXRT", 0, "TCP user timeout; JavaScript runtimes cannot set it.", {
    unit: "ms",
    effect: "stored",
  }),
  /** Size of multicast packets. */
  multicastMaxTransportDataUnit: int(84, "ZMQ_MULTICAST_MAXTPDU", 1500, "Size of multicast packets.", {
    unit: "bytes",
    effect: "stored",
  }),
  /** vmci is not offered. */
  vmciBufferSize: int(85, "ZMQ_VMCI_BUFFER_SIZE", 65546, "vmci is not offered.", {
    unit: "bytes",
    max: Number.MAX_SAFE_INTEGER,
    effect: "stored",
  }),
  /** vmci is not offered. */
  vmciBufferMinSize: int(86, "ZMQ_VMCI_BUFFER_MIN_SIZE", 128, "vmci is not offered.", {
    unit: "bytes",
    max: Number.MAX_SAFE_INTEGER,
    effect: "stored",
  }),
  /** vmci is not offered. */
  vmciBufferMaxSize: int(87, "ZMQ_VMCI_BUFFER_MAX_SIZE", 262144, "vmci is not offered.", {
    unit: "bytes",
    max: Number.MAX_SAFE_INTEGER,
    effect: "stored",
  }),
  /** vmci is not offered. */
  vmciConnectTimeout: int(88, "ZMQ_VMCI_CONNECT_TIMEOUT", -1, "vmci is not offered.", {
    unit: "ms",
    min: -1,
    effect: "stored",
  }),
  /** Ties a connection to a network device; JavaScript runtimes cannot. */
  interface: text(92, "ZMQ_BINDTODEVICE", "Ties a connection to a network device; JavaScript runtimes cannot.", {
    max: 16,
    effect: "stored",
  }),
  /** Strict ZAP; not built yet. */
  zapEnforceDomain: bool(93, "ZMQ_ZAP_ENFORCE_DOMAIN", false, "Strict ZAP; not built yet.", {
    effect: "refused",
  }),
  /** A shortcut of Windows. */
  loopbackFastPath: bool(94, "ZMQ_LOOPBACK_FASTPATH", false, "A shortcut of Windows; JavaScript runtimes cannot set it.", {
    effect: "stored",
  }),
  /** Every received frame has memory of its own, so that a kept frame never keeps a whole network chunk. */
  copyReceived: bool(
    10,
    "ZMQ_ZERO_COPY_RECV",
    false,
    "Every received frame has memory of its own, so that a kept frame never keeps a network chunk alive. (libzmq has the inverse, on the context.)",
  ),
  /** Which repeated subscriptions an XPUB reports: null only news, "allSubs" every subscription, "allSubsUnsubs" every one and every end. */
  verbosity: {
    ...text(
      40,
      "ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER",
      "Which repeated subscriptions are reported: null only news, `allSubs` every subscription, `allSubsUnsubs` every one and every end.",
      { types: ["XPUB"], effect: "now" },
    ),
    values: [null, "allSubs", "allSubsUnsubs"],
  } as Spec<null | "allSubs" | "allSubsUnsubs">,
} as const satisfies Record<
  string,
  Spec<number> | Spec<boolean> | Spec<string | null> | Spec<null | "allSubs" | "allSubsUnsubs">
>;

/** The public name of an option. */
export type OptionName = keyof typeof OPTIONS;
/** The type of an option's value. */
export type OptionValue<Name extends OptionName> = (typeof OPTIONS)[Name] extends Spec<infer Value> ? Value : never;

/** The values of all options of one socket. Sessions and transports get a copy when they are made. */
export type Settings = { -readonly [Name in OptionName]: OptionValue<Name> };

/** The names of the options that a socket type has. */
export type OptionNameOf<Type extends SocketTypeName> = {
  [Name in OptionName]: (typeof OPTIONS)[Name]["types"] extends "all"
    ? Name
    : Type extends (typeof OPTIONS)[Name]["types"][number]
      ? Name
      : never;
}[OptionName];

export function defaultSettings(): Settings {
  const settings: Record<string, unknown> = {};
  for (const name of Object.keys(OPTIONS) as OptionName[]) settings[name] = OPTIONS[name].default;
  return settings as Settings;
}

/** Whether a socket type has an option. */
export function hasOption(type: SocketTypeName, name: OptionName): boolean {
  const { types } = OPTIONS[name];
  return types === "all" || (types as readonly string[]).includes(type);
}

/** The value to store for an assignment, or throws `EINVAL` (or `ENOTSUP` for a refused option) saying what was expected. */
export function checkOption<Name extends OptionName>(name: Name, value: unknown): OptionValue<Name> {
  const spec: Spec<unknown> = OPTIONS[name];
  const checked = normalise(name, spec, value);
  if (spec.effect === "refused" && checked !== spec.default) {
    throw new ZmqError(
      "not-offered",
      `Option "${name}" (${spec.constant}) is not part of this version; it can only be ${describe(spec.default)}`,
    );
  }
  return checked as OptionValue<Name>;
}

function normalise(name: string, spec: Spec<unknown>, value: unknown): unknown {
  if (spec.values !== undefined) {
    if (spec.values.includes(value)) return value;
    throw wrong(name, spec.values.map((each) => describe(each)).join(" or "), value);
  }
  if (spec.kind === "boolean") {
    if (typeof value === "boolean") return value;
    throw wrong(name, "a boolean", value);
  }
  if (spec.kind === "int") {
    if (Number.isInteger(value) && (value as number) >= spec.min && (value as number) <= spec.max) return value;
    throw wrong(name, `a whole number from ${spec.min} to ${spec.max}${spec.unit ? ` (${spec.unit})` : ""}`, value);
  }
  if (value === null) return null;
  const text = typeof value === "string" ? value : value instanceof Uint8Array ? bytesToOption(spec, value) : undefined;
  if (text === undefined) throw wrong(name, "a string, a Buffer or null", value);
  const size = typeof value === "string" ? fromText(value).length : (value as Uint8Array).length;
  if (size === 0) return null;
  if (size < spec.min || size > spec.max) throw wrong(name, `${spec.min} to ${spec.max} octets`, `${size} octets`);
  return text;
}

// Octets that are not UTF-8 are kept one character per octet behind a mark that no text begins with; `optionBytes` undoes it.
const BINARY = "\ufdd0";

function bytesToOption(spec: Spec<unknown>, value: Uint8Array): string {
  const text = toText(value);
  if (spec.kind !== "bytes" || !text.includes("\ufffd")) return text;
  let binary = BINARY;
  for (const octet of value) binary += String.fromCharCode(octet);
  return binary;
}

/** The octets of a text or bytes option; empty when null. */
export function optionBytes(value: string | null): Uint8Array {
  if (value === null) return new Uint8Array(0);
  if (!value.startsWith(BINARY)) return fromText(value);
  return Uint8Array.from(value.slice(1), (character) => character.charCodeAt(0));
}

function wrong(name: string, expected: string, value: unknown): ZmqError {
  return new ZmqError("invalid-option", `Option "${name}" must be ${expected}, got ${describe(value)}`);
}
