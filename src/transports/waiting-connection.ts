/**
 * A connection over inproc whose name nobody has bound yet, or whose offer to another thread is not answered: it has one
 * end of a pipe, where what the socket sends waits.
 *
 * Where a thread would end before another one could bind the name, what waits lingers as unsent messages do. Does not
 * own: who joins it at last; then it is left behind.
 */
import type { Pipe, PipeOwner, PipeTaker } from "../core/pipe.ts";
import type { Party } from "../core/transport.ts";

/**
 * When messages that wait keep their thread alive: never; from the socket's close or the thread's end on; or always, in a
 * thread that ends without being asked.
 */
export type WaitingHold = "never" | "closing" | "always";

export class WaitingConnection implements PipeOwner, PipeTaker {
  readonly name: string;
  readonly connector: Party;
  /** The connecting socket's end. */
  declare pipe: Pipe;
  #holds: WaitingHold;
  #release: (() => void) | null = null;
  #forget: (connection: WaitingConnection) => void;
  #lingered: ((flushed: number, dropped: number) => void) | null = null;

  /** `forget` is called when it is given up. */
  constructor(name: string, connector: Party, holds: WaitingHold, forget: (connection: WaitingConnection) => void) {
    this.name = name;
    this.connector = connector;
    this.#holds = holds;
    this.#forget = forget;
  }

  /** Its socket has closed it, and nothing waits. */
  get isOver(): boolean {
    return this.pipe.closed && this.pipe.other.waiting === 0;
  }

  /** Somebody else takes the transport's end over, and then calls the result: only now what lingered may be over. */
  leave(): () => void {
    this.pipe.other.taker = null;
    const lingered = this.#lingered;
    this.#lingered = null;
    const release = this.#release;
    this.#release = null;
    return () => {
      lingered?.(0, 0);
      release?.();
    };
  }

  take(): boolean {
    if (this.#holds === "always") this.#release ??= this.connector.hold();
    return false;
  }

  relieve(): void {
    // Nobody takes anything.
  }

  onMark(messages: number): void {
    this.pipe.other.addHighWaterMark(messages);
  }

  /** Tells who has joined of a receive mark that changed since the connect: its offer said the former. */
  tellMark(joined: PipeTaker): void {
    const { addedMark } = this.pipe.other;
    if (addedMark !== null && addedMark !== this.connector.settings.receiveHighWaterMark) joined.onMark(addedMark);
  }

  onReadable(): void {
    // It waits.
  }

  onWritable(): void {
    // Nothing was refused: nobody writes at this end.
  }

  onClosed(): void {
    if (this.#holds === "never" || this.pipe.other.waiting === 0) return;
    this.#lingered = this.connector.linger(() => this.#giveUp());
  }

  onDrained(): void {
    this.#forget(this);
    this.#let();
  }

  #let(): void {
    this.#release?.();
    this.#release = null;
  }

  #giveUp(): void {
    this.#forget(this);
    const far = this.pipe.other;
    far.close(true);
    const messages = far.takeAll();
    this.connector.onUnsent(this.pipe, messages, "linger-expired");
    this.#lingered?.(0, messages.length);
    this.#lingered = null;
    this.#let();
  }
}
