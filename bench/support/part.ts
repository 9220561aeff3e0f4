/**
 * What a part of the bench is: cases (one per size, say), each run by several contestants, and the floors that its
 * results should reach.
 *
 * Only types and the names of the contestants: a new part is one file in `bench/parts/` and a row in `bench/main.ts`.
 */
import type { Environment } from "./environment.ts";
import type { CaseResult } from "./runner.ts";

/**
 * Whose code a contestant measures. `node:net` and `node:dgram` are the bare sockets of the runtime doing the same work without a
 * protocol: what is physically there to be had.
 */
export type Implementation = "zmtp" | "libzmq" | "zeromq" | "node:net" | "node:dgram" | "ws" | "jszmq" | "postMessage";

/** What one run gives: a number for each metric of its part. */
export type Metrics = Readonly<Record<string, number>>;

/** A quantity that is measured. */
export interface Metric {
  readonly name: string;
  /** As the heading says it: `msg/s`, `µs`. */
  readonly unit: string;
  /** Whether a larger figure is better. Ratios are plain quotients. */
  readonly better: "higher" | "lower";
  /** Another form of the metric before it: its spread and ratios would be the same, and are not printed. */
  readonly derived?: boolean;
  /** Ratios to these only; every reference of the part unless given. */
  readonly against?: readonly Implementation[];
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
  /** What grows from case to case (bytes, peers, subscriptions): growth is fitted over the cases that have it. */
  readonly scale?: number;
  /** Cases that grow together; one family unless given. */
  readonly family?: string;
  /** Open files that one process of it needs; the case is left out, and named, where the system allows fewer. */
  readonly openFiles?: number;
  /** Whether `--quick` runs it too. */
  readonly quick?: boolean;
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
  readonly cases: readonly Case[];
  readonly floors: readonly Floor[];
  /** Rounds at most, for a part whose runs are long and whose figures vary little. */
  readonly rounds?: number;
  /** What the scale of its cases counts ("octets"), and the metrics whose growth with it is fitted. */
  readonly growth?: { readonly of: string; readonly metrics: readonly string[] };
  /** A picture of the results, for `--draw`, and the name of its file. */
  readonly draw?: (results: readonly CaseResult[]) => { readonly file: string; readonly svg: string };
}

/** What tables and floors call a contestant: `zmtp batches()`, `libzmq`. */
export function labelOf(contestant: Pick<Contestant, "implementation" | "style">): string {
  return contestant.style === "" ? contestant.implementation : `${contestant.implementation} ${contestant.style}`;
}
