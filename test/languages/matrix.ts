// Holds every conversation with every language, each side binding, and says what came of it.
//
// A conversation that fails with us is held again between the language and libzmq, several times with new processes. If one of
// these fails too, it is the peer's own fault, and that failure is the proof; if none does, it is ours.

import { libzmqNode, ourselves, type PeerKind } from "../support/peers.ts";
import { CONVERSATIONS, type Conversation, type Side, Table } from "./conversations.ts";
import type { LanguageKind } from "./kinds.ts";

export type Verdict =
  | { readonly kind: "held" }
  | { readonly kind: "lacking" }
  /** Fails with libzmq too. */
  | { readonly kind: "peer's fault"; readonly withUs: string; readonly withLibzmq: string; readonly attempt: number }
  | { readonly kind: "ours"; readonly withUs: string };

export interface Cell {
  readonly conversation: string;
  readonly binder: Side;
  readonly verdict: Verdict;
}

export interface Row {
  readonly language: LanguageKind;
  readonly version: string;
  readonly cells: readonly Cell[];
}

/** Some peers fail only now and then, so one success with libzmq does not acquit them. */
const PROOF_ATTEMPTS = 30;
const BINDERS: readonly Side[] = ["a", "b"];
const PATIENCE_MS = 60_000;

/** All cells of a language that is here. */
export async function holdAll(language: LanguageKind): Promise<Row> {
  const cells: Cell[] = [];
  let version = "";
  for (const binder of BINDERS) {
    let table = new Table(ourselves, language, binder);
    version ||= (await table.peer("b")).version;
    for (const conversation of CONVERSATIONS) {
      const verdict = await judge(table, language, conversation);
      cells.push({ conversation: conversation.title, binder, verdict });
      if (verdict.kind === "held" || verdict.kind === "lacking") continue;
      await table.end(); // The processes may be in the middle of anything.
      table = new Table(ourselves, language, binder);
    }
    await table.end();
  }
  return { language, version, cells };
}

async function judge(table: Table, language: LanguageKind, conversation: Conversation): Promise<Verdict> {
  if (isLacking(language, conversation)) return { kind: "lacking" };
  const withUs = await failure(table, conversation);
  if (withUs === undefined) return { kind: "held" };
  for (let attempt = 1; attempt <= PROOF_ATTEMPTS; attempt++) {
    const failed = await failureBetween(libzmqNode, language, conversation, table.binder);
    if (failed !== undefined) return { kind: "peer's fault", withUs, withLibzmq: failed, attempt };
  }
  return { kind: "ours", withUs };
}

/** Holds all conversations up to this one, as they were held with us: a peer can fail because of what went before. */
async function failureBetween(
  a: PeerKind,
  b: LanguageKind,
  conversation: Conversation,
  binder: Side,
): Promise<string | undefined> {
  let table = new Table(a, b, binder);
  try {
    await table.peer("a"); // Without libzmq there is no proof: that it cannot be started is a failure of the whole run.
    for (const each of CONVERSATIONS) {
      if (isLacking(b, each)) continue;
      const failed = await failure(table, each);
      if (each === conversation) return failed;
      if (failed === undefined) continue;
      await table.end(); // As with us: new processes for the next.
      table = new Table(a, b, binder);
    }
    return undefined;
  } finally {
    await table.end();
  }
}

function isLacking(language: LanguageKind, { needs }: Conversation): boolean {
  return needs !== undefined && !language.abilities.includes(needs);
}

/** What went wrong; undefined if nothing did. */
export async function failure(table: Table, conversation: Conversation): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    const held = conversation.hold(table).then(() => table.clear());
    held.catch(() => undefined); // When it is late, nobody waits for it any more.
    await Promise.race([held, late]);
    return undefined;
  } catch (error) {
    return shortened(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 200 ? line : `${line.slice(0, 197)}…`;
}
