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
import { Engine, type EngineSettings, type EngineSink } from "../zmtp/engine.ts";
import { MAX_TTL_TENTHS } from "../zmtp/heartbeat.ts";
import type { RawEngine } from "../zmtp/raw-engine.ts";
import { announcesIdentity, type SocketTypeName } from "../zmtp/socket-type.ts";
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
  if (socket.speaksRaw(settings)) return streamsOf(socket).raw(sink);
  const { subprotocol } = link;
  const own = engineSettings(socket.type, settings, socket.context.maxFrameBytes);
  const framing = subprotocol === null ? streamsOf(socket).framing : zwsFraming(subprotocol);
  const bare = subprotocol === ZWS_BARE;
  return new Engine(own, framing, bare ? new BareHandshake(own.routingId) : socket.createMechanism(settings, peer), sink);
}

// Ten thousand connections of one endpoint have the same.
const known = new WeakMap<Settings, EngineSettings>();

function engineSettings(type: SocketTypeName, settings: Settings, mostBytes: number): EngineSettings {
  const made = known.get(settings);
  if (made !== undefined) return made;
  const { maxMessageSize, maxFrames, maxMetadataSize, copyReceived } = settings;
  const { heartbeatInterval, heartbeatTimeout, heartbeatTimeToLive, routingId, zapDomain } = settings;
  const own: EngineSettings = {
    socketType: type,
    routingId: announcesIdentity(type) ? optionBytes(routingId) : EMPTY,
    acceptsOldPeers: zapDomain === null,
    limits: {
      maxFrameBytes: maxMessageSize === -1 ? mostBytes : maxMessageSize,
      maxFrames,
      maxMetadataBytes: maxMetadataSize,
      copyBodies: copyReceived,
    },
    heartbeat: {
      intervalMs: heartbeatInterval,
      timeoutMs: heartbeatTimeout === -1 ? heartbeatInterval : heartbeatTimeout,
      ttlTenths: Math.min(MAX_TTL_TENTHS, Math.floor(heartbeatTimeToLive / 100)),
    },
  };
  known.set(settings, own);
  return own;
}

function streamsOf({ context }: SessionHost): StreamProtocols {
  assert(context.streams !== null, "a link of bytes on a platform that knows no protocol for it");
  return context.streams;
}
