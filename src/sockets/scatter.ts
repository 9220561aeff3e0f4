/** SCATTER (RFC 49): PUSH for single frames. */
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import { assertSingle } from "../core/single-frame.ts";
import { socketClass } from "../core/socket.ts";
import { PushCore } from "./push.ts";

class ScatterCore extends PushCore {
  constructor(context: ContextCore) {
    super(context, "SCATTER");
  }

  override trySend(frames: Frame[]): boolean {
    assertSingle(this, frames);
    return super.trySend(frames);
  }
}

/** The sending end of a pipeline of single frames: each goes to one GATHER peer, in turn. `send` waits while all are full. */
export class Scatter extends /* @__PURE__ */ socketClass("SCATTER", ScatterCore) {}
