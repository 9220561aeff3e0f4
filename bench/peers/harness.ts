/**
 * What the JavaScript peers share: their settings (`name=value` arguments), their reports, and the meters that say when
 * a run is over.
 *
 * The clock starts at the first message, which is not counted itself, so that starting processes and connecting are no
 * part of a result.
 */

export type Settings = Readonly<Record<string, string>>;

export function settings(): Settings {
  return Object.fromEntries(process.argv.slice(2).map((argument) => argument.split(/=(.*)/s, 2) as [string, string]));
}

/** Writes one report; the bench reads it. */
export function report(values: Readonly<Record<string, number | string>>): void {
  process.stdout.write(`${JSON.stringify(values)}\n`);
}

/** The bench is the parent: when it ends, or closes our stdin, we end. */
export function endWithParent(): void {
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}

/** Counts messages until the time is over. */
export class Meter {
  #milliseconds: number;
  #size: number;
  #every: number;
  #started = 0;
  #messages = -1;
  #check = 0;
  #elapsed = 0;
  #cpu: NodeJS.CpuUsage = { user: 0, system: 0 };

  constructor(seconds: number, size: number) {
    this.#milliseconds = seconds * 1000;
    this.#size = size;
    // Looking at the clock costs about 50 ns: seldom for small messages.
    this.#every = size <= 1000 ? 1000 : size <= 10_000 ? 100 : 10;
  }

  /** A message of so many bytes came; true when the time is over. */
  count(bytes: number): boolean {
    if (bytes !== this.#size) throw new Error(`a message of ${bytes} bytes came instead of ${this.#size}`);
    return ++this.#messages >= this.#check && this.#look();
  }

  get result(): Readonly<Record<string, number>> {
    const { user, system } = process.cpuUsage(this.#cpu);
    return { messages: this.#messages, seconds: this.#elapsed / 1000, cpu: (user + system) / 1e6 };
  }

  #look(): boolean {
    const now = performance.now();
    if (this.#messages === 0) {
      this.#started = now;
      this.#cpu = process.cpuUsage();
    }
    this.#check = this.#messages + this.#every;
    this.#elapsed = now - this.#started;
    return this.#elapsed >= this.#milliseconds;
  }
}

/** So long round trips warm up and are not counted. */
const WARM_UP_MS = 500;

/** Durations of round trips until the time is over. */
export class RoundTrips {
  #milliseconds: number;
  #durations: number[] = [];
  #began = performance.now();
  #last = this.#began;

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
    if (now - this.#began > WARM_UP_MS) this.#durations.push((now - this.#last) * 1000);
    return now - this.#began >= WARM_UP_MS + this.#milliseconds;
  }

  get result(): Readonly<Record<string, number>> {
    const sorted = this.#durations.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { count: sorted.length, median: at(0.5), p99: at(0.99) };
  }
}

/** CPU seconds that this process uses in a span of time in which it has nothing to do. */
export async function idleCpu(seconds: number): Promise<number> {
  (globalThis as { gc?: () => void }).gc?.();
  await delay(500); // What connecting left to do is over.
  const before = process.cpuUsage();
  await delay(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
