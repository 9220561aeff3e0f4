/**
 * Differential tests: the same program runs on npm `zeromq` and on the drop-in, and must do the same.
 *
 * A program gets the module and a log; what it logs is compared, with ports and paths replaced by what they are for. The
 * original runs in a child process, all programs of a test file in one.
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";
import ours from "../../src/zeromq.ts";

export type Zeromq = typeof import("zeromq");
export const original = createRequire(import.meta.url)("zeromq") as Zeromq;
export const dropIn = ours as unknown as Zeromq;

/** In the child, which runs the programs on the original: it can crash, and then crashes alone. */
const CHILD = process.env.ZMTP_TEST_ORIGINAL !== undefined;
const DEADLINE_MS = 30_000;
/** A program of the original that takes longer hangs. */
const HANGS_MS = 4000;

export type Log = (...what: readonly unknown[]) => void;
export type Program = (zmq: Zeromq, log: Log) => unknown;

interface Report {
  readonly title: string;
  readonly lines: readonly string[];
}

const programs: [title: string, program: Program][] = [];
if (CHILD) setImmediate(runPrograms);

/** Runs a program on both and compares what it logged. */
export function both(title: string, program: Program): void {
  if (CHILD) {
    programs.push([title, program]);
    return;
  }
  void test(title, { timeout: DEADLINE_MS }, async () => {
    const actual = await logOf(dropIn, program);
    const expected = (await (reports ??= reportsOfOriginal())).get(title) ?? [];
    assert.ok(expected.length > 0, "the program logs something on the original");
    const differences = expected.flatMap((line, index) =>
      line === actual[index] ? [] : [`the original: ${line}\n     the drop-in: ${actual[index]}`],
    );
    assert.equal(differences.join("\n"), "");
    assert.equal(actual.length, expected.length);
  });
}

let reports: Promise<Map<string, readonly string[]>> | undefined;

// The same test file, once more, in a process of its own.
function reportsOfOriginal(): Promise<Map<string, readonly string[]>> {
  return new Promise((resolve, reject) => {
    const found = new Map<string, readonly string[]>();
    const child = fork(process.argv[1], { env: { ...process.env, ZMTP_TEST_ORIGINAL: "1" }, execArgv: [], silent: true });
    child.on("message", ({ title, lines }: Report) => void found.set(title, lines));
    child.on("error", reject);
    child.on("close", () => resolve(found));
  });
}

async function runPrograms(): Promise<void> {
  for (const [title, program] of programs) {
    const lines = await Promise.race([logOf(original, program), tooLate()]);
    await new Promise((resolve) => process.send?.({ title, lines } satisfies Report, resolve));
  }
  process.kill(process.pid, "SIGKILL"); // Ending it in the usual way would wait for its sockets, or crash.
}

function tooLate(): Promise<string[]> {
  return new Promise((resolve) => setTimeout(resolve, HANGS_MS, ["the original hangs"]).unref());
}

async function logOf(zmq: Zeromq, program: Program): Promise<string[]> {
  const lines: string[] = [];
  try {
    await program(zmq, (...what) => lines.push(what.map(shown).join(" ")));
  } catch (error) {
    lines.push(`thrown: ${shown(error)}`);
  }
  return lines;
}

/** What a call gives: its value, or its error with all that a program can match on. */
export function outcome(call: () => unknown): string {
  try {
    return shown(call());
  } catch (error) {
    return shown(error);
  }
}

/** What a promise gives. */
export async function outcomeOf(call: () => unknown): Promise<string> {
  try {
    return shown(await call());
  } catch (error) {
    return shown(error);
  }
}

function shown(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message} ${JSON.stringify(ownOf(value))}`;
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString("latin1")}>`;
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => `${key}: ${shown(each)}`);
    return `${value.constructor.name} { ${entries.join(", ")} }`;
  }
  return typeof value === "string" ? neutral(value) : String(value);
}

function ownOf(error: Error): object {
  const { cause: _, ...own } = { ...error } as Record<string, unknown>;
  return typeof own.address === "string" ? { ...own, address: neutral(own.address) } : own;
}

// Ports and paths of the moment.
function neutral(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT").replace(/ipc:\/\/\/tmp\/\S+/g, "ipc://PATH");
}
