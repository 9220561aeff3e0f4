/**
 * Through a proxy over tcp, three processes of one implementation: PUB, XSUB/XPUB, SUB, one way and nothing dropped;
 * and DEALER, ROUTER/DEALER, a DEALER that answers, with 100 requests in flight.
 */
import type { Case, Contestant, Implementation, Metrics, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { IN_FLIGHT } from "./pipelined.ts";
import { GROWTH, METRICS, meterWith, metricsOf } from "./throughput.ts";

const SIZES = [10, 1000, 10_000] as const;

function pubsub(implementation: Implementation, size: number): Contestant {
  return {
    implementation,
    style: "",
    run: (environment): Promise<Metrics> =>
      withPeers(async (start) => {
        const [command, seconds] = [environment.command(implementation, "pubsub"), environment.seconds];
        const proxyCommand = environment.command(implementation, "proxy");
        const proxy = start(proxyCommand, { role: "proxy", kind: "pubsub", endpoint: environment.endpoint("tcp") });
        const { front, back } = await proxy.next();
        const publisher = start(command, { role: "publish", endpoint: front, connect: 1, size });
        const subscriber = start(command, { role: "subscribe", endpoint: back, size, seconds });
        await subscriber.next();
        publisher.go();
        const [report, cpu] = await meterWith(subscriber, [publisher, proxy]);
        return metricsOf(report, size, cpu);
      }),
  };
}

function queue(implementation: Implementation, size: number): Contestant {
  const prefix = implementation === "zmtp" ? "drain " : "";
  return {
    implementation,
    style: "",
    run: (environment): Promise<Metrics> =>
      withPeers(async (start) => {
        const [command, seconds] = [environment.command(implementation, "round_trip"), environment.seconds];
        const proxyCommand = environment.command(implementation, "proxy");
        const proxy = start(proxyCommand, { role: "proxy", kind: "queue", endpoint: environment.endpoint("tcp") });
        const { front, back } = await proxy.next();
        const worker = start(command, { role: `${prefix}worker`, endpoint: back });
        const client = start(command, { role: `${prefix}pipeline`, endpoint: front, size, seconds, count: IN_FLIGHT });
        const [report, cpu] = await meterWith(client, [worker, proxy]);
        return metricsOf(report, size, cpu);
      }),
  };
}

function casesOf(name: string, make: (implementation: Implementation, size: number) => Contestant): Case[] {
  return SIZES.map((size) => ({
    name: `${name} ${sizeName(size)}`,
    family: name,
    scale: size,
    quick: size === 10,
    contestants: (["zmtp", "libzmq", "zeromq"] as const).map((implementation) => make(implementation, size)),
  }));
}

export const proxies: Part = {
  name: "proxies",
  title: `through a proxy over tcp, three processes; ROUTER/DEALER with ${IN_FLIGHT} requests in flight`,
  metrics: METRICS.filter(({ derived }) => !derived),
  cases: [...casesOf("XSUB/XPUB", pubsub), ...casesOf("ROUTER/DEALER", queue)],
  floors: [],
  growth: GROWTH,
};
