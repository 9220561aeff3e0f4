/**
 * The security mechanism port, and NULL (RFC 23 "The NULL Security Mechanism").
 *
 *     start ─▶ step            send, listen: the peer's turn     ready: traffic, through `transform` if there is one
 *     onCommand(body) ─▶ step  wait: a later step is to come     fail: the connection is over
 *
 * A mechanism is fed the handshake's frames and answers with steps. It knows no socket and no timer. What takes time
 * (loading a library, asking an authority) is a `wait`, after which `later` is called once; the peer is not read from
 * meanwhile. NULL has no transform, so plain links pay nothing.
 */
import { copyBytes, EMPTY, equalBytes } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import {
  decodeCommand,
  decodeError,
  decodeMetadata,
  encodeCommand,
  encodeError,
  encodeMetadata,
  type Metadata,
} from "./command.ts";
import type { Lender, WireForm } from "./frame-encoder.ts";

/** What the beginning of a handshake, or one of its frames, led to. */
export type MechanismStep =
  | { readonly kind: "send"; readonly body: Uint8Array }
  | { readonly kind: "listen" }
  | { readonly kind: "wait" }
  | HandshakeReady
  | HandshakeFailure;

export interface HandshakeReady {
  readonly kind: "ready";
  /** What the peer announced, and its size on the wire. */
  readonly metadata: Metadata;
  readonly metadataBytes: number;
  /** The last command of the handshake, if it is ours to send. */
  readonly reply?: Uint8Array | undefined;
  /** What an authority said of the peer. */
  readonly identity?: PeerIdentity | undefined;
  readonly transform?: FrameTransform | undefined;
}

export interface HandshakeFailure {
  readonly kind: "fail";
  readonly reason: ErrorReason;
  readonly text: string;
  /** The status of ZAP, when an authority refused. */
  readonly status?: number;
  /** A finer code than the reason's own. */
  readonly code?: string;
  /** The ERROR that the peer is told before the end. */
  readonly reply?: Uint8Array;
  /** True: the connection is left as it is, silent, until the peer or the handshake's deadline ends it. */
  readonly hold?: boolean;
}

export interface Mechanism {
  /** As the greeting names it, at most 20 octets. */
  readonly name: string;
  /** Its frames may hold passwords: they are not shown in errors. */
  readonly confidential?: boolean;
  /** The greeting is complete. `later` takes the step that follows a `wait`. */
  start(later: (step: MechanismStep) => void): MechanismStep;
  /** The body of a frame that the peer sent during the handshake. */
  onCommand(body: Uint8Array): MechanismStep;
  /** The handshake is over, well or not: secrets are wiped, and `later` is called no more. */
  close(): void;
}

/** The largest body that a mechanism seals; what libsodium's heap, 2 GiB at most, holds for certain. */
export const MAX_SEALED_BODY_BYTES = 2 ** 30;

/** What a mechanism does to the frames of the traffic phase: a sealed frame takes the place of each plain one. */
export interface FrameTransform {
  /** After `open`: the flags of the frame inside (FLAG_MORE, FLAG_COMMAND). */
  readonly flags: number;
  /** After `open` refused: why. */
  readonly failure: { readonly reason: ErrorReason; readonly text: string };
  /** Octets that a sealed frame's body may have. */
  readonly maxSealedBytes: number;
  /** As a `WireForm`: the plain frames with each of them sealed. Without a lender in memory of their own. */
  seal(parts: readonly Uint8Array[], lender?: Lender): Uint8Array[] | null;
  /**
   * The body inside a sealed frame's body; null when it is not what the peer sealed next. It takes the sealed one's place in
   * memory if that is `given` and it is not small, else it is in memory of its own.
   */
  open(body: Uint8Array, given?: boolean): Uint8Array | null;
  /** Wipes the keys. */
  close(): void;
}

/** The wire form of a peer's frames: they are sealed first, then put into the form of the link. */
export function sealed(transform: FrameTransform, form: WireForm | null): WireForm {
  return (parts, lender) => {
    const frames = transform.seal(parts, lender);
    return frames === null || form === null ? frames : form(frames, lender);
  };
}

/** What an authority says of a peer that it lets in. */
export interface PeerIdentity {
  /** Its user id; empty when it has none. */
  readonly userId: string;
  readonly metadata: Metadata;
}

export type Verdict =
  | ({ readonly kind: "accept" } & PeerIdentity)
  /** 300: try again later; 400: refused; 500: the authority is at fault. */
  | { readonly kind: "refuse"; readonly status: 300 | 400 | 500; readonly text: string }
  /** There is no valid answer. */
  | { readonly kind: "fail"; readonly reason: ErrorReason; readonly text: string; readonly code?: string };

