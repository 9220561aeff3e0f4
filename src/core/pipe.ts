/**
 * The pipe between a socket and one peer: two queues of whole messages, a high-water mark on each, and four notifications.
 *
 *     socket's end                        session's end (or, over inproc, the other socket's end)
 *       write ──▶ waiting messages ──▶ read / take
 *       read  ◀── waiting messages ◀── write
 *
 * A message counts against the writer's mark from `write` until the reader acknowledges it: `read` does so at once; a
 * session, which takes messages without reading, when the kernel has them. A writer that was refused hears `onWritable`
 * when about half of the mark is free again (libzmq's low-water mark). A reader that found nothing hears `onReadable`
 * once. Either end may close: the other can write no more, reads what is left, then hears `onDrained`.
 * Invariants: order is kept; a message is never seen in parts; nothing is counted twice.
 */
import { Fifo } from "../base/fifo.ts";
import { giveBack } from "./loans.ts";
import { type Frame, keep } from "./message.ts";
import type { Peer } from "./peer.ts";
import type { SharedRun } from "./shared-run.ts";

/** Who holds one end. All are called synchronously, from inside the other side's calls. */
export interface PipeOwner {
  /** Messages came after this end had found none. */
  onReadable(pipe: Pipe): void;
  /** There is room again after a write was refused. */
  onWritable(pipe: Pipe): void;
  /** The other end closed: nothing can be written any more. */
  onClosed(pipe: Pipe): void;
  /** The other end closed and everything it had written was read; the last notification. */
  onDrained(pipe: Pipe): void;
}

/** A reader that takes messages straight out of `write`, while none is waiting. */
export interface PipeTaker {
  /**
   * True: taken, and acknowledged later. False: it has to wait in the queue. Other takers may get the same array: it is not to
   * be given to a program. With `run` the message is encoded there already, for the time of the call.
   */
  take(frames: Frame[], run: SharedRun | null): boolean;
  /** The writer is about to be refused: acknowledge what can be. */
  relieve(): void;
  /** The reading socket's own mark is another now. */
  onMark(messages: number): void;
  /** One more message has to wait; perhaps there is room by now. Absent: it is not to be asked. */
  onBacklog?(): void;
  /** A message was taken of which a part has still to be handed over; absent: its messages are counted elsewhere. */
  readonly isBusy?: boolean;
}

/** A limit that no queue reaches. A small integer, which needs no memory of its own in each pipe, unlike Infinity. */
const NO_LIMIT = 0x3fffffff;

export class Pipe {
  /** Who hears of this end; set before anything is written. */
  owner: PipeOwner;
  /** This end's reader takes instead of reading. */
  taker: PipeTaker | null = null;
  /** The other end. */
  other: Pipe;
  /** What is known of the peer at the other end. */
  peer: Peer;
  /** Messages written at this end, less those that were taken back unsent. */
  written = 0;
  /** Messages read at this end. */
  taken = 0;
  /** Position in a fair queue or load balancer that this end is a member of; theirs to use. */
  inSlot = -1;
  outSlot = -1;

  #waiting = new Fifo<Frame[]>();
  #asleep = true;
  #ownMark = 0;
  #addedMark: number | null = null;
  #limit = NO_LIMIT;
  // A refused writer is woken at or below this.
  #wakeAt = NO_LIMIT;
  #pending = 0;
  #refused = false;
  #conflate = false;
  #closed = false;
  #over = false;

  private constructor(owner: PipeOwner, peer: Peer) {
    this.owner = owner;
    this.peer = peer;
    this.other = this;
  }

  /** Both ends. Marks count messages, 0 is no limit; `peer` describes whom that end talks to. */
  static pair(
    a: { owner: PipeOwner; peer: Peer; highWaterMark: number },
    b: { owner: PipeOwner; peer: Peer; highWaterMark: number },
  ): [Pipe, Pipe] {
    const endA = new Pipe(a.owner, a.peer);
    const endB = new Pipe(b.owner, b.peer);
    endA.other = endB;
    endB.other = endA;
    endA.setHighWaterMark(a.highWaterMark);
    endB.setHighWaterMark(b.highWaterMark);
    return [endA, endB];
  }

