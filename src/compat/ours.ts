/**
 * The sockets of `zmtp` as one object, for the files here whose classes have the same names.
 *
 * A bundler turns a member of an imported namespace into an import of that name, and would rename our class: an instance
 * would then call itself `Dealer2`.
 */
import * as namespace from "../node.ts";

export const ours: typeof namespace = namespace;
