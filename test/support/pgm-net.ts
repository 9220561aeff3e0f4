// PGM without sockets: sources and receivers on a virtual clock, joined by a wire that loses, repeats and delays what a seed says.

import { VirtualClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Packet, type SourceId, SPMR } from "../../src/pgm/packet.ts";
import type { PacketBudget } from "../../src/pgm/receive-window.ts";
import { Source } from "../../src/pgm/source.ts";
import { SourceTable } from "../../src/pgm/source-table.ts";

export const GROUP = "239.192.1.1";
export const PORT = 5555;
const HOST = "10.9.9.1";
/** Source 1 sends its SPMs from the port after this, and so on. */
const SPM_PORTS = 40_000;
const LIMITS = { maxFrameBytes: 1 << 20, maxFrames: 1000, maxMetadataBytes: 0, copyBodies: false };

/** What the wire does to each packet, on its way to each receiver, and back. */
export interface Weather {
  /** Of 100 packets. */
  readonly lost?: number;
  readonly repeated?: number;
  /** Most milliseconds that a packet takes beyond one; packets overtake each other. */
  readonly delayMs?: number;
}

export interface SourceOptions {
  readonly rate?: number;
  readonly window?: number;
  readonly dataBytes?: number;
  readonly firstSqn?: number;
}

export class Member {
  readonly messages: string[] = [];
  readonly gaps: [first: number, last: number][] = [];
  readonly drops: string[] = [];
  readonly ended: string[] = [];
  readonly table: SourceTable;
  readonly budget: PacketBudget;
  /** What the wire does on the way to here; null: nothing arrives. */
  weather: Weather | null;
  naks = 0;
  /** Messages that the reader still takes. */
  room = Number.POSITIVE_INFINITY;
  ids: SourceId[] = [];
  /** Every packet that arrives, before it is looked at. */
  onPacket: (bytes: Uint8Array) => void = () => undefined;

  constructor(net: PgmNet, weather: Weather, window: number) {
    this.weather = weather;
    const budget = { limit: Math.max(4096, 4 * window), kept: 0 };
    this.budget = budget;
    const setup = { group: GROUP, port: PORT, windowPackets: window, budget, limits: LIMITS };
    this.table = new SourceTable(setup, net.clock, net.random, {
      onSource: (id) => {
        this.ids.push(id);
        return {
          toSource: (bytes, _address, port) => {
            if (port === undefined) this.naks++;
            net.toSources(bytes, this, port);
          },
          ask: (bytes) => net.toSources(bytes, this),
          onOctets: () => undefined,
          onMessage: (frames) => {
            this.messages.push(frames.map((each) => Buffer.from(each).toString("latin1")).join("|"));
            return --this.room > 0;
          },
          onGap: (first, last) => this.gaps.push([first, last]),
          onMalformed: (reason) => this.drops.push(reason),
          onEnd: () => undefined,
        };
      },
      onGone: ({ low }, ended) => this.ended.push(`${low & 0xffff} ${ended ? "ended" : "silent"}`),
      drop: (reason) => this.drops.push(reason),
    });
  }

  /** The reader takes so many more. */
  read(room: number): void {
    this.room = room;
    for (const id of this.ids) this.table.resume(id);
  }
}

export class PgmNet {
  readonly clock = new VirtualClock();
  readonly random;
  readonly members: Member[] = [];
  readonly sources: Source[] = [];
  /** Octets that sources sent. */
  octets = 0;
  /** Whether what sources send arrives at all, by its type. */
  arrives: (type: number) => boolean = () => true;
  /** Sources are members of one host: what comes to the group's port there gets the last of them. */
  oneHost = false;
  /** What sources sent, in order. */
  readonly sent: Uint8Array[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  member(weather: Weather = {}, window = 1000): Member {
    const member = new Member(this, weather, window);
    this.members.push(member);
    return member;
  }

  source(
    { rate = 100_000, window = 1000, dataBytes = 200, firstSqn = 0 }: SourceOptions = {},
    onRoom: () => void = () => undefined,
  ): Source {
    const number = this.sources.length + 1;
    const setup = {
      id: { high: 0x01020304, low: (0x05060000 | (7000 + number)) >>> 0 },
      group: GROUP,
      port: PORT,
      address: this.oneHost ? HOST : `10.9.9.${number}`,
      dataBytes,
      overheadBytes: 28,
      rateKilobits: rate,
      windowPackets: window,
      firstSqn,
    };
    const toGroup = (packet: Uint8Array): void => {
      this.octets += packet.length + 28;
      this.sent.push(Uint8Array.from(packet));
      if (!this.arrives(packet[4])) return;
      for (const member of this.members)
        if (member.weather !== null)
          this.carry(member.weather, packet, (bytes) => this.#arrive(member, bytes, setup.address, SPM_PORTS + number));
    };
    const source = new Source(setup, this.clock, { busy: false, toGroup, announce: toGroup, onRoom });
    this.sources.push(source);
    return source;
  }

  #arrive(member: Member, bytes: Uint8Array, address: string, port: number): void {
    if (member.weather === null) return;
    member.onPacket(bytes);
    member.table.receive(bytes, address, port);
  }

  toSources(bytes: Uint8Array, from: Member, port = PORT): void {
    if (from.weather === null) return;
    this.carry(from.weather, bytes, (arrived) => {
      const packet = new Packet();
      if (packet.read(arrived) !== null) return;
      const number = (packet.low & 0xffff) - 7000;
      const gets = port !== PORT ? port - SPM_PORTS : this.oneHost ? this.sources.length : number;
      // As a sender does: what names another source is not looked at.
      const source = gets === number ? this.sources[number - 1] : undefined;
      if (packet.type === SPMR) source?.onSpmr();
      else source?.onNak(packet);
    });
  }

  carry({ lost = 0, repeated = 0, delayMs = 0 }: Weather, packet: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const copies = this.random.next(100) < lost ? 0 : this.random.next(100) < repeated ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const bytes = Uint8Array.from(packet);
      this.clock.after(1 + (delayMs > 0 ? this.random.next(delayMs + 1) : 0), () => arrive(bytes));
    }
  }
}

/** Sends numbered messages of some size, as fast as the rate allows; resolves when virtual time has brought them out. */
export function sendAll(net: PgmNet, source: Source, messages: readonly string[][], everyMs = 1): void {
  for (const frames of messages) {
    while (!source.hasRoom) net.clock.advance(1);
    source.send(frames.map((each) => Buffer.from(each, "latin1")));
    source.flush();
    if (everyMs > 0) net.clock.advance(everyMs);
  }
}

export function numbered(count: number, size: (i: number) => number = () => 20, first = 0): string[][] {
  return Array.from({ length: count }, (_, i) => [`${first + i}:`.padEnd(size(i), "x")]);
}

export const flat = (messages: readonly string[][]): string[] => messages.map((frames) => frames.join("|"));
