/**
 * ZAP 1.0 (RFC 27): its request and reply as messages, and what a reply means.
 *
 *     request   ""  "1.0"  id  domain  address  identity  mechanism  credentials…
 *     reply     ""  "1.0"  id  status  text     user id   metadata
 *
 * Owns: the form of both, and the checks that libzmq makes of a reply. Does not own: how they travel.
 */
import { EMPTY, equalBytes, fromText, toLatin1, toText } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import { decodeMetadata, encodeMetadata } from "../zmtp/command.ts";
import type { Verdict } from "../zmtp/mechanism.ts";

/** Where a handler is bound. */
export const ZAP_ENDPOINT = "inproc://zeromq.zap.01";
const ZAP_VERSION = "1.0";
/** One question per pipe, so that it needs no name; libzmq's is the same. */
const REQUEST_ID = "1";

/** What a handler is asked. */
export interface ZapRequest {
  readonly domain: string;
  /** The peer's address, such as `10.0.0.7`; no port. */
  readonly address: string;
  /** The routing id of the socket that asks. */
  readonly identity: Uint8Array;
  /** `NULL`, `PLAIN` or `CURVE`. */
  readonly mechanism: string;
  /** PLAIN: user name and password; CURVE: the client's public key. */
  readonly credentials: readonly Uint8Array[];
}

export function encodeRequest(request: ZapRequest): Uint8Array[] {
  const { domain, address, identity, mechanism, credentials } = request;
  const texts = [ZAP_VERSION, REQUEST_ID, domain, address].map(fromText);
  return [EMPTY, ...texts, identity, fromText(mechanism), ...credentials];
}

/** A request as a handler gets it, without delimiter; undefined when it is none. */
export function decodeRequest(frames: readonly Uint8Array[]): (ZapRequest & { readonly id: Uint8Array }) | undefined {
  if (frames.length < 6 || toLatin1(frames[0]) !== ZAP_VERSION) return undefined;
  const [, id, domain, address, identity, mechanism, ...credentials] = frames;
  return { id, domain: toText(domain), address: toText(address), identity, mechanism: toText(mechanism), credentials };
}

/** What a handler answers, without delimiter. */
export function encodeReply(
  id: Uint8Array,
  status: 200 | 300 | 400 | 500,
  text: string,
  userId = "",
  metadata: Iterable<readonly [string, Uint8Array]> = [],
): Uint8Array[] {
  return [fromText(ZAP_VERSION), id, fromText(String(status)), fromText(text), fromText(userId), encodeMetadata(metadata)];
}

/** What a reply means, its delimiter included. */
export function decodeReply(frames: readonly Uint8Array[]): Verdict {
  if (frames.length !== 7) return wrong("MALFORMED_REPLY", `${frames.length} frames, 7 are right`);
  const [delimiter, version, id, status, text, userId, properties] = frames;
  if (delimiter.length > 0) return wrong("UNSPECIFIED", "a first frame that is not empty");
  if (toLatin1(version) !== ZAP_VERSION) return wrong("BAD_VERSION", `a version that is not ${ZAP_VERSION}`);
  if (!equalBytes(id, fromText(REQUEST_ID))) return wrong("BAD_REQUEST_ID", "another request's id");
  const code = toLatin1(status);
  if (code === "300" || code === "400" || code === "500")
    return { kind: "refuse", status: Number(code) as 300 | 400 | 500, text: toText(text) };
  if (code !== "200") return wrong("INVALID_STATUS_CODE", "a status that is not 200, 300, 400 or 500");
  const metadata = decodeMetadata(properties);
  if (metadata === undefined) return wrong("INVALID_METADATA", "metadata that form no properties");
  return { kind: "accept", userId: toText(userId), metadata };
}

const INVALID: ErrorReason = "invalid-zap-reply";

function wrong(code: string, has: string): Verdict {
  return { kind: "fail", reason: INVALID, text: `the ZAP handler's reply has ${has}`, code: `ERR_ZAP_${code}` };
}
