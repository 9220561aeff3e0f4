/**
 * Endpoint texts: `scheme://address`, split and judged; and the forms that tcp addresses have.
 *
 *     tcp://host:port      host = name | IPv4 | [IPv6%scope] | interface | *      port = 0..65535 | *
 *     tcp://source:port;host:port          (connect: the source address to bind first)
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
  return parseHostPort(address, true);
}

/** The address of a tcp connect. */
export function parseTcpConnect(address: string): TcpTarget {
  const semicolon = address.indexOf(";");
  const target = parseHostPort(address.slice(semicolon + 1), false);
  if (target.host === "*") throw invalid(address, "a connect needs a host, not *");
  return semicolon < 0 ? target : { ...target, source: parseHostPort(address.slice(0, semicolon), true) };
}

function parseHostPort(address: string, local: boolean): HostPort {
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw invalid(address, "a port is missing");
  const portText = address.slice(colon + 1);
  const port = portText === "*" && local ? 0 : /^[0-9]{1,5}$/.test(portText) ? Number(portText) : -1;
  if (port < 0 || port > 65535)
    throw invalid(address, `the port must be 0 to 65535${local ? " or *" : ""}, got ${describe(portText)}`);
  const host = address.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) {
    const literal = host.slice(1, -1);
    if (!/^[0-9a-fA-F:.]+(%[\w.-]+)?$/.test(literal) || !literal.includes(":"))
      throw invalid(address, `${describe(host)} is not an IPv6 address`);
    return { host: literal, port, ipv6: true };
  }
  if (host === "" || !/^[\w.*%:-]+$/.test(host)) throw invalid(address, `${describe(host)} is not a host name or address`);
  if (host.includes("*") && host !== "*") throw invalid(address, "* stands alone");
  return { host, port, ipv6: host.includes(":") };
}

/** The text of a tcp endpoint. */
export function formatTcp(host: string, port: number): string {
  return host.includes(":") ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`;
}

/** Whether a text is an IPv4 or IPv6 address with an optional prefix length. */
export function isCidr(text: string): boolean {
  const [address, length, more] = text.split("/");
  const bits = address.includes(":") ? 128 : 32;
  if (more !== undefined || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits))) return false;
  if (bits === 128) return URL.canParse(`http://[${address}]`);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && address.split(".").every((part) => Number(part) <= 255);
}

function invalid(address: string, why: string): ZmqError {
  return new ZmqError("invalid-endpoint", `Invalid argument: tcp address ${describe(address)}: ${why}`, {
    address: `tcp://${address}`,
  });
}
