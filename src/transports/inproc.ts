/**
 * inproc: sockets of one context, joined without a network. In one thread their pipes are joined directly: frames are
 * handed over without copying, so sender and receiver share bytes. Other threads of the process are reached through the
 * `OtherThreads` port (threads.ts), which only the default context has.
 *
 * Either side may come first: a connection made before its name is bound waits with its messages. Names are exact and
 * belong to one context. Marks add up: A may have A's send mark plus B's receive mark under way; until the bind, A's
 * own. There is no handshake, no reconnection, no check of types.
 */
import { ZmqError } from "../base/errors.ts";
import { Peer } from "../core/peer.ts";
import { Pipe } from "../core/pipe.ts";
import type { Binding, MessageTransport, Party } from "../core/transport.ts";
import { WaitingConnection, type WaitingHold } from "./waiting-connection.ts";

/** What this thread has of one name space. */
export class InprocNames {
  readonly bound = new Map<string, Party>();
  readonly waiting = new Map<string, WaitingConnection[]>();

  /** Joins a connection to the socket that has bound its name here; false when none has. */
  join(connection: WaitingConnection): boolean {
    const binder = this.bound.get(connection.name);
    if (binder === undefined) return false;
    const lingered = connection.leave();
    join(connection.connector, connection.pipe, binder);
    lingered();
    return true;
  }

  /** Lets a connection wait for its name. */
  wait(connection: WaitingConnection): void {
    const { name } = connection;
    this.waiting.set(name, [...(this.waiting.get(name) ?? []), connection]);
  }

  /** A connection that was taken is not joined after all. True: it waits again, for it is not over and nobody here has its name. */
  putBack(connection: WaitingConnection): boolean {
    if (connection.isOver || this.join(connection)) return false;
    this.wait(connection);
    return true;
  }

  /** A connection waits no more. */
  forget(connection: WaitingConnection): void {
    const { name } = connection;
    const rest = (this.waiting.get(name) ?? []).filter((each) => each !== connection);
    if (rest.length > 0) this.waiting.set(name, rest);
    else this.waiting.delete(name);
  }

  /** The connections that wait for a name, which wait no more. */
  take(name: string): readonly WaitingConnection[] {
    const early = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    return early;
  }
}

/** The other threads of a name space. */
export interface OtherThreads {
  /** When messages for a name that nobody has bound yet keep this thread alive. */
  readonly holdsWaiting: WaitingHold;
  /** Takes the name for this thread. Throws EADDRINUSE when another has it. */
  claim(name: string, party: Party): Binding;
  /** Whether another thread has the name now. */
  has(name: string): boolean;
  /** A connection waits whose name nobody here has: it is taken out when another thread has it, now or later. */
  seek(name: string): void;
}

/** A name space of its own, or this thread's part of one. */
export function inprocTransport(names = new InprocNames(), others: OtherThreads | null = null): MessageTransport {
  return {
    scheme: "inproc",
    shape: "messages",
    check: () => undefined,

    bind(name, party) {
      if (names.bound.has(name)) throw nameInUse(name, party.endpoint, "another socket of this context");
      const claim = others?.claim(name, party);
      names.bound.set(name, party);
      for (const connection of names.take(name)) names.join(connection);
      const close = (): void => {
        if (names.bound.get(name) !== party) return;
        names.bound.delete(name);
        claim?.close();
      };
      return claim?.ready === undefined ? { close } : { close, ready: claim.ready };
    },

    isBound: (name) => names.bound.has(name) || (others?.has(name) ?? false),

    connect(name, party) {
      const { sendHighWaterMark } = party.settings;
      const holds = others?.holdsWaiting ?? "never";
      const connection = new WaitingConnection(name, party, holds, (each) => names.forget(each));
      const peer = new Peer(party.endpoint);
      const [pipe, far] = Pipe.pair(
        { owner: party.owner, peer, highWaterMark: sendHighWaterMark },
        { owner: connection, peer: new Peer(party.endpoint), highWaterMark: 0 },
      );
      connection.pipe = pipe;
      far.addHighWaterMark(party.settings.receiveHighWaterMark);
      if (party.conflates.sending) pipe.conflate();
      if (party.conflates.receiving) far.conflate();
      party.onPipe(pipe);
      if (!names.join(connection)) {
        if (holds !== "never") far.taker = connection;
        names.wait(connection);
        others?.seek(name);
      }
      return pipe;
    },
  };
}

/** The error of a bind whose name somebody else has. */
export function nameInUse(name: string, address: string, by: string): ZmqError {
  return new ZmqError("address-in-use", `Address already in use: inproc://${name} is bound by ${by}`, { address });
}

function join(connector: Party, pipe: Pipe, binder: Party): void {
  const far = pipe.other;
  far.owner = binder.owner;
  pipe.addHighWaterMark(binder.settings.receiveHighWaterMark);
  far.setHighWaterMark(binder.settings.sendHighWaterMark);
  if (binder.conflates.receiving) pipe.conflate();
  if (binder.conflates.sending) far.conflate();
  connector.introduce(far.peer);
  binder.introduce(pipe.peer);
  binder.onPipe(far);
  if (!pipe.closed) connector.onJoined(pipe);
  binder.onJoined(far);
  if (pipe.closed) binder.owner.onClosed(far);
  // What was written before both knew each other woke nobody: a waiting send may have gone out as soon as there was a pipe.
  for (const end of [far, pipe]) if (end.waiting > 0) end.owner.onReadable(end);
}
