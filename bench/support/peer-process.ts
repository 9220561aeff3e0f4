/**
 * A peer program in a process of its own. It writes one JSON object per line to stdout; it ends when its stdin ends, so
 * that none outlives the bench.
 *
 * A peer that ends before it has said what was waited for, or takes too long, fails the run with what it wrote to
 * stderr.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Command } from "./environment.ts";

/** A peer that says nothing for so long is stuck. */
const SILENCE_MS = 30_000;

export type Report = Readonly<Record<string, number | string>>;

export class PeerProcess {
  #child: ChildProcess;
  #lines: Report[] = [];
  #waiting: ((report: Report | undefined) => void) | undefined;
  #errors = "";
  #what: string;
  #ended = false;

  /** `settings` become `name=value` arguments. */
  constructor(command: Command, settings: Readonly<Record<string, string | number>>) {
    const args = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    this.#what = `${command.file} ${[...command.args, ...args].join(" ")}`;
    this.#child = spawn(command.file, [...command.args, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin?.on("error", () => undefined); // It may end before we do.
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      this.#push(JSON.parse(line) as Report),
    );
    this.#child.once("error", (error) => {
      this.#errors += error.message;
      this.#over();
    });
    this.#child.once("close", () => this.#over());
  }

  /** The next object that the peer writes. */
  async next(): Promise<Report> {
    const ready = this.#lines.shift();
    if (ready !== undefined) return ready;
    if (this.#ended) throw this.#failure("ended too early");
    let timer: NodeJS.Timeout | undefined;
    const report = await new Promise<Report | undefined>((resolve) => {
      this.#waiting = resolve;
      timer = setTimeout(() => resolve(undefined), SILENCE_MS);
    });
    clearTimeout(timer);
    this.#waiting = undefined;
    if (report === undefined) throw this.#failure(this.#ended ? "ended too early" : `said nothing for ${SILENCE_MS} ms`);
    return report;
  }

  /** Ends the process and waits for it. */
  async end(): Promise<void> {
    if (this.#ended) return;
    const over = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    this.#child.kill("SIGKILL");
    await over;
  }

  #push(report: Report): void {
    if (this.#waiting === undefined) this.#lines.push(report);
    else this.#waiting(report);
  }

  #over(): void {
    this.#ended = true;
    this.#waiting?.(undefined);
  }

  #failure(text: string): Error {
    return new Error(`${this.#what}: ${text}${this.#errors === "" ? "" : `\n${this.#errors.trim()}`}`);
  }
}

/** Runs `work` with peers that are ended afterwards, whatever happens. */
export async function withPeers<Result>(
  work: (start: (command: Command, settings: Readonly<Record<string, string | number>>) => PeerProcess) => Promise<Result>,
): Promise<Result> {
  const peers: PeerProcess[] = [];
  try {
    return await work((command, settings) => {
      const peer = new PeerProcess(command, settings);
      peers.push(peer);
      return peer;
    });
  } finally {
    await Promise.all(peers.map((peer) => peer.end()));
  }
}
