/**
 * What the tour shows: on a terminal a table that is redrawn in place, elsewhere a line every second; at the end the
 * table in either case.
 *
 * NO_COLOR turns colours off. Owns nothing but the text: counts are the flows'.
 */
import type { Counts, Flow } from "./flow.ts";
import { sumOf } from "./flow.ts";

const LIVE = process.stdout.isTTY === true;
const COLOR = LIVE && (process.env.NO_COLOR ?? "") === "";
const PLAIN = "\x1b[0m";
const BOLD = "\x1b[1m";
const RED = "\x1b[31m";

interface Line {
  readonly text: string;
  readonly style: string;
}

const HEADINGS = ["over", "pattern", "with", "messages", "per second", "lost", "changed"];
/** With a space between them they fit into 80 columns. */
const WIDTHS = [6, 17, 18, 10, 10, 5, 7];
const LEFT = 3;

export class Table {
  #flows: readonly Flow[];
  #started = performance.now();
  #drawn = 0;
  #last: { at: number; counts: Counts[] };
  #timer: NodeJS.Timeout | undefined;
  #stopped: number | undefined;

  constructor(flows: readonly Flow[]) {
    this.#flows = flows;
    this.#last = { at: this.#started, counts: flows.map((flow) => flow.counts()) };
  }

  start(): void {
    if (LIVE) process.stdout.write("\x1b[?25l"); // No cursor while we redraw.
    this.#timer = setInterval(() => (LIVE ? this.#redraw() : this.#line()), LIVE ? 250 : 1000);
  }

  /** The senders have stopped: the averages are over the time until now. */
  stopClock(): void {
    this.#stopped = performance.now();
  }

  /** Ends the display and leaves the whole tour's figures, as averages. */
  finish(): void {
    clearInterval(this.#timer);
    const seconds = this.#seconds();
    const rows = this.#flows.map((flow) => row(flow, flow.counts(), flow.counts().received, seconds, settledLoss(flow.counts())));
    this.#write(rows);
    if (LIVE) process.stdout.write("\x1b[?25h");
  }

  #seconds(): number {
    return ((this.#stopped ?? performance.now()) - this.#started) / 1000;
  }

  #redraw(): void {
    const { span, counts, before } = this.#advance();
    this.#write(
      this.#flows.map((flow, i) => row(flow, counts[i], counts[i].received - before[i].received, span, counts[i].lost)),
    );
  }

  #line(): void {
    const { span, counts, before } = this.#advance();
    const { received, lost, changed } = sumOf(this.#flows);
    const rate = counts.reduce((sum, each, i) => sum + each.received - before[i].received, 0) / span;
    const seconds = this.#seconds().toFixed(0);
    console.log(`${seconds} s: ${number(received)} messages, ${number(rate)} per second, ${lost} lost, ${changed} changed`);
  }

  #advance(): { span: number; counts: Counts[]; before: Counts[] } {
    const now = performance.now();
    const counts = this.#flows.map((flow) => flow.counts());
    const before = this.#last.counts;
    const span = (now - this.#last.at) / 1000;
    this.#last = { at: now, counts };
    return { span, counts, before };
  }

  #write(rows: readonly Line[]): void {
    const columns = process.stdout.columns ?? Number.POSITIVE_INFINITY;
    const lines = [{ text: cells(HEADINGS), style: BOLD }, ...rows].map(({ text, style }) => {
      const line = LIVE ? text.slice(0, columns - 1) : text;
      return COLOR ? `${style}${line}${PLAIN}` : line;
    });
    const back = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    process.stdout.write(back + lines.map((line) => (LIVE ? `\r\x1b[K${line}\n` : `${line}\n`)).join(""));
    if (LIVE) this.#drawn = lines.length;
  }
}

/** When all has arrived, what did not is lost. */
export function settledLoss({ sent, received, lost }: Counts): number {
  return Math.max(lost, sent - received);
}

export function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function row(flow: Flow, counts: Counts, recent: number, seconds: number, lost: number): Line {
  const figures = [number(counts.received), number(recent / seconds), String(lost), String(counts.changed)];
  const text = cells([flow.transport, flow.pattern, flow.partner, ...figures]);
  return { text, style: lost > 0 || counts.changed > 0 ? RED : PLAIN };
}

function cells(texts: readonly string[]): string {
  return texts.map((text, i) => (i < LEFT ? text.padEnd(WIDTHS[i]) : text.padStart(WIDTHS[i]))).join(" ");
}
