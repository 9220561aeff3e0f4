/** GATHER (RFC 49): PULL for single frames; messages of several frames are dropped. */
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import { receiveSingle } from "../core/single-frame.ts";
import { socketClass } from "../core/socket.ts";
import { PullCore } from "./pull.ts";

class GatherCore extends PullCore {
  constructor(context: ContextCore) {
    super(context, "GATHER");
  }

  override tryReceive(): Frame[] | undefined {
    return receiveSingle(this, () => super.tryReceive());
  }
}

/** The receiving end of a pipeline of single frames: fair-queues what its SCATTER peers send. */
export class Gather extends /* @__PURE__ */ socketClass("GATHER", GatherCore) {}
