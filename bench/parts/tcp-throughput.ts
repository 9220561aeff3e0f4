/** PUSH to PULL over tcp between two processes, in every style of receiving. */
import type { Floor, Part } from "../support/part.ts";
import { casesOf, METRICS, STYLES } from "./throughput.ts";

const floors: Floor[] = [
  { case: "10 B", contestant: "zmtp batches()", metric: "rate", against: "libzmq", least: 0.5 },
  { case: "10 B", contestant: "zmtp await receive()", metric: "rate", against: "libzmq", least: 0.25 },
  ...STYLES.map((style) => ({ case: "10 B", contestant: `zmtp ${style}`, metric: "rate", against: "zeromq", least: 5 })),
];

export const tcpThroughput: Part = {
  name: "tcp-throughput",
  title: "PUSH to PULL over tcp, two processes",
  metrics: METRICS,
  cases: casesOf("tcp", [10, 100, 1000, 10_000, 100_000], STYLES),
  floors,
};
