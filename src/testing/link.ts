/**
 * One end of a simulated connection: a `Link` as the core knows it, and the wire to the other end.
 *
 *     write ──▶ rest (the caller's bytes) ──▶ under way: at most `bufferBytes`, in pieces ──▶ arrived ──▶ onData
 *
 * A write is taken when all of it is under way; until then its bytes are read from the caller's memory, so reusing them
 * too early shows. Pieces arrive in order, after a delay, cut anywhere. What ends a wire travels on it like a piece.
 * Owns: delay, pieces, back-pressure, how a break shows. Does not own: the pair of ends and its faults (connection).
 */
import { copyBytes } from "../base/bytes.ts";
import type { Link, LinkSink } from "../core/transport.ts";
import type { SimulatedConnection } from "./connection.ts";
import { delay } from "./link-profile.ts";

/** How long an orderly end waits for the other side. */
const END_MS = 1000;

const FIN = "fin";
const RESET = "reset";
type Piece = Uint8Array | typeof FIN | typeof RESET;

export class SimulatedEnd implements Link {
  readonly subprotocol = null;
  readonly host: string;
  readonly remote: string;
  other!: SimulatedEnd;
  /** This end knows no connection any more. */
  gone = false;
  open = true;

  #connection: SimulatedConnection;
  #sink: LinkSink | null = null;
  #paused = false;
  #broken = false;
  #ending: (() => void) | null = null;
  // Outgoing: what is not under way yet, the bytes that are, and when the last piece arrives.
  #rest: Uint8Array[] = [];
  #underWay = 0;
  #lastArrival = 0;
  // Incoming: what arrived and was not delivered.
  #arrived: Piece[] = [];
  #deliverPending = false;

  constructor(connection: SimulatedConnection, host: string, remote: string) {
    this.#connection = connection;
    this.host = host;
    this.remote = remote;
  }

  // What the core calls -----------------------------------------------------------------------------------------------

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#broken) this.#connection.owner.clock.defer(() => this.#tellBreak());
    this.deliverSoon();
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.gone) return false;
    for (const part of parts) {
      this.#connection.owner.written += part.length;
      if (part.length > 0) this.#rest.push(part);
    }
    this.#fill();
    return this.#rest.length === 0;
  }

  established(): void {}

  ping(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.deliverSoon();
  }

  end(done: () => void): void {
    const { clock } = this.#connection.owner;
    this.#sink = null;
    if (this.gone) return clock.defer(done);
    const timer = clock.after(END_MS, () => this.destroy());
    this.#ending = () => {
      timer.cancel();
      done();
    };
    this.#send(FIN);
    this.deliverSoon();
  }

  destroy(): void {
    this.#sink = null;
    if (this.gone) return;
    this.#leave();
    this.#rest = [];
    // As kernels do: closing with unread bytes resets the connection, and the reset may overtake what was sent.
    const unread = this.#arrived.some((piece) => typeof piece !== "string") || this.other.#underWay > 0;
    if (!unread) this.#send(FIN);
    else if (this.#connection.owner.random.next(2) === 0) this.#send(RESET);
    else if (!this.#connection.cut) this.other.breakSoon();
    this.#connection.checkOver();
  }

  /** The process died: nobody here is told. With `silent` the other side is not told either. */
  vanish(silent: boolean): void {
    if (this.gone) return;
    this.#ending = null;
    if (silent) {
      this.#connection.silence();
      this.#leave();
      this.#connection.checkOver();
    } else this.destroy();
  }

  // What the network does ---------------------------------------------------------------------------------------------

  /** The connection is reset under this end; it hears a while later. */
  breakSoon(): void {
    const { owner, profile } = this.#connection;
    owner.clock.after(delay(owner.random, profile.latencyMs), () => this.#break());
  }

  /** Delivers what has arrived, but not at once. */
  deliverSoon(): void {
    if (this.#deliverPending || this.gone) return;
    this.#deliverPending = true;
    this.#connection.owner.clock.after(0, () => {
      this.#deliverPending = false;
      this.#deliver();
    });
  }

  // As much of the rest as the buffer takes goes under way; the writer is told when that was all.
  #fill(): void {
    const { owner, profile } = this.#connection;
    while (this.#rest.length > 0 && this.#underWay < profile.bufferBytes) {
      const [part] = this.#rest;
      const room = profile.bufferBytes - this.#underWay;
      const most = Math.min(part.length, room, profile.chunkBytes);
      // Whole as often as cut: both must work.
      const size = owner.random.next(2) === 0 ? most : 1 + owner.random.next(most);
      if (size === part.length) this.#rest.shift();
      else this.#rest[0] = part.subarray(size);
      this.#underWay += size;
      this.#send(copyBytes(part, 0, size));
    }
  }

  #send(piece: Piece): void {
    const { owner, profile } = this.#connection;
    const { clock } = owner;
    this.#lastArrival = Math.max(this.#lastArrival, clock.now() + delay(owner.random, profile.latencyMs));
    clock.at(this.#lastArrival, () => {
      if (!this.#connection.cut) this.other.#arrive(piece);
    });
  }

  #arrive(piece: Piece): void {
    this.#arrived.push(piece);
    this.#deliver();
  }

  #deliver(): void {
    const { owner } = this.#connection;
    while (this.#arrived.length > 0 && !this.#connection.stalled) {
      const deaf = this.gone || this.#ending !== null;
      const [piece] = this.#arrived;
      if (piece === RESET && !this.gone) return this.#break();
      if (!deaf && (this.#sink === null || this.#paused)) return;
      this.#arrived.shift();
      if (typeof piece === "string") {
        if (!this.gone) this.#ended();
        continue;
      }
      if (!deaf) {
        owner.delivered += piece.length;
        this.#sink?.onData(piece);
      }
      this.other.#consumed(piece.length);
    }
  }

  // The other side has these bytes now, so there is room for more.
  #consumed(bytes: number): void {
    this.#underWay -= bytes;
    if (this.gone || this.#rest.length === 0) return;
    this.#fill();
    if (this.#rest.length === 0) this.#sink?.onTaken();
  }

  // The other side has closed in order.
  #ended(): void {
    if (this.#ending !== null) return this.destroy();
    const sink = this.#sink;
    this.#sink = null;
    this.open = false;
    sink?.onEnd(null);
  }

  // A reset reaches this end: at first it only shows in `open`, then the sink is called.
  #break(): void {
    if (this.gone) return;
    if (this.#connection.stalled) {
      this.#arrived = [RESET];
      return;
    }
    this.#leave();
    this.#broken = true;
    this.#connection.cut = true;
    this.#connection.owner.clock.defer(() => {
      this.#tellBreak();
      this.#connection.checkOver();
    });
  }

  #tellBreak(): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onEnd(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }

  #leave(): void {
    this.gone = true;
    this.open = false;
    const ending = this.#ending;
    this.#ending = null;
    if (ending !== null) this.#connection.owner.clock.defer(ending);
  }
}
