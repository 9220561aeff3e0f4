/**
 * A fuzzer that is led by coverage: inputs that reach code no input reached before are kept, and changed further.
 *
 * V8's precise coverage (`node:inspector`) counts blocks. Asking for it costs about a millisecond, so a batch of inputs is run between two questions,
 * and only a batch that found something new is run again, input by input.
 */
import { Session } from "node:inspector";
import type { Random } from "../../src/base/random.ts";
import type { FuzzTarget } from "./targets.ts";

const BATCH = 64;
const MOST_BYTES = 4096;
/** Octets and numbers at which decoders decide. */
const INTERESTING = [0, 1, 2, 3, 4, 5, 7, 0x1f, 0x20, 0x7f, 0x80, 0xfe, 0xff];

export interface Finding {
  readonly input: Uint8Array;
  readonly error: unknown;
}

export interface Outcome {
  readonly runs: number;
  /** Blocks that were reached: by the seeds, and by everything. */
  readonly seeded: number;
  readonly blocks: number;
  /** What is worth keeping: each reached something that those before it did not. */
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly Finding[];
}

/** Runs until `over` says so, or something was found. */
export function guide(target: FuzzTarget, random: Random, over: () => boolean, corpus: readonly Uint8Array[] = []): Outcome {
  const coverage = new Coverage();
  const kept: Uint8Array[] = [];
  const findings: Finding[] = [];
  let runs = 0;
  let seeded = 0;
  const attempt = (input: Uint8Array): void => {
    runs++;
    try {
      target.run(Uint8Array.from(input));
    } catch (error) {
      findings.push({ input, error });
    }
  };
  const judge = (inputs: readonly Uint8Array[]): void => {
    coverage.forget();
    for (const input of inputs) attempt(input);
    if (!coverage.isNew()) return;
    for (const input of inputs) {
      coverage.forget();
      attempt(input);
      if (coverage.take()) kept.push(input);
    }
  };
  try {
    for (const seed of [...target.seeds(), ...corpus]) judge([seed]);
    seeded = coverage.blocks;
    if (kept.length === 0) kept.push(new Uint8Array(0));
    while (!over() && findings.length === 0) judge(Array.from({ length: BATCH }, () => mutate(kept, random)));
  } finally {
    coverage.end();
  }
  return { runs, seeded, blocks: coverage.blocks, corpus: kept, findings };
}

/** One to four changes of an input that was worth keeping. */
export function mutate(kept: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(kept[random.next(kept.length)]);
  for (let changes = 1 + random.next(4); changes > 0; changes--) bytes = change(bytes, kept, random);
  return bytes.subarray(0, MOST_BYTES);
}

function change(bytes: Buffer, kept: readonly Uint8Array[], random: Random): Buffer {
  const at = random.next(bytes.length + 1);
  const value = random.next(2) === 0 ? random.next(256) : INTERESTING[random.next(INTERESTING.length)];
  switch (random.next(7)) {
    case 0:
      if (at < bytes.length) bytes[at] = value;
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] ^= 1 << random.next(8);
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random.next(8)))]);
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      const other = kept[random.next(kept.length)];
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.next(other.length + 1))]);
    }
    default: {
      const piece = bytes.subarray(at, at + 1 + random.next(16));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
  }
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** Which blocks of src/ ran since the last question. */
class Coverage {
  #session = new Session();
  #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  get blocks(): number {
    return this.#seen.size;
  }

  /** Forgets what ran. */
  forget(): void {
    this.#ask();
  }

  /** Whether something ran that was not seen before. */
  isNew(): boolean {
    return this.#ask().some((block) => !this.#seen.has(block));
  }

  /** The same, and remembers it. */
  take(): boolean {
    const before = this.#seen.size;
    for (const block of this.#ask()) this.#seen.add(block);
    return this.#seen.size > before;
  }

  end(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  #ask(): string[] {
    let scripts: readonly Script[] = [];
    // In one process the answer comes before the call returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error !== null) throw error;
      scripts = answer.result as readonly Script[];
    });
    const blocks: string[] = [];
    for (const { url, functions } of scripts) {
      if (!url.includes("/build/src/")) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) if (count > 0) blocks.push(`${url} ${startOffset} ${endOffset}`);
      }
    }
    return blocks;
  }
}
