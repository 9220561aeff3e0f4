/**
 * The addresses of networks without connections: the texts of udp endpoints, multicast groups, interfaces.
 *
 *     udp://host:port             bind: IPv4 | [IPv6] | interface | *      connect: IPv4 | [IPv6] | name
 *     udp://interface;group:port  interface = name | address | *           (the group says the family)
 *
 * Text work and a look at this machine's interfaces, nothing else. Every function throws EINVAL, or ENODEV for an
 * interface that is not there and for IPv6 without the option `ipv6` (libzmq's udp_address).
 */
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, ZmqError } from "../base/errors.ts";

export type Family = 4 | 6;

/** Where a datagram socket sends to or listens. */
export interface NetworkAddress {
  /** An address, or for a connect a name to look up. */
  readonly host: string;
  readonly port: number;
  readonly family: Family;
  readonly multicast: boolean;
  /** The interface that multicast goes by, as the system wants it told: its address, or `::%name`; null: its choice. */
  readonly via: string | null;
}

/** Reads the address of a udp endpoint. */
export function parseUdp(address: string, use: "bind" | "connect", ipv6: boolean): NetworkAddress {
  const semicolon = address.indexOf(";");
  const target = address.slice(semicolon + 1);
  const colon = target.lastIndexOf(":");
  if (colon < 0) throw invalid(address, "a port is missing");
  const port = parsePort(address, target.slice(colon + 1), use === "bind");
  const host = parseHost(address, target.slice(0, colon), use, ipv6);
  const family = isIP(host) === 6 ? 6 : 4;
  if (family === 6 && !ipv6) throw noDevice(address, "it has an IPv6 address; set the option `ipv6` to use it");
  const multicast = isMulticast(host);
  if (semicolon < 0) return { host, port, family, multicast, via: null };
  if (!multicast) throw invalid(address, `an interface stands before a multicast group only, and ${host} is none`);
  return { host, port, family, multicast, via: interfaceOf(address.slice(0, semicolon), family, address) };
}

/** Where epgm sends to and listens. */
export interface GroupAddress {
  readonly port: number;
  readonly family: Family;
  /** As in NetworkAddress. */
  readonly via: string | null;
  /** The groups to hear. */
  readonly receive: readonly string[];
  /** The group to send to. */
  readonly send: string;
}

const DEFAULT_GROUP: Record<Family, string> = { 4: "239.192.0.1", 6: "ff08::1" };
const MAX_GROUPS = 20;

/**
 * Reads the address of an epgm endpoint: `[interface][;groups[;group]]:port`, the first groups (up to 20, with commas
 * between them) to hear, the last to send to; one alone is both, none is OpenPGM's own.
 */
export function parseEpgm(address: string, ipv6: boolean): GroupAddress {
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw invalid(address, "a port is missing");
  const port = parsePort(address, address.slice(colon + 1), false);
  const parts = address.slice(0, colon).split(";");
  if (parts.length > 3) throw invalid(address, "it is [interface][;groups[;group]]:port");
  // A group may stand alone.
  const [device, heard = "", sent = ""] = parts.length === 1 && isMulticast(unbracket(parts[0])) ? ["", parts[0]] : parts;
  const known = [...heard.split(","), sent].map(unbracket).filter((each) => each !== "");
  for (const group of known) if (!isMulticast(group)) throw invalid(address, `${describe(group)} is no multicast group`);
  if (known.length > MAX_GROUPS) throw invalid(address, `it has ${known.length} groups, at most ${MAX_GROUPS} are heard`);
  const family = isIP(known[0] ?? unbracket(device)) === 6 ? 6 : 4;
  if (known.some((group) => isIP(group) !== (family === 6 ? 6 : 4)))
    throw invalid(address, "the groups must be all IPv4 or all IPv6");
  if (family === 6 && !ipv6) throw noDevice(address, "it has an IPv6 address; set the option `ipv6` to use it");
  const receive = heard === "" ? [known[0] ?? DEFAULT_GROUP[family]] : heard.split(",").map(unbracket);
  const send = sent === "" ? receive[0] : unbracket(sent);
  return { port, family, via: interfaceOf(unbracket(device), family, address), receive, send };
}

function unbracket(text: string): string {
  return text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
}

/** The address that an interface (as `interfaceOf` gives it) sends from; undefined if there is none. */
export function addressOf(via: string): string | undefined {
  if (!via.includes("%")) return via;
  const own = (networkInterfaces()[via.slice(via.indexOf("%") + 1)] ?? []).filter((each) => each.family === "IPv6");
  return (own.find((each) => !/^fe80/i.test(each.address)) ?? own[0])?.address;
}

function parsePort(address: string, text: string, any: boolean): number {
  const port = text === "*" && any ? 0 : /^[0-9]{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535 || (port === 0 && !any))
    throw invalid(address, `the port must be ${any ? "0 to 65535 or *" : "1 to 65535"}, got ${describe(text)}`);
  return port;
}

function parseHost(address: string, text: string, use: "bind" | "connect", ipv6: boolean): string {
  const literal = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (isIP(literal) !== 0) return literal;
  if (use === "connect") {
    if (text === "*" || !/^[\w.-]+$/.test(text)) throw invalid(address, `${describe(text)} is not a host name or address`);
    return text;
  }
  if (text === "*") return ipv6 ? "::" : "0.0.0.0";
  const found = networkInterfaces()[text];
  if (found === undefined) throw noDevice(address, `${describe(text)} is neither an address nor an interface of this machine`);
  return (found.find((each) => each.family === "IPv4") ?? found[0]).address;
}

/**
 * The interface by name, address, or `network/length`, as the system wants it told; null for `*` and the empty text: the
 * system chooses.
 */
function interfaceOf(text: string, family: Family, address: string): string | null {
  if (text === "" || text === "*") return null;
  if (isMulticast(text)) throw invalid(address, `the interface cannot be a multicast address, ${text}`);
  for (const [name, found] of Object.entries(networkInterfaces())) {
    const own = (found ?? []).filter((each) => each.family === `IPv${family}`);
    const match = own.find((each) => name === text || each.address === text || inNetwork(each.address, text));
    if (match !== undefined) return family === 4 ? match.address : `::%${name}`;
  }
  throw noDevice(address, `this machine has no interface ${describe(text)} with an IPv${family} address`);
}

// IPv4 only: IPv6 networks are named by their interface.
function inNetwork(address: string, network: string): boolean {
  const [base, length] = network.split("/");
  if (length === undefined || isIP(base) !== 4 || isIP(address) !== 4 || !/^\d{1,2}$/.test(length) || Number(length) > 32)
    return false;
  const mask = length === "0" ? 0 : (0xffffffff << (32 - Number(length))) >>> 0;
  return (numberOf(address) & mask) >>> 0 === (numberOf(base) & mask) >>> 0;
}

function numberOf(address: string): number {
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

/** Whether an address is a multicast group's. */
function isMulticast(host: string): boolean {
  const kind = isIP(host);
  if (kind === 6) return /^ff/i.test(host);
  const first = Number(host.split(".", 1)[0]);
  return kind === 4 && first >= 224 && first <= 239;
}

/** `host:port`, with brackets where IPv6 needs them. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function invalid(address: string, why: string): ZmqError {
  return new ZmqError("invalid-endpoint", `Invalid argument: address ${describe(address)}: ${why}`, { address });
}

function noDevice(address: string, why: string): ZmqError {
  return new ZmqError("no-such-device", `No such device: address ${describe(address)}: ${why}`, { address });
}
