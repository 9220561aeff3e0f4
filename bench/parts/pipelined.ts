/** Requests and their replies over tcp between two processes, 100 in flight all the time: DEALER and ROUTER. */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { GROWTH, METRICS, meterWith, metricsOf } from "./throughput.ts";

export const IN_FLIGHT = 100;

function contestant(implementation: Implementation, style: string, size: number): Contestant {
  const prefix = style === "drain()" ? "drain " : "";
  return {
    implementation,
    style,
    run: (environment) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "round_trip");
        const { seconds } = environment;
        const role = implementation === "node:net" ? "reply" : `${prefix}router`;
        const server = start(command, { role, endpoint: environment.endpoint("tcp") });
        const { endpoint } = await server.next();
        const client = start(command, { role: `${prefix}pipeline`, endpoint, size, seconds, count: IN_FLIGHT });
        const [report, cpu] = await meterWith(client, [server]);
        return metricsOf(report, size, cpu);
      }),
  };
}

function caseOf(size: number): Case {
  return {
    name: sizeName(size),
    scale: size,
    quick: size === 10,
    contestants: [
      contestant("zmtp", "drain()", size),
      contestant("zmtp", "await receive()", size),
      contestant("libzmq", "", size),
      contestant("zeromq", "", size),
      contestant("node:net", "", size),
    ],
  };
}

export const pipelined: Part = {
  name: "pipelined",
  title: `DEALER and ROUTER over tcp, two processes, ${IN_FLIGHT} requests in flight`,
  metrics: METRICS.filter(({ derived }) => !derived),
  cases: [10, 1000, 100_000].map(caseOf),
  floors: [],
  growth: GROWTH,
};
