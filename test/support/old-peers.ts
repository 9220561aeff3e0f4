/**
 * Conversations with peers older than ZMTP 3, octet by octet, as a hand-written peer leads them. They are held with our sockets (spec/old-peers)
 * and with libzmq's (interop/old-peers), so that the octets are known to be those that libzmq sends.
 */
import assert from "node:assert/strict";
import { hex, join, text, toHexText } from "./bytes.ts";
import type { RawPeer } from "./raw-peer.ts";

/** The socket that the old peer talks with, ours or libzmq's. */
export interface Subject {
  send(...frames: string[]): Promise<void>;
  /** Fails unless the next message has these frames. */
  receives(...frames: string[]): Promise<void>;
  /** Of a SUB. */
  subscribe(topic: string): Promise<void>;
  unsubscribe(topic: string): Promise<void>;
}

export interface Conversation {
  readonly title: string;
  readonly type: "ROUTER" | "DEALER" | "SUB" | "XPUB" | "PULL" | "REP";
  /** The subject's. */
  readonly routingId?: string;
  /** Only frames from the peer: it may be sent octet by octet. */
  talk(peer: OldPeer, subject: Subject): Promise<void>;
}

/** What an old peer does: sends octets, perhaps each by itself, and expects octets. */
export class OldPeer {
  #raw: RawPeer;
  #bytewise: boolean;

  constructor(raw: RawPeer, bytewise: boolean) {
    this.#raw = raw;
    this.#bytewise = bytewise;
    raw.socket.setNoDelay(true);
  }

