/** The entry `zmtp/zeromq/draft`: the draft types of npm `zeromq` 6. Loading it warns that drafts may change, as there. */
import { Client, Datagram, Dish, Gather, Radio, Scatter, Server } from "./compat/draft.ts";

process.emitWarning("ZeroMQ draft features are experimental and could change at any time.");

const api: Pick<typeof import("./compat/draft.ts"), "Server" | "Client" | "Radio" | "Dish" | "Gather" | "Scatter" | "Datagram"> =
  { Server, Client, Radio, Dish, Gather, Scatter, Datagram };

export type { DishGroupOptions, RadioGroupOptions, ServerRoutingOptions } from "./compat/draft.ts";
export { api as default, api as "module.exports", Client, Datagram, Dish, Gather, Radio, Scatter, Server };
