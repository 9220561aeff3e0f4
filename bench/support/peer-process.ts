/**
 * A peer program in a process of its own. It writes one JSON object per line to stdout; it ends when its stdin ends, so
 * that none outlives the bench.
 *
 * Lines to its stdin: `cpu` is answered at once with the CPU seconds used so far, `go` lets it begin what it waits
 * with. A peer that ends before it has said what was waited for, or takes too long, fails the run with what it wrote to
 * stderr.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Command } from "./environment.ts";

/** A peer that says nothing for so long is stuck. */
const SILENCE_MS = 30_000;

export type Report = Readonly<Record<string, number | string>>;

/** Lines of one kind, and who waits for the next. */
class Lines {
  #ready: Report[] = [];
  #waiting: ((report: Report | undefined) => void) | undefined;

  push(report: Report): void {
    if (this.#waiting === undefined) this.#ready.push(report);
    else this.#waiting(report);
  }

  /** Undefined when nothing comes any more, or not in time. */
  async next(ended: boolean): Promise<Report | undefined> {
    const ready = this.#ready.shift();
    if (ready !== undefined || ended) return ready;
    let timer: NodeJS.Timeout | undefined;
    const report = await new Promise<Report | undefined>((resolve) => {
      this.#waiting = resolve;
      timer = setTimeout(() => resolve(undefined), SILENCE_MS);
    });
    clearTimeout(timer);
    this.#waiting = undefined;
    return report;
  }

  end(): void {
    this.#waiting?.(undefined);
  }
}

export class PeerProcess {
  #child: ChildProcess;
  #reports = new Lines();
  #answers = new Lines();
  #errors = "";
  #what: string;
  #ended = false;
  /** Rejects when the peer ends by itself and not well. */
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => undefined;

  /** `settings` become `name=value` arguments. */
  constructor(command: Command, settings: Readonly<Record<string, string | number>>) {
    const args = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    this.#what = `${command.file} ${[...command.args, ...args].join(" ")}`;
    this.#child = spawn(command.file, [...command.args, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin?.on("error", () => undefined); // It may end before we do.
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const report = JSON.parse(line) as Report;
      if ("answer" in report) this.#answers.push(report);
      else this.#reports.push(report);
    });
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined); // Heard by who waits for it.
    this.#child.once("error", (error) => {
      this.#errors += error.message;
      this.#over(true);
    });
    this.#child.once("close", (code) => this.#over(code !== 0 && code !== null));
  }

  /** The next object that the peer writes. */
  async next(): Promise<Report> {
    return this.#said(await this.#reports.next(this.#ended));
  }

  /** Lets the peer go on. */
  go(): void {
    this.#child.stdin?.write("go\n");
  }

  /** CPU seconds, user and system, that the peer has used so far. */
  async cpu(): Promise<number> {
    this.#child.stdin?.write("cpu\n");
    return Number(this.#said(await this.#answers.next(this.#ended)).answer);
  }

  /** Ends the process and waits for it. */
  async end(): Promise<void> {
    if (this.#ended) return;
    const over = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    this.#child.kill("SIGKILL");
    await over;
  }

  #over(badly: boolean): void {
    this.#ended = true;
    if (badly) this.#fail(this.#error("failed"));
    this.#reports.end();
    this.#answers.end();
  }

  #said(report: Report | undefined): Report {
    if (report !== undefined) return report;
    throw this.#error(this.#ended ? "ended too early" : `said nothing for ${SILENCE_MS} ms`);
  }

  #error(text: string): Error {
    return new Error(`${this.#what}: ${text}${this.#errors === "" ? "" : `\n${this.#errors.trim()}`}`);
  }
}

export type Start = (command: Command, settings: Readonly<Record<string, string | number>>) => PeerProcess;

/** Runs `work` with peers that are ended afterwards, whatever happens. A peer that fails, fails the work. */
export async function withPeers<Result>(work: (start: Start) => Promise<Result>): Promise<Result> {
  const peers: PeerProcess[] = [];
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const start: Start = (command, settings) => {
    const peer = new PeerProcess(command, settings);
    peer.failed.catch(fail);
    peers.push(peer);
    return peer;
  };
  try {
    return await Promise.race([work(start), failure]);
  } finally {
    await Promise.all(peers.map((peer) => peer.end()));
  }
}
