/** The command line of the bench: which parts, how many rounds, how long, in what form. */
import { parseArgs } from "node:util";

export interface Arguments {
  /** Names of parts; none means all. */
  readonly parts: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** Only cases with this in their name. */
  readonly case: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

export const HELP = `npm run bench -- [PART …] [OPTIONS]

Measures this library beside libzmq (C) and npm zeromq, round by round. Without PART all parts run.

  --rounds=N      runs of each contestant (3); medians are compared
  --seconds=S     length of each throughput or round-trip run (1); below 0.5 mostly warming up is measured
  --case=TEXT     only cases named so, such as "10 B"
  --json          prints one JSON object with every figure
  --help          this text`;

export class UsageError extends Error {}

export function parse(argv: readonly string[]): Arguments {
  const { values, positionals } = read(argv);
  return {
    parts: positionals,
    rounds: number("rounds", values.rounds, 3, Number.isInteger),
    seconds: number("seconds", values.seconds, 1, Number.isFinite),
    case: values.case,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        rounds: { type: "string" },
        seconds: { type: "string" },
        case: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function number(name: string, text: string | undefined, otherwise: number, valid: (value: number) => boolean): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!valid(value) || value <= 0) throw new UsageError(`--${name} takes a number above 0, got "${text}"`);
  return value;
}
