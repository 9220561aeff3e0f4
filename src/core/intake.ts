/**
 * What a socket takes in. A connection decodes a helping of messages, then stands in line with the rest of its chunk;
 * whenever the program has read all that was decoded, the first of the line goes on, as long as the program's share of
 * the event-loop turn is not used up.
 *
 *     link ──▶ chunk │ line │ ──▶ decoded messages in pipes ──▶ program, so many per turn
 *
 * Otherwise reading, which knows no share, would fill every queue to its mark before the program is given more, and
 * messages that have grown old cost more than all else (docs/performance.md). A program that does not read finds its
 * queues at their marks all the same: the line moves on then, turn by turn.
 * Invariants: nobody goes past the line; it moves in every turn but those that follow one in which the program took its
 * whole share.
 */
import { Fifo } from "../base/fifo.ts";
import type { Turn } from "./turn.ts";

/** So many messages one connection decodes before the next in line does. */
export const HELPING_MESSAGES = 256;

/** Input that was held back. */
export interface HeldInput {
  /** Decodes its next helping, unless the mark is reached before. */
  admit(): void;
}

export class Intake {
  #turn: Turn;
  #line = new Fifo<HeldInput>();
  // The last turn in which the program took its share.
  #sharedIn = -1;
  #checking = false;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Whether what comes has to wait: the program has its share of this turn, or others wait already. */
  get busy(): boolean {
    return this.closed || this.#line.length > 0;
  }

  /** Whether the program has its share of this turn. */
  get closed(): boolean {
    return this.#sharedIn === this.#turn.id;
  }

  /** The program has its share of this turn. */
  close(): void {
    this.#sharedIn = this.#turn.current();
  }

  /** Puts input into the line. */
  hold(input: HeldInput): void {
    this.#line.push(input);
    this.#check();
  }

  /** Nothing else is left to read: the first of the line goes on. False when nobody is there, or in this turn nobody may. */
  next(): boolean {
    if (this.#line.length === 0 || this.closed) return false;
    this.#line.shift()?.admit();
    return true;
  }

  #check(): void {
    if (this.#checking) return;
    this.#checking = true;
    this.#turn.atEnd(this);
  }

  /** The program may have begun with its share of the new turn, or does so when this task is over. */
  onTurnEnd(): void {
    this.#checking = false;
    if (this.#sharedIn < this.#turn.id - 1) while (this.next());
    if (this.#line.length > 0) this.#check();
  }
}
