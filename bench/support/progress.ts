/**
 * The progress line, on stderr so that stdout holds results only: redrawn in place on a terminal, otherwise not written
 * at all.
 */

export class Progress {
  #total: number;
  #done = 0;
  #started = performance.now();
  #live = process.stderr.isTTY === true;

  constructor(total: number) {
    this.#total = total;
  }

  /** A run starts. */
  start(what: string): void {
    this.#draw(what);
  }

  /** A run is over. */
  finish(): void {
    this.#done++;
  }

  /** Removes the line, before something else is printed and at the end. */
  clear(): void {
    if (this.#live) process.stderr.write("\r\x1b[K");
  }

  #draw(what: string): void {
    if (!this.#live) return;
    const elapsed = (performance.now() - this.#started) / 1000;
    const left = this.#done === 0 ? "" : `, about ${Math.ceil((elapsed / this.#done) * (this.#total - this.#done))} s left`;
    const filled = Math.round((this.#done / this.#total) * 20);
    const bar = "█".repeat(filled) + "░".repeat(20 - filled);
    const line = `${bar} ${this.#done}/${this.#total}${left}  ${what}`;
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`);
  }
}