/** Decides about peers; answers once, at once or later. */
export interface Authority {
  ask(mechanism: string, credentials: readonly Uint8Array[], answer: (verdict: Verdict) => void): void;
  /** The question is no longer of interest; `answer` is not called. */
  cancel(): void;
}

const NOBODY_ASKED: Verdict = { kind: "accept", userId: "", metadata: new Map() };

/** Lets everybody in. */
export const NO_AUTHORITY: Authority = {
  ask: (_mechanism, _credentials, answer) => answer(NOBODY_ASKED),
  cancel: () => undefined,
};

/**
 * Asks an authority: `then` says what to do with a peer that is let in; what happens to the others is the same for all
 * mechanisms (`encode` puts their ERROR into the mechanism's form).
 */
export function consult(
  authority: Authority,
  question: { readonly mechanism: string; readonly credentials: readonly Uint8Array[] },
  later: (step: MechanismStep) => void,
  then: (identity: PeerIdentity) => MechanismStep,
  encode: (reason: string) => Uint8Array = encodeError,
): MechanismStep {
  let now: MechanismStep | null = null;
  let asynchronous = false;
  authority.ask(question.mechanism, question.credentials, (verdict) => {
    const step = verdict.kind === "accept" ? then(verdict) : refusalOf(verdict, encode);
    if (asynchronous) later(step);
    else now = step;
  });
  asynchronous = true;
  return now ?? { kind: "wait" };
}

function refusalOf(verdict: Exclude<Verdict, { kind: "accept" }>, encode: (reason: string) => Uint8Array): HandshakeFailure {
  if (verdict.kind === "fail") return verdict;
  const { status, text } = verdict;
  const step = {
    ...fail("not-authenticated", `the peer was refused (${status}): ${printable(text) || "no reason given"}`),
    status,
  };
  return status === 300 ? { ...step, hold: true } : { ...step, reply: encode(String(status)) };
}

/** Metadata we announce, in wire order. */
export type OwnMetadata = Iterable<readonly [string, Uint8Array]>;

/** No security: each side sends READY, at once unless it has an authority to ask first. */
export class NullMechanism implements Mechanism {
  readonly name = "NULL";
  #metadata: OwnMetadata;
  #authority: Authority;
  #identity: PeerIdentity | undefined;

  constructor(metadata: OwnMetadata, authority: Authority = NO_AUTHORITY) {
    this.#metadata = metadata;
    this.#authority = authority;
  }

  start(later: (step: MechanismStep) => void): MechanismStep {
    return consult(this.#authority, { mechanism: "NULL", credentials: [] }, later, (identity) => {
      this.#identity = identity;
      return { kind: "send", body: encodeCommand("READY", encodeMetadata(this.#metadata)) };
    });
  }

  onCommand(body: Uint8Array): MechanismStep {
    const command = decodeCommand(body);
    if (command?.name === "READY") return readyStep(command.data, { identity: this.#identity });
    if (command?.name === "ERROR") return refusal(command.data);
    return unexpected(body, "READY or ERROR");
  }

  close(): void {
    this.#authority.cancel();
  }
}

/** The peer's metadata came: the handshake is complete, unless they are no properties. */
export function readyStep(
  data: Uint8Array,
  more: Pick<HandshakeReady, "reply" | "identity"> & { readonly transform?: FrameTransform } = {},
): MechanismStep {
  const metadata = equalBytes(data, last.data) ? last.metadata : decodeMetadata(data);
  if (metadata === undefined) return fail("invalid-metadata", "the peer's metadata has bytes that form no property");
  if (metadata !== last.metadata) last = { data: copyBytes(data), metadata };
  return { kind: "ready", metadata, metadataBytes: data.length, ...more };
}

// Peers that come in thousands announce the same, and share it.
let last: { readonly data: Uint8Array; readonly metadata: Metadata } = { data: EMPTY, metadata: new Map() };

/** The failure that an ERROR command of the peer means; the statuses of ZAP are told apart, as libzmq does. */
export function refusal(data: Uint8Array): HandshakeFailure {
  const text = decodeError(data);
  if (text === undefined) return fail("malformed-error", "the peer's ERROR command is cut short");
  const step = fail("refused-by-peer", `the peer refused the handshake: ${printable(text) || "no reason given"}`);
  return text === "300" || text === "400" || text === "500" ? { ...step, status: Number(text) } : step;
}

/** The failure of a frame that does not belong here. */
export function unexpected(body: Uint8Array, expected: string): HandshakeFailure {
  const command = decodeCommand(body);
  const came = command ? `"${printable(command.name)}"` : "no command";
  return fail("unexpected-command", `the handshake expects ${expected}, the peer sent ${came}`);
}

export function fail(reason: ErrorReason, text: string): HandshakeFailure {
  return { kind: "fail", reason, text };
}

/** A peer's text as it may go into our messages: printable ASCII. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
}
