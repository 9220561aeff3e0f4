/**
 * Which engine speaks over a link: picked by the socket's type and the link's shape, with the socket's options as its settings.
 *
 *     STREAM, a raw ROUTER        no protocol at all
 *     a link of bytes             ZMTP: greeting, mechanism, traffic
 *     a link of frames            ZWS 2.0: the sub-protocol says which mechanism, or that there is none
 *
 * Owns the translation of options into settings of the engine. Does not own: the engines (zmtp), mechanisms (the socket), what is spoken
 * over bytes (the platform, for not every one has links of bytes).
 */
import { EMPTY } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import { Engine, type EngineSink } from "../zmtp/engine.ts";
import { MAX_TTL_TENTHS } from "../zmtp/heartbeat.ts";
import type { RawEngine } from "../zmtp/raw-engine.ts";
import { announcesIdentity } from "../zmtp/socket-type.ts";
import type { StreamProtocols } from "../zmtp/stream-framing.ts";
import { BareHandshake, ZWS_BARE, zwsFraming } from "../zmtp/zws.ts";
import { optionBytes, type Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { SessionHost } from "./session-host.ts";
import type { Link } from "./transport.ts";

export function makeEngine(
  socket: SessionHost,
  settings: Settings,
  peer: Peer,
  link: Link,
  sink: EngineSink,
): Engine | RawEngine {
  const { context, type } = socket;
  if (socket.speaksRaw(settings)) return streamsOf(socket).raw(sink);
  const { subprotocol } = link;
  const { maxMessageSize, maxFrames, maxMetadataSize, copyReceived } = settings;
  const { heartbeatInterval, heartbeatTimeout, heartbeatTimeToLive, routingId, zapDomain } = settings;
  const identity = announcesIdentity(type) ? optionBytes(routingId) : EMPTY;
  return new Engine(
    {
      framing: subprotocol === null ? streamsOf(socket).framing : zwsFraming(subprotocol),
      socketType: type,
      routingId: identity,
      acceptsOldPeers: zapDomain === null,
      mechanism: subprotocol === ZWS_BARE ? new BareHandshake(identity) : socket.createMechanism(settings, peer),
      limits: {
        maxFrameBytes: maxMessageSize === -1 ? context.maxFrameBytes : maxMessageSize,
        maxFrames,
        maxMetadataBytes: maxMetadataSize,
        copyBodies: copyReceived,
      },
      heartbeat: {
        intervalMs: heartbeatInterval,
        timeoutMs: heartbeatTimeout === -1 ? heartbeatInterval : heartbeatTimeout,
        ttlTenths: Math.min(MAX_TTL_TENTHS, Math.floor(heartbeatTimeToLive / 100)),
      },
    },
    sink,
  );
}

function streamsOf({ context }: SessionHost): StreamProtocols {
  assert(context.streams !== null, "a link of bytes on a platform that knows no protocol for it");
  return context.streams;
}
