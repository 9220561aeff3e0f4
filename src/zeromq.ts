/**
 * The entry `zmtp/zeromq`: npm `zeromq` 6 as it is, for programs that change their import and nothing else.
 *
 * Exactly its run-time exports; `zmtp` itself is the better API. ES modules get a default export as well, CommonJS gets an
 * object with nothing else in it.
 */
import * as names from "./compat/api.ts";

const api: typeof names = { ...names };

export * from "./compat/api.ts";
export type { ContextOptions } from "./compat/context.ts";
export type { ErrnoError } from "./compat/errors.ts";
export type * from "./compat/types.ts";
export { api as default, api as "module.exports" };
