/**
 * Judges results by the floors of their part. A floor whose contestant or reference was not measured is not judged, and
 * says so.
 */
import type { Floor, Part } from "./part.ts";
import { type CaseResult, ratioOf } from "./runner.ts";
import { compact } from "./statistics.ts";

export interface Verdict {
  readonly text: string;
  readonly outcome: "pass" | "FAIL" | "not judged";
}

export function judge(part: Part, results: readonly CaseResult[]): Verdict[] {
  return part.floors
    .filter((floor) => results.some((result) => result.name === floor.case))
    .map((floor) => {
      const figure = figureOf(floor, results);
      const what = whatOf(part, floor);
      if (figure === undefined) return { text: `${what}: ${limitOf(floor)}`, outcome: "not judged" };
      const kept = figure >= (floor.least ?? -Infinity) && figure <= (floor.most ?? Infinity);
      return { text: `${what}: ${compact(figure)}, ${limitOf(floor)}`, outcome: kept ? "pass" : "FAIL" };
    });
}

/** What a floor is about. */
export function whatOf(part: Part, { case: name, contestant, metric, against }: Floor): string {
  return `${part.name} ${name}: ${contestant} ${metric}${against === undefined ? "" : ` / ${against}`}`;
}

export function limitOf({ least, most }: Floor): string {
  return least === undefined ? `at most ${most}` : `at least ${least}`;
}

function figureOf(floor: Floor, results: readonly CaseResult[]): number | undefined {
  const { contestants } = results.find((result) => result.name === floor.case) as CaseResult;
  const own = contestants.find((each) => each.label === floor.contestant);
  const other = contestants.find((each) => each.label === floor.against);
  if (own === undefined || floor.against === undefined) return own?.summaries[floor.metric]?.median;
  return other === undefined ? undefined : ratioOf(own, other, floor.metric);
}
