/**
 * A flow of the tour: some sockets that exchange checked messages, and what is counted about them. One row of the
 * table.
 */
import { setImmediate } from "node:timers/promises";

export interface Counts {
  readonly sent: number;
  /** Messages that came, whole or changed. */
  readonly received: number;
  /** Known to be lost: gaps where order is promised. */
  readonly lost: number;
  /** Changed on the way, or received twice. */
  readonly changed: number;
}

export interface Flow {
  readonly transport: "inproc" | "ipc" | "tcp";
  readonly pattern: string;
  /** Whom the socket here talks to. */
  readonly partner: string;
  counts(): Counts;
}

/** What the tour starts and ends: one flow or several that share a socket. */
export interface Exchange {
  readonly flows: readonly Flow[];
  /** Sends until `stop` is called; rejects when something goes wrong. */
  run(): Promise<void>;
  /** No more messages are sent; those under way still arrive. */
  stop(): void;
  close(): void;
}

/** What exchanges get from the tour. */
export interface Surroundings {
  /** An empty folder for ipc sockets. */
  readonly folder: string;
  /** Whether npm `zeromq` is installed, with which some peers are libzmq. */
  readonly libzmq: boolean;
  /** Breaks one message of the pipeline, to show that the tour would notice. */
  readonly sabotage: "none" | "change" | "lose";
}

/**
 * To be awaited by what sends as fast as it can: after every `turn` messages it waits for the next turn of the event
 * loop. The library gives others their turn too, but later; so many flows in one thread look better with short turns.
 */
export async function breathe(sent: number, turn: number): Promise<void> {
  if (sent % turn === 0) await setImmediate();
}

export function sumOf(flows: readonly Flow[]): Counts {
  const sum = { sent: 0, received: 0, lost: 0, changed: 0 };
  for (const flow of flows) {
    const counts = flow.counts();
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
  }
  return sum;
}
