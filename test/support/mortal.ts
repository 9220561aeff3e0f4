// What comes to an end in a test and comes back: a socket in a process that is killed, and our socket that is closed.

import { boundTo, nextEvent, type OurSocket } from "./ours.ts";
import type { PeerOptions, PeerSocket, TypeName } from "./peer.ts";
import type { Stage } from "./with-peer.ts";

/** A socket in a peer process that can be killed and started again. */
export class Mortal {
  socket: PeerSocket;
  readonly #stage: Stage;
  readonly #options: PeerOptions;

  private constructor(stage: Stage, socket: PeerSocket, options: PeerOptions) {
    this.#stage = stage;
    this.socket = socket;
    this.#options = options;
  }

  static async start(stage: Stage, type: TypeName, options: PeerOptions = {}, kind = stage.peer.kind): Promise<Mortal> {
    const peer = await stage.start(kind);
    const all = { events: true, ...options };
    return new Mortal(stage, await peer.socket(type, all), all);
  }

  /** Kills the process; resolves when our socket has seen its end. */
  async kill(ours: OurSocket): Promise<void> {
    const gone = nextEvent(ours, "disconnect");
    await this.socket.peer.kill();
    await gone;
  }

  /** Starts a new process, without an endpoint yet. */
  async restart(): Promise<PeerSocket> {
    const peer = await this.#stage.start(this.socket.peer.kind);
    this.socket = await peer.socket(this.socket.type, this.#options);
    return this.socket;
  }
}

/** Closes our socket, and makes another at its endpoint when theirs has seen the end. */
export async function reopen(stage: Stage, ours: OurSocket, type: TypeName, theirs: PeerSocket, meanwhile?: () => Promise<void>) {
  const endpoint = boundTo(ours);
  await ours.end();
  await theirs.event("disconnect");
  await meanwhile?.();
  const again = stage.ours(type);
  await again.bind(endpoint);
  return again;
}
