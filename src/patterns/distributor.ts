/**
 * Distribution: one message to many pipes (RFC 29 PUB).
 *
 * Owns who is marked to get the next message; a pipe is marked at most once. A pipe without room loses that message,
 * which is reported. Where it waits for a reader it has an array of its own, for readers may change theirs; links get one
 * array, the frames are shared by all, and for some links or more the message is encoded once.
 */
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import type { SharedRun } from "../core/shared-run.ts";

/** For so many pipes a message is encoded once: for fewer it costs as much as it saves. */
const SHARING_PIPES = 4;

export class Distributor {
  #run: SharedRun;
  #pipes = new Set<Pipe>();
  #marked: Pipe[] = [];
  // A pipe is marked for the next message when its outSlot has this number.
  #stamp = 1;

  constructor(run: SharedRun) {
    this.#run = run;
  }

  attach(pipe: Pipe): void {
    this.#pipes.add(pipe);
    pipe.outSlot = 0;
  }

  /** Harmless for a pipe that is no member. */
  detach(pipe: Pipe): void {
    this.#pipes.delete(pipe);
  }

  get pipes(): ReadonlySet<Pipe> {
    return this.#pipes;
  }

  /** The next message goes to this pipe. */
  readonly mark = (pipe: Pipe): void => {
    if (pipe.outSlot === this.#stamp) return;
    pipe.outSlot = this.#stamp;
    this.#marked.push(pipe);
  };

  markAll(): void {
    for (const pipe of this.#pipes) this.mark(pipe);
  }

  /** Those marked become unmarked, and the others marked. */
  invert(): void {
    const chosen = new Set(this.#marked);
    this.clear();
    for (const pipe of this.#pipes) if (!chosen.has(pipe)) this.mark(pipe);
  }

  /** Whether every marked pipe has room. */
  allHaveRoom(): boolean {
    let room = true;
    // Each is asked, so that each one without room reports when it has some.
    for (const pipe of this.#marked) room = (pipe.other.closed || pipe.hasRoom()) && room;
    return room;
  }

  /** Unmarks all. */
  clear(): void {
    this.#marked = [];
    this.#stamp++;
  }

  /** Writes to the marked pipes and unmarks them; `onFull` hears of each that has no room. */
  send(frames: Frame[], onFull: (pipe: Pipe) => void): void {
    const marked = this.#marked;
    this.clear();
    if (marked.length === 1) {
      if (!marked[0].write(frames) && !marked[0].other.closed) onFull(marked[0]);
      return;
    }
    const run = marked.length >= SHARING_PIPES && this.#run.begin(frames) ? this.#run : null;
    for (const pipe of marked) if (!pipe.writeShared(frames, run) && !pipe.other.closed) onFull(pipe);
    run?.end();
  }
}
