/**
 * What a part of the bench is: cases (one per size, say), each run by several contestants, and the floors that its
 * results should reach.
 *
 * Only types and the names of the contestants: a new part is one file in `bench/parts/` and a row in `bench/main.ts`.
 */
import type { Environment } from "./environment.ts";

/** Whose code a contestant measures. */
export type Implementation = "zmtp" | "libzmq" | "zeromq" | "ws" | "jszmq";

/** What one run gives: a number for each metric of its part. */
export type Metrics = Readonly<Record<string, number>>;

/** A quantity that is measured. */
export interface Metric {
  readonly name: string;
  readonly unit: "msg/s" | "MB/s" | "µs" | "s" | "% of a core";
  /** Whether a larger figure is better. Ratios are plain quotients. */
  readonly better: "higher" | "lower";
  /** Another form of the metric before it: its spread and ratios would be the same, and are not printed. */
  readonly derived?: boolean;
}

/** One way to do a case. */
export interface Contestant {
  readonly implementation: Implementation;
  /** How it is used, such as `batches()`; empty when there is only one way. */
  readonly style: string;
  run(environment: Environment): Promise<Metrics>;
}

export interface Case {
  readonly name: string;
  readonly contestants: readonly Contestant[];
}

/** What a result should reach: a ratio to another contestant of the same case, or an absolute limit. */
export interface Floor {
  readonly case: string;
  readonly contestant: string;
  readonly metric: string;
  /** Contestant to compare with, by its label. */
  readonly against?: string;
  /** The ratio to `against` (or the value itself) must be at least this. */
  readonly least?: number;
  /** The ratio to `against` (or the value itself) must be at most this. */
  readonly most?: number;
}

export interface Part {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** Whom the ratios of the table are to, by label; absent: libzmq and zeromq. */
  readonly references?: readonly string[];
  readonly cases: readonly Case[];
  readonly floors: readonly Floor[];
}

/** What tables and floors call a contestant: `zmtp batches()`, `libzmq`. */
export function labelOf(contestant: Pick<Contestant, "implementation" | "style">): string {
  return contestant.style === "" ? contestant.implementation : `${contestant.implementation} ${contestant.style}`;
}
