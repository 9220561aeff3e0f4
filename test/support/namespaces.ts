// Hosts made of network namespaces (Linux, root): each has an interface eth0 with 10.9.9.N and fd09::N, all on one wire, and nothing of it reaches
// another network. Multicast is tested only in there.
//
//     hub:  h1 ─┐ bridge, or a relay that loses, repeats, delays and reorders
//           h2 ─┤
//     host 1: eth0 (10.9.9.1)    host 2: eth0 (10.9.9.2)    …

import { spawnSync } from "node:child_process";
import type { PeerKind } from "./peers.ts";

/** Why there can be no namespaces here, for `skip`; false if there can. */
export const noNamespaces: string | false = missing();

function missing(): string | false {
  if (process.platform !== "linux") return "not checked: network namespaces are Linux's";
  const name = `zmtp-${process.pid}-try`;
  const { status, stderr } = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (status !== 0)
    return `not checked: no network namespaces here (ip netns add: ${(stderr ?? "not installed").trim() || "not permitted"})`;
  const veth = spawnSync("ip", ["-n", name, "link", "add", "v1", "type", "veth", "peer", "name", "v2"], { encoding: "utf8" });
  spawnSync("ip", ["netns", "del", name]);
  return veth.status === 0 ? false : `not checked: no virtual interfaces here (${veth.stderr.trim()})`;
}

/** One host. */
export interface Host {
  readonly namespace: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** A command that runs there. */
  command(...words: readonly string[]): readonly string[];
  /** A peer that runs there. */
  peer(kind: PeerKind): PeerKind;
}

let serial = 0;

/** Some hosts on one wire. */
export class Network {
  readonly hosts: readonly Host[];
  readonly hub: string;

  private constructor(hub: string, hosts: readonly Host[]) {
    this.hub = hub;
    this.hosts = hosts;
  }

  /** Makes so many hosts. `bridged`: joined by the kernel; otherwise only a relay in the hub can join them. */
  static make(count: number, bridged = true): Network {
    const hub = `zmtp-${process.pid}-${serial++}`;
    const hosts = Array.from({ length: count }, (_, i) => hostOf(`${hub}-${i + 1}`, i + 1));
    const network = new Network(hub, hosts);
    try {
      run(`netns add ${hub}`);
      if (bridged) run(`-n ${hub} link add br0 type bridge mcast_snooping 0`, `-n ${hub} link set br0 up`);
      for (const [i, { namespace, ipv4, ipv6 }] of hosts.entries()) {
        const port = `h${i + 1}`;
        run(
          `netns add ${namespace}`,
          `-n ${hub} link add ${port} type veth peer name eth0 netns ${namespace}`,
          ...(bridged ? [`-n ${hub} link set ${port} master br0`] : []),
          `-n ${hub} link set ${port} up`,
          `-n ${namespace} link set lo up`,
          `-n ${namespace} link set eth0 up`,
          `-n ${namespace} addr add ${ipv4}/24 dev eth0`,
          `-n ${namespace} addr add ${ipv6}/64 dev eth0 nodad`,
          `-n ${namespace} route add default dev eth0`,
        );
      }
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  /** Takes all of it away; what runs there has ended before. */
  remove(): void {
    for (const { namespace } of this.hosts) spawnSync("ip", ["netns", "del", namespace]);
    spawnSync("ip", ["netns", "del", this.hub]);
  }
}

function hostOf(namespace: string, number: number): Host {
  const command = (...words: readonly string[]): readonly string[] => ["ip", "netns", "exec", namespace, ...words];
  return {
    namespace,
    ipv4: `10.9.9.${number}`,
    ipv6: `fd09::${number}`,
    command,
    peer: (kind) => ({ ...kind, name: `${kind.name} on host ${number}`, command: () => command(...kind.command()) }),
  };
}

function run(...lines: readonly string[]): void {
  for (const line of lines) {
    const { status, stderr } = spawnSync("ip", line.split(" "), { encoding: "utf8" });
    if (status !== 0) throw new Error(`ip ${line}: ${stderr.trim()}`);
  }
}
