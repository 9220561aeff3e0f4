/**
 * How often to spin, that is to look for input again and again before sleeping: less and less where it was in vain.
 *
 *     in vain ──▶ the next 1, 4, 16, … up to 1024 times are left out          found ──▶ half as many after the next in vain
 *
 * Owns: the count of times. Does not own: what is looked for, and for how long. Whoever waits for rare messages sleeps
 * as if there were no spinning (decisions 0044 and 0088).
 */

const MOST_LEFT_OUT = 1024;

export class SpinBackoff {
  // How many times are to be left out, and how many after the next time in vain.
  #leftOut = 0;
  #penalty = 1;

  /** Whether this time is one of those that are left out. */
  skip(): boolean {
    if (this.#leftOut === 0) return false;
    this.#leftOut--;
    return true;
  }

  /** It was in vain. */
  failed(): void {
    this.#leftOut = this.#penalty;
    this.#penalty = Math.min(this.#penalty * 4, MOST_LEFT_OUT);
  }

  /** Something was found. */
  succeeded(): void {
    this.#penalty = Math.max(1, this.#penalty >> 1);
  }
}
