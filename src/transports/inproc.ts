/**
 * inproc: sockets of one context in one thread, their pipes joined directly. Frames are handed over without copying, so
 * sender and receiver share bytes.
 *
 * Either side may come first: a connection made before its name is bound waits with its messages. Names are exact and
 * belong to one context. Marks add up: A may have A's send mark plus B's receive mark under way; until the bind, A's
 * own. There is no handshake, no reconnection, no check of types.
 */
import { ZmqError } from "../base/errors.ts";
import { Peer } from "../core/peer.ts";
import { Pipe, type PipeOwner } from "../core/pipe.ts";
import type { MessageTransport, Party } from "../core/transport.ts";

interface Waiting {
  readonly connector: Party;
  readonly pipe: Pipe;
}

/** A name space of its own. */
export function inprocTransport(): MessageTransport {
  const bound = new Map<string, Party>();
  const waiting = new Map<string, Waiting[]>();

  return {
    scheme: "inproc",
    shape: "messages",
    check: () => undefined,

    bind(name, party) {
      if (bound.has(name))
        throw new ZmqError(
          "address-in-use",
          `Address already in use: inproc://${name} is bound by another socket of this context`,
          { address: party.endpoint },
        );
      bound.set(name, party);
      const early = waiting.get(name) ?? [];
      waiting.delete(name);
      for (const { connector, pipe } of early) join(connector, pipe, party);
      return {
        close() {
          if (bound.get(name) === party) bound.delete(name);
        },
      };
    },

    connect(name, party) {
      const { sendHighWaterMark } = party.settings;
      const nobody: PipeOwner = {
        onReadable: () => undefined,
        onWritable: () => undefined,
        onClosed: () => undefined,
        onDrained: () => forget(name, pipe),
      };
      const peer = new Peer(party.endpoint);
      const [pipe] = Pipe.pair(
        { owner: party.owner, peer, highWaterMark: sendHighWaterMark },
        { owner: nobody, peer: new Peer(party.endpoint), highWaterMark: 0 },
      );
      if (party.conflates.sending) pipe.conflate();
      if (party.conflates.receiving) pipe.other.conflate();
      party.onPipe(pipe);
      const binder = bound.get(name);
      if (binder !== undefined) join(party, pipe, binder);
      else waiting.set(name, [...(waiting.get(name) ?? []), { connector: party, pipe }]);
      return pipe;
    },
  };

  // A connection was given up before its name was bound, with nothing in it.
  function forget(name: string, pipe: Pipe): void {
    const rest = (waiting.get(name) ?? []).filter((each) => each.pipe !== pipe);
    if (rest.length > 0) waiting.set(name, rest);
    else waiting.delete(name);
  }
}

function join(connector: Party, pipe: Pipe, binder: Party): void {
  const far = pipe.other;
  far.owner = binder.owner;
  pipe.addHighWaterMark(binder.settings.receiveHighWaterMark);
  far.setHighWaterMark(binder.settings.sendHighWaterMark);
  far.addHighWaterMark(connector.settings.receiveHighWaterMark);
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
