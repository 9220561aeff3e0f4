/**
 * What the JavaScript peers share: their settings (`name=value` arguments), their reports, the bodies they send, and
 * the meters that say when a run is over.
 *
 * A clock starts some time after the first message, so that starting processes, connecting and compiling are no part of
 * a result. Large bodies are made anew for each message and touched by who receives them, by every contestant alike:
 * what moves no memory is no transfer.
 */
import { createInterface } from "node:readline";

export type Settings = Readonly<Record<string, string>>;

export function settings(): Settings {
  return Object.fromEntries(process.argv.slice(2).map((argument) => argument.split(/=(.*)/s, 2) as [string, string]));
}

/** Writes one report; the bench reads it. */
export function report(values: Readonly<Record<string, number | string>>): void {
  process.stdout.write(`${JSON.stringify(values)}\n`);
}

/** CPU seconds, user and system, since an earlier reading. */
export function cpuSeconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

let release: () => void = () => undefined;

/** Resolves when the bench says `go`. */
export function told(): Promise<void> {
  return new Promise((resolve) => {
    release = resolve;
  });
}

/** Does what the bench asks by stdin; when the bench ends, or closes it, we end. */
export function obeyParent(): void {
  process.stdin.on("error", () => process.exit(0));
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => (line === "cpu" ? report({ answer: cpuSeconds() }) : release()));
  lines.on("close", () => process.exit(0));
}

/** From this size on bodies are made anew and touched. */
export const LARGE_BYTES = 100_000;

/** What may wait on one side of a connection: as many messages as by default, while they are no more than this. */
export const QUEUE_BYTES = 16_000_000;

/** The high-water mark of every contestant. By default 1000 messages wait: 1 GB of them, if each has 1 MB. */
export function highWaterMark(size: number): number {
  return Math.min(1000, Math.floor(QUEUE_BYTES / size));
}

/** What body each message has: the same for small ones, one of its own, filled, for large ones. */
export function bodies(size: number): () => Buffer {
  const fill = (): Buffer => Buffer.allocUnsafeSlow(size).fill("x");
  if (size >= LARGE_BYTES) return fill;
  const body = fill();
  return () => body;
}

/** Reads a byte of every cache line. */
function touch(body: Uint8Array): void {
  let sum = 0;
  for (let i = 0; i < body.length; i += 64) sum += body[i];
  if (sum !== 120 * Math.ceil(body.length / 64)) throw new Error(`a message of ${body.length} bytes came with other content`);
}

/**
 * So long after the first message nothing counts yet; and until the process has used so much CPU time, for on a busy
 * machine little is compiled in that time; but no longer than this.
 */
const WARM_UP_MS = 200;
const WARM_UP_CPU_SECONDS = 0.35;
const WARM_UP_MOST_MS = 2000;

function isWarm(milliseconds: number): boolean {
  if (milliseconds < WARM_UP_MS) return false;
  return milliseconds >= WARM_UP_MOST_MS || cpuSeconds() >= WARM_UP_CPU_SECONDS;
}

/** Counts messages until the time is over. Reports when it begins to. */
export class Meter {
  #milliseconds: number;
  #size: number;
  #every: number;
  #first = 0;
  #started = 0;
  #messages = -1;
  #check = 0;
  #elapsed = 0;
  #cpu: NodeJS.CpuUsage | undefined;

  constructor(seconds: number, size: number) {
    this.#milliseconds = seconds * 1000;
    this.#size = size;
    // Looking at the clock costs about 50 ns: seldom for small messages.
    this.#every = size <= 1000 ? 1000 : size <= 10_000 ? 100 : 10;
  }

  /** A message came; true when the time is over. */
  count(body: Uint8Array): boolean {
    if (body.length !== this.#size) throw new Error(`a message of ${body.length} bytes came instead of ${this.#size}`);
    if (body.length >= LARGE_BYTES) touch(body);
    return ++this.#messages >= this.#check && this.#look();
  }

  get result(): Readonly<Record<string, number>> {
    return { messages: this.#messages, seconds: this.#elapsed / 1000, cpu: cpuSeconds(this.#cpu) };
  }

  #look(): boolean {
    const now = performance.now();
    this.#check = this.#messages + this.#every;
    if (this.#cpu !== undefined) {
      this.#elapsed = now - this.#started;
      return this.#elapsed >= this.#milliseconds;
    }
    if (this.#first === 0) this.#first = now;
    if (!isWarm(now - this.#first)) return false;
    this.#started = now;
    this.#messages = 0;
    this.#check = this.#every;
    this.#cpu = process.cpuUsage();
    report({ started: 1 });
    return false;
  }
}

/** Durations of round trips until the time is over. */
export class RoundTrips {
  #milliseconds: number;
  #durations: number[] = [];
  #began = performance.now();
  #last = this.#began;
  #warm = false;

  constructor(seconds: number) {
    this.#milliseconds = seconds * 1000;
  }

  /** A round trip starts. */
  start(): void {
    this.#last = performance.now();
  }

  /** It is complete; true when the time is over. */
  stop(): boolean {
    const now = performance.now();
    if (!this.#warm) {
      this.#warm = now - this.#began >= WARM_UP_MS && isWarm(now - this.#began);
      if (this.#warm) this.#began = now;
      return false;
    }
    this.#durations.push((now - this.#last) * 1000);
    return now - this.#began >= this.#milliseconds;
  }

  get result(): Readonly<Record<string, number>> {
    const sorted = this.#durations.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { count: sorted.length, median: at(0.5), p99: at(0.99) };
  }
}

/** Seconds since 1970: the same clock in every process of the machine. */
export function wallSeconds(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

/** Memory of this process that is in RAM, after what is garbage is gone. */
export async function residentOctets(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await delay(50);
  }
  return process.memoryUsage.rss();
}

/** Reports what each connection of an idle process has added to its memory, and how busy idling keeps a core. */
export async function reportIdle(before: number, connections: number, seconds: number): Promise<void> {
  await delay(300); // What connecting left to do is over.
  const memory = ((await residentOctets()) - before) / connections;
  const cpu = process.cpuUsage();
  await delay(seconds * 1000);
  report({ memory, cpu: (cpuSeconds(cpu) / seconds) * 100 });
}

/** Waits until this process has nothing to do. */
export async function untilQuiet(): Promise<void> {
  for (let cpu = process.cpuUsage(); ; cpu = process.cpuUsage()) {
    await delay(300);
    if (cpuSeconds(cpu) <= 0.003) return;
  }
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
