/**
 * Addresses of this machine and of those who connect to it, for the transports that listen on IP: `*`, names of
 * interfaces, IPv4 peers of a dual-stack listener, and who may connect at all (ZMQ_TCP_ACCEPT_FILTER).
 */
import { ZmqError } from "../base/errors.ts";
import { listOf } from "../core/options.ts";

// Loaded by the first use: decision 0069.
const net = () => process.getBuiltinModule("node:net");
const os = () => process.getBuiltinModule("node:os");

/** Where to listen for a host of an endpoint: an address, or a name that has to be looked up. */
export function listenHost(host: string, ipv6: boolean): string {
  if (host === "*") return ipv6 ? "::" : "0.0.0.0";
  return interfaceAddress(host, ipv6) ?? host;
}

/** The first address of an interface, IPv4 unless only or also IPv6 is wanted and there is no other. */
export function interfaceAddress(name: string, ipv6: boolean): string | undefined {
  const addresses = os().networkInterfaces()[name] ?? [];
  const found = addresses.find((each) => each.family === "IPv4") ?? (ipv6 ? addresses[0] : undefined);
  return found?.address;
}

/** Whether an address is certainly none of this machine's; false for what is no address. */
export function isForeign(address: string): boolean {
  const { BlockList, isIP } = net();
  const version = isIP(address);
  if (version === 0) return false;
  const own = new BlockList();
  own.addAddress("0.0.0.0");
  own.addAddress("::", "ipv6");
  own.addSubnet("127.0.0.0", 8);
  for (const { address: each, family } of Object.values(os().networkInterfaces()).flatMap((found) => found ?? []))
    own.addAddress(each, family === "IPv6" ? "ipv6" : "ipv4");
  return !own.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** An IPv4 peer of a dual-stack listener comes as ::ffff:10.0.0.1. */
export function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

/** Whether an address may connect; undefined: everybody may. Throws EINVAL for a filter that is no address. */
export function acceptFilter(list: string | null): ((address: string | undefined) => boolean) | undefined {
  if (list === null) return undefined;
  const { BlockList, isIP } = net();
  const allowed = new BlockList();
  for (const each of listOf(list)) {
    const [address, length] = each.split("/");
    const family = address.includes(":") ? "ipv6" : "ipv4";
    if (isIP(address) === 0)
      throw new ZmqError("invalid-option", `tcpAcceptFilter has ${JSON.stringify(each)}, which is no address`);
    if (length === undefined) allowed.addAddress(address, family);
    else allowed.addSubnet(address, Number(length), family);
  }
  return (remote = "") => {
    const address = withoutMapping(remote);
    return isIP(address) !== 0 && allowed.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  };
}
