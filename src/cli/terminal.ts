/**
 * What the command does only on a terminal: colour, and the bar of a long transfer. NO_COLOR turns colour off.
 */

/** A stream that may be a terminal. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string | Uint8Array): unknown;
}

export type Colour = "dim" | "red" | "green" | "yellow" | "cyan";

const CODES: Readonly<Record<Colour, number>> = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Colours a text if the stream is a terminal. */
export function paint(output: Output, colour: Colour, text: string): string {
  if (output.isTTY !== true || (process.env.NO_COLOR ?? "") !== "") return text;
  return `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}

/** Transfers shorter than this get no bar. */
const PATIENCE_MS = 500;
const EVERY_MS = 100;
const BAR_CELLS = 30;

/** A bar on a terminal that shows how much of a known whole is done; nothing elsewhere. */
export class Progress {
  #output: Output;
  #whole: number;
  #done = 0;
  #next: number;
  #shown = false;

  constructor(output: Output, whole: number) {
    this.#output = output;
    this.#whole = output.isTTY === true ? whole : 0;
    this.#next = performance.now() + PATIENCE_MS;
  }

  /** So much more is done. */
  add(amount: number): void {
    this.#done += amount;
    if (this.#whole === 0 || performance.now() < this.#next) return;
    this.#next = performance.now() + EVERY_MS;
    this.#shown = true;
    const part = Math.min(1, this.#done / this.#whole);
    const cells = Math.round(part * BAR_CELLS);
    this.#output.write(`\r[${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)}] ${Math.round(part * 100)} %`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#shown) this.#output.write("\r\u001b[K");
  }
}
