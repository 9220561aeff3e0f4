/**
 * PUB to 1, 8 and 100 SUB sockets over tcp: the publisher in one process, all subscribers in another. Counted are the
 * messages delivered; nothing is dropped, the publisher waits for who is slow.
 */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { GROWTH, METRICS, meterWith, metricsOf } from "./throughput.ts";

const SIZE = 100;

function contestant(implementation: Implementation, count: number): Contestant {
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "pubsub");
        const { seconds } = environment;
        const publisher = start(command, { role: "publish", endpoint: environment.endpoint("tcp"), size: SIZE });
        const { endpoint } = await publisher.next();
        const subscribers = start(command, { role: "subscribe", endpoint, size: SIZE, count, seconds });
        await subscribers.next();
        publisher.go();
        const [report, cpu] = await meterWith(subscribers, [publisher]);
        return metricsOf(report, SIZE, cpu);
      }),
  };
}

const nameOf = (count: number): string => (count === 1 ? "1 subscriber" : `${count} subscribers`);

export const fanOut: Part = {
  name: "fan-out",
  title: `PUB to SUB sockets over tcp, two processes, ${SIZE} B, messages delivered`,
  metrics: METRICS.filter(({ derived }) => !derived),
  cases: [1, 8, 100].map(
    (count): Case => ({
      name: nameOf(count),
      scale: count,
      quick: count === 100,
      contestants: (["zmtp", "libzmq", "zeromq"] as const).map((implementation) => contestant(implementation, count)),
    }),
  ),
  floors: [{ case: nameOf(100), contestant: "zmtp", metric: "rate", against: "libzmq", least: 1.5 }],
  growth: { ...GROWTH, of: "subscribers" },
};
