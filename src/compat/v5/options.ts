/**
 * `setsockopt` and `getsockopt` of version 5: which property of a socket each option number is, and what the old API gives
 * and takes instead of true and false.
 */
import type { Socket } from "../socket.ts";
import * as zmq from "./constants.ts";

/** Options that are properties of the old sockets as well. */
export const shortOptions = {
  _fd: zmq.ZMQ_FD,
  _ioevents: zmq.ZMQ_EVENTS,
  _receiveMore: zmq.ZMQ_RCVMORE,
  _subscribe: zmq.ZMQ_SUBSCRIBE,
  _unsubscribe: zmq.ZMQ_UNSUBSCRIBE,
  affinity: zmq.ZMQ_AFFINITY,
  backlog: zmq.ZMQ_BACKLOG,
  identity: zmq.ZMQ_IDENTITY,
  linger: zmq.ZMQ_LINGER,
  rate: zmq.ZMQ_RATE,
  rcvbuf: zmq.ZMQ_RCVBUF,
  last_endpoint: zmq.ZMQ_LAST_ENDPOINT,
  reconnect_ivl: zmq.ZMQ_RECONNECT_IVL,
  recovery_ivl: zmq.ZMQ_RECOVERY_IVL,
  sndbuf: zmq.ZMQ_SNDBUF,
  mechanism: zmq.ZMQ_MECHANISM,
  plain_server: zmq.ZMQ_PLAIN_SERVER,
  plain_username: zmq.ZMQ_PLAIN_USERNAME,
  plain_password: zmq.ZMQ_PLAIN_PASSWORD,
  curve_server: zmq.ZMQ_CURVE_SERVER,
  curve_publickey: zmq.ZMQ_CURVE_PUBLICKEY,
  curve_secretkey: zmq.ZMQ_CURVE_SECRETKEY,
  curve_serverkey: zmq.ZMQ_CURVE_SERVERKEY,
  zap_domain: zmq.ZMQ_ZAP_DOMAIN,
  heartbeat_ivl: zmq.ZMQ_HEARTBEAT_IVL,
  heartbeat_ttl: zmq.ZMQ_HEARTBEAT_TTL,
  heartbeat_timeout: zmq.ZMQ_HEARTBEAT_TIMEOUT,
  connect_timeout: zmq.ZMQ_CONNECT_TIMEOUT,
};

/** An option by its number, or by its short name. */
export type OptionId = number | keyof typeof shortOptions;

/** `as is`, a flag that reads as 1 or 0, or the inverse of a flag. */
type Form = "value" | "flag" | "inverse";

const PROPERTIES = new Map<number, [property: string, form: Form]>([
  [zmq.ZMQ_AFFINITY, ["affinity", "value"]],
  [zmq.ZMQ_IDENTITY, ["routingId", "value"]],
  [zmq.ZMQ_RATE, ["rate", "value"]],
  [zmq.ZMQ_RECOVERY_IVL, ["recoveryInterval", "value"]],
  [zmq.ZMQ_SNDBUF, ["sendBufferSize", "value"]],
  [zmq.ZMQ_RCVBUF, ["receiveBufferSize", "value"]],
  [zmq.ZMQ_TYPE, ["type", "value"]],
  [zmq.ZMQ_LINGER, ["linger", "value"]],
  [zmq.ZMQ_RECONNECT_IVL, ["reconnectInterval", "value"]],
  [zmq.ZMQ_BACKLOG, ["backlog", "value"]],
  [zmq.ZMQ_RECONNECT_IVL_MAX, ["reconnectMaxInterval", "value"]],
  [zmq.ZMQ_MAXMSGSIZE, ["maxMessageSize", "value"]],
  [zmq.ZMQ_SNDHWM, ["sendHighWaterMark", "value"]],
  [zmq.ZMQ_RCVHWM, ["receiveHighWaterMark", "value"]],
  [zmq.ZMQ_MULTICAST_HOPS, ["multicastHops", "value"]],
  [zmq.ZMQ_RCVTIMEO, ["receiveTimeout", "value"]],
  [zmq.ZMQ_SNDTIMEO, ["sendTimeout", "value"]],
  [zmq.ZMQ_IPV4ONLY, ["ipv6", "inverse"]],
  [zmq.ZMQ_LAST_ENDPOINT, ["lastEndpoint", "value"]],
  [zmq.ZMQ_ROUTER_MANDATORY, ["mandatory", "flag"]],
  [zmq.ZMQ_TCP_KEEPALIVE, ["tcpKeepalive", "value"]],
  [zmq.ZMQ_TCP_KEEPALIVE_CNT, ["tcpKeepaliveCount", "value"]],
  [zmq.ZMQ_TCP_KEEPALIVE_IDLE, ["tcpKeepaliveIdle", "value"]],
  [zmq.ZMQ_TCP_KEEPALIVE_INTVL, ["tcpKeepaliveInterval", "value"]],
  [zmq.ZMQ_TCP_ACCEPT_FILTER, ["tcpAcceptFilter", "value"]],
  [zmq.ZMQ_DELAY_ATTACH_ON_CONNECT, ["immediate", "flag"]],
  [zmq.ZMQ_IPV6, ["ipv6", "flag"]],
  [zmq.ZMQ_PLAIN_SERVER, ["plainServer", "flag"]],
  [zmq.ZMQ_PLAIN_USERNAME, ["plainUsername", "value"]],
  [zmq.ZMQ_PLAIN_PASSWORD, ["plainPassword", "value"]],
  [zmq.ZMQ_CURVE_SERVER, ["curveServer", "flag"]],
  [zmq.ZMQ_CURVE_PUBLICKEY, ["curvePublicKey", "value"]],
  [zmq.ZMQ_CURVE_SECRETKEY, ["curveSecretKey", "value"]],
  [zmq.ZMQ_CURVE_SERVERKEY, ["curveServerKey", "value"]],
  [zmq.ZMQ_ZAP_DOMAIN, ["zapDomain", "value"]],
  [zmq.ZMQ_ROUTER_HANDOVER, ["handover", "flag"]],
  [zmq.ZMQ_HEARTBEAT_IVL, ["heartbeatInterval", "value"]],
  [zmq.ZMQ_HEARTBEAT_TTL, ["heartbeatTimeToLive", "value"]],
  [zmq.ZMQ_HEARTBEAT_TIMEOUT, ["heartbeatTimeout", "value"]],
  [zmq.ZMQ_CONNECT_TIMEOUT, ["connectTimeout", "value"]],
]);

