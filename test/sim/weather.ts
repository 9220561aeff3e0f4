/** What happens to a network in a simulation, drawn from its seed; and the options and sockets that the topologies share. */
import type { Random } from "../../src/base/random.ts";
import type { NetworkProfile, Simulation } from "../../src/testing.ts";
import { seed } from "../support/seed.ts";

/** Seeds of each topology; another first one each time, unless ZMTP_SEED says which. */
export const SEEDS = { seeds: 200, firstSeed: seed } as const;

/** A number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + random.next(most - least + 1);
}

/** One of them. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.next(from.length)];
}

/** Other delays, buffers and pieces in each run, often so small that everything is cut and waits. */
export function climate(simulation: Simulation): NetworkProfile {
  const { random } = simulation;
  const bufferBytes = pick(random, [64, 300, 2000, 65536]);
  const least = random.next(10);
  const profile = {
    latencyMs: [least, least + random.next(20)] as const,
    bufferBytes,
    chunkBytes: pick(random, [7, 100, bufferBytes]),
    refusePercent: pick(random, [0, 0, 30]),
  };
  simulation.network.profile = profile;
  return profile;
}

/** Sockets that notice a dead link soon. */
export const VIGILANT = {
  heartbeatInterval: 150,
  heartbeatTimeout: 200,
  handshakeInterval: 500,
  connectTimeout: 500,
  reconnectInterval: 20,
} as const;

/** The same, in one run of four without heartbeats, which mend more than they should have to; `weather` needs to know. */
export function vigilance(
  random: Random,
): typeof VIGILANT | (Omit<typeof VIGILANT, "heartbeatInterval"> & { heartbeatInterval: 0 }) {
  return random.next(4) === 0 ? { ...VIGILANT, heartbeatInterval: 0 } : VIGILANT;
}

/**
 * Faults at random times until `untilMs` from now; then all are over. About one run in five is left in peace. Without
 * heartbeats (`silences` false) no link goes half-open, for nobody would ever know.
 */
export function weather(simulation: Simulation, hosts: readonly string[], untilMs: number, silences = true): void {
  const { random, network } = simulation;
  if (random.next(5) === 0) return;
  const parted: [string, string][] = [];
  const some = () => network.connections().filter(() => random.next(2) === 0);
  for (let left = between(random, 1, 8); left > 0; left--) {
    const kind = random.next(5);
    const at = random.next(untilMs);
    simulation.after(at, () => {
      if (kind <= 1) network.reset(some());
      else if (kind === 2 && silences) network.silence(some());
      else if (kind === 3) network.stall(random.next(Math.max(1, untilMs - at)), some());
      else {
        const two: [string, string] = [pick(random, hosts), pick(random, hosts)];
        network.part(...two);
        parted.push(two);
      }
    });
  }
  simulation.after(untilMs, () => {
    for (const two of parted) network.heal(...two);
    network.profile = { ...network.profile, refusePercent: 0 };
  });
}

/** Looks every few milliseconds, as long as the simulation lasts. */
export function watch(simulation: Simulation, look: () => void): void {
  simulation.after(7, () => {
    look();
    watch(simulation, look);
  });
}
