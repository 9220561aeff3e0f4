/**
 * Load balancing: whole messages to one pipe after the other, those without room left out until they have some (RFC 28 and 30).
 *
 *     pipes  [ a b c | d e ]      active pipes in front; `current` is the next to write to; a swap moves a pipe over the border
 *                ^current
 *
 * Invariants: `outSlot` of a member is its position; a pipe behind the border waits for `activated`; no allocation per message.
 */
import { assert } from "../base/errors.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";

export class LoadBalancer {
  #pipes: Pipe[] = [];
  #active = 0;
  #current = 0;
  /** The pipe that the last message went to. */
  last: Pipe | null = null;

  attach(pipe: Pipe): void {
    assert(pipe.outSlot === -1, "a pipe is balanced once");
    pipe.outSlot = this.#pipes.length;
    this.#pipes.push(pipe);
    this.activated(pipe);
  }

  /** The pipe has room again. */
  activated(pipe: Pipe): void {
    if (pipe.outSlot < this.#active) return;
    this.#swap(pipe.outSlot, this.#active);
    this.#active++;
  }

  /** Harmless for a pipe that is no member. */
  detach(pipe: Pipe): void {
    if (pipe.outSlot === -1) return;
    if (pipe.outSlot < this.#active) this.#deactivate(pipe.outSlot);
    this.#swap(pipe.outSlot, this.#pipes.length - 1);
    this.#pipes.pop();
    pipe.outSlot = -1;
    if (this.last === pipe) this.last = null;
  }

  /** Writes to the next pipe with room; false when there is none. */
  send(frames: Frame[]): boolean {
    while (this.#active > 0) {
      const pipe = this.#pipes[this.#current];
      if (pipe.write(frames)) {
        this.last = pipe;
        if (++this.#current >= this.#active) this.#current = 0;
        return true;
      }
      this.#deactivate(this.#current);
    }
    return false;
  }

  /** Whether some pipe has room. */
  hasRoom(): boolean {
    while (this.#active > 0) {
      if (this.#pipes[this.#current].hasRoom()) return true;
      this.#deactivate(this.#current);
    }
    return false;
  }

  #deactivate(slot: number): void {
    this.#active--;
    this.#swap(slot, this.#active);
    if (this.#current >= this.#active) this.#current = 0;
  }

  #swap(a: number, b: number): void {
    const pipes = this.#pipes;
    const moved = pipes[a];
    pipes[a] = pipes[b];
    pipes[b] = moved;
    pipes[a].outSlot = a;
    pipes[b].outSlot = b;
  }
}