const READ_ONLY: readonly number[] = [zmq.ZMQ_TYPE, zmq.ZMQ_LAST_ENDPOINT];
const WRITE_ONLY: readonly number[] = [zmq.ZMQ_TCP_ACCEPT_FILTER, zmq.ZMQ_ROUTER_HANDOVER];
const MECHANISMS: readonly (string | null)[] = [null, "plain", "curve", "gssapi"];

type Properties = Record<string, unknown>;

function numberOf(option: OptionId): number {
  return typeof option === "number" ? option : shortOptions[option];
}

/** Sets an option. */
export function setOption(socket: Socket, option: OptionId, value: unknown): void {
  const id = numberOf(option);
  const properties = socket as unknown as Properties;
  const subscriber = socket as unknown as Record<"subscribe" | "unsubscribe", (prefix: unknown) => void>;
  if (id === zmq.ZMQ_ROUTER_RAW) throw new Error("ZMQ_ROUTER_RAW is not supported in compatibility mode");
  if (id === zmq.ZMQ_SUBSCRIBE) return subscriber.subscribe(value);
  if (id === zmq.ZMQ_UNSUBSCRIBE) return subscriber.unsubscribe(value);
  if (id === zmq.ZMQ_XPUB_VERBOSE) {
    properties.verbosity = value ? "allSubs" : null;
    return;
  }
  const [property, form] = propertyOf(id, READ_ONLY);
  properties[property] = form === "value" ? value : form === "flag" ? Boolean(value) : !value;
}

/** The value of an option. */
export function getOption(socket: Socket, option: OptionId): unknown {
  const id = numberOf(option);
  const properties = socket as unknown as Properties;
  switch (id) {
    case zmq.ZMQ_RCVMORE:
      throw new Error("ZMQ_RCVMORE is not supported in compatibility mode");
    case zmq.ZMQ_FD:
      throw new Error("ZMQ_FD is not supported in compatibility mode");
    case zmq.ZMQ_XPUB_VERBOSE:
      throw new Error("Reading ZMQ_XPUB_VERBOSE is not supported");
    case zmq.ZMQ_ROUTER_RAW:
      throw new Error("ZMQ_ROUTER_RAW is not supported in compatibility mode");
    case zmq.ZMQ_EVENTS:
      return (properties.readable ? zmq.ZMQ_POLLIN : 0) | (properties.writable ? zmq.ZMQ_POLLOUT : 0);
    case zmq.ZMQ_MECHANISM:
      return Math.max(0, MECHANISMS.indexOf(properties.securityMechanism as string | null));
    default: {
      const [property, form] = propertyOf(id, WRITE_ONLY);
      const value = properties[property];
      return form === "value" ? value : form === "flag" ? Number(Boolean(value)) : !value;
    }
  }
}

function propertyOf(id: number, excluded: readonly number[]): [property: string, form: Form] {
  const found = excluded.includes(id) ? undefined : PROPERTIES.get(id);
  if (found === undefined) throw new Error("Unknown option");
  return found;
}
