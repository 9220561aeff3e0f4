/**
 * What the tour shows: on a terminal a table that is redrawn in place, elsewhere a line every second; at the end the table in either case.
 *
 * NO_COLOR turns colours off. Owns nothing but the text: counts are the flows'.
 */
import type { Counts, Flow } from "./flow.ts";
import { sumOf } from "./flow.ts";

const LIVE = process.stdout.isTTY === true;
const COLOR = LIVE && (process.env.NO_COLOR ?? "") === "";
const HEADINGS = ["transport", "pattern", "who", "messages", "per second", "MB/s", "lost", "changed"];
const WIDTHS = [9, 17, 27, 11, 10, 7, 5, 7];
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
    const rows = this.#flows.map((flow) => row(flow, flow.counts(), flow.counts(), seconds, settledLoss(flow.counts())));
    this.#write(rows);
    if (LIVE) process.stdout.write("\x1b[?25h");
  }

  #seconds(): number {
    return ((this.#stopped ?? performance.now()) - this.#started) / 1000;
  }

  #redraw(): void {
    const { span, counts, before } = this.#advance();
    this.#write(this.#flows.map((flow, i) => row(flow, counts[i], difference(counts[i], before[i]), span, counts[i].lost)));
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

  #write(rows: readonly string[]): void {
    const columns = process.stdout.columns ?? Number.POSITIVE_INFINITY;
    const lines = [cells(HEADINGS), ...rows].map((line) => line.slice(0, columns - 1));
    const back = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    process.stdout.write(back + lines.map((line, i) => (LIVE ? `\r\x1b[K${paint(line, i === 0)}\n` : `${line}\n`)).join(""));
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

function row(flow: Flow, counts: Counts, recent: Counts, seconds: number, lost: number): string {
  const figures = [number(counts.received), number(recent.received / seconds), (recent.bytes / seconds / 1e6).toFixed(1)];
  return cells([flow.transport, flow.pattern, flow.who, ...figures, String(lost), String(counts.changed)]);
}

function cells(texts: readonly string[]): string {
  return texts.map((text, i) => (i < LEFT ? text.padEnd(WIDTHS[i]) : text.padStart(WIDTHS[i]))).join(" ");
}

function difference(now: Counts, before: Counts): Counts {
  return { ...now, received: now.received - before.received, bytes: now.bytes - before.bytes };
}

// Bold headings; a row that ends in other than two zeros is bad news.
function paint(line: string, heading: boolean): string {
  if (!COLOR) return line;
  if (heading) return `\x1b[1m${line}\x1b[0m`;
  return / 0 +0$/.test(line) ? line : `\x1b[31m${line}\x1b[0m`;
}
