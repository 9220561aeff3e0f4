/**
 * The outbox of one link: gathers messages as wire bytes and hands them to the link in few, large writes.
 *
 *     add ──▶ [ header body header body … ] slab      small bodies are copied into a slab, right when they are sent
 *             [ header ]──▶ large body ──▶ [ … ]      large ones go by reference, between two ranges of the slab
 *                    │ flush: one gathered write
 *                    ▼
 *                  flight                              at most one write that the kernel has not taken yet
 *
 * Owns: the encoded form, the slabs, the count of messages that the kernel has not taken. Does not own: when to flush
 * (the session does), the queue of messages that find no room here (the pipe does).
 * Invariants: one write in flight; while there is one, at most GATHER_BYTES wait behind it (plus one message); every
 * message is either acknowledged once (`onTaken`) or given back once (`unsent`).
 */
import { copyBytes, setBytes } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import type { Frame } from "../zmtp/frame-decoder.ts";
import { FLAG_COMMAND, FLAG_MORE, type Lender, MAX_HEADER_BYTES, readFrames, type WireForm } from "../zmtp/frame-encoder.ts";
import { byteLength } from "./message.ts";
import type { SharedRun, SharedSlab } from "./shared-run.ts";
import { COPY_BYTES, GATHER_BYTES, putFrame, SLAB_BYTES, type SlabPool } from "./slab.ts";
import type { Link } from "./transport.ts";

const NO_PARTS: readonly Uint8Array[] = [];
/** Before any octet: not even nothing has room there. */
const NOWHERE = -1;

/** What is written at once: grows while it is gathered, then is in flight until the kernel has it. */
class Batch {
  readonly parts: Uint8Array[] = [];
  readonly slabs: Uint8Array[] = [];
  // The last of the slabs; `from`..`at` of it is not yet one of the parts.
  slab: Uint8Array | null = null;
  from = 0;
  at = 0;
  /** What is written has to end here; NOWHERE without a slab, and in one that is not ours to write to. */
  end = NOWHERE;
  /** A slab of messages that others get too, if the batch began with some; counted there. */
  shared: SharedSlab | null = null;
  messages = 0;
  /** Once it is written: as the wire has them. */
  bytes = 0;
  /** Octets of greeting and commands before the first message, in the parts. */
  head = 0;
  /** What was gathered before the wire's form changed, as it goes, and how many octets it had: what a handshake says, no message. */
  settled: readonly Uint8Array[] = NO_PARTS;
  settledBytes = 0;
  /** Whether a command follows the last message. */
  tail = false;

  // From now on what is added lies in this slab.
  gather(slab: Uint8Array, at: number, end: number): void {
    this.slab = slab;
    this.from = at;
    this.at = at;
    this.end = end;
  }

  // The range of the slab that is not a part yet becomes one.
  seal(): void {
    if (this.slab === null || this.at === this.from) return;
    this.parts.push(this.slab.subarray(this.from, this.at));
    this.from = this.at;
  }

  // What was just counted is no message: it stands before the first, or behind the last so far.
  noMessage(): void {
    if (this.messages === 0) this.head = this.bytes - this.settledBytes;
    else this.tail = true;
  }
}

/** What an outbox calls, from `flush` and `taken`. */
export interface OutboxSink {
  /** The kernel has a batch. */
  onBatchTaken(messages: number, bytes: number): void;
  /** A batch could not be put into the wire's form and is gone. Nothing is written any more; the link is to be ended. */
  onBatchUnformed(messages: number): void;
}

/** Nothing; it is never added to. */
const NO_BATCH = new Batch();

export class Outbox implements Lender {
  #link: Link;
  #pool: SlabPool;
  #sink: OutboxSink;

  // Null while nothing is gathered, as on most connections at most times.
  #gathered: Batch | null = null;
  #flight: Batch | null = null;
  #form: WireForm | null = null;
  #level = 0;
  #raw = false;

  constructor(link: Link, pool: SlabPool, sink: OutboxSink) {
    this.#link = link;
    this.#pool = pool;
    this.#sink = sink;
  }

