/** PUSH to PULL over tcp between two processes, in every style of receiving. */
import type { Part } from "../support/part.ts";
import { casesOf, floorsOf, GROWTH, METRICS, SIZES, STYLES } from "./throughput.ts";

export const tcpThroughput: Part = {
  name: "tcp-throughput",
  title: "PUSH to PULL over tcp, two processes",
  metrics: METRICS,
  cases: casesOf("tcp", SIZES, STYLES),
  floors: floorsOf(STYLES),
  growth: GROWTH,
};
