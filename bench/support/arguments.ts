/** The command line of the bench: which parts, how many rounds, how long, in what form. */
import { parseArgs } from "node:util";

export interface Arguments {
  /** Names of parts; none means all. */
  readonly parts: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** Only the cases named so. */
  readonly case: string | undefined;
  readonly quick: boolean;
  readonly json: boolean;
  /** A file to draw the results into. */
  readonly chart: string | undefined;
  readonly list: boolean;
  /** The folder for pictures of those parts that have one; none are drawn without it. */
  readonly draw: string | undefined;
  readonly help: boolean;
}

export const HELP = `npm run bench -- [PART …] [OPTIONS]

Measures this library beside libzmq (C), npm zeromq and bare node:net, round by round. Without PART all parts run.

  --list          the parts, what each measures, its cases, and the floors that its results should reach
  --quick         one short round of a few cases of each part
  --rounds=N      runs of each contestant (3); medians are compared
  --seconds=S     length of each throughput or round-trip run (0.5), after some warming up
  --case=NAME     only the cases named so, such as "10 B"
  --json          prints one JSON object with every figure
  --chart=FILE    draws the results, as SVG
  --draw=FOLDER   writes pictures of the results there, for parts that have them
  --help          this text

A floor that is not reached is printed as FAIL; the exit code tells only whether everything could be measured.`;

export class UsageError extends Error {}

export function parse(argv: readonly string[]): Arguments {
  const { values, positionals } = read(argv);
  const quick = values.quick ?? false;
  return {
    parts: positionals,
    rounds: number("rounds", values.rounds, quick ? 1 : 3, Number.isInteger),
    seconds: number("seconds", values.seconds, quick ? 0.3 : 0.5, Number.isFinite),
    case: values.case,
    quick,
    json: values.json ?? false,
    chart: values.chart,
    list: values.list ?? false,
    draw: values.draw,
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
        quick: { type: "boolean" },
        json: { type: "boolean" },
        chart: { type: "string" },
        list: { type: "boolean" },
        draw: { type: "string" },
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
