/**
 * Fair queueing: one whole message from each pipe in turn, those that are empty left out until something comes (RFC 28 to 30).
 *
 *     pipes  [ a b c | d e ]      pipes with messages in front; `current` is the next to read from
 *                ^current
 *
 * Invariants: `inSlot` of a member is its position; a pipe behind the border waits for `activated`; no allocation per message.
 */
import { assert } from "../base/errors.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";

export class FairQueue {
  #pipes: Pipe[] = [];
  #active = 0;
  #current = 0;
  /** The pipe that the last message came from. */
  last: Pipe | null = null;

  attach(pipe: Pipe): void {
    assert(pipe.inSlot === -1, "a pipe is queued once");
    pipe.inSlot = this.#pipes.length;
    this.#pipes.push(pipe);
    this.activated(pipe);
  }

  /** Something came. */
  activated(pipe: Pipe): void {
    if (pipe.inSlot < this.#active) return;
    this.#swap(pipe.inSlot, this.#active);
    this.#active++;
  }

  /** Harmless for a pipe that is no member. */
  detach(pipe: Pipe): void {
    if (pipe.inSlot === -1) return;
    if (pipe.inSlot < this.#active) this.#deactivate(pipe.inSlot);
    this.#swap(pipe.inSlot, this.#pipes.length - 1);
    this.#pipes.pop();
    pipe.inSlot = -1;
  }

  /** The next message; undefined when no pipe has one. */
  receive(): Frame[] | undefined {
    while (this.#active > 0) {
      const pipe = this.#pipes[this.#current];
      const frames = pipe.read();
      if (frames !== undefined) {
        this.last = pipe;
        // Reading may have ended the pipe; then it is no member any more, and the next one stands in its place.
        if (pipe.inSlot !== -1 && ++this.#current >= this.#active) this.#current = 0;
        return frames;
      }
      if (pipe.inSlot !== -1) this.#deactivate(pipe.inSlot);
    }
    return undefined;
  }

  /** Whether some pipe has a message. */
  hasMessage(): boolean {
    for (let i = 0; i < this.#active; i++) if (this.#pipes[i].waiting > 0) return true;
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
    pipes[a].inSlot = a;
    pipes[b].inSlot = b;
  }
}
