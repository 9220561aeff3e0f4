/** PEER (RFC 52, draft): SERVER that also connects; the number of a peer that was connected to is known at once. */
import { assert, ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Pipe } from "../core/pipe.ts";
import { socketClass } from "../core/socket.ts";
import { ServerCore } from "./server.ts";

class PeerCore extends ServerCore {
  /** The pipe that was attached last: of `connect`, if that just returned. */
  newest: Pipe | null = null;

  constructor(context: ContextCore) {
    super(context, "PEER");
  }

  protected override attach(pipe: Pipe): void {
    super.attach(pipe);
    this.newest = pipe;
  }

  idOf(pipe: Pipe): number {
    return this.ids.get(pipe) ?? 0;
  }
}

/** Any to any with single frames: each message received comes with its sender's number, each message sent goes to a number. */
export class PeerSocket extends /* @__PURE__ */ socketClass("PEER", PeerCore) {
  /** As `connect`, and gives the number of the new peer: messages can be sent to it at once (zmq_connect_peer). EINVAL with `immediate`. */
  connectPeer(endpoint: string): number {
    const core = this._core as PeerCore;
    if (this.immediate)
      throw new ZmqError(
        "invalid-argument",
        "connectPeer() cannot be used with `immediate`: there is no peer yet to be numbered",
      );
    core.newest = null;
    this.connect(endpoint);
    const { newest } = core as { newest: Pipe | null };
    assert(newest !== null, "a connect makes a pipe");
    return core.idOf(newest);
  }
}