  /** How frames are written from now on; null: as they are. What is kept to be given back stays in the plain form. */
  set form(form: WireForm | null) {
    if (form === this.#form) return;
    if (this.#gathered !== null) this.#settle(this.#gathered);
    this.#form = form;
  }

  /** Whether nothing is gathered or in flight. */
  get empty(): boolean {
    return this.#flight === null && (this.#gathered === null || this.#gathered.bytes === 0);
  }

  /** Whether a write is in flight that the kernel has not taken. */
  get busy(): boolean {
    return this.#flight !== null;
  }

  /** Messages here that the kernel does not have. */
  get messages(): number {
    return (this.#gathered?.messages ?? 0) + (this.#flight?.messages ?? 0);
  }

  /** Bytes here that the kernel does not have. */
  get bytes(): number {
    return (this.#gathered?.bytes ?? 0) + (this.#flight?.bytes ?? 0);
  }

  /**
   * Takes a message: its small frames are copied now, its large ones referenced until taken. False when the link is
   * backed up.
   */
  add(frames: Frame[]): boolean {
    const batch = this.#open();
    if (batch === null) return false;
    const last = frames.length - 1;
    for (let i = 0; i < last; i++) this.#addFrame(batch, frames[i], FLAG_MORE);
    if (last >= 0) this.#addFrame(batch, frames[last], 0);
    batch.messages++;
    batch.tail = false;
    return true;
  }

  /**
   * As `add`, for the message that many links get and that a run has encoded: as long as one follows upon the other there, they are one
   * range of this link's batch, and not copied.
   */
  addShared(frames: Frame[], run: SharedRun): boolean {
    let batch = this.#open();
    if (batch === null) return false;
    // The run has gone on to another slab: so does a new batch.
    if (batch.shared !== null && batch.shared !== run.slab) {
      this.flush();
      batch = this.#gathered ??= new Batch();
    }
    if (batch.bytes === 0) {
      batch.shared = run.slab.hold();
      batch.gather(run.slab.bytes, run.from, NOWHERE);
    } else if (batch.slab !== run.slab.bytes || batch.at !== run.from) return this.add(frames);
    batch.at = run.to;
    batch.bytes += run.to - run.from;
    batch.messages++;
    batch.tail = false;
    return true;
  }

  /** As `add`, for a link without framing: the bytes as they are. They cannot be given back after a break. */
  addRaw(bytes: Frame): boolean {
    const batch = this.#open();
    if (batch === null) return false;
    this.#addBytes(batch, bytes);
    batch.messages++;
    this.#raw = true;
    return true;
  }

  /** As `add`, for a command that a program causes, such as a subscription: no message, and it has to wait as one. */
  addCommand(body: Uint8Array): boolean {
    const batch = this.#open();
    if (batch === null) return false;
    this.#addFrame(batch, body, FLAG_COMMAND);
    batch.noMessage();
    return true;
  }

  /** Takes encoded bytes that are no message (greeting, answers to commands); always. */
  addEncoded(bytes: Uint8Array): void {
    this.#gathered ??= new Batch();
    this.#addBytes(this.#gathered, bytes);
  }

  /** Writes what is gathered, unless a write is in flight or the link is gone. */
  flush(): void {
    const batch = this.#gathered;
    if (batch === null || batch.bytes === 0 || this.#flight !== null || !this.#link.open) return;
    batch.seal();
    const { parts, settled } = batch;
    const shaped = this.#form === null ? parts : this.#form(parts, this);
    this.#gathered = null;
    if (shaped === null) return this.#unformed(batch);
    const wire = settled.length === 0 ? shaped : [...settled, ...shaped];
    if (wire !== parts) batch.bytes = byteLength(wire);
    if (this.#link.write(wire)) this.#finish(batch);
    else this.#flight = batch;
  }

  /** Memory for a batch that is being put into its form; the kernel gives it back with the batch. */
  lend(bytes: number): Uint8Array {
    const slab = this.#pool.takeFor(bytes);
    this.#gathered?.slabs.push(slab);
    return slab;
  }

  /** The link says that the kernel has the write in flight. */
  taken(): void {
    const batch = this.#flight;
    if (batch === null) return;
    this.#flight = null;
    this.#finish(batch);
  }

  /**
   * The link is gone: the messages that the kernel cannot have had whole, oldest first, in memory of their own. Of the
   * write in flight that is the last one, which is certainly incomplete, unless a command was written behind it; the
   * others count as sent, for nothing may be sent twice. The outbox is empty afterwards. `sent` is the number of
   * messages that count as sent and were not acknowledged before.
   */
  unsent(): { messages: Frame[][]; sent: number } {
    const flight = this.#flight;
    const gathered = this.#gathered ?? NO_BATCH;
    gathered.seal();
    this.#flight = null;
    this.#gathered = null;
    if (this.#raw) {
      if (flight !== null) this.#release(flight);
      this.#release(gathered);
      return { messages: [], sent: (flight?.messages ?? 0) + gathered.messages };
    }
    const written = flight === null ? [] : decode(flight);
    const cut = flight === null || flight.tail ? [] : written.slice(-1);
    if (flight !== null) this.#release(flight);
    const messages = [...cut, ...decode(gathered)];
    this.#release(gathered);
    return { messages, sent: written.length - cut.length };
  }

  // The batch that takes more; null when the link is backed up.
  #open(): Batch | null {
    if (this.#gathered === null || this.#gathered.bytes >= GATHER_BYTES) {
      this.flush();
      this.#gathered ??= new Batch();
      if (this.#gathered.bytes >= GATHER_BYTES) return null;
    }
    return this.#gathered;
  }

  #addBytes(batch: Batch, bytes: Uint8Array): void {
    batch.bytes += bytes.length;
    batch.noMessage();
    if (bytes.length > COPY_BYTES) {
      batch.seal();
      batch.parts.push(bytes);
      return;
    }
    const slab = batch.end - batch.at < bytes.length ? this.#nextSlab(batch) : (batch.slab as Uint8Array);
    setBytes.call(slab, bytes, batch.at);
    batch.at += bytes.length;
  }

  #addFrame(batch: Batch, body: Frame, flags: number): void {
    const size = body.length;
    const large = size > COPY_BYTES;
    const room = MAX_HEADER_BYTES + (large ? 0 : size);
    const slab = batch.end - batch.at < room ? this.#nextSlab(batch) : (batch.slab as Uint8Array);
    const from = batch.at;
    batch.at = putFrame(slab, from, flags, body);
    batch.bytes += batch.at - from;
    if (!large) return;
    batch.bytes += size;
    batch.seal();
    batch.parts.push(body);
  }

  // A slab of ours that is full: the next one is larger, for this link sends much in a turn.
  #nextSlab(batch: Batch): Uint8Array {
    batch.seal();
    if (batch.slabs.length > 0 && this.#level < SLAB_BYTES.length - 1) this.#level++;
    const slab = this.#pool.take(this.#level);
    batch.slabs.push(slab);
    batch.gather(slab, 0, slab.length);
    return slab;
  }

  #finish(batch: Batch): void {
    this.#release(batch);
    this.#sink.onBatchTaken(batch.messages, batch.bytes);
  }

  // What was said so far keeps the form in which it was said.
  #settle(batch: Batch): void {
    assert(batch.messages === 0, "the wire's form changes before the first message");
    batch.seal();
    const parts = batch.parts.splice(0);
    const wire = this.#form === null ? parts : this.#form(parts, this);
    assert(wire !== null, "what a handshake says has a form");
    batch.settled = [...batch.settled, ...wire];
    batch.settledBytes = batch.bytes;
    batch.head = 0;
  }

  // Stands for a write that is never taken, so what comes now waits to be given back.
  #unformed(batch: Batch): void {
    this.#flight = NO_BATCH;
    this.#release(batch);
    this.#sink.onBatchUnformed(batch.messages);
  }

  #release({ slabs, shared }: Batch): void {
    for (const slab of slabs) this.#pool.give(slab);
    shared?.release();
  }
}

/** The messages of a batch, copied; greeting and commands are left out. */
function decode({ parts, head }: Batch): Frame[][] {
  const messages: Frame[][] = [];
  let frames: Frame[] = [];
  readFrames(parts, head, (flags, body) => {
    if ((flags & FLAG_COMMAND) !== 0) return;
    frames.push(copyBytes(body));
    if ((flags & FLAG_MORE) !== 0) return;
    messages.push(frames);
    frames = [];
  });
  return messages;
}
