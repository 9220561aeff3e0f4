/**
 * The entry `zmtp/testing`: whole topologies of real sockets on a virtual clock and network.
 *
 * Sockets come from `zmtp`; this entry only gives them a place to run in. See docs/testing.md.
 */

export type { SimulatedConnection } from "./testing/connection.ts";
export { Ledger } from "./testing/ledger.ts";
export type { SimulatedEnd } from "./testing/link.ts";
export type { LinkProfile } from "./testing/link-profile.ts";
export type { NetworkProfile, SimulatedNetwork } from "./testing/network.ts";
export { type SeedsOptions, simulate } from "./testing/seeds.ts";
export { type SimulatedProcess, Simulation, type SimulationOptions } from "./testing/simulation.ts";
