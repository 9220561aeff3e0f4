/** Which cases of which parts a run has, by its arguments and by what the machine can do. */
import { type Arguments, UsageError } from "./arguments.ts";
import type { Machine } from "./machine.ts";
import type { Case, Part } from "./part.ts";

export interface Plan {
  readonly parts: readonly Part[];
  /** What is left out against the arguments, and why. */
  readonly left: readonly string[];
}

export function plan(all: readonly Part[], options: Arguments, machine: Machine): Plan {
  const unknown = options.parts.filter((name) => !all.some((part) => part.name === name));
  if (unknown.length > 0)
    throw new UsageError(`there is no part "${unknown[0]}"; the parts are ${all.map((part) => part.name).join(", ")}`);
  const chosen = all.filter((part) => options.parts.length === 0 || options.parts.includes(part.name));
  const left: string[] = [];
  const parts = chosen
    .map((part) => ({ ...part, cases: casesOf(part, options).filter((each) => fits(part, each, machine, left)) }))
    .map((part) => ({ ...part, cases: part.cases.map((each) => able(each, machine)) }));
  if (parts.every((part) => part.cases.length === 0) && left.length === 0)
    throw new UsageError(`no case is named "${options.case}"`);
  return { parts: parts.filter((part) => part.cases.length > 0), left };
}

/** `--case` chooses by name; `--quick` those that say so, or the first. */
function casesOf({ cases }: Part, options: Arguments): readonly Case[] {
  if (options.case !== undefined) return cases.filter(({ name }) => name === options.case);
  if (!options.quick) return cases;
  const quick = cases.filter((each) => each.quick);
  return quick.length > 0 ? quick : cases.slice(0, 1);
}

function fits(part: Part, { name, openFiles = 0 }: Case, machine: Machine, left: string[]): boolean {
  if (openFiles <= machine.openFiles) return true;
  left.push(
    `${part.name} ${name} is not measured: a process of it needs ${openFiles} open files, the system allows ${machine.openFiles} (ulimit -Hn)`,
  );
  return false;
}

function able(each: Case, { versions }: Machine): Case {
  return { ...each, contestants: each.contestants.filter(({ implementation }) => versions[implementation] !== undefined) };
}
