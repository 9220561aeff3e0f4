/**
 * Socket types: their names on the wire, libzmq's numbers, and who may talk to whom (RFC 23 and 28 to 31; protocol of
 * libzmq 4.3).
 *
 * Owns the facts that the handshake needs. What a type does with messages is in `sockets/`.
 */
export const SOCKET_TYPES = {
  PAIR: { number: 0, peers: ["PAIR"] },
  PUB: { number: 1, peers: ["SUB", "XSUB"] },
  SUB: { number: 2, peers: ["PUB", "XPUB"] },
  REQ: { number: 3, peers: ["REP", "ROUTER"] },
  REP: { number: 4, peers: ["REQ", "DEALER"] },
  DEALER: { number: 5, peers: ["REP", "DEALER", "ROUTER"] },
  ROUTER: { number: 6, peers: ["REQ", "DEALER", "ROUTER"] },
  PULL: { number: 7, peers: ["PUSH"] },
  PUSH: { number: 8, peers: ["PULL"] },
  XPUB: { number: 9, peers: ["SUB", "XSUB"] },
  XSUB: { number: 10, peers: ["PUB", "XPUB"] },
  STREAM: { number: 11, peers: [] },
  SERVER: { number: 12, peers: ["CLIENT"] },
  CLIENT: { number: 13, peers: ["SERVER"] },
  RADIO: { number: 14, peers: ["DISH"] },
  DISH: { number: 15, peers: ["RADIO"] },
  GATHER: { number: 16, peers: ["SCATTER"] },
  SCATTER: { number: 17, peers: ["GATHER"] },
  DGRAM: { number: 18, peers: ["DGRAM"] },
  PEER: { number: 19, peers: ["PEER"] },
  CHANNEL: { number: 20, peers: ["CHANNEL"] },
} as const;

/** A socket type's name as READY announces it. */
export type SocketTypeName = keyof typeof SOCKET_TYPES;

/**
 * Whether a socket of our type may talk to a peer that announced `peer`; an absent announcement (empty text) is
 * accepted, as libzmq does.
 */
export function isCompatible(own: SocketTypeName, peer: string): boolean {
  return peer === "" || (SOCKET_TYPES[own].peers as readonly string[]).includes(peer);
}

/** Only these announce their routing id in READY (as libzmq does; RFC 37 leaves it open). */
export function announcesIdentity(own: SocketTypeName): boolean {
  return own === "REQ" || own === "DEALER" || own === "ROUTER";
}
