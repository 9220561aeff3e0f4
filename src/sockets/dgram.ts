/**
 * DGRAM: the datagrams of udp as messages `[address, body]`, to and from anybody (libzmq's draft type of that name).
 *
 * An address is the text `ip:port`; one that came can be sent to as it is. Binds only. With several binds all are read
 * in turn, and what is sent goes out by the first.
 */
import { ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { FairQueue } from "../patterns/fair-queue.ts";

class DatagramCore extends SocketCore {
  override readonly addresses = true;
  #queue = new FairQueue();
  #outlets: Pipe[] = [];

  constructor(context: ContextCore) {
    super("DGRAM", context);
  }

  override trySend(frames: Frame[]): boolean {
    if (frames.length !== 2) {
      const text = `Invalid argument: a ${this.name} sends [address, body], got a message of ${frames.length} frames`;
      throw new ZmqError("invalid-argument", text);
    }
    return this.#outlets[0]?.write(frames) ?? false;
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
    return this.#outlets[0]?.hasRoom() ?? false;
  }

  protected attach(pipe: Pipe): void {
    this.#queue.attach(pipe);
    this.#outlets.push(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#queue.detach(pipe);
  }

  protected retired(pipe: Pipe): void {
    this.#outlets = this.#outlets.filter((each) => each !== pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.#queue.activated(pipe);
  }
}

/**
 * Datagrams to and from anybody: `send([address, body])` and `receive()` of the same, the address as `10.0.0.7:5555`.
 * Binds to `udp://` only. A datagram that nobody listens for is lost and nobody learns of it, as UDP has it; what cannot
 * be sent (no address, over 8192 octets) is dropped with an event.
 */
export class Datagram extends /* @__PURE__ */ socketClass("DGRAM", DatagramCore) {}
