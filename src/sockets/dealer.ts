/** DEALER (RFC 28): sends to its peers in turn, receives from all of them in turn; no state, no envelope. */
import type { ErrorReason } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { handOver, SocketCore } from "../core/socket-core.ts";
import { FairQueue } from "../patterns/fair-queue.ts";
import { LoadBalancer } from "../patterns/load-balancer.ts";

/** Also the base of REQ and CLIENT. */
export class DealerCore extends SocketCore {
  override readonly connectsOnce = true;
  protected readonly balancer = new LoadBalancer();
  protected readonly queue = new FairQueue();

  constructor(context: ContextCore, type: "DEALER" | "REQ" | "CLIENT" = "DEALER") {
    super(type, context);
  }

  override trySend(frames: Frame[]): boolean {
    return this.balancer.send(frames);
  }

  override tryReceive(): Frame[] | undefined {
    return this.queue.receive();
  }

  get source(): Pipe | null {
    return this.queue.last;
  }

  get readable(): boolean {
    return this.queue.hasMessage();
  }

  get writable(): boolean {
    return this.balancer.hasRoom();
  }

  protected attach(pipe: Pipe): void {
    this.probe(pipe);
    this.queue.attach(pipe);
    this.balancer.attach(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.queue.detach(pipe);
  }

  protected retired(pipe: Pipe): void {
    this.balancer.detach(pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.queue.activated(pipe);
  }

  protected override writeActivated(pipe: Pipe): void {
    this.balancer.activated(pipe);
  }

  override onUnsent(pipe: Pipe, messages: Frame[][], reason: ErrorReason): number {
    return handOver(this, pipe, messages, reason);
  }
}

/**
 * An asynchronous client or worker: messages go to REP, ROUTER or DEALER peers in turn and come from all of them.
 * `send` waits while all are full.
 */
export class Dealer extends /* @__PURE__ */ socketClass("DEALER", DealerCore) {}
