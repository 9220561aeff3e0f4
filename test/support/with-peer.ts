// The frame of a suite that talks to a peer: one peer process for all of its tests, sockets that are closed whatever happens, and the word that is
// said when the peer is not there.

import { after, before, describe, it } from "node:test";
import { boundTo, deadline, newEndpoint, type OurOptions, type OurSocket, ourSocket, type Transport } from "./ours.ts";
import { Peer, type PeerOptions, type PeerSocket, type TypeName } from "./peer.ts";
import type { PeerKind } from "./peers.ts";

/** Who binds. */
export type Side = "ours" | "theirs";
export const SIDES: readonly Side[] = ["ours", "theirs"];

/** What a test of such a suite works with. Everything made through it is closed at the end of the test. */
export class Stage {
  readonly #peer: () => Peer;
  #ours: OurSocket[] = [];
  #theirs: PeerSocket[] = [];
  #peers: Peer[] = [];
  #undo: (() => void | Promise<void>)[] = [];

  constructor(peer: () => Peer) {
    this.#peer = peer;
  }

  get peer(): Peer {
    return this.#peer();
  }

  ours(type: TypeName, options: OurOptions = {}): OurSocket {
    const socket = ourSocket(type, options);
    this.#ours.push(socket);
    return socket;
  }

  /** A socket of the suite's peer. */
  async theirs(type: TypeName, options: PeerOptions = {}): Promise<PeerSocket> {
    const socket = await this.peer.socket(type, { events: true, ...options });
    this.#theirs.push(socket);
    return socket;
  }

  /** A peer of the test's own, which it may freeze and kill. */
  async start(kind: PeerKind = this.peer.kind): Promise<Peer> {
    const peer = await Peer.start(kind);
    this.#peers.push(peer);
    return peer;
  }

  /** Something of the test's own that has to be undone. */
  defer(undo: () => void | Promise<void>): void {
    this.#undo.push(undo);
  }

  /** Binds one side, connects the other; resolves with the endpoint when both have seen the handshake. */
  async join(ours: OurSocket, theirs: PeerSocket, binder: Side, transport: Transport = "tcp"): Promise<string> {
    let endpoint: string;
    if (binder === "ours") {
      await ours.bind(await newEndpoint(transport));
      endpoint = boundTo(ours);
      await theirs.connect(endpoint);
    } else {
      endpoint = await theirs.bind(await newEndpoint(transport));
      ours.connect(endpoint);
    }
    await Promise.all([ours.connected(1, deadline()), theirs.event("handshake")]);
    return endpoint;
  }

  /** `failed`: the peer may be in the middle of anything and will be replaced. */
  async end(failed: boolean): Promise<void> {
    for (const undo of this.#undo.splice(0)) await undo();
    for (const socket of this.#ours.splice(0)) await socket.end(0);
    for (const peer of this.#peers.splice(0)) await peer.kill();
    if (failed) return;
    for (const socket of this.#theirs.splice(0)) await socket.close();
  }
}

/** Tests of a suite, each by its title. */
export type Define = (title: string, test: (stage: Stage) => Promise<void>) => void;

/** A suite with one peer; where the peer is missing, one test that is skipped and says so. */
export function withPeer(kind: PeerKind, title: string, define: (test: Define) => void): void {
  if (kind.missing !== false) {
    it(`${title}: ${kind.name}`, { skip: kind.missing }, () => undefined);
    return;
  }
  describe(`${title}: ${kind.name}`, () => {
    let peer: Peer | undefined;
    const started = (): Peer => {
      if (peer === undefined) throw new Error("the peer did not start");
      return peer;
    };
    before(async () => {
      peer = await Peer.start(kind);
    });
    after(async () => {
      await peer?.kill();
    });
    define((name, test) => {
      it(name, async () => {
        const stage = new Stage(started);
        let passed = false;
        try {
          await test(stage);
          passed = true;
        } finally {
          await stage.end(!passed);
          if (!passed) {
            await peer?.kill();
            peer = await Peer.start(kind);
          }
        }
      });
    });
  });
}
