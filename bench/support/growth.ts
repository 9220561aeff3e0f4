/**
 * How a figure grows with the scale of its cases: the exponent of the power law through them, fitted to their
 * logarithms, and the exponent of the last step alone.
 *
 * Growth is of the cost: a rate counts as the time that one takes. 0 costs the same at any scale, 1 is linear. A cost
 * with a constant part has an exponent below 1 that comes near 1 in the end; what is above 1 in the last step grows
 * faster than linearly.
 */
import type { Part } from "./part.ts";
import type { CaseResult } from "./runner.ts";

export interface Growth {
  readonly family: string;
  readonly contestant: string;
  readonly metric: string;
  /** Over all scales. */
  readonly exponent: number;
  /** From the last scale but one to the last. */
  readonly last: number;
  readonly scales: readonly number[];
}

type Point = readonly [scale: number, cost: number];

/** Nothing for a part without growth, or with fewer than three scales measured. */
export function growthOf(part: Part, results: readonly CaseResult[]): Growth[] {
  if (part.growth === undefined) return [];
  const growths: Growth[] = [];
  const scaled = part.cases.filter(({ scale }) => scale !== undefined);
  for (const family of new Set(scaled.map((each) => each.family ?? ""))) {
    const members = scaled.filter((each) => (each.family ?? "") === family);
    const labels = new Set(
      results.filter(({ name }) => members.some((each) => each.name === name)).flatMap((r) => r.contestants.map((c) => c.label)),
    );
    for (const contestant of labels) {
      for (const metric of part.growth.metrics) {
        const better = part.metrics.find(({ name }) => name === metric)?.better;
        const points = members.flatMap(({ name, scale }): Point[] => {
          const found = results.find((result) => result.name === name)?.contestants.find(({ label }) => label === contestant);
          const value = found?.summaries[metric]?.median;
          if (value === undefined || value <= 0) return [];
          return [[scale as number, better === "higher" ? 1 / value : value]];
        });
        if (points.length < 3) continue;
        const scales = points.map(([scale]) => scale);
        growths.push({ family, contestant, metric, exponent: slope(points), last: slope(points.slice(-2)), scales });
      }
    }
  }
  return growths;
}

/** Of the line of least squares through the logarithms. */
export function slope(points: readonly Point[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (i: 0 | 1): number => logs.reduce((sum, each) => sum + each[i], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const rise = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return rise / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}
