// The matrix as a table: for a terminal and for docs/languages.md.

import { CONVERSATIONS } from "./conversations.ts";
import type { LanguageKind } from "./kinds.ts";
import type { Cell, Row } from "./matrix.ts";

const WE_BIND = "we bind";
const THEY_BIND = "they bind";

/** Languages that could not be talked to here, with the reason. */
export interface Absent {
  readonly language: LanguageKind;
  readonly reason: string;
}

/** The page's part that a run writes. */
export function markdown(rows: readonly Row[], absent: readonly Absent[], environment: string): string {
  const notes: string[] = [];
  const groups = [...new Set(rows.map(({ language }) => language.group))];
  const tables = groups.map((group) => {
    const lines = rows.filter(({ language }) => language.group === group).map((row) => line(row, notes));
    const titles = CONVERSATIONS.map(({ title }) => title);
    return [
      `### ${capital(group)}`,
      "",
      `| | ${titles.join(" | ")} |`,
      `| --- |${titles.map(() => " --- |").join("")}`,
      ...lines,
    ].join("\n");
  });
  return [
    environment,
    ...tables,
    ...(absent.length === 0 ? [] : [absent.map(({ language, reason }) => `Not held: ${language.name}: ${reason}.`).join("\n")]),
    ...(notes.length === 0 ? [] : [notes.join("\n")]),
  ].join("\n\n");
}

/** Whether a conversation failed for which we are to blame. */
export function isOurs(row: Row): boolean {
  return row.cells.some(({ verdict }) => verdict.kind === "ours");
}

/** One line for each language, while the run goes on. */
export function summary(row: Row): string {
  const count = (kind: string): number => row.cells.filter(({ verdict }) => verdict.kind === kind).length;
  const rest = (["peer's fault", "ours", "lacking"] as const)
    .filter((kind) => count(kind) > 0)
    .map((kind) => `${count(kind)} ${kind}`);
  return [`${row.language.name}: ${count("held")} held`, ...rest].join(", ");
}

function line(row: Row, notes: string[]): string {
  const cells = CONVERSATIONS.map(({ title }) => {
    const [ours, theirs] = (["a", "b"] as const).map(
      (binder) => row.cells.find((each) => each.conversation === title && each.binder === binder) as Cell,
    );
    const texts = [mark(row, ours, WE_BIND, notes), mark(row, theirs, THEY_BIND, notes)];
    return texts[0] === texts[1] ? texts[0] : texts.join(", ");
  });
  return `| ${row.language.name} | ${cells.join(" | ")} |`;
}

function mark(row: Row, { verdict, conversation }: Cell, binder: string, notes: string[]): string {
  if (verdict.kind === "held") return "✓";
  if (verdict.kind === "lacking") return "–";
  const name = `${row.language.name}, ${conversation}, ${binder}`;
  const text =
    verdict.kind === "ours"
      ? `**Fails with us, holds with libzmq**: ${name}. With us: ${code(verdict.withUs)}.`
      : `The peer's own: ${name}. With us: ${code(verdict.withUs)}. With libzmq${verdict.attempt === 1 ? "" : `, at the ${verdict.attempt}th time`}: ${code(verdict.withLibzmq)}.`;
  notes.push(`${notes.length + 1}. ${text}`);
  return verdict.kind === "ours" ? `✗ [${notes.length}]` : `peer [${notes.length}]`;
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll("|", "/")}\``;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