  // Writing -----------------------------------------------------------------------------------------------------------

  /** Most messages that may be under way from this end; 0: no limit. Takes effect at once. */
  setHighWaterMark(messages: number): void {
    this.#ownMark = messages;
    this.#applyMark();
  }

  /** Over inproc the reader's mark is added to the writer's; no limit if either has none. */
  addHighWaterMark(messages: number): void {
    this.#addedMark = messages;
    this.#applyMark();
  }

  /** The reader's mark; null while it is not known. */
  get addedMark(): number | null {
    return this.#addedMark;
  }

  /** Most messages that may be under way from this end; 0: no limit. */
  get highWaterMark(): number {
    return this.#limit === NO_LIMIT ? 0 : this.#limit;
  }

  /** A refused writer is woken when no more than so many messages are pending. libzmq: credit comes in steps of (mark + 1) / 2. */
  get lowWaterMark(): number {
    return this.#limit === NO_LIMIT ? NO_LIMIT : this.#limit - Math.floor((this.#limit + 1) / 2);
  }

  /** From now on only the newest of the messages written here waits; the mark no longer counts. */
  conflate(): void {
    this.#conflate = true;
    this.#applyMark();
  }

  /** Whether only the newest message waits. */
  get conflates(): boolean {
    return this.#conflate;
  }

