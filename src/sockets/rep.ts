/**
 * REP (RFC 28): receives a request, answers it to whoever asked.
 *
 *     request:  envelope frames…  ""  body…
 *
 * The envelope up to the first empty frame is kept and goes back before the reply.
 *
 * State: no request, or one that waits for its answer. A request without an empty frame, or without a body, is dropped
 * with an event.
 */
import { ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import { own } from "../core/loans.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { FairQueue } from "../patterns/fair-queue.ts";

class RepCore extends SocketCore {
  #queue = new FairQueue();
  #envelope: Frame[] | null = null;
  #asker: Pipe | null = null;

  constructor(context: ContextCore) {
    super("REP", context);
  }

  override canSend(): boolean {
    return this.#envelope !== null;
  }

  override canReceive(): boolean {
    return this.#envelope === null;
  }

  override stateError(operation: "send" | "receive"): ZmqError {
    const why =
      operation === "send"
        ? "REP has no request to answer; receive one first"
        : "REP has not answered its last request; send the reply first";
    return new ZmqError("wrong-state", `Operation cannot be accomplished in current state: ${why}`);
  }

  override tryReceive(): Frame[] | undefined {
    if (this.#envelope !== null) throw this.stateError("receive");
    for (;;) {
      const frames = this.#queue.receive();
      if (frames === undefined) return undefined;
      const delimiter = frames.findIndex((frame) => frame.length === 0);
      if (delimiter === -1 || delimiter === frames.length - 1) {
        this.discard(frames, "invalid-envelope");
        continue;
      }
      this.#envelope = own(frames.splice(0, delimiter + 1));
      this.#asker = this.#queue.last;
      return frames;
    }
  }

  override trySend(frames: Frame[]): boolean {
    if (this.#envelope === null) throw this.stateError("send");
    const reply = [...this.#envelope, ...frames];
    const asker = this.#asker as Pipe;
    this.#envelope = null;
    this.#asker = null;
    // A reply that cannot be delivered is dropped, never waited for: the next request comes first.
    if (!asker.write(reply)) this.drop(asker.other.closed || asker.closed ? "unroutable" : "high-water-mark", 1, asker.peer);
    this.receiver.onMessages();
    return true;
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#envelope === null && this.#queue.hasMessage();
  }

  get writable(): boolean {
    return this.#envelope !== null;
  }

  protected attach(pipe: Pipe): void {
    this.#queue.attach(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#queue.detach(pipe);
  }

  protected retired(): void {}

  protected override readActivated(pipe: Pipe): void {
    this.#queue.activated(pipe);
  }
}

/** A server: `receive` a request, `send` its reply, in turn. Requests of all REQ and DEALER peers are served in turn. */
export class Reply extends /* @__PURE__ */ socketClass("REP", RepCore) {}
