/**
 * PUB to one SUB with 1, 1000 and 1,000,000 subscriptions of 8 octets, messages of 20, over tcp: how many messages a
 * second are found to match and delivered, how many are found to match nothing (they differ from a subscription in its
 * last octet), and how long it takes until all subscriptions are in force.
 */
import type { Case, Contestant, Floor, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";

function contestant(implementation: Implementation, count: number): Contestant {
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "pubsub");
        const settings = { count, seconds: environment.seconds };
        const publisher = start(command, { role: "match", endpoint: environment.endpoint("tcp"), ...settings });
        const { endpoint } = await publisher.next();
        const subscriber = start(command, { role: "matched", endpoint, ...settings });
        const { subscribed } = await subscriber.next();
        publisher.go();
        const { unmatched } = await publisher.next();
        await subscriber.next();
        const report = await subscriber.next();
        const matched = Number(report.messages) / Number(report.seconds);
        return { matched, unmatched: Number(unmatched), subscribed: Number(subscribed) };
      }),
  };
}

const nameOf = (count: number): string => `${count.toLocaleString("en")} subscription${count === 1 ? "" : "s"}`;
const MANY = nameOf(1_000_000);

const notSlower = (metric: string): Floor => ({ case: MANY, contestant: "zmtp", metric, against: "libzmq", least: 1 });

export const matching: Part = {
  name: "matching",
  title: "PUB to a SUB with many subscriptions over tcp, two processes, 20 B",
  metrics: [
    { name: "matched", unit: "msg/s", better: "higher" },
    { name: "unmatched", unit: "msg/s", better: "higher" },
    { name: "subscribed", unit: "s", better: "lower" },
  ],
  cases: [1, 1000, 1_000_000].map(
    (count): Case => ({
      name: nameOf(count),
      scale: count,
      quick: count === 1_000_000,
      contestants: (["zmtp", "libzmq", "zeromq"] as const).map((implementation) => contestant(implementation, count)),
    }),
  ),
  floors: [notSlower("matched"), notSlower("unmatched")],
  growth: { of: "subscriptions", metrics: ["matched", "unmatched"] },
};
