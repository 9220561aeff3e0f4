/**
 * CURVE in one option: `curve: { serverKey }` on one side, `curve: { keyPair, allow }` on the other.
 *
 * Owns the form of that option and what it sets. Does not own: how `allow` is asked (security/allow.ts).
 */
import { describe, ZmqError } from "../base/errors.ts";
import type { Peer } from "./peer.ts";
import { NO_SECURITY, type SecurityChoice, type SecurityProvider, toKey } from "./security.ts";

/** A key as Z85 text (40 characters) or 32 octets. */
export type CurveKey = string | Uint8Array;

/** A key pair, as `curveKeyPair()` makes it. */
export interface CurveKeyPair {
  readonly publicKey: CurveKey;
  readonly secretKey: CurveKey;
}

/** What a client, or what an `allow` function, is told of a peer that has proved to own its key. */
export interface CurvePeer {
  /** Its public key as Z85 text. */
  readonly publicKey: string;
  /** Where it comes from, such as `tcp://10.0.0.7:51234`. */
  readonly address: string;
  readonly peer: Peer;
}

/** What an `allow` function may answer beside yes and no: yes, under this name and with these properties. */
export interface CurveAdmission {
  /** The `userId` that the peer gets. */
  readonly userId?: string;
  /** Properties that the peer gets. */
  readonly metadata?: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * Whom a CURVE server lets in: the public keys in a set or list, the certificates in a directory (read again when it
 * changes), whom a function says yes to, or `"any"` client that has this server's public key.
 */
export type CurveAllow =
  | "any"
  | ReadonlySet<CurveKey>
  | readonly CurveKey[]
  | { readonly directory: string }
  | ((peer: CurvePeer) => boolean | CurveAdmission | Promise<boolean | CurveAdmission>);

/** The option `curve`. With `serverKey` the socket is a client, otherwise a server. */
export interface CurveOptions {
  /** A client: the public key of its server. */
  readonly serverKey?: CurveKey;
  /** This side's keys. A client that has none gets a pair made for the socket; a server must have one. */
  readonly keyPair?: CurveKeyPair;
  /** A server: whom it lets in. */
  readonly allow?: CurveAllow;
}

const FIELDS = ["serverKey", "keyPair", "allow"];

/** The choice after `curve` was assigned. */
export function chooseCurve(value: CurveOptions | null, provider: SecurityProvider): SecurityChoice {
  if (value === null) return NO_SECURITY;
  if (typeof value !== "object") throw wrong("an object", value);
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw wrong(`an object with ${FIELDS.join(", ")}`, unknown);
  const { serverKey, keyPair, allow } = value;
  if (serverKey === undefined && keyPair === undefined)
    throw wrong("{ serverKey } for a client, or { keyPair, allow } for a server", "neither");
  if (serverKey !== undefined && allow !== undefined) throw wrong("without `allow` for a client (it has `serverKey`)", allow);
  const pair = keyPair === undefined ? provider.keyPair() : keysOf(keyPair);
  return {
    ...NO_SECURITY,
    mechanism: "CURVE",
    server: serverKey === undefined,
    ...pair,
    serverKey: serverKey === undefined ? null : toKey("curve.serverKey", serverKey),
    allow: allow === undefined ? null : checkAllow(allow),
  };
}

function keysOf(pair: CurveKeyPair): { publicKey: Uint8Array; secretKey: Uint8Array } {
  if (typeof pair !== "object" || pair === null) throw wrong("with a `keyPair` of publicKey and secretKey", pair);
  return {
    publicKey: toKey("curve.keyPair.publicKey", pair.publicKey),
    secretKey: toKey("curve.keyPair.secretKey", pair.secretKey),
  };
}

/** The same, when it has one of the forms of `allow`; EINVAL otherwise. */
export function checkAllow(allow: CurveAllow): CurveAllow {
  if (allow === "any" || typeof allow === "function") return allow;
  if (allow instanceof Set || Array.isArray(allow)) {
    for (const key of allow) toKey("curve.allow", key);
    return allow as CurveAllow;
  }
  if (typeof allow === "object" && allow !== null && typeof (allow as { directory?: unknown }).directory === "string")
    return allow;
  throw wrong('with `allow` as a set of keys, { directory }, a function or "any"', allow);
}

function wrong(expected: string, got: unknown): ZmqError {
  return new ZmqError("invalid-option", `Option "curve" must be ${expected}, got ${describe(got)}`);
}
