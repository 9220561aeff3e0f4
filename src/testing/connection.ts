/**
 * A simulated connection: its two ends, what it is like, and what can befall it.
 *
 * Does not own: how bytes flow (link), who connects to whom (network).
 */
import type { Random } from "../base/random.ts";
import type { SimulatedClock } from "./clock.ts";
import { SimulatedEnd } from "./link.ts";
import type { LinkProfile } from "./link-profile.ts";

/** What connections report to the network. */
export interface LinkOwner {
  readonly clock: SimulatedClock;
  readonly random: Random;
  /** Bytes that a program handed to a link. */
  written: number;
  /** Bytes that a link handed to a program. */
  delivered: number;
  /** Both ends are gone. */
  onOver(connection: SimulatedConnection): void;
}

export class SimulatedConnection {
  /** The end of the process that connected, and of the one that listened. */
  readonly dialler: SimulatedEnd;
  readonly listener: SimulatedEnd;
  readonly owner: LinkOwner;
  readonly profile: LinkProfile;
  /** Nothing passes for now, in either direction; nobody is told. */
  stalled = false;
  /** The wire is cut: what is under way never arrives. */
  cut = false;

  constructor(
    owner: LinkOwner,
    profile: LinkProfile,
    dialler: { host: string; remote: string },
    listener: { host: string; remote: string },
  ) {
    this.owner = owner;
    this.profile = profile;
    this.dialler = new SimulatedEnd(this, dialler.host, dialler.remote);
    this.listener = new SimulatedEnd(this, listener.host, listener.remote);
    this.dialler.other = this.listener;
    this.listener.other = this.dialler;
  }

  /** Breaks: what is under way is lost, and each end hears of it a while later. */
  reset(): void {
    if (this.cut) return;
    this.cut = true;
    for (const end of [this.dialler, this.listener]) end.breakSoon();
  }

  /** Goes half-open: what is under way and all that follows is lost, and nobody is told. */
  silence(): void {
    this.cut = true;
  }

  /** Holds everything back for a while. */
  stall(ms: number): void {
    this.stalled = true;
    this.owner.clock.after(ms, () => this.thaw());
  }

  /** Ends a stall. */
  thaw(): void {
    this.stalled = false;
    this.dialler.deliverSoon();
    this.listener.deliverSoon();
  }

  checkOver(): void {
    if (this.dialler.gone && this.listener.gone) this.owner.onOver(this);
  }
}
