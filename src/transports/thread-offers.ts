/**
 * How two threads come to share a connection: one makes the memory and offers it, the other, which has bound the name,
 * accepts or refuses.
 *
 *     connector                                          binder
 *     memory, HELLO in ring 0  ──── channel ────▶        name still bound?  HELLO in ring 1, ACCEPTED   (else REFUSED)
 *                              ◀─── doorbell ───
 *
 * HELLO says of each side what the other may know and needs: type, routing id, marks, conflation. After it both sides
 * have a link. Does not own: who has which name (threads.ts).
 */
import { fromText, toText } from "../base/bytes.ts";
import type { Party } from "../core/transport.ts";
import { ACCEPTED, direction, HELLO, OFFER_STATE, pairHeader, REFUSED, SIDE_BIT, SIDE_DONE, SIDE_SLOT } from "../ring/layout.ts";
import { RingReader, RingWriter } from "../ring/spsc-ring.ts";
import { type LinkHost, type LinkRings, RingLink } from "./ring-link.ts";
import { acceptedPipe, type Hello, helloOf, meet } from "./thread-hello.ts";
import type { WaitingConnection } from "./waiting-connection.ts";

/** Octets of one direction's ring. A connection with little traffic uses only the beginning. */
export const RING_BYTES = 1 << 21;

/** Where a side's doorbell is: its slot in the directory and its bit there. */
export interface Door {
  readonly slot: number;
  readonly bit: number;
}

/** What goes over the channel of the thread that has the name. */
export interface Offer {
  readonly name: string;
  readonly memory: SharedArrayBuffer;
  /** The key of the thread that connects. */
  readonly from: number;
}

/** The connecting side's half of new memory, with its HELLO. */
export function makeOffer(memory: SharedArrayBuffer, party: Party, door: Door): LinkRings {
  return openSide(memory, 0, party, door);
}

/** What the connecting side finds in its header. */
export function offerState(rings: LinkRings): number {
  return Atomics.load(pairHeader(rings.memory), OFFER_STATE);
}

/** Says no to an offer; the connecting side is to be woken. */
export function refuseOffer(memory: SharedArrayBuffer): void {
  const header = pairHeader(memory);
  Atomics.store(header, SIDE_DONE[1], 1);
  Atomics.store(header, OFFER_STATE, REFUSED);
}

/** The connecting side has heard the no, and touches the memory no more. */
export function leaveOffer(memory: SharedArrayBuffer): void {
  Atomics.store(pairHeader(memory), SIDE_DONE[0], 1);
}

/** Where a side's doorbell is. */
export function doorOf(memory: SharedArrayBuffer, side: 0 | 1): Door {
  const header = pairHeader(memory);
  return { slot: Atomics.load(header, SIDE_SLOT[side]), bit: Atomics.load(header, SIDE_BIT[side]) };
}

/** The bound side: accepts, and joins a pipe of its own to the connection. The connecting side is to be woken before `start`. */
export function acceptOffer(memory: SharedArrayBuffer, party: Party, door: Door, host: LinkHost): RingLink {
  const rings = openSide(memory, 1, party, door);
  const hello = readHello(rings.in);
  const [end, own] = acceptedPipe(party);
  const link = new RingLink(host, party, own, rings, meet(party, own, hello));
  party.onPipe(end);
  party.onJoined(end);
  Atomics.store(pairHeader(memory), OFFER_STATE, ACCEPTED);
  return link;
}

/** The connecting side: the offer was accepted, its waiting pipe is joined to the connection. */
export function joinOffer(rings: LinkRings, waiting: WaitingConnection, host: LinkHost): RingLink {
  const { connector, pipe } = waiting;
  const hello = readHello(rings.in);
  const link = new RingLink(host, connector, pipe.other, rings, meet(connector, pipe.other, hello));
  waiting.tellMark(link);
  if (!pipe.closed) connector.onJoined(pipe);
  return link;
}

function openSide(memory: SharedArrayBuffer, side: 0 | 1, party: Party, door: Door): LinkRings {
  const header = pairHeader(memory);
  Atomics.store(header, SIDE_SLOT[side], door.slot);
  Atomics.store(header, SIDE_BIT[side], door.bit);
  const out = new RingWriter(direction(memory, side));
  writeHello(out, party);
  return { memory, side, out, in: new RingReader(direction(memory, side === 0 ? 1 : 0)) };
}

function writeHello(out: RingWriter, party: Party): void {
  const body = fromText(JSON.stringify(helloOf(party)));
  const at = out.claim(HELLO << 28, body.length);
  out.bytes.set(body, at);
  out.commit();
}

function readHello(reader: RingReader): Hello {
  reader.next();
  const body = new Uint8Array(reader.bodyBytes);
  body.set(reader.bytes.subarray(reader.at, reader.at + reader.bodyBytes));
  reader.release();
  return JSON.parse(toText(body)) as Hello;
}
