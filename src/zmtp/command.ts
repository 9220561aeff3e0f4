/**
 * Commands: their grammar, encoder and decoder (RFC 37 "Commands", RFC 23 for READY and ERROR, RFC 48 for JOIN and LEAVE).
 *
 *     command = name-length(1) name data        as a frame: flags 04 or 06, size, command
 *
 * Owns the bytes of each command. Who sends what when is the engine's and the mechanism's business.
 * A decoder here returns undefined for a malformed body and never throws.
 */
import { allocate, concat, copyBytes, EMPTY, fromText, readUint32, toLatin1, writeUint32 } from "../base/bytes.ts";

/** Names longer than this, and all unknown ones, are never ours; 9 is SUBSCRIBE. */
const LONGEST_NAME = 9;

export interface Command {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Splits a command's body into name and data; undefined when the name's length is 0 or past the end. */
export function decodeCommand(body: Uint8Array): Command | undefined {
  const nameBytes = body[0];
  if (body.length === 0 || nameBytes === 0 || 1 + nameBytes > body.length) return undefined;
  return { name: toLatin1(body.subarray(1, 1 + nameBytes)), data: body.subarray(1 + nameBytes) };
}

/** The body of a command. */
export function encodeCommand(name: string, data: Uint8Array = EMPTY): Uint8Array {
  const body = new Uint8Array(1 + name.length + data.length);
  body[0] = name.length;
  for (let i = 0; i < name.length; i++) body[1 + i] = name.charCodeAt(i);
  body.set(data, 1 + name.length);
  return body;
}

/** Whether a body may be one of the commands of the traffic phase; the others are ignored unread. */
export function isShortName(body: Uint8Array): boolean {
  return body.length > 0 && body[0] > 0 && body[0] <= LONGEST_NAME;
}

// READY and the metadata it carries -----------------------------------------------------------------------------------

/**
 * metadata = *property; property = name-length(1) name value-length(be32) value
 *
 * Names are read case-insensitively (RFC 37) and written in the canonical case (libzmq compares exactly).
 */
export type Metadata = ReadonlyMap<string, Uint8Array>;

export function encodeMetadata(properties: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const [name, value] of properties) {
    const head = new Uint8Array(1 + name.length + 4);
    head[0] = name.length;
    for (let i = 0; i < name.length; i++) head[1 + i] = name.charCodeAt(i);
    writeUint32(head, 1 + name.length, value.length);
    parts.push(head, value);
    length += head.length + value.length;
  }
  return concat(parts, length);
}

/** The properties by canonical name, the first of equal names winning; undefined when bytes are left that form no property. */
export function decodeMetadata(data: Uint8Array): Metadata | undefined {
  const properties = new Map<string, Uint8Array>();
  const lower = new Set<string>();
  let at = 0;
  while (at < data.length) {
    const nameEnd = at + 1 + data[at];
    if (nameEnd + 4 > data.length) return undefined;
    const valueEnd = nameEnd + 4 + readUint32(data, nameEnd);
    if (valueEnd > data.length) return undefined;
    const name = canonicalName(toLatin1(data.subarray(at + 1, nameEnd)));
    if (!lower.has(name.toLowerCase())) {
      lower.add(name.toLowerCase());
      properties.set(name, copyBytes(data, nameEnd + 4, valueEnd));
    }
    at = valueEnd;
  }
  return properties;
}

const CANONICAL = new Map(["Socket-Type", "Identity", "Resource"].map((name) => [name.toLowerCase(), name]));

function canonicalName(name: string): string {
  return CANONICAL.get(name.toLowerCase()) ?? name;
}

// ERROR ---------------------------------------------------------------------------------------------------------------

/** error-data = reason-length(1) reason */
export function encodeError(reason: string): Uint8Array {
  const text = fromText(reason).subarray(0, 255);
  return encodeCommand("ERROR", concat([Uint8Array.of(text.length), text], 1 + text.length));
}

export function decodeError(data: Uint8Array): string | undefined {
  if (data.length < 1 || data.length < 1 + data[0]) return undefined;
  return toLatin1(data.subarray(1, 1 + data[0]));
}

// PING and PONG -------------------------------------------------------------------------------------------------------

/** An echo carries at most this much of a PING's context (RFC 37; libzmq cuts as well). */
const MAX_CONTEXT_BYTES = 16;

/** ping-data = ttl(be16, tenths of a second) context */
export function encodePing(ttlTenths: number): Uint8Array {
  return encodeCommand("PING", Uint8Array.of(ttlTenths >>> 8, ttlTenths & 0xff));
}

export function decodePing(data: Uint8Array): { ttlTenths: number; context: Uint8Array } | undefined {
  if (data.length < 2) return undefined;
  return { ttlTenths: (data[0] << 8) | data[1], context: data.subarray(2, 2 + MAX_CONTEXT_BYTES) };
}

/** pong-data = context */
export function encodePong(context: Uint8Array): Uint8Array {
  return encodeCommand("PONG", context);
}

// SUBSCRIBE, CANCEL, JOIN, LEAVE --------------------------------------------------------------------------------------

/**
 * subscribe = 09 "SUBSCRIBE" topic, cancel = 06 "CANCEL" topic. Inside the library a subscription is a message of one
 * frame, 01 or 00 and the topic: the form that ZMTP 3.0 peers and XSUB's users use, and the only one that pipes know.
 */
export function subscriptionToCommand(frame: Uint8Array): Uint8Array {
  return interestToCommand(frame[0] === 1 ? "SUBSCRIBE" : "CANCEL", frame);
}

/** A DISH's interest in a group has the same form inside the library: 01 or 00 and the group. */
export function groupToCommand(frame: Uint8Array): Uint8Array {
  return interestToCommand(frame[0] === 1 ? "JOIN" : "LEAVE", frame);
}

// There may be a million of them at once, so there is no view of the topic in between.
function interestToCommand(name: string, frame: Uint8Array): Uint8Array {
  const body = new Uint8Array(name.length + frame.length);
  body.set(frame, name.length);
  body[0] = name.length;
  for (let i = 0; i < name.length; i++) body[1 + i] = name.charCodeAt(i);
  return body;
}

/** The one-frame message of a subscription; the topic is copied. */
export function subscriptionFrame(subscribe: boolean, topic: Uint8Array): Uint8Array {
  const frame = allocate(1 + topic.length);
  frame[0] = subscribe ? 1 : 0;
  frame.set(topic, 1);
  return frame;
}

/** join = 04 "JOIN" group, leave = 05 "LEAVE" group; a group has no length octet and at most 255 octets. */
export const MAX_GROUP_BYTES = 255;
