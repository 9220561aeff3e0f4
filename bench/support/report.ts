/** What the bench prints: a table per part as its cases come in, the floors, or all of it as JSON. */
import type { Verdict } from "./floors.ts";
import type { Metric, Part } from "./part.ts";
import type { CaseResult, ContestantResult } from "./runner.ts";
import { compact } from "./statistics.ts";

const REFERENCES = ["libzmq", "zeromq"] as const;
const COLOR = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

export function printHeading(part: Part): void {
  const units = part.metrics.map(
    ({ name, unit, better }) => `${name} in ${unit}${better === "lower" ? ", lower is better" : ""}`,
  );
  console.log(`\n${style("1", part.name)}: ${part.title} (${units.join("; ")})`);
  const figures = part.metrics.map(
    ({ name }) => `${name.padStart(10)} ${"±".padStart(5)} ${"/libzmq".padStart(8)} ${"/zeromq".padStart(8)}`,
  );
  console.log(`  ${"".padEnd(8)} ${"".padEnd(24)}${figures.join("  ")}`);
}

export function printCase(part: Part, result: CaseResult): void {
  for (const [i, contestant] of result.contestants.entries()) {
    const name = `  ${(i === 0 ? result.name : "").padEnd(8)} ${contestant.label.padEnd(24)}`;
    if (contestant.failure !== undefined) console.log(`${name}${style("31", "failed")}: ${contestant.failure}`);
    if (contestant.rounds.length === 0) continue;
    console.log(name + part.metrics.map((metric) => figuresOf(metric, contestant, result)).join("  "));
  }
}

export function printVerdicts(verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return;
  console.log(`\n${style("1", "floors")}`);
  for (const { text, outcome } of verdicts) {
    const color = outcome === "pass" ? "32" : outcome === "FAIL" ? "31" : "33";
    console.log(`  ${style(color, outcome.padEnd(10))} ${text}`);
  }
}

function figuresOf({ name }: Metric, contestant: ContestantResult, { contestants }: CaseResult): string {
  const own = contestant.summaries[name];
  const ratios = REFERENCES.map((label) => {
    const other = contestants.find((each) => each.label === label)?.summaries[name];
    const text = other === undefined || label === contestant.label ? "" : compact(own.median / other.median);
    return text.padStart(8);
  });
  const spread = `${Math.round(own.spread * 100)}%`;
  return `${compact(own.median).padStart(10)} ${spread.padStart(5)} ${ratios.join(" ")}`;
}

function style(code: string, text: string): string {
  return COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
}
