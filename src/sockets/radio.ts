/**
 * RADIO (RFC 48): sends each message to the DISH peers that joined its group, by exact name.
 *
 * Inside pipes a join is a frame 01 group, a leave 00 group. A peer that joins a group twice has to leave it twice; a message goes to it once.
 */
import { toLatin1 } from "../base/bytes.ts";
import { ZmqError } from "../base/errors.ts";
import type { ContextCore } from "../core/context.ts";
import type { Frame } from "../core/message.ts";
import type { Pipe } from "../core/pipe.ts";
import { SharedRun } from "../core/shared-run.ts";
import { socketClass } from "../core/socket.ts";
import { SocketCore } from "../core/socket-core.ts";
import { toGroup } from "../core/writable-to.ts";
import { Distributor } from "../patterns/distributor.ts";

class RadioCore extends SocketCore {
  #distributor: Distributor;
  #members = new Map<string, Map<Pipe, number>>();
  // Networks (udp): they get every message, whatever its group.
  #networks = new Set<Pipe>();
  #groups = new Map<Pipe, { count: number; bytes: number }>();
  readonly #onFull = (pipe: Pipe): void => this.drop("high-water-mark", 1, pipe.peer);

  constructor(context: ContextCore) {
    super("RADIO", context);
    this.#distributor = new Distributor(new SharedRun(context.slabs));
  }

  override trySend(frames: Frame[]): boolean {
    const distributor = this.#distributor;
    for (const pipe of this.#members.get(toLatin1(frames[0]))?.keys() ?? []) distributor.mark(pipe);
    for (const pipe of this.#networks) distributor.mark(pipe);
    if (this.settings.noDrop && !distributor.allHaveRoom()) {
      distributor.clear();
      return false;
    }
    distributor.send(frames, this.#onFull);
    return true;
  }

  get source(): null {
    return null;
  }

  get readable(): boolean {
    return false;
  }

  get writable(): boolean {
    return true;
  }

  protected attach(pipe: Pipe): void {
    this.#distributor.attach(pipe);
    if (pipe.peer.takesAll) this.#networks.add(pipe);
    this.#groups.set(pipe, { count: 0, bytes: 0 });
    this.#readFrom(pipe);
  }

  protected override peerReady(pipe: Pipe, again: boolean): void {
    // The peer tells anew what it wants.
    if (again) this.#leaveAll(pipe);
  }

  protected detach(pipe: Pipe): void {
    this.#leaveAll(pipe);
    this.#groups.delete(pipe);
  }

  protected retired(pipe: Pipe): void {
    this.#distributor.detach(pipe);
    this.#networks.delete(pipe);
  }

  protected override readActivated(pipe: Pipe): void {
    this.#readFrom(pipe);
  }

  #readFrom(pipe: Pipe): void {
    for (let frames = pipe.read(); frames !== undefined; frames = pipe.read()) {
      const [frame] = frames;
      if (frames.length !== 1 || !(frame[0] <= 1)) this.drop("wrong-direction", 1, pipe.peer);
      else if (frame[0] === 1) this.#join(pipe, frame.subarray(1));
      else this.#leave(pipe, frame.subarray(1));
    }
  }

  #join(pipe: Pipe, group: Frame): void {
    const held = this.#groups.get(pipe);
    if (held === undefined) return;
    const { maxSubscriptions, maxSubscriptionSize } = this.settings;
    if (held.count >= maxSubscriptions || held.bytes + group.length > maxSubscriptionSize) {
      this.#refuse(pipe);
      return;
    }
    held.count++;
    held.bytes += group.length;
    const key = toLatin1(group);
    const members = this.#members.get(key) ?? new Map<Pipe, number>();
    this.#members.set(key, members);
    members.set(pipe, (members.get(pipe) ?? 0) + 1);
    this.changed();
  }

  #leave(pipe: Pipe, group: Frame): void {
    const key = toLatin1(group);
    const members = this.#members.get(key);
    const count = members?.get(pipe);
    const held = this.#groups.get(pipe);
    if (members === undefined || count === undefined || held === undefined) return;
    held.count--;
    held.bytes -= group.length;
    if (count > 1) members.set(pipe, count - 1);
    else members.delete(pipe);
    if (members.size === 0) this.#members.delete(key);
    this.changed();
  }

  #leaveAll(pipe: Pipe): void {
    for (const [key, members] of this.#members) {
      if (members.delete(pipe) && members.size === 0) this.#members.delete(key);
    }
    const held = this.#groups.get(pipe);
    if (held !== undefined) held.count = held.bytes = 0;
  }

  #refuse(pipe: Pipe): void {
    const session = this.sessionOf(pipe);
    const { endpoint, address } = pipe.peer;
    const error = new ZmqError("too-many-subscriptions", `${endpoint} (${address}): the peer joined too many groups`, {
      address: endpoint,
    });
    if (session !== undefined) this.endpoints.abort(session, error);
  }

  /** Peers that are members of a group. */
  memberCount(group: Frame): number {
    return this.#members.get(toLatin1(group))?.size ?? 0;
  }
}

/** A publisher to groups: a message goes to every DISH that joined its group. A message for nobody is dropped, and so is one for a member that is full, unless `noDrop`. */
export class Radio extends /* @__PURE__ */ socketClass("RADIO", RadioCore) {
  /** Resolves when `count` peers have joined a group. Rejects on close and abort. */
  joined(group: string | Uint8Array, count = 1, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const core = this._core as RadioCore;
    const frame = toGroup(group);
    return core.until(() => core.memberCount(frame) >= count, options.signal);
  }
}
