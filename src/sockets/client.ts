/** CLIENT (RFC 41): DEALER for single frames, made to talk to SERVER; messages of several frames are dropped. */
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import { assertSingle, receiveSingle } from "../core/single-frame.ts";
import { socketClass } from "../core/socket.ts";
import { DealerCore } from "./dealer.ts";

class ClientCore extends DealerCore {
  constructor(context: ContextCore) {
    super(context, "CLIENT");
  }

  override trySend(frames: Frame[]): boolean {
    assertSingle(this, frames);
    return super.trySend(frames);
  }

  override tryReceive(): Frame[] | undefined {
    return receiveSingle(this, () => super.tryReceive());
  }
}

/** An asynchronous client with single frames: they go to SERVER peers in turn and come from all of them. */
export class Client extends /* @__PURE__ */ socketClass("CLIENT", ClientCore) {}
