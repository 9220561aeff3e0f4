/**
 * The security mechanism port, and NULL (RFC 23 "The NULL Security Mechanism").
 *
 *     NULL   both sides:  READY metadata   ->   traffic
 *
 * NULL is symmetric: nobody waits for the other's READY before sending its own.
 *
 * A mechanism is fed the handshake's frames and answers with steps. It knows no socket and no timer. After `ready` the
 * engine asks it for nothing more, unless it has a `transform` (encryption); NULL has none, so plain links pay nothing.
 */
import type { ErrorReason } from "../base/errors.ts";
import { decodeCommand, decodeError, decodeMetadata, encodeCommand, encodeMetadata, type Metadata } from "./command.ts";

/** What one handshake frame led to. */
export type MechanismStep =
  | { readonly kind: "send"; readonly body: Uint8Array }
  | { readonly kind: "ready"; readonly metadata: Metadata }
  | { readonly kind: "fail"; readonly reason: ErrorReason; readonly text: string; readonly status?: number };

export interface Mechanism {
  /** As the greeting names it, at most 20 octets. */
  readonly name: string;
  /** The first command to send when the greeting is complete, if this side begins. */
  start(): Uint8Array | undefined;
  /** The body of a frame that the peer sent during the handshake. */
  onCommand(body: Uint8Array): MechanismStep;
}

/** Metadata we announce, in wire order. */
export type OwnMetadata = Iterable<readonly [string, Uint8Array]>;

/** No security: each side sends READY at once. */
export class NullMechanism implements Mechanism {
  readonly name = "NULL";
  #metadata: OwnMetadata;

  constructor(metadata: OwnMetadata) {
    this.#metadata = metadata;
  }

  start(): Uint8Array {
    return encodeCommand("READY", encodeMetadata(this.#metadata));
  }

  onCommand(body: Uint8Array): MechanismStep {
    const command = decodeCommand(body);
    if (command?.name === "READY") {
      const metadata = decodeMetadata(command.data);
      if (metadata === undefined) return fail("invalid-metadata", "READY carries bytes that form no property");
      return { kind: "ready", metadata };
    }
    if (command?.name === "ERROR") return refusal(command.data);
    return fail(
      "unexpected-command",
      `the handshake expects READY or ERROR, the peer sent ${command ? `"${printable(command.name)}"` : "no command"}`,
    );
  }
}

/** The failure that an ERROR command of the peer means; the statuses of ZAP are told apart, as libzmq does. */
export function refusal(data: Uint8Array): MechanismStep {
  const text = decodeError(data);
  if (text === undefined) return fail("malformed-error", "the peer's ERROR command is cut short");
  const step = fail("refused-by-peer", `the peer refused the handshake: ${printable(text) || "no reason given"}`);
  return text === "300" || text === "400" || text === "500" ? { ...step, status: Number(text) } : step;
}

function fail(reason: ErrorReason, text: string): MechanismStep & { kind: "fail" } {
  return { kind: "fail", reason, text };
}

// A peer's text goes into our messages only as printable ASCII.
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
}
