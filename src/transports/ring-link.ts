/**
 * One connection to another thread, as a pipe sees it: what the socket writes goes into the ring, what the ring holds
 * is put into the pipe.
 *
 *     socket ⇄ end │ own end ⇄ RingLink ⇄ ring ═ ring ⇄ RingLink ⇄ own end │ end ⇄ socket        (another thread)
 *
 * A message counts against its writer's mark until the other program took it: each side tells the other how many it
 * took. Of what came, only a batch lies in the pipe; the rest stays in the ring until the program wants it.
 * Does not own: how the two sides found each other (threads.ts, thread-offers.ts), the algorithm of the ring.
 * Invariants: messages that were committed are delivered, also when their thread is gone; a side that sleeps has said
 * so in shared memory before it looked for the last time.
 */
import { type ErrorReason, ZmqError } from "../base/errors.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe, PipeOwner, PipeTaker } from "../core/pipe.ts";
import type { Party } from "../core/transport.ts";
import {
  ACKNOWLEDGED,
  CREDIT_TARGET,
  CREDIT_WANTED,
  direction,
  pairHeader,
  READER_CLOSED,
  READER_MARK,
  SIDE_DONE,
  WRITER_CLOSED,
} from "../ring/layout.ts";
import { MessageReader } from "../ring/message-reader.ts";
import { MessageWriter, SHARE_BYTES } from "../ring/message-writer.ts";
import { RingReader, type RingWriter } from "../ring/spsc-ring.ts";
import { HandOver, type HandOverHost } from "./hand-over.ts";
import { RingLoans } from "./ring-loans.ts";
import { noteLarge } from "./spare-heap.ts";
import type { Terms } from "./thread-hello.ts";

/** Messages that lie in the pipe at most, while more wait in the ring. */
const BATCH = 64;
/** And shares of large data, so that the program finds in its caches what was copied. */
const BATCH_SHARES = 3;

/** What a link needs of its thread. */
export interface LinkHost extends HandOverHost {
  /** Messages that wait keep the thread alive from the first on, for it ends without asking. */
  readonly holds: boolean;
  /** Rings at the other side. */
  wake(): void;
  /** The link is over, and touches its memory no more. */
  remove(rings: LinkRings): void;
}

/** One side's half of the memory, positioned behind the HELLOs. */
export interface LinkRings {
  readonly memory: SharedArrayBuffer;
  readonly side: 0 | 1;
  readonly out: RingWriter;
  readonly in: RingReader;
}

export class RingLink implements PipeOwner, PipeTaker {
  #host: LinkHost;
  #party: Party;
  #pipe: Pipe;
  #rings: LinkRings;
  #writer: MessageWriter;
  #reader: MessageReader;
  #handOver: HandOver;
  #loans: RingLoans | null;
  #outHeader: Int32Array;
  #inHeader: Int32Array;
  // Messages put into the pipe since the beginning, and how many of ours the other side has said it took.
  #delivered = 0;
  #acknowledged = 0;
  // The other side's mark as it was last seen in shared memory.
  #toldMark = 0;
  // How many the program takes between two times that the other side is told.
  #step: number;
  // The other thread was ended.
  #orphaned = false;
  // This side's socket has closed its end; what is to be called when nothing waits any more.
  #closing = false;
  #lingered: ((flushed: number, dropped: number) => void) | null = null;
  #pendingAtClose = 0;
  #release: (() => void) | null = null;
  #over = false;

  /** `pipe` is the transport's end. From `terms` follows how often the other side must hear what was taken. */
  constructor(host: LinkHost, party: Party, pipe: Pipe, rings: LinkRings, { window, lends }: Terms) {
    this.#host = host;
    this.#party = party;
    this.#pipe = pipe;
    this.#rings = rings;
    this.#writer = new MessageWriter(rings.out, undefined, lends ? rings.out.maxBodyBytes : undefined);
    this.#handOver = new HandOver(rings.out, host);
    this.#loans = party.settings.receiveViews ? new RingLoans(rings.in, () => this.#over || host.wake()) : null;
    this.#reader = new MessageReader(rings.in, this.#loans);
    this.#outHeader = direction(rings.memory, rings.side).header;
    this.#inHeader = direction(rings.memory, rings.side === 0 ? 1 : 0).header;
    this.#step = Math.max(1, Math.min(BATCH / 2, (window + 1) >> 1));
    pipe.owner = this;
    pipe.taker = this;
  }

