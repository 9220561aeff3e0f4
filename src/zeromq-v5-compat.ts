/** The entry `zmtp/zeromq/v5-compat`, and `zmtp/v5-compat`: the API of version 5 of npm `zeromq`. */
import * as names from "./compat/v5/api.ts";

const api: typeof names = { ...names };

export * from "./compat/v5/api.ts";
export type { SocketType } from "./compat/v5/socket.ts";
export { api as default, api as "module.exports" };
