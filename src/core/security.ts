/**
 * Security as the core sees it: what a socket's options choose, and the port through which an entry brings the mechanisms.
 *
 * libzmq's rule: the last security option that was set decides mechanism and role. Keys are kept as octets, once per
 * socket, and are shared by its snapshots, so that `wipe` ends them all.
 * Does not own: the mechanisms (`security/`), or the ZAP handler (`devices/`).
 */
import { describe, ZmqError } from "../base/errors.ts";
import { decode, encode } from "../base/z85.ts";
import type { Mechanism, OwnMetadata } from "../zmtp/mechanism.ts";
import type { CurveAllow } from "./curve-options.ts";
import type { Settings } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { SessionContext } from "./session-host.ts";

/** What the security options of a socket amount to. */
export interface SecurityChoice {
  readonly mechanism: "NULL" | "PLAIN" | "CURVE";
  readonly server: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** 32 octets each. */
  readonly publicKey: Uint8Array | null;
  readonly secretKey: Uint8Array | null;
  readonly serverKey: Uint8Array | null;
  /** Whom a CURVE server lets in, beside what ZAP says; null: not said. */
  readonly allow: CurveAllow | null;
}

export const NO_SECURITY: SecurityChoice = {
  mechanism: "NULL",
  server: false,
  username: null,
  password: null,
  publicKey: null,
  secretKey: null,
  serverKey: null,
  allow: null,
};

/** What a mechanism may know and use. */
export interface MechanismRequest {
  readonly settings: Settings;
  readonly metadata: OwnMetadata;
  readonly peer: Peer;
  readonly context: SessionContext;
}

/** The mechanisms that an entry offers beside NULL. */
export interface SecurityProvider {
  /** The mechanism of one connection. */
  mechanism(request: MechanismRequest): Mechanism;
  /** Throws EINVAL when the settings cannot work, such as CURVE without keys. Called at bind and connect. */
  check(settings: Settings): void;
  /** New keys for one socket; without the public key where that cannot be computed at once. */
  keyPair(): { readonly publicKey: Uint8Array | null; readonly secretKey: Uint8Array };
}

/** Security options whose values are kept in the choice. */
const SECURITY_OPTIONS = [
  "plainServer",
  "plainUsername",
  "plainPassword",
  "curveServer",
  "curvePublicKey",
  "curveSecretKey",
  "curveServerKey",
] as const;
export type SecurityOption = (typeof SECURITY_OPTIONS)[number];

export function isSecurityOption(name: string): name is SecurityOption {
  return (SECURITY_OPTIONS as readonly string[]).includes(name);
}

/** The choice after an assignment, as libzmq's setsockopt makes it. */
export function chooseSecurity(before: SecurityChoice, name: SecurityOption, value: unknown): SecurityChoice {
  if (value === null && !name.startsWith("plain")) return withoutKey(before, name);
  switch (name) {
    case "plainServer":
      return { ...before, mechanism: value ? "PLAIN" : "NULL", server: value as boolean };
    case "plainUsername":
    case "plainPassword": {
      if (value === null) return { ...before, mechanism: "NULL" };
      const field = name === "plainUsername" ? "username" : "password";
      return { ...before, mechanism: "PLAIN", server: false, [field]: value as string };
    }
    case "curveServer":
      return { ...before, mechanism: value ? "CURVE" : "NULL", server: value as boolean };
    case "curvePublicKey":
      return { ...before, mechanism: "CURVE", publicKey: toKey(name, value) };
    case "curveSecretKey":
      return { ...before, mechanism: "CURVE", secretKey: toKey(name, value) };
    case "curveServerKey":
      return { ...before, mechanism: "CURVE", server: false, serverKey: toKey(name, value) };
  }
}

function withoutKey(before: SecurityChoice, name: SecurityOption): SecurityChoice {
  const field = { curvePublicKey: "publicKey", curveSecretKey: "secretKey", curveServerKey: "serverKey" }[name as string];
  const mechanism = before.mechanism === "CURVE" ? "NULL" : before.mechanism;
  return { ...before, mechanism, ...(field === undefined ? {} : { [field]: null }) };
}

/** What reading a security option gives. */
export function readSecurity(choice: SecurityChoice, name: SecurityOption): string | boolean | null {
  switch (name) {
    case "plainServer":
      return choice.server && choice.mechanism === "PLAIN";
    case "plainUsername":
      return choice.username;
    case "plainPassword":
      return choice.password;
    case "curveServer":
      return choice.server && choice.mechanism === "CURVE";
    case "curvePublicKey":
      return keyText(choice.publicKey);
    case "curveSecretKey":
      return keyText(choice.secretKey);
    case "curveServerKey":
      return keyText(choice.serverKey);
  }
}

const KEY_BYTES = 32;
const KEY_CHARACTERS = 40;

/**
 * The octets, in memory of its own, of a key: 32 octets, 40 characters of Z85, or these with a NUL behind. Throws EINVAL
 * that does not show what was given, for it may be a secret.
 */
export function toKey(name: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.length === KEY_BYTES) return Uint8Array.from(value);
  const text = typeof value === "string" ? value : value instanceof Uint8Array ? latin1(value) : undefined;
  const z85 = text?.length === KEY_CHARACTERS + 1 && text.endsWith("\0") ? text.slice(0, -1) : text;
  if (z85?.length === KEY_CHARACTERS) {
    const octets = tryDecode(z85);
    if (octets !== undefined) return Uint8Array.from(octets);
  }
  const got =
    text === undefined
      ? describe(value)
      : `${typeof value === "string" ? "a string" : "bytes"} of length ${(value as string).length}`;
  throw new ZmqError("invalid-option", `Option "${name}" must be a key of 32 bytes or 40 characters of Z85, got ${got}`);
}

function tryDecode(text: string): Uint8Array | undefined {
  try {
    return decode(text);
  } catch {
    return undefined; // The caller says so, without the text, which may be a secret.
  }
}

function latin1(bytes: Uint8Array): string {
  return bytes.length > KEY_CHARACTERS + 1 ? "" : String.fromCharCode(...bytes);
}

function keyText(key: Uint8Array | null): string | null {
  return key === null ? null : encode(key);
}

/** Overwrites the secret key; nothing can be connected with it any more. */
export function wipe(choice: SecurityChoice): void {
  choice.secretKey?.fill(0);
}
