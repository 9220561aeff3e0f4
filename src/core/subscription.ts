/** A subscription as pipes know it, for the socket types: they may not look into the protocol's folder themselves. */
export { subscriptionFrame } from "../zmtp/command.ts";
