/**
 * The entry `zmtp/draft`: the socket types that npm `zeromq` 6 has in `zeromq/draft`, as `zmtp` has them, for programs that
 * took `zmtp` in the place of `zeromq` by an alias in their package.json.
 */
export { Client, Dish, Gather, Radio, Scatter, Server } from "./node.ts";
