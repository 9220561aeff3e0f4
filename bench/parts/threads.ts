/**
 * Between two threads of one process: PUSH to PULL over inproc, against `postMessage` of the same bytes and against
 * libzmq between two threads in C (which from 100 kB on passes a pointer, and is printed for comparison only), and round trips.
 */
import type { Case, Contestant, Implementation, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { METRICS, metricsOf } from "./throughput.ts";

/** Bodies that can be looked at where they lie. */
const LARGE_BYTES = 100_000;
const SIZES = [10, 1000, 100_000, 1_000_000] as const;

function throughput(implementation: Implementation, size: number, style: "" | "views" = ""): Contestant {
  return {
    implementation,
    style,
    run: (environment) =>
      withPeers(async (start) => {
        const command = implementation === "libzmq" ? environment.command("libzmq", "inproc") : environment.script("threads");
        const peer = start(command, { role: "inproc", by: implementation, style, size, seconds: environment.seconds });
        await peer.next();
        return metricsOf(await peer.next(), size);
      }),
  };
}

function roundTrip(implementation: Implementation, size: number): Contestant {
  return {
    implementation,
    style: "",
    run: (environment) =>
      withPeers(async (start) => {
        const peer = start(environment.script("threads"), {
          role: "trips",
          by: implementation,
          size,
          seconds: environment.seconds,
        });
        const { median, p99 } = await peer.next();
        return { median: Number(median), p99: Number(p99) };
      }),
  };
}

function caseOf(size: number): Case {
  const contestants = (["zmtp", "postMessage", "libzmq"] as const).map((each) => throughput(each, size));
  if (size >= LARGE_BYTES) contestants.splice(1, 0, throughput("zmtp", size, "views"));
  return { name: sizeName(size), scale: size, quick: size === 10, contestants };
}

export const threads: Part = {
  name: "threads",
  title: "PUSH to PULL over inproc between two threads, and postMessage of the same bytes",
  metrics: METRICS.map((metric) => ({ ...metric, against: ["libzmq", "postMessage"] as const })),
  cases: SIZES.map(caseOf),
  floors: [
    { case: "10 B", contestant: "zmtp", metric: "rate", against: "postMessage", least: 12 },
    { case: "10 B", contestant: "zmtp", metric: "rate", against: "libzmq", least: 0.8 },
    ...[100_000, 1_000_000].map((size) => ({
      case: sizeName(size),
      contestant: "zmtp",
      metric: "rate",
      against: "postMessage",
      least: 1.5,
    })),
    ...[100_000, 1_000_000].map((size) => ({
      case: sizeName(size),
      contestant: "zmtp views",
      metric: "rate",
      against: "postMessage",
      least: 1.5,
    })),
  ],
};

export const threadsRoundTrip: Part = {
  name: "threads-round-trip",
  title: "requests and replies between two threads, one at a time",
  metrics: [
    { name: "median", unit: "µs", better: "lower", against: ["postMessage"] },
    { name: "p99", unit: "µs", better: "lower", against: ["postMessage"] },
  ],
  cases: [10, 1000].map((size) => ({
    name: sizeName(size),
    quick: size === 10,
    contestants: (["zmtp", "postMessage"] as const).map((each) => roundTrip(each, size)),
  })),
  floors: [{ case: "10 B", contestant: "zmtp", metric: "median", against: "postMessage", most: 1 }],
};
