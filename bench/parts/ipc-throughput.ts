/** PUSH to PULL over ipc between two processes. The styles in between are in the tcp part: here the transport differs. */
import type { Part } from "../support/part.ts";
import { casesOf, floorsOf, GROWTH, METRICS, SIZES } from "./throughput.ts";

const STYLES = ["batches()", "await receive()"] as const;

export const ipcThroughput: Part = {
  name: "ipc-throughput",
  title: "PUSH to PULL over ipc, two processes",
  metrics: METRICS,
  cases: casesOf("ipc", SIZES, STYLES),
  floors: floorsOf(STYLES),
  growth: GROWTH,
};
