/**
 * PUSH to PULL over ipc between two processes. Styles and sizes in between are in the tcp part: here the transport is
 * what differs.
 */
import type { Part } from "../support/part.ts";
import { casesOf, METRICS } from "./throughput.ts";

export const ipcThroughput: Part = {
  name: "ipc-throughput",
  title: "PUSH to PULL over ipc, two processes",
  metrics: METRICS,
  cases: casesOf("ipc", [10, 1000, 100_000], ["batches()", "await receive()"]),
  floors: [],
};