  async says(bytes: string | Uint8Array): Promise<void> {
    const all = typeof bytes === "string" ? hex(bytes) : bytes;
    if (!this.#bytewise) this.#raw.send(all);
    else
      for (let at = 0; at < all.length; at++) {
        this.#raw.send(all.subarray(at, at + 1));
        await new Promise(setImmediate);
      }
  }

  async hears(bytes: string | Uint8Array): Promise<void> {
    const expected = typeof bytes === "string" ? hex(bytes) : bytes;
    assert.equal(toHexText(await this.#raw.read(expected.length)), toHexText(expected));
  }
}

/** A frame of ZMTP 1.0. */
export function oldFrame(body: Uint8Array | string, more = false): Buffer {
  const bytes = typeof body === "string" ? text(body) : body;
  const flags = Buffer.from([more ? 1 : 0]);
  if (bytes.length < 254) return join(Buffer.from([bytes.length + 1]), flags, bytes);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(bytes.length + 1));
  return join(Buffer.from([0xff]), size, flags, bytes);
}

/** A frame of ZMTP 2.0. */
export function newFrame(body: Uint8Array | string, more = false): Buffer {
  const bytes = typeof body === "string" ? text(body) : body;
  if (bytes.length < 256) return join(Buffer.from([more ? 1 : 0, bytes.length]), bytes);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(bytes.length));
  return join(Buffer.from([more ? 3 : 2]), size, bytes);
}

const SIZES = [0, 1, 252, 253, 254, 255, 256, 1999, 2001, 70_000];
const ANONYMOUS = "ff 0000000000000001 7f";

export const CONVERSATIONS: readonly Conversation[] = [
  {
    title: "ZMTP 1.0, ROUTER: our signature is the header of our identity frame, its octets follow; both identities route",
    type: "ROUTER",
    routingId: "srv",
    async talk(peer, subject) {
      await peer.says("03 00 69 64");
      await peer.hears("ff 0000000000000004 7f 73 72 76");
      await peer.says("06 00 68 65 6c 6c 6f");
      await subject.receives("id", "hello");
      await subject.send("id", "back", "2");
      await peer.hears("05 01 62 61 63 6b 02 00 32");
    },
  },
  {
    title: "ZMTP 1.0, ROUTER: an identity frame in the long form, as a peer that is ready for newer ones sends it",
    type: "ROUTER",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000003 00 69 64 02 00 78");
      await peer.hears(ANONYMOUS);
      await subject.receives("id", "x");
    },
  },
  {
    title: "ZMTP 1.0, DEALER: bodies around the border of the short form, both ways",
    type: "DEALER",
    async talk(peer, subject) {
      await peer.says("01 00");
      await peer.hears(ANONYMOUS);
      for (const size of SIZES) {
        const body = "x".repeat(size);
        await peer.says(join(oldFrame("head", true), oldFrame(body)));
        await subject.receives("head", body);
        await subject.send("head", body);
        await peer.hears(join(oldFrame("head", true), oldFrame(body)));
      }
    },
  },
  {
    title: "ZMTP 1.0, PULL: of the flags only bit 0 counts",
    type: "PULL",
    async talk(peer, subject) {
      await peer.says("01 00 02 ff 61 02 fe 62");
      await subject.receives("a", "b");
    },
  },
  {
    title: "ZMTP 1.0, XPUB: the peer filters for itself, so it is subscribed to everything; what it subscribes counts too",
    type: "XPUB",
    async talk(peer, subject) {
      await peer.says("01 00");
      await peer.hears(ANONYMOUS);
      await subject.receives("\x01");
      await subject.send("abc");
      await peer.hears("04 00 61 62 63");
      await peer.says("03 00 01 61");
      await subject.receives("\x01a");
    },
  },
  {
    title: "ZMTP 1.0, SUB: subscriptions are messages",
    type: "SUB",
    async talk(peer, subject) {
      await subject.subscribe("ab");
      await peer.says("01 00 03 00 61 63 04 00 61 62 31");
      await subject.receives("ab1");
      await peer.hears(`${ANONYMOUS} 04 00 01 61 62`);
      await subject.unsubscribe("ab");
      await peer.hears("04 00 00 61 62");
    },
  },
  {
    title: "ZMTP 1.0 with a greeting of 12 octets, ROUTER: frames are the old ones, our identity is one of them",
    type: "ROUTER",
    routingId: "srv",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000001 7f 00 05");
      await peer.hears("ff 0000000000000004 7f 03 06 04 00 73 72 76");
      await peer.says("03 00 69 64 02 01 61 02 00 62");
      await subject.receives("id", "a", "b");
      await subject.send("id", "abc");
      await peer.hears("04 00 61 62 63");
    },
  },
  {
    title: "ZMTP 1.0 with a greeting, XPUB: subscribed to nothing until the peer says so",
    type: "XPUB",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000001 7f 00 02 01 00 03 00 01 61");
      await peer.hears("ff 0000000000000001 7f 03 09 01 00");
      await subject.receives("\x01a");
      await subject.send("b");
      await subject.send("ab");
      await peer.hears("03 00 61 62");
    },
  },
  {
    title: "ZMTP 2.0, ROUTER: a greeting of 12 octets, then identities, then frames of ZMTP 3 without commands",
    type: "ROUTER",
    routingId: "srv",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000001 7f 01 05");
      await peer.hears("ff 0000000000000004 7f 03 06 00 03 73 72 76");
      await peer.says("00 02 69 64 01 01 61 00 01 62");
      await subject.receives("id", "a", "b");
      await subject.send("id", "back", "2");
      await peer.hears("01 04 62 61 63 6b 00 01 32");
    },
  },
  {
    title: "ZMTP 2.0, DEALER: bodies of every form, both ways",
    type: "DEALER",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000001 7f 01 06 00 00");
      await peer.hears(`${ANONYMOUS} 03 05 00 00`);
      for (const size of SIZES) {
        const body = "x".repeat(size);
        await peer.says(join(newFrame("head", true), newFrame(body)));
        await subject.receives("head", body);
        await subject.send("head", body);
        await peer.hears(join(newFrame("head", true), newFrame(body)));
      }
    },
  },
  {
    title: "ZMTP 2.0, SUB: subscriptions are messages",
    type: "SUB",
    async talk(peer, subject) {
      await subject.subscribe("ab");
      await peer.says("ff 0000000000000001 7f 01 01 00 00 00 02 61 63 00 03 61 62 31");
      await subject.receives("ab1");
      await peer.hears(`${ANONYMOUS} 03 02 00 00 00 03 01 61 62`);
      await subject.unsubscribe("ab");
      await peer.hears("00 03 00 61 62");
    },
  },
  {
    title: "ZMTP 2.0, XPUB: subscribed to nothing until the peer says so",
    type: "XPUB",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000001 7f 01 02 00 00 00 02 01 61");
      await peer.hears(`${ANONYMOUS} 03 09 00 00`);
      await subject.receives("\x01a");
      await subject.send("b");
      await subject.send("ab");
      await peer.hears("00 02 61 62");
    },
  },
  {
    title: "ZMTP 2.0, REP: the announced socket type is not looked at",
    type: "REP",
    async talk(peer, subject) {
      await peer.says("ff 0000000000000001 7f 01 63 00 00");
      await peer.hears(`${ANONYMOUS} 03 04 00 00`);
      await peer.says("01 00 00 02 68 69");
      await subject.receives("hi");
      await subject.send("ok");
      await peer.hears("01 00 00 02 6f 6b");
    },
  },
];
