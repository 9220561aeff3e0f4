/**
 * Two hosts for multicast: network namespaces with a wire between them, which may lose packets. libzmq's epgm does not
 * hear its own machine, so both sides need a host of their own.
 *
 * Made for each run and taken away after it; where there may be none, the run fails and says why.
 */
import { Network, noNamespaces } from "../../test/support/namespaces.ts";
import { compiled, program } from "../../test/support/peers.ts";
import { Program } from "../../test/support/program.ts";
import type { Command } from "./environment.ts";

export interface TwoHosts {
  /** A command as it runs on host 0 or 1. */
  on(host: number, command: Command): Command;
  /** An endpoint for a socket there. */
  endpoint(host: number): string;
}

const SEED = 7;

/** Runs `work` with two hosts; `lost` of 100 packets do not arrive, either way. */
export async function withHosts<Result>(lost: number, work: (hosts: TwoHosts) => Promise<Result>): Promise<Result> {
  if (noNamespaces) throw new Error(noNamespaces);
  const network = Network.make(2, lost === 0);
  let relay: Program | undefined;
  try {
    if (lost > 0) {
      const words = [lost, 0, 0, 0, SEED, 12].map(String);
      relay = new Program(["ip", "netns", "exec", network.hub, compiled(program("relay.c")), ...words, "h1", "h2"]);
      await relay.expect("ready");
    }
    return await work({
      on(host, { file, args }) {
        const [first, ...rest] = network.hosts[host].command(file, ...args);
        return { file: first, args: rest };
      },
      endpoint: (host) => `epgm://${network.hosts[host].ipv4};239.192.3.1:5558`,
    });
  } finally {
    await relay?.kill();
    network.remove();
  }
}
