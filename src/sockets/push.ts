/** PUSH (RFC 30): sends to its PULL peers in turn, waits when none has room. */
import type { ErrorReason } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { handOver, SocketCore } from "../core/socket-core.ts";
import { LoadBalancer } from "../patterns/load-balancer.ts";

/** Also the base of SCATTER. */
export class PushCore extends SocketCore {
  override readonly discardsInput = true;
  #balancer = new LoadBalancer();

  constructor(context: ContextCore, type: "PUSH" | "SCATTER" = "PUSH") {
    super(type, context);
  }

  override trySend(frames: Frame[]): boolean {
    return this.#balancer.send(frames);
  }

  get source(): null {
    return null;
  }

  get readable(): boolean {
    return false;
  }

  get writable(): boolean {
    return this.#balancer.hasRoom();
  }

  protected attach(pipe: Pipe): void {
    this.#balancer.attach(pipe);
  }

  protected detach(): void {}

  protected retired(pipe: Pipe): void {
    this.#balancer.detach(pipe);
  }

  protected override writeActivated(pipe: Pipe): void {
    this.#balancer.activated(pipe);
  }

  override onUnsent(pipe: Pipe, messages: Frame[][], reason: ErrorReason): number {
    return handOver(this, pipe, messages, reason);
  }
}

/**
 * The sending end of a pipeline: each message goes to one PULL peer, in turn. `send` waits while there is no peer or
 * all are full; nothing is dropped.
 */
export class Push extends /* @__PURE__ */ socketClass("PUSH", PushCore) {}
