/** An engine with a sink that writes down what it is told. No port, no timer: a test feeds bytes and times. */
import assert from "node:assert/strict";
import { encodeMetadata } from "../../src/zmtp/command.ts";
import { Engine, type EngineFailure, type EngineSettings, type EngineSink, type PeerHandshake } from "../../src/zmtp/engine.ts";
import type { DecoderLimits } from "../../src/zmtp/frame-decoder.ts";
import { type Mechanism, NullMechanism } from "../../src/zmtp/mechanism.ts";
import { announcesIdentity, SOCKET_TYPES, type SocketTypeName } from "../../src/zmtp/socket-type.ts";
import { STREAM_FRAMING } from "../../src/zmtp/stream-framing.ts";
import { hex, join, text } from "./bytes.ts";

/** The decoder's limits: those of a socket by default, frames of at most 2 GiB. */
export function limits(changed: Partial<DecoderLimits> = {}): DecoderLimits {
  return { maxFrameBytes: 2 ** 31, maxFrames: 100_000, maxMetadataBytes: 65_536, copyBodies: false, ...changed };
}

export interface ProbeOptions {
  readonly socketType?: SocketTypeName;
  readonly routingId?: string;
  readonly limits?: Partial<DecoderLimits>;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly ttlTenths?: number;
  readonly acceptsOldPeers?: boolean;
  /** NULL unless given. */
  readonly mechanism?: Mechanism;
}

export class EngineProbe implements EngineSink {
  readonly engine: Engine;
  readonly output: Uint8Array[] = [];
  readonly messages: Uint8Array[][] = [];
  readonly ready: PeerHandshake[] = [];
  readonly failures: EngineFailure[] = [];
  /** What `onMessage` answers. */
  accepts = true;

  constructor(options: ProbeOptions = {}) {
    const { socketType = "DEALER", routingId = "" } = options;
    const metadata: [string, Uint8Array][] = [["Socket-Type", text(socketType)]];
    if (announcesIdentity(socketType)) metadata.push(["Identity", text(routingId)]);
    const settings: EngineSettings = {
      socketType,
      routingId: text(routingId),
      acceptsOldPeers: options.acceptsOldPeers ?? true,
      limits: limits(options.limits),
      heartbeat: {
        intervalMs: options.intervalMs ?? 0,
        timeoutMs: options.timeoutMs ?? options.intervalMs ?? 0,
        ttlTenths: options.ttlTenths ?? 0,
      },
    };
    this.engine = new Engine(settings, STREAM_FRAMING, options.mechanism ?? new NullMechanism(metadata), this);
    this.engine.start();
  }

  onOutput(bytes: Uint8Array): void {
    this.output.push(bytes);
  }

  onPing(): void {
    throw new Error("a stream has no pings of its own");
  }

  onInputWanted(): void {}

  onReady(peer: PeerHandshake): void {
    this.ready.push(peer);
  }

  onMessage(frames: Uint8Array[]): boolean {
    this.messages.push(frames);
    return this.accepts;
  }

  onFailed(failure: EngineFailure): void {
    this.failures.push(failure);
  }

  /** Feeds chunks of the peer, at time 0 unless told otherwise. */
  feed(chunk: Uint8Array, now = 0): this {
    this.engine.receive(chunk, now);
    return this;
  }

  /** Everything that came out for the peer since the last call, as one. */
  takeOutput(): Buffer {
    return join(...this.output.splice(0));
  }

  /** The one failure there must be. */
  failure(): EngineFailure {
    assert.equal(this.failures.length, 1, "the engine fails exactly once");
    assert.equal(this.engine.state, "closed");
    return this.failures[0];
  }
}

/** A ZMTP 3 greeting of 64 octets. */
export function greeting(options: { minor?: number; major?: number; mechanism?: string; asServer?: number } = {}): Buffer {
  const { major = 3, minor = 1, mechanism = "NULL", asServer = 0 } = options;
  const bytes = Buffer.alloc(64);
  hex("ff 00000000 00000001 7f").copy(bytes);
  bytes[10] = major;
  bytes[11] = minor;
  bytes.write(mechanism, 12, 20, "latin1");
  bytes[32] = asServer;
  return bytes;
}

/** A command as a frame. */
export function command(name: string, data: Uint8Array = Buffer.alloc(0), flags = 4): Buffer {
  return frame(join(Buffer.from([name.length]), text(name), data), flags);
}

/** A frame; the long form where the size needs it. */
export function frame(body: Uint8Array, flags = 0): Buffer {
  if (body.length <= 255) return join(Buffer.from([flags, body.length]), body);
  const head = Buffer.alloc(9);
  head[0] = flags | 2;
  head.writeBigUInt64BE(BigInt(body.length), 1);
  return join(head, body);
}

/** A message, its frames given as text or bytes. */
export function message(...bodies: readonly (string | Uint8Array)[]): Buffer {
  return join(...bodies.map((body, i) => frame(typeof body === "string" ? text(body) : body, i === bodies.length - 1 ? 0 : 1)));
}

export function ready(socketType: string, identity?: string | Uint8Array, more: Readonly<Record<string, string>> = {}): Buffer {
  const properties: [string, Uint8Array][] = [["Socket-Type", text(socketType)]];
  if (identity !== undefined) properties.push(["Identity", typeof identity === "string" ? text(identity) : identity]);
  for (const [name, value] of Object.entries(more)) properties.push([name, text(value)]);
  return command("READY", encodeMetadata(properties));
}

/** A probe whose handshake with a peer of this type is complete and whose output so far is thrown away. */
export function readyProbe(peerType: string, options: ProbeOptions & { minor?: number } = {}): EngineProbe {
  const probe = new EngineProbe(options);
  probe.feed(join(greeting({ minor: options.minor ?? 1 }), ready(peerType)));
  assert.equal(probe.engine.state, "ready", JSON.stringify(probe.failures));
  probe.takeOutput();
  return probe;
}

/** Every socket type that speaks ZMTP; STREAM does not. */
export const ZMTP_TYPES = (Object.keys(SOCKET_TYPES) as SocketTypeName[]).filter((type) => type !== "STREAM") as Exclude<
  SocketTypeName,
  "STREAM"
>[];
