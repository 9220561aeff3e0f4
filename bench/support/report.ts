/** What the bench prints: a table per part as its cases come in, how they grow, the floors, and the list of parts. */
import { limitOf, type Verdict, whatOf } from "./floors.ts";
import type { Growth } from "./growth.ts";
import type { Case, Implementation, Metric, Part } from "./part.ts";
import { type CaseResult, type ContestantResult, ratioOf } from "./runner.ts";
import { compact } from "./statistics.ts";

const REFERENCES: readonly Implementation[] = ["libzmq", "zeromq", "node:net", "node:dgram"];
const COLOR = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

/** Width of a label's column. */
const LABEL = 25;
/** In the last step a cost that grows with more than this exponent is marked. */
const LINEAR = 1.15;

export function printHeading(part: Part): void {
  const units = part.metrics.map(
    ({ name, unit, better }) => `${name} in ${unit}${better === "lower" ? ", lower is better" : ""}`,
  );
  console.log(`\n${style("1", part.name)}: ${part.title} (${units.join("; ")})`);
  const columns = part.metrics.map((metric) =>
    line([metric.name, ...(metric.derived ? [] : ["±", ...referencesOf(part, metric).map((name) => `/${name}`)])]),
  );
  console.log(`  ${" ".repeat(caseWidth(part) + LABEL)}${columns.join("  ")}`);
}

export function printCase(part: Part, result: CaseResult): void {
  for (const [i, contestant] of result.contestants.entries()) {
    const name = `  ${(i === 0 ? result.name : "").padEnd(caseWidth(part))}${contestant.label.padEnd(LABEL)}`;
    if (contestant.failure !== undefined) console.log(`${name}${style("31", "failed")}: ${contestant.failure}`);
    if (contestant.rounds.length === 0) continue;
    console.log(name + part.metrics.map((metric) => figuresOf(part, metric, contestant, result)).join("  "));
  }
}

export function printGrowth(part: Part, growths: readonly Growth[]): void {
  if (growths.length === 0 || part.growth === undefined) return;
  console.log(`  Growth of the cost with the number of ${part.growth.of}: exponent over all, and of the last step`);
  const families = new Set(growths.map(({ family }) => family));
  for (const family of families) {
    const rows = growths.filter((each) => each.family === family);
    for (const contestant of new Set(rows.map((each) => each.contestant))) {
      const cells = rows
        .filter((each) => each.contestant === contestant)
        .map(({ metric, exponent, last }) => {
          const text = `${metric} ${exponent.toFixed(2)}, ${last.toFixed(2)}`.padEnd(26);
          return last > LINEAR ? style("33", `${text.trimEnd()} (faster than linear)`) : text;
        });
      console.log(`    ${family === "" ? "" : family.padEnd(16)}${contestant.padEnd(LABEL)}${cells.join("  ").trimEnd()}`);
    }
  }
}

export function printVerdicts(verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return;
  const kept = verdicts.filter(({ outcome }) => outcome === "pass").length;
  console.log(`\n${style("1", "floors")}: ${kept} of ${verdicts.length} reached`);
  for (const { text, outcome } of verdicts) {
    const color = outcome === "pass" ? "32" : outcome === "FAIL" ? "31" : "33";
    console.log(`  ${style(color, outcome.padEnd(10))} ${text}`);
  }
}

export function printList(parts: readonly Part[]): void {
  for (const part of parts) {
    console.log(`${style("1", part.name)}: ${part.title}`);
    console.log(`  ${part.cases.map(({ name }: Case) => name).join(", ")}`);
    for (const floor of part.floors) console.log(`    ${whatOf(part, floor)}: ${limitOf(floor)}`);
  }
}

/** Who the figures of a metric are compared with: of the references, those that take part. */
function referencesOf(part: Part, { against = REFERENCES }: Metric): readonly Implementation[] {
  const present = new Set(part.cases.flatMap(({ contestants }) => contestants.map(({ implementation }) => implementation)));
  return against.filter((name) => present.has(name));
}

function caseWidth(part: Part): number {
  return Math.max(...part.cases.map(({ name }) => name.length)) + 2;
}

function line([figure, ...others]: readonly string[]): string {
  return [figure.padStart(10), ...others.map((text, i) => text.padStart(i === 0 ? 5 : 9))].join(" ");
}

function figuresOf(part: Part, metric: Metric, contestant: ContestantResult, { contestants }: CaseResult): string {
  const own = contestant.summaries[metric.name];
  if (own === undefined) return "";
  const median = compact(own.median);
  if (metric.derived) return line([median]);
  const ratios = referencesOf(part, metric).map((label) => {
    const other = contestants.find((each) => each.label === label && label !== contestant.label);
    const ratio = other === undefined ? undefined : ratioOf(contestant, other, metric.name);
    return ratio === undefined || !Number.isFinite(ratio) ? "" : compact(ratio);
  });
  const spread = contestant.rounds.length > 1 ? `${Math.round(own.spread * 100)}%` : "";
  return line([median, spread, ...ratios]);
}

function style(code: string, text: string): string {
  return COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
}