  /** Messages written here and not yet acknowledged. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether `write` would succeed. If not, `onWritable` follows when it would. */
  hasRoom(): boolean {
    if (this.#closed || this.other.#closed) return false;
    if (this.#pending < this.#limit && !this.#refused) return true;
    this.other.taker?.relieve();
    if (this.#pending < this.#limit && !this.#refused) return true;
    this.notifyAt(this.lowWaterMark);
    return false;
  }

  /** As if a write had been refused: `onWritable` follows when no more than so many messages are pending. */
  notifyAt(messages: number): void {
    this.#refused = true;
    this.#wakeAt = messages;
  }

  /** Writes a message, which belongs to the pipe from then on, and wakes the reader. False: no room, nothing was done. */
  write(frames: Frame[]): boolean {
    if (!this.hasRoom()) return false;
    this.writeAnyway(frames);
    return true;
  }

  /** As `write`, for a message that others get too, encoded in `run` if at all: where it has to wait, it is put into an array of its own. */
  writeShared(frames: Frame[], run: SharedRun | null): boolean {
    if (!this.hasRoom()) return false;
    this.#put(frames, true, run);
    this.flush();
    return true;
  }

  /**
   * As `write`, over the mark if need be: for what must not get lost, such as subscriptions. Nothing happens on a
   * closed pipe.
   */
  writeAnyway(frames: Frame[]): void {
    this.put(frames);
    this.flush();
  }

  /** Writes in front of all that waits, over the mark: for what a new peer must see first. */
  writeFirst(frames: Frame[]): void {
    if (this.#closed || this.other.#closed) return;
    this.#pending++;
    this.written++;
    this.other.#waiting.unshift(keep(frames));
    this.flush();
  }

  /** Writes without waking the reader; `flush` must follow. Says whether there is room for more. */
  put(frames: Frame[]): boolean {
    return this.#put(frames, false, null);
  }

  #put(frames: Frame[], shared: boolean, run: SharedRun | null): boolean {
    const to = this.other;
    if (this.#closed || to.#closed) return false;
    this.#pending++;
    this.written++;
    const { taker } = to;
    if (taker === null) {
      if (this.#conflate) to.#forget();
      to.#waiting.push(shared ? frames.slice() : frames);
    } else if (to.#waiting.length > 0 || !taker.take(frames, run)) {
      if (this.#conflate) to.#forget();
      to.#waiting.push(keep(shared ? frames.slice() : frames));
      taker.onBacklog?.();
    }
    return this.#pending < this.#limit;
  }

  /** Wakes the reader if something waits for it. */
  flush(): void {
    const to = this.other;
    if (to.#asleep && to.#waiting.length > 0) {
      to.#asleep = false;
      to.owner.onReadable(to);
    }
  }

  // Reading -----------------------------------------------------------------------------------------------------------

  /**
   * The oldest message, now the caller's; undefined when there is none, and then `onReadable` or `onDrained` follows.
   * The last message of a writer that is gone calls `onDrained` before it is returned.
   */
  read(): Frame[] | undefined {
    const frames = this.#waiting.shift();
    if (frames === undefined) {
      this.#sleep();
      return undefined;
    }
    this.taken++;
    this.acknowledge(1);
    if (this.other.#closed && this.#waiting.length === 0) this.#end();
    return frames;
  }

  /** As `read`, without acknowledging: for a taker. */
  takeWaiting(): Frame[] | undefined {
    const frames = this.#waiting.shift();
    if (frames === undefined) this.#sleep();
    return frames;
  }

  /** Messages that `read` would give. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The messages that `read` would give, oldest first, for statistics. */
  get waitingMessages(): Iterable<Frame[]> {
    return this.#waiting;
  }

  /** Gives the writer room for `count` messages. */
  acknowledge(count: number): void {
    const writer = this.other;
    writer.#pending -= count;
    if (writer.#refused) writer.#wake(writer.#wakeAt);
  }

  /** Puts taken, unacknowledged messages back in front, in their order. */
  putBack(messages: readonly Frame[][]): void {
    for (let i = messages.length - 1; i >= 0; i--) this.#waiting.unshift(messages[i]);
    if (messages.length > 0) this.#asleep = false;
  }

  /** Puts a message of our own making behind what waits to be read here: a notice of the peer's coming or going. */
  notice(frames: Frame[]): void {
    this.other.written++;
    this.other.#pending++;
    this.#waiting.push(frames);
    this.other.flush();
  }

  /** Removes everything that waits, oldest first, as if it had not been written. */
  takeAll(): Frame[][] {
    const all = [...this.#waiting];
    this.#unwrite();
    return all;
  }

  /** Throws everything away that waits to be read here, as if it had not been written; the number of messages. */
  discard(): number {
    const count = this.#waiting.length;
    for (const frames of this.#waiting) giveBack(frames);
    this.#unwrite();
    return count;
  }

  // Closing -----------------------------------------------------------------------------------------------------------

  /** Whether this end was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Closes this end. With `keepReading`, what waits here can still be read; otherwise it is dropped and the number of
   * messages lost is returned.
   */
  close(keepReading = false): number {
    if (this.#closed) return 0;
    this.#closed = true;
    let lost = 0;
    if (!keepReading) {
      lost = this.#waiting.length;
      for (const frames of this.#waiting) giveBack(frames);
      this.#waiting.clear();
    }
    const { other } = this;
    if (!other.#closed) other.owner.onClosed(other);
    if (other.#waiting.length === 0) other.#end();
    return lost;
  }

  // Nothing to read: sleep, or, when the writer is gone, this was all.
  #sleep(): void {
    this.#asleep = true;
    if (this.other.#closed) this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.owner.onDrained(this);
  }

  #applyMark(): void {
    const none = this.#conflate || this.#ownMark === 0 || this.#addedMark === 0;
    this.#limit = none ? NO_LIMIT : this.#ownMark + (this.#addedMark ?? 0);
    this.#wakeAt = this.lowWaterMark;
    // A raised mark gives room at once, however little.
    this.#wake(this.#limit - 1);
  }

  // Conflation: the messages that wait give way to the newest.
  #forget(): void {
    if (this.#waiting.length === 0) return;
    const lost = this.discard();
    this.peer.countDrop("conflated", lost);
  }

  #unwrite(): void {
    const count = this.#waiting.length;
    this.#waiting.clear();
    this.other.written -= count;
    this.acknowledge(count);
  }

  #wake(atMost: number): void {
    if (!this.#refused || this.#pending > atMost) return;
    this.#refused = false;
    if (!this.#closed && !this.other.#closed) this.owner.onWritable(this);
  }
}
