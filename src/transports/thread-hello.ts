/**
 * What the two sides of a connection between threads tell each other before the first message, and the pipe of the side
 * that is found: the same whether they talk through shared memory or through ports.
 *
 * Does not own: how a HELLO travels (thread-offers.ts, port-offers.ts), what the connection does with the pipe.
 */
import { allocateOwn } from "../base/bytes.ts";
import { Peer } from "../core/peer.ts";
import { Pipe, type PipeOwner } from "../core/pipe.ts";
import type { Party } from "../core/transport.ts";

/** Plain data: it goes as text, or is cloned. */
export interface Hello {
  readonly type: string;
  readonly address: string;
  readonly routingId: readonly number[];
  readonly sendMark: number;
  readonly receiveMark: number;
  readonly conflatesSending: boolean;
  readonly conflatesReceiving: boolean;
  /** Its program looks at frames where they lie, so they should come in one piece. */
  readonly borrows: boolean;
}

/** What follows for a connection from what both sides said. */
export interface Terms {
  /** How many messages may be under way to this side: the marks of both added up. */
  readonly window: number;
  /** The other side borrows. */
  readonly lends: boolean;
}

/** What the other side may know of this one, and needs. */
export function helloOf(party: Party): Hello {
  const card = new Peer(party.endpoint);
  party.introduce(card);
  const { settings, conflates } = party;
  return {
    type: card.socketType,
    address: card.address,
    routingId: [...card.routingId],
    sendMark: settings.sendHighWaterMark,
    receiveMark: settings.receiveHighWaterMark,
    conflatesSending: conflates.sending,
    conflatesReceiving: conflates.receiving,
    borrows: settings.receiveViews,
  };
}

/** A pipe for a connection that came from another thread: the socket's end, and the transport's, which has no owner yet. */
export function acceptedPipe(party: Party): [end: Pipe, own: Pipe] {
  const [end, own] = Pipe.pair(
    { owner: party.owner, peer: new Peer(party.endpoint), highWaterMark: party.settings.sendHighWaterMark },
    { owner: NOBODY, peer: new Peer(party.endpoint), highWaterMark: 0 },
  );
  if (party.conflates.sending) end.conflate();
  if (party.conflates.receiving) own.conflate();
  return [end, own];
}

/** Takes in what the other side said. */
export function meet(party: Party, own: Pipe, hello: Hello): Terms {
  const end = own.other;
  end.addHighWaterMark(hello.receiveMark);
  if (hello.conflatesReceiving) end.conflate();
  if (hello.conflatesSending) own.conflate();
  const { peer } = end;
  peer.address = hello.address;
  peer.socketType = hello.type;
  peer.routingId = allocateOwn(hello.routingId.length);
  peer.routingId.set(hello.routingId);
  const { receiveHighWaterMark } = party.settings;
  const unlimited = hello.sendMark === 0 || receiveHighWaterMark === 0;
  return { window: unlimited ? Number.POSITIVE_INFINITY : hello.sendMark + receiveHighWaterMark, lends: hello.borrows };
}

const NOBODY: PipeOwner = {
  onReadable: () => undefined,
  onWritable: () => undefined,
  onClosed: () => undefined,
  onDrained: () => undefined,
};
