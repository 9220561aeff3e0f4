/** CHANNEL (RFC 51): PAIR for single frames; messages of several frames are dropped. */
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import { assertSingle, receiveSingle } from "../core/single-frame.ts";
import { socketClass } from "../core/socket.ts";
import { PairCore } from "./pair.ts";

class ChannelCore extends PairCore {
  constructor(context: ContextCore) {
    super(context, "CHANNEL");
  }

  override trySend(frames: Frame[]): boolean {
    assertSingle(this, frames);
    return super.trySend(frames);
  }

  override tryReceive(): Frame[] | undefined {
    return receiveSingle(this, () => super.tryReceive());
  }
}

/** One to one with single frames: to and from exactly one CHANNEL peer. */
export class Channel extends /* @__PURE__ */ socketClass("CHANNEL", ChannelCore) {}
