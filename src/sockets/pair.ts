/**
 * PAIR (RFC 31): exactly one peer. A second one finishes its handshake and is then ignored for as long as it stays, as
 * libzmq does.
 */
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";

/** Also the base of CHANNEL. */
export class PairCore extends SocketCore {
  #pipe: Pipe | null = null;
  // Connections that are over, with messages that wait to be read.
  #former: Pipe[] = [];
  #source: Pipe | null = null;

  constructor(context: ContextCore, type: "PAIR" | "CHANNEL" = "PAIR") {
    super(type, context);
  }

  override trySend(frames: Frame[]): boolean {
    return this.#pipe?.write(frames) ?? false;
  }

  override tryReceive(): Frame[] | undefined {
    this.#source = this.#former[0] ?? this.#pipe;
    return this.#source?.read();
  }

  get source(): Pipe | null {
    return this.#source;
  }

  get readable(): boolean {
    return this.#former.length > 0 || (this.#pipe?.waiting ?? 0) > 0;
  }

  get writable(): boolean {
    return this.#pipe?.hasRoom() ?? false;
  }

  protected attach(pipe: Pipe): void {
    // The peer may be the same one, come back before the last of its former messages was read.
    if (this.#pipe?.other.closed) {
      this.#former.push(this.#pipe);
      this.#pipe = null;
    }
    this.#pipe ??= pipe;
  }

  protected override peerReady(pipe: Pipe): void {
    if (pipe !== this.#pipe) pipe.peer.state = "ignored";
  }

  protected detach(pipe: Pipe): void {
    if (pipe === this.#pipe) this.#pipe = null;
    this.#former = this.#former.filter((each) => each !== pipe);
  }

  protected retired(pipe: Pipe): void {
    // What a surplus peer has sent is read by nobody.
    if (pipe !== this.#pipe && !this.#former.includes(pipe)) pipe.discard();
  }
}

/** One to one: messages to and from exactly one PAIR peer. `send` waits while there is none or it is full. */
export class Pair extends /* @__PURE__ */ socketClass("PAIR", PairCore) {}
