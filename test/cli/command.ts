/** The command as a black box: a child process with arguments and input, its output and exit code. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const CLI = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const DEADLINE_MS = 20_000;

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly done: Promise<Result>;
  stdout = "";
  stderr = "";

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { timeout: DEADLINE_MS });
    this.child.stdout.on("data", (text) => {
      this.stdout += String(text);
    });
    this.child.stderr.on("data", (text) => {
      this.stderr += String(text);
    });
    this.child.stdin.on("error", () => undefined); // It may end without having read everything.
    this.done = once(this.child, "close").then(([code]) => ({ code, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Waits until the output has something; fails when the command ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout + this.stderr);
      if (found !== null) return found;
      if (this.child.exitCode !== null) throw new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`);
      await Promise.race([once(this.child.stdout, "data"), once(this.child.stderr, "data"), this.done]);
    }
  }
}

/** Starts `zmtp` with arguments; it is ended with the test. */
export function start(t: TestContext, ...args: readonly string[]): Running {
  return startOther(t, process.execPath, CLI, ...args);
}

/** Starts another program. */
export function startOther(t: TestContext, command: string, ...args: readonly string[]): Running {
  const running = new Running(command, args);
  t.after(() => running.child.kill("SIGKILL"));
  return running;
}

/** Runs `zmtp` to its end. */
export function zmtp(t: TestContext, args: readonly string[], input = ""): Promise<Result> {
  const running = start(t, ...args);
  running.child.stdin.end(input);
  return running.done;
}
