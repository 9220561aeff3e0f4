/**
 * Runs cases: every contestant once per round, in turn (A B C A B C), so that what changes on the machine meanwhile
 * hits all alike.
 *
 * A contestant that fails is reported with its reason and left out of further rounds; the others go on.
 */
import type { Environment } from "./environment.ts";
import { type Case, labelOf, type Metrics, type Part } from "./part.ts";
import type { Progress } from "./progress.ts";
import { median, type Summary, summarize } from "./statistics.ts";

export interface ContestantResult {
  readonly label: string;
  /** By name of metric; of those rounds that succeeded. */
  readonly summaries: Readonly<Record<string, Summary>>;
  /** Every round's figures. */
  readonly rounds: readonly Metrics[];
  readonly failure: string | undefined;
}

export interface CaseResult {
  readonly name: string;
  readonly contestants: readonly ContestantResult[];
}

export interface PartResult {
  readonly part: Part;
  readonly cases: readonly CaseResult[];
}

export async function runCase(
  part: Part,
  { name, contestants }: Case,
  rounds: number,
  environment: Environment,
  progress: Progress,
): Promise<CaseResult> {
  const figures = contestants.map((): Metrics[] => []);
  const failures = contestants.map((): string | undefined => undefined);
  for (let round = 1; round <= rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      progress.start(`${part.name} ${name}, round ${round}: ${labelOf(contestant)}`);
      try {
        if (failures[i] === undefined) figures[i].push(await contestant.run(environment));
      } catch (error) {
        failures[i] = (error as Error).message;
      }
      progress.finish();
    }
  }
  return {
    name,
    contestants: contestants.map((contestant, i) => ({
      label: labelOf(contestant),
      summaries: summariesOf(part, figures[i]),
      rounds: figures[i],
      failure: failures[i],
    })),
  };
}

/**
 * How many times `other` a contestant has of a metric: the median of the quotients of each round, whose runs were
 * neighbours in time. Undefined when one of them has no figures.
 */
export function ratioOf(own: ContestantResult, other: ContestantResult, metric: string): number | undefined {
  const rounds = Math.min(own.rounds.length, other.rounds.length);
  if (rounds === 0) return undefined;
  return median(own.rounds.slice(0, rounds).map((each, round) => each[metric] / other.rounds[round][metric]));
}

function summariesOf(part: Part, figures: readonly Metrics[]): Record<string, Summary> {
  if (figures.length === 0) return {};
  // A case need not have every metric of its part.
  const measured = part.metrics.filter(({ name }) => name in figures[0]);
  return Object.fromEntries(measured.map(({ name }) => [name, summarize(figures.map((each) => each[name]))]));
}
