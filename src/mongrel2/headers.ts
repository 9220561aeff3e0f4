/**
 * The headers of a request: Mongrel2 sends them as JSON or as a tnetstring dictionary, in the same place.
 *
 * Owns: both decodings into one form, and how a header is looked up. The client's headers have names in lower case, those
 * that Mongrel2 adds are in upper case (METHOD, VERSION, URI, QUERY, PATTERN, FLAGS, …), so a client cannot forge them.
 * Invariant: a value is a string of one character per octet, or a list of such strings; nothing else passes.
 */
import { ZmqError } from "../node.ts";
import type { TnetCursor } from "./tnetstring.ts";

/** A header's value; a list if the client sent it more than once. One character per octet. */
export type HeaderValue = string | readonly string[];

/** All headers of a request, as own properties; a client can choose any name, so look them up with `header()`. */
export interface HeaderFields {
  readonly [name: string]: HeaderValue | undefined;
}

/** Decodes the headers that the cursor has just stepped over; `head`: what its bytes are as Latin-1, from the frame's first on. */
export function decodeHeaders(cursor: TnetCursor, head: string): HeaderFields {
  if (cursor.kind === "dictionary") return fromDictionary(cursor.inside(), head);
  if (cursor.kind === "bytes") return fromJson(head.slice(cursor.payloadStart, cursor.payloadEnd));
  throw malformed("headers that are neither JSON nor a dictionary");
}

/** The first value of a header, or undefined. */
export function firstValue(fields: HeaderFields, name: string): string | undefined {
  return Object.hasOwn(fields, name) ? firstOf(fields[name]) : undefined;
}

/** The first of a header's values. Headers of names in upper case may be read as properties: no object inherits such. */
export function firstOf(value: HeaderValue | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value[0];
}

/** All values of a header. */
export function allValues(fields: HeaderFields, name: string): readonly string[] {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

function fromDictionary(cursor: TnetCursor, head: string): HeaderFields {
  const fields: Record<string, HeaderValue> = Object.create(null);
  while (!cursor.done) {
    const name = cursor.nextText(head);
    cursor.next();
    if (cursor.kind === "bytes") {
      fields[name] = head.slice(cursor.payloadStart, cursor.payloadEnd);
    } else if (cursor.kind === "list") {
      fields[name] = listOf(cursor.inside(), head);
    } else {
      throw malformed(`header ${JSON.stringify(name)}, which is neither text nor a list of texts`);
    }
  }
  return fields;
}

function listOf(cursor: TnetCursor, head: string): string[] {
  const values: string[] = [];
  while (!cursor.done) values.push(cursor.nextText(head));
  return values;
}

function fromJson(text: string): HeaderFields {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw malformed("JSON headers that are no object");
  // A copy without prototype would cost as much as the parsing.
  const fields = parsed as Record<string, unknown>;
  for (const name in fields) {
    const value = fields[name];
    if (typeof value !== "string" && !isTexts(value))
      throw malformed(`header ${JSON.stringify(name)}, which is neither text nor a list of texts`);
  }
  return fields as HeaderFields;
}

// Mongrel2 escapes quotes and backslashes and nothing else: a tab in a header makes its JSON invalid. That is rare, so it is
// looked for only when the parsing has failed.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseEscaped(text.replace(CONTROLS, escaped));
  }
}

function parseEscaped(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ZmqError("malformed-request", "A request of Mongrel2 has JSON headers that cannot be parsed", { cause });
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function escaped(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What JSON does not allow in a string as it is: below the space. */
const CONTROLS = /[^ -\uffff]/g;

function malformed(what: string): ZmqError {
  return new ZmqError("malformed-request", `A request of Mongrel2 has ${what}`);
}
