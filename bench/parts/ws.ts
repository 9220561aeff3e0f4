/**
 * PUSH to PULL over ws between two processes, beside the bare `ws` package with the same bytes in as many WebSocket
 * messages, and `jszmq`.
 */
import type { Environment } from "../support/environment.ts";
import type { Case, Contestant, Floor, Implementation, Metrics, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { METRICS, metricsOf } from "./throughput.ts";

const SIZES = [100, 10_000] as const;
const STYLES = ["drain()", "await receive()"] as const;

function contestant(implementation: Implementation, style: string, size: number): Contestant {
  return { implementation, style, run: (environment) => run(environment, implementation, style, size) };
}

function run(environment: Environment, implementation: Implementation, style: string, size: number): Promise<Metrics> {
  return withPeers(async (start) => {
    const command = environment.command(implementation, "ws");
    const { seconds } = environment;
    const common = { library: implementation, style, size };
    const receiver = start(command, { role: "pull", endpoint: environment.endpoint("ws"), seconds, ...common });
    const { endpoint } = await receiver.next();
    start(command, { role: "push", endpoint, ...common });
    await receiver.next(); // It is warm.
    return metricsOf(await receiver.next(), size);
  });
}

const cases: Case[] = SIZES.map((size) => ({
  name: sizeName(size),
  contestants: [
    ...STYLES.map((style) => contestant("zmtp", style, size)),
    contestant("ws", "", size),
    contestant("jszmq", "", size),
  ],
}));

const floors: Floor[] = SIZES.flatMap((size) => [
  { case: sizeName(size), contestant: "zmtp drain()", metric: "rate", against: "ws", least: 0.9 },
  { case: sizeName(size), contestant: "zmtp drain()", metric: "rate", against: "jszmq", least: 5 },
]);

export const ws: Part = {
  name: "ws",
  title: "PUSH to PULL over ws, two processes",
  metrics: METRICS.map((metric) => ({ ...metric, against: ["ws", "jszmq"] as const })),
  cases,
  floors,
};
