/** The run-time names of `zeromq/v5-compat`. */
import { curveKeyPair, context as defaultContext } from "../api.ts";
import type { MessageLike } from "../types.ts";
import type { Socket } from "./socket.ts";

export { version } from "../api.ts";
export * from "./constants.ts";
export { shortOptions as options } from "./options.ts";
export { createSocket, createSocket as socket, Socket } from "./socket.ts";

/** The default context; it cannot be made anew. */
export class Context {
  static setMaxThreads(value: number): void {
    defaultContext.ioThreads = value;
  }
  static getMaxThreads(): number {
    return defaultContext.ioThreads;
  }
  static setMaxSockets(value: number): void {
    defaultContext.maxSockets = value;
  }
  static getMaxSockets(): number {
    return defaultContext.maxSockets;
  }

  constructor() {
    throw new Error("Context cannot be instantiated in compatibility mode");
  }
}

/** A new pair of CURVE keys, as Z85 texts. */
export function curveKeypair(): { public: string; secret: string } {
  const { publicKey, secretKey } = curveKeyPair();
  return { public: publicKey, secret: secretKey };
}

const PASSING = ["push/pull", "pull/push", "xpub/xsub"];
const ROUTING = ["router/dealer", "xrep/xreq"];
/** Routing id and delimiter, which a capture of routed messages does not get. */
const ENVELOPE_FRAMES = 2;

/** Passes messages between two sockets, both ways; `capture` gets those from the back to the front. */
export function proxy(frontend: Socket, backend: Socket, capture?: Socket): void {
  const pair = `${frontend.type}/${backend.type}`;
  if (!PASSING.includes(pair) && !ROUTING.includes(pair))
    throw new Error("This socket type order is not supported in compatibility mode");
  const captured = ROUTING.includes(pair) ? ENVELOPE_FRAMES : 0;
  frontend.on("message", (...frames: MessageLike[]) => backend.send(frames));
  backend.on("message", (...frames: MessageLike[]) => {
    frontend.send(frames);
    capture?.send(frames.slice(captured));
  });
}
