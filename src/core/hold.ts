/**
 * The hold on the process: it lives while somebody waits for something or messages linger, and not because of idle sockets.
 *
 * Counts the reasons; the clock keeps the process alive while there is one.
 */

import type { Clock } from "../base/clock.ts";
import { assert } from "../base/errors.ts";

export class Hold {
  #clock: Clock;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(): void {
    if (this.#count++ === 0) this.#clock.hold(true);
  }

  release(): void {
    assert(this.#count > 0, "a hold is released once for each take");
    if (--this.#count === 0) this.#clock.hold(false);
  }
}
