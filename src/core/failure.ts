/**
 * The errors and events of a failing connection: what the engine or the link reported, put into words for the monitor.
 *
 * During the handshake the error's code is the one that npm `zeromq` gives for libzmq's event (ERR_ZMTP_…); later it is
 * an errno name.
 */
import { type ErrorReason, systemCode, ZmqError } from "../base/errors.ts";
import type { EngineFailure } from "../zmtp/engine.ts";
import type { AuthError, Event } from "./monitor.ts";
import type { Peer } from "./peer.ts";

/** A connection's failure, with the endpoint and the peer's address in the message. */
export function connectionError(reason: ErrorReason, text: string, peer: Peer, code?: string, cause?: unknown): ZmqError {
  const { address, endpoint } = peer;
  const who = address === "" || address === endpoint ? endpoint : `${endpoint} (${address})`;
  return new ZmqError(reason, `${who}: ${text}`, { address: endpoint, cause, ...(code === undefined ? {} : { code }) });
}

/** The error of a link that ended: the peer closed it, or what the link says. */
export function linkError(cause: Error | null, peer: Peer): ZmqError {
  if (cause === null) return connectionError("peer-closed", "the peer closed the connection", peer);
  if (cause instanceof ZmqError) return connectionError(cause.reason, cause.message, peer, undefined, cause);
  return connectionError("connection-lost", `the connection broke: ${cause.message}`, peer, systemCode(cause), cause);
}

const ZMTP_CODES: Partial<Record<ErrorReason, string>> = {
  "mechanism-mismatch": "ERR_ZMTP_MECHANISM_MISMATCH",
  "type-mismatch": "ERR_ZMTP_INVALID_METADATA",
  "invalid-metadata": "ERR_ZMTP_INVALID_METADATA",
  "unexpected-command": "ERR_ZMTP_UNEXPECTED_COMMAND",
  "malformed-command": "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED",
  "malformed-ready": "ERR_ZMTP_MALFORMED_COMMAND_READY",
  "malformed-error": "ERR_ZMTP_MALFORMED_COMMAND_ERROR",
  "malformed-hello": "ERR_ZMTP_MALFORMED_COMMAND_HELLO",
  "malformed-welcome": "ERR_ZMTP_MALFORMED_COMMAND_WELCOME",
  "malformed-initiate": "ERR_ZMTP_MALFORMED_COMMAND_INITIATE",
  "malformed-sealed": "ERR_ZMTP_MALFORMED_COMMAND_MESSAGE",
  cryptographic: "ERR_ZMTP_CRYPTOGRAPHIC",
  "key-exchange": "ERR_ZMTP_KEY_EXCHANGE",
  "invalid-sequence": "ERR_ZMTP_INVALID_SEQUENCE",
};

/** The error of an engine that gave up on its peer: reason, offset and the first bytes at fault. */
export function failureError(failure: EngineFailure, peer: Peer, handshaking: boolean): ZmqError {
  const bytes = failure.hex === "" ? "" : `: ${failure.hex}`;
  const text = `${failure.text} (after ${failure.offset} bytes${bytes})`;
  const code =
    failure.code ??
    (handshaking && failure.status === undefined ? (ZMTP_CODES[failure.reason] ?? "ERR_ZMTP_UNSPECIFIED") : undefined);
  const error = connectionError(failure.reason, text, peer, code);
  return failure.status === undefined ? error : Object.assign(error, { status: failure.status });
}

/** The event of a handshake that failed with `error`. */
export function handshakeEvent(error: ZmqError, peer: Peer): Event {
  const common = { address: peer.endpoint, peer };
  if ("status" in error) return { type: "handshake:error:auth", ...common, error: error as AuthError };
  return {
    type: /^ERR_(ZMTP|ZAP)_/.test(error.code) ? "handshake:error:protocol" : "handshake:error:other",
    ...common,
    error,
  };
}
