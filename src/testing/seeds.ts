/**
 * Many seeds of one simulation: each a run of its own; the first that fails is told with the way to repeat it.
 *
 * `ZMTP_SEED=n` in the environment runs that seed alone.
 */
import { Simulation, type SimulationOptions } from "./simulation.ts";

/** What `simulate` is called with. */
export interface SeedsOptions extends Omit<SimulationOptions, "seed"> {
  /** How many runs. */
  readonly seeds?: number;
  /** The first run's seed; the others follow. */
  readonly firstSeed?: number;
}

interface Environment {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

/** The lines of a failed run's history that are shown. */
const LINES = 40;

/**
 * Runs `program` once per seed, each time with a simulation of its own; afterwards closes its sockets and checks that
 * nothing is left. Throws what went wrong, with the seed and what the network did last.
 */
export async function simulate(options: SeedsOptions, program: (simulation: Simulation) => Promise<void>): Promise<void> {
  const { seeds = 100, firstSeed = 1, ...rest } = options;
  const given = (globalThis as Environment).process?.env?.ZMTP_SEED;
  const alone = given !== undefined && given !== "";
  const first = !alone ? firstSeed : Number(given);
  const count = !alone ? seeds : 1;
  for (let i = 0; i < count; i++) await one({ ...rest, seed: (first + i) >>> 0 }, program);
}

async function one(options: SimulationOptions, program: (simulation: Simulation) => Promise<void>): Promise<void> {
  const simulation = new Simulation(options);
  try {
    await program(simulation);
    await simulation.close();
  } catch (error) {
    const { history } = simulation.network;
    const text = error instanceof Error ? error.message : String(error);
    const past = history.slice(-LINES).map((line) => `  ${line}`);
    throw new Error(
      [
        `seed ${simulation.seed} failed at ${simulation.now.toFixed(1)} ms: ${text}`,
        `to repeat it, set ZMTP_SEED=${simulation.seed}; what the network did:`,
        ...past,
      ].join("\n"),
      { cause: error },
    );
  }
}
