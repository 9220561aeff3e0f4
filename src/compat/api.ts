/** The run-time names of npm `zeromq` 6, all of them and nothing else; the entry gives them to both kinds of modules. */
import { capability as offered } from "../node.ts";
import { errnoError } from "./errors.ts";
import { watchExit } from "./exit.ts";

export { version } from "../node.ts";
export { Context, context } from "./context.ts";
export { Observer } from "./observer.ts";
export { Proxy } from "./proxy.ts";
export { Socket } from "./socket.ts";
export {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  Stream,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "./sockets.ts";

/** What is offered here, by the names of the original. */
export const capability: Partial<Record<"ipc" | "pgm" | "tipc" | "norm" | "curve" | "gssapi" | "draft", boolean>> = {
  ...offered,
  draft: true,
};

/** A new pair of CURVE keys, as Z85 texts of forty characters. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  throw errnoError("ENOTSUP", "CURVE is not part of this version");
}

watchExit();
