/**
 * A ROUTER that sends to 1, 100 and 10,000 peers in turn, over tcp. The peers are the same for every contestant: plain
 * connections in a small C program, so that the ROUTER is what is measured. Nothing is dropped.
 */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { GROWTH, METRICS, meterWith, metricsOf } from "./throughput.ts";

const SIZE = 10;
/** Files that a process has open besides its connections. */
const OTHER_FILES = 100;

function contestant(implementation: Implementation, count: number): Contestant {
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "router");
        const router = start(command, { role: "route", endpoint: environment.endpoint("tcp"), size: SIZE, count });
        const { endpoint } = await router.next();
        const settings = { endpoint, size: SIZE, count, seconds: environment.seconds };
        const peers = start(environment.tool("raw_peers"), settings);
        await router.next();
        const [report, cpu] = await meterWith(peers, [router]);
        return metricsOf(report, SIZE, cpu);
      }),
  };
}

export const routerPeers: Part = {
  name: "router-peers",
  title: `a ROUTER that sends to its peers in turn, over tcp, ${SIZE} B`,
  metrics: METRICS.filter(({ derived }) => !derived),
  cases: [1, 100, 10_000].map(
    (count): Case => ({
      name: `${count.toLocaleString("en")} peer${count === 1 ? "" : "s"}`,
      scale: count,
      quick: count === 100,
      openFiles: count + OTHER_FILES,
      contestants: (["zmtp", "libzmq", "zeromq"] as const).map((implementation) => contestant(implementation, count)),
    }),
  ),
  floors: [],
  growth: { ...GROWTH, of: "peers" },
};
