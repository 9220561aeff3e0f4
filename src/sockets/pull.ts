/** PULL (RFC 30): receives from all its PUSH peers in turn. */

import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { FairQueue } from "../patterns/fair-queue.ts";

/** Also the base of GATHER. */
export class PullCore extends SocketCore {
  #queue = new FairQueue();

  constructor(context: ContextCore, type: "PULL" | "GATHER" = "PULL") {
    super(type, context);
  }

  override tryReceive(): Frame[] | undefined {
    return this.#queue.receive();
  }

  get source(): Pipe | null {
    return this.#queue.last;
  }

  get readable(): boolean {
    return this.#queue.hasMessage();
  }

  get writable(): boolean {
    return false;
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

/**
 * The receiving end of a pipeline: fair-queues what its PUSH peers send. Back-pressure reaches them when
 * `receiveHighWaterMark` is full.
 */
export class Pull extends /* @__PURE__ */ socketClass("PULL", PullCore) {}
