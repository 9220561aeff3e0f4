/** The run-time names of npm `zeromq` 6, all of them and nothing else; the entry gives them to both kinds of modules. */
import { capability as offered } from "../node.ts";
import { watchExit } from "./exit.ts";

export { curveKeyPair, version } from "../node.ts";
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

watchExit();