  /** Begins: what waits goes out, what came is delivered. Both sides know each other. */
  start(): void {
    this.#pump();
    if (this.#pipe.other.closed) this.onClosed();
    else this.#deliver();
  }

  /** The doorbell rang: something came, there is room, messages were taken, or the other side closed. */
  attend(): void {
    if (this.#over) return;
    this.#credit();
    this.#pump();
    this.#deliver();
  }

  /** The other thread was ended: what it had committed is delivered, then this is over. */
  orphan(): void {
    if (this.#over || this.#orphaned) return;
    this.#orphaned = true;
    const { peer } = this.#pipe.other;
    const error = new ZmqError("thread-ended", `${peer.endpoint}: the thread at the other end was ended`, {
      address: peer.endpoint,
    });
    if (!this.#closing) this.#party.onLost(this.#pipe.other, error);
    this.attend();
  }

  // The pipe calls ----------------------------------------------------------------------------------------------------

  take(frames: Frame[]): boolean {
    // Whether anybody still reads is not asked for each message, for that would take the reader's cache line from it: what
    // comes too late is found in the ring at the end.
    if (this.#writer.busy || !this.#writer.write(frames)) return false;
    this.#handOver.commit();
    if (this.#writer.busy) this.#pump();
    return true;
  }

  get isBusy(): boolean {
    return this.#writer.busy;
  }

  relieve(): void {
    this.#credit();
    const end = this.#pipe.other;
    const excess = end.pending - end.lowWaterMark;
    if (!(excess > 0)) return;
    const header = this.#outHeader;
    const target = (this.#acknowledged + excess) | 0;
    Atomics.store(header, CREDIT_TARGET, target);
    Atomics.store(header, CREDIT_WANTED, 1);
    if (((Atomics.load(header, ACKNOWLEDGED) - target) | 0) < 0) return;
    Atomics.store(header, CREDIT_WANTED, 0);
    this.#credit();
  }

  // The reader has answered by a word in memory long before this thread is done with what it does, and hears the doorbell.
  onBacklog(): void {
    if (!this.#rings.out.waitsForRoom) this.#pump();
  }

  onMark(messages: number): void {
    // Unread messages outlive their connection, whose memory may be another's by then.
    if (this.#over) return;
    Atomics.store(this.#inHeader, READER_MARK, (messages + 1) | 0);
    this.#host.wake();
  }

  onReadable(): void {
    this.#pump();
  }

  onWritable(): void {
    this.#deliver();
  }

  onClosed(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    Atomics.store(this.#inHeader, READER_CLOSED, 1);
    this.#pendingAtClose = this.#pipe.waiting + (this.#writer.busy ? 1 : 0);
    this.#pump();
    if (this.#over) return;
    this.#host.wake();
    this.#lingered = this.#party.linger(() => this.#finish("linger-expired"));
  }

  onDrained(): void {
    // The socket's end is closed and nothing waits: `#pump` sees it too.
  }

  // Sending -----------------------------------------------------------------------------------------------------------

  #pump(): void {
    if (this.#over) return;
    if (this.#isDeaf()) {
      if (this.#closing) this.#finish("peer-closed");
      return;
    }
    const { out } = this.#rings;
    do {
      this.#write();
      this.#handOver.commit();
      if (!this.#writer.busy && this.#pipe.waiting === 0) {
        this.#let();
        if (this.#closing) this.#finish(null);
        return;
      }
    } while (out.wantRoom());
    if (this.#host.holds) this.#release ??= this.#party.hold();
  }

  #let(): void {
    this.#release?.();
    this.#release = null;
  }

  // As many as there is room for, in shares.
  #write(): void {
    const pipe = this.#pipe;
    const writer = this.#writer;
    const { out } = this.#rings;
    for (;;) {
      if (writer.busy) {
        if (!writer.resume()) return;
      } else {
        const frames = pipe.takeWaiting();
        if (frames === undefined) return;
        if (!writer.write(frames)) {
          pipe.putBack([frames]);
          return;
        }
      }
      if (out.uncommitted >= SHARE_BYTES) this.#handOver.commit();
    }
  }

  // Gives our socket room for what the other program took, and for what its mark is now.
  #credit(): void {
    const mark = Atomics.load(this.#outHeader, READER_MARK);
    if (mark !== this.#toldMark) {
      this.#toldMark = mark;
      this.#pipe.other.addHighWaterMark((mark - 1) >>> 0);
    }
    const now = Atomics.load(this.#outHeader, ACKNOWLEDGED);
    const count = (now - this.#acknowledged) | 0;
    if (count === 0) return;
    this.#acknowledged = now;
    this.#pipe.acknowledge(count);
  }

  // Nobody reads at the other side any more.
  #isDeaf(): boolean {
    return this.#orphaned || Atomics.load(this.#outHeader, READER_CLOSED) === 1;
  }

  // Receiving ---------------------------------------------------------------------------------------------------------

  #deliver(): void {
    if (this.#closing || this.#over) return;
    const pipe = this.#pipe;
    const ring = this.#rings.in;
    // Looked at before the ring: what was committed before the close is then seen.
    const ended = this.#orphaned || Atomics.load(this.#inHeader, WRITER_CLOSED) === 1;
    const isLast = ended && this.#isDeaf();
    let empty: boolean;
    let room = false;
    do {
      empty = this.#fill(isLast);
      room = ring.release(this.#reader.isInside) || room;
    } while (empty && !this.#isFed() && ring.sleep());
    if (this.#acknowledge() || room) this.#host.wake();
    if (this.#reader.largeBytes > 0) {
      noteLarge(this.#reader.largeBytes);
      this.#reader.largeBytes = 0;
    }
    if (pipe.pending > 0) pipe.notifyAt(Math.max(0, pipe.pending - this.#step));
    pipe.flush();
    if (ended && empty) this.#finish(this.#orphaned ? "thread-ended" : "peer-closed");
  }

  // Puts a batch of messages into the pipe, or all, and gives room in shares; true when the ring is empty.
  #fill(all: boolean): boolean {
    const pipe = this.#pipe;
    const reader = this.#reader;
    const ring = this.#rings.in;
    const limit = all ? Number.POSITIVE_INFINITY : BATCH;
    let shares = all ? Number.POSITIVE_INFINITY : BATCH_SHARES;
    while (pipe.pending < limit) {
      const frames = reader.read(SHARE_BYTES);
      if (frames !== undefined) {
        this.#delivered++;
        pipe.put(frames);
      }
      if (ring.unreleased >= SHARE_BYTES) {
        if (ring.release(reader.isInside)) this.#host.wake();
        if (--shares <= 0 && pipe.pending > 0) return false;
      } else if (frames === undefined) return true;
    }
    return false;
  }

  // The program finds something in the pipe, and this looks again when it took that: nobody need wake it, and a program that keeps up
  // does not go to sleep and wake with every message. Of a pipe that keeps only the newest it would be given an old one.
  #isFed(): boolean {
    return this.#pipe.pending > 0 && !this.#pipe.conflates;
  }

  // Tells the other side how many messages the program took; true when that is what it waits for.
  #acknowledge(): boolean {
    const header = this.#inHeader;
    const taken = (this.#delivered - this.#pipe.pending) | 0;
    Atomics.store(header, ACKNOWLEDGED, taken);
    if (Atomics.load(header, CREDIT_WANTED) !== 1) return false;
    if (((taken - Atomics.load(header, CREDIT_TARGET)) | 0) < 0) return false;
    return Atomics.exchange(header, CREDIT_WANTED, 0) === 1;
  }

  // The end -----------------------------------------------------------------------------------------------------------

  // What waited and was not handed over is the socket's to give to others, or to count as lost.
  #finish(reason: ErrorReason | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#handOver.end();
    Atomics.store(this.#inHeader, READER_CLOSED, 1);
    Atomics.store(this.#outHeader, WRITER_CLOSED, 1);
    const unsent = this.#unsent();
    if (this.#loans === null) this.#leave();
    else this.#loans.whenReturned(() => this.#leave());
    if (!this.#orphaned) this.#host.wake();
    this.#host.remove(this.#rings);
    const end = this.#pipe.other;
    this.#pipe.close(true);
    unsent.push(...this.#untaken(unsent.length));
    if (unsent.length > 0) this.#party.onUnsent(end, unsent, reason ?? "peer-closed");
    const dropped = Math.min(unsent.length, this.#pendingAtClose);
    this.#lingered?.(this.#pendingAtClose - dropped, dropped);
    this.#let();
  }

  // What the program still looks at is not to be used again.
  #leave(): void {
    Atomics.store(pairHeader(this.#rings.memory), SIDE_DONE[this.#rings.side], 1);
  }

  // Messages that nobody will read: in the ring, and half in it.
  #unsent(): Frame[][] {
    const messages: Frame[][] = [];
    if (this.#isDeaf()) {
      const left = new MessageReader(new RingReader(direction(this.#rings.memory, this.#rings.side)));
      for (let frames = left.read(); frames !== undefined; frames = left.read()) messages.push(frames);
    }
    const begun = this.#writer.giveUp();
    if (begun !== null) messages.push(begun);
    return messages;
  }

  // Messages that never came to the ring. `taken`: how many of those that did were not sent.
  #untaken(taken: number): Frame[][] {
    const pipe = this.#pipe;
    pipe.other.written -= taken;
    pipe.acknowledge(taken);
    return pipe.takeAll();
  }
}
