/**
 * What is spoken over a link of bytes: ZMTP with its greeting (RFC 37) and, with peers that are older, as they speak it; or no protocol at
 * all. An entry whose transports have such links gives it to its platform.
 */
import type { EngineSink } from "./engine-port.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { FLAG_COMMAND } from "./frame-encoder.ts";
import type { Framing } from "./framing.ts";
import { Greeting } from "./greeting.ts";
import { encodeLegacyFrame, LegacyDecoder, toLegacyFrames } from "./legacy.ts";
import { RawEngine } from "./raw-engine.ts";

/** The framing of streams of bytes. */
export const STREAM_FRAMING: Framing = {
  opening: {
    greeting: (mechanism, socketType, send) => new Greeting(mechanism, socketType, send),
    legacy: {
      encode: encodeLegacyFrame,
      toWire: toLegacyFrames,
      decoder: (sink, limits) => new LegacyDecoder(sink, limits),
    },
  },
  protocol: "",
  pings: "command",
  commandFlags: FLAG_COMMAND,
  toWire: null,
  decoder: (sink, limits) => new FrameDecoder(sink, limits),
};

/** Both ways to use a link of bytes. */
export interface StreamProtocols {
  readonly framing: Framing;
  /** Bytes as they are. */
  raw(sink: EngineSink): RawEngine;
}

export const STREAM_PROTOCOLS: StreamProtocols = {
  framing: STREAM_FRAMING,
  raw: (sink) => new RawEngine(sink),
};
