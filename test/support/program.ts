// A program that says what it does in lines, and is told when to go on in lines.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const PATIENCE_MS = 60_000;

export class Program {
  readonly #command: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #waiting: (() => void) | null = null;
  #over = false;
  #diagnostics = "";

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#command = command.join(" ");
    this.#child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "pipe"], env });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.#lines.push(line);
      this.#waiting?.();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#diagnostics += chunk;
    });
    this.#child.stdin?.on("error", () => undefined); // The exit that caused it is told.
    this.#child.once("close", () => {
      this.#over = true;
      this.#waiting?.();
    });
  }

  /** What it wrote to its error output. */
  get diagnostics(): string {
    return this.#diagnostics;
  }

  /** The next line. */
  async next(): Promise<string> {
    const until = performance.now() + PATIENCE_MS;
    while (this.#lines.length === 0) {
      const left = until - performance.now();
      if (this.#over || left <= 0)
        throw new Error(`${this.#command} ${this.#over ? "has ended" : "said nothing more"}\n${this.#diagnostics}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#waiting = null;
    }
    return this.#lines.shift() as string;
  }

  /** Waits for a line, and fails on another. */
  async expect(line: string): Promise<void> {
    const got = await this.next();
    if (got !== line) throw new Error(`${this.#command} said "${got}", expected "${line}"\n${this.#diagnostics}`);
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends its input, and waits for its end. */
  async finish(): Promise<void> {
    if (this.#over) return;
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await closed;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    if (this.#over) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }
}
