/**
 * Endpoint texts: `scheme://address`, split and judged; and the forms that tcp addresses have.
 *
 *     tcp://host:port      host = name | IPv4 | [IPv6%scope] | interface | *      port = 0..65535 | *
 *     tcp://source:port;host:port          (connect: the source address to bind first)
 *     ws://host:port/path                  (connect: without a port 80, and 443 for wss)
 *
 * Pure text work: no look-ups. Every function throws `EINVAL` with what was expected.
 */
import { describe, ZmqError } from "../base/errors.ts";

export interface Endpoint {
  readonly scheme: string;
  readonly address: string;
}

/** Splits an endpoint given by a user. */
export function parseEndpoint(text: unknown): Endpoint {
  if (typeof text !== "string")
    throw new ZmqError("invalid-argument", `Address must be a string such as "tcp://127.0.0.1:5555", got ${describe(text)}`);
  const colon = text.indexOf("://");
  if (colon <= 0 || colon + 3 === text.length) {
    throw new ZmqError("invalid-endpoint", `Invalid argument: endpoint ${describe(text)} must have the form scheme://address`, {
      address: text,
    });
  }
  return { scheme: text.slice(0, colon), address: text.slice(colon + 3) };
}

export interface HostPort {
  /** Without brackets; `*` for any. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The host was written in brackets or is an IPv6 literal. */
  readonly ipv6: boolean;
}

export interface TcpTarget extends HostPort {
  /** The local address to connect from. */
  readonly source?: HostPort;
}

/** The address of a tcp bind. */
export function parseTcpBind(address: string): HostPort {
  return parseHostPort("tcp", address, true);
}

/** The address of a tcp connect. */
export function parseTcpConnect(address: string): TcpTarget {
  const semicolon = address.indexOf(";");
  const target = parseHostPort("tcp", address.slice(semicolon + 1), false);
  if (target.host === "*") throw invalid("tcp", address, "a connect needs a host, not *");
  return semicolon < 0 ? target : { ...target, source: parseHostPort("tcp", address.slice(0, semicolon), true) };
}

export interface WebTarget extends HostPort {
  /** From the first slash on, with a query if there is one; empty when the endpoint has none. */
  readonly path: string;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { ws: 80, wss: 443 };

/** The address of a ws or wss endpoint. */
export function parseWeb(scheme: string, address: string, use: "bind" | "connect"): WebTarget {
  const slash = address.indexOf("/");
  const path = slash < 0 ? "" : address.slice(slash);
  const authority = slash < 0 ? address : address.slice(0, slash);
  if (!/^[\w\-.~:/?@!$&'()*+,;=%[\]]*$/.test(path)) {
    throw invalid(scheme, address, "the path must be that of a URL, without spaces and fragment");
  }
  const withPort = use === "bind" || /:[^\]]*$/.test(authority) ? authority : `${authority}:${DEFAULT_PORTS[scheme]}`;
  const target = parseHostPort(scheme, withPort, use === "bind");
  if (use === "connect" && target.host === "*") throw invalid(scheme, address, "a connect needs a host, not *");
  return { ...target, path };
}

/** The text of a ws or wss endpoint. */
export function formatWeb(scheme: string, { host, port, path }: Omit<WebTarget, "ipv6">): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

function parseHostPort(scheme: string, address: string, local: boolean): HostPort {
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw invalid(scheme, address, "a port is missing");
  const portText = address.slice(colon + 1);
  const port = portText === "*" && local ? 0 : /^[0-9]{1,5}$/.test(portText) ? Number(portText) : -1;
  if (port < 0 || port > 65535)
    throw invalid(scheme, address, `the port must be 0 to 65535${local ? " or *" : ""}, got ${describe(portText)}`);
  const host = address.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) {
    const literal = host.slice(1, -1);
    if (!/^[0-9a-fA-F:.]+(%[\w.-]+)?$/.test(literal) || !literal.includes(":"))
      throw invalid(scheme, address, `${describe(host)} is not an IPv6 address`);
    return { host: literal, port, ipv6: true };
  }
  if (host === "" || !/^[\w.*%:-]+$/.test(host))
    throw invalid(scheme, address, `${describe(host)} is not a host name or address`);
  if (host.includes("*") && host !== "*") throw invalid(scheme, address, "* stands alone");
  return { host, port, ipv6: host.includes(":") };
}

/** The text of a tcp endpoint. */
export function formatTcp(host: string, port: number, scheme = "tcp"): string {
  // Joined, for each peer keeps its address, and a text put together by + keeps its parts as well.
  return (host.includes(":") ? [scheme, "://[", host, "]:", port] : [scheme, "://", host, ":", port]).join("");
}

/** Whether a text is an IPv4 or IPv6 address with an optional prefix length. */
export function isCidr(text: string): boolean {
  const [address, length, more] = text.split("/");
  const bits = address.includes(":") ? 128 : 32;
  if (more !== undefined || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits))) return false;
  if (bits === 128) return URL.canParse(`http://[${address}]`);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && address.split(".").every((part) => Number(part) <= 255);
}

function invalid(scheme: string, address: string, why: string): ZmqError {
  return new ZmqError("invalid-endpoint", `Invalid argument: ${scheme} address ${describe(address)}: ${why}`, {
    address: `${scheme}://${address}`,
  });
}
