/** What the bench prints: a table per part as its cases come in, the floors, or all of it as JSON. */
import type { Verdict } from "./floors.ts";
import type { Metric, Part } from "./part.ts";
import { type CaseResult, type ContestantResult, ratioOf } from "./runner.ts";
import { compact } from "./statistics.ts";

const REFERENCES: readonly string[] = ["libzmq", "zeromq"];
const COLOR = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

/** Width of a label's column. */
const LABEL = 24;

export function printHeading(part: Part): void {
  const units = part.metrics.map(
    ({ name, unit, better }) => `${name} in ${unit}${better === "lower" ? ", lower is better" : ""}`,
  );
  console.log(`\n${style("1", part.name)}: ${part.title} (${units.join("; ")})`);
  const ratios = (part.references ?? REFERENCES).map((label) => `/${label}`);
  const columns = part.metrics.map(({ name, derived }) => line([name, ...(derived ? [] : ["±", ...ratios])]));
  console.log(`  ${" ".repeat(caseWidth(part) + LABEL)}${columns.join("  ")}`);
}

export function printCase(part: Part, result: CaseResult): void {
  for (const [i, contestant] of result.contestants.entries()) {
    const name = `  ${(i === 0 ? result.name : "").padEnd(caseWidth(part))}${contestant.label.padEnd(LABEL)}`;
    if (contestant.failure !== undefined) console.log(`${name}${style("31", "failed")}: ${contestant.failure}`);
    if (contestant.rounds.length === 0) continue;
    console.log(name + part.metrics.map((metric) => figuresOf(metric, contestant, result, part.references)).join("  "));
  }
}

function caseWidth(part: Part): number {
  return Math.max(...part.cases.map(({ name }) => name.length)) + 2;
}

function line([figure, ...others]: readonly string[]): string {
  return [figure.padStart(10), ...others.map((text) => text.padStart(8))].join(" ");
}

export function printVerdicts(verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return;
  console.log(`\n${style("1", "floors")}`);
  for (const { text, outcome } of verdicts) {
    const color = outcome === "pass" ? "32" : outcome === "FAIL" ? "31" : "33";
    console.log(`  ${style(color, outcome.padEnd(10))} ${text}`);
  }
}

function figuresOf(
  { name, derived }: Metric,
  contestant: ContestantResult,
  { contestants }: CaseResult,
  references = REFERENCES,
): string {
  const own = contestant.summaries[name];
  const median = compact(own.median);
  if (derived) return line([median]);
  const ratios = references.map((label) => {
    const other = contestants.find((each) => each.label === label && label !== contestant.label);
    const ratio = other === undefined ? undefined : ratioOf(contestant, other, name);
    return ratio === undefined ? "" : compact(ratio);
  });
  return line([median, `${Math.round(own.spread * 100)}%`, ...ratios]);
}

function style(code: string, text: string): string {
  return COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
}
