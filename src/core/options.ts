/**
 * Options: the values of a socket, the checks at assignment, and the types computed from the option table.
 */
import { EMPTY, fromText, toText } from "../base/bytes.ts";
import { describe, ZmqError } from "../base/errors.ts";
import type { SocketTypeName } from "../zmtp/socket-type.ts";
import { isCidr } from "./endpoint.ts";
import { OPTIONS, type OptionSpec } from "./option-table.ts";
import { isSecurityOption, NO_SECURITY, readSecurity, type SecurityChoice } from "./security.ts";

/** The public name of an option. */
export type OptionName = keyof typeof OPTIONS;
/** The type of an option's value. */
export type OptionValue<Name extends OptionName> = (typeof OPTIONS)[Name] extends OptionSpec<infer Value> ? Value : never;

/** The values of all options of one socket. Sessions and transports get a copy when they are made. */
export type Settings = { -readonly [Name in OptionName]: OptionValue<Name> } & {
  /** What the security options amount to; their own fields stay empty. */
  security: SecurityChoice;
};

/** The names of the options that a socket type has. */
export type OptionNameOf<Type extends SocketTypeName> = {
  [Name in OptionName]: (typeof OPTIONS)[Name]["types"] extends "all"
    ? Name
    : Type extends (typeof OPTIONS)[Name]["types"][number]
      ? Name
      : never;
}[OptionName];

export function defaultSettings(): Settings {
  const settings: Record<string, unknown> = {};
  for (const name of Object.keys(OPTIONS) as OptionName[]) settings[name] = OPTIONS[name].default;
  settings.security = NO_SECURITY;
  return settings as Settings;
}

/** Whether a socket type has an option. */
export function hasOption(type: SocketTypeName, name: OptionName): boolean {
  const { types } = OPTIONS[name];
  return types === "all" || (types as readonly string[]).includes(type);
}

/** The value to store for an assignment, or throws `EINVAL` saying what was expected. */
export function checkOption<Name extends OptionName>(name: Name, value: unknown): OptionValue<Name> {
  const spec: OptionSpec<unknown> = OPTIONS[name];
  return normalise(name, spec, value) as OptionValue<Name>;
}

function normalise(name: string, spec: OptionSpec<unknown>, value: unknown): unknown {
  if (spec.kind === "choice") {
    if (spec.values.includes(value)) return value;
    throw wrong(name, spec.values.map((each) => describe(each)).join(" or "), value);
  }
  if (spec.kind === "boolean") {
    if (typeof value === "boolean") return value;
    throw wrong(name, "a boolean", value);
  }
  if (spec.kind === "int") {
    if (Number.isInteger(value) && (value as number) >= spec.min && (value as number) <= spec.max) return value;
    throw wrong(name, `a whole number from ${spec.min} to ${spec.max}${spec.unit ? ` (${spec.unit})` : ""}`, value);
  }
  if (value === null || spec.kind === "object") return value;
  // Looked at where it becomes octets; nothing here may show it.
  if (spec.kind === "key") return value;
  const text = typeof value === "string" ? marked(value) : value instanceof Uint8Array ? bytesToOption(spec, value) : undefined;
  if (text === undefined) throw wrong(name, "a string, a Buffer or null", value);
  const size = typeof value === "string" ? fromText(value).length : (value as Uint8Array).length;
  if (size === 0) return null;
  if (size < spec.min || size > spec.max) throw wrong(name, `${spec.min} to ${spec.max} octets`, `${size} octets`);
  if (spec.form === "cidr" && !isCidr(text)) throw wrong(name, "an address or CIDR such as 10.0.0.0/8", value);
  if (spec.form === "property" && !PROPERTY.test(text))
    throw wrong(name, "X-name:value, the name of up to 255 letters, digits, - _ . +", value);
  return text;
}

const PROPERTY = /^X-[A-Za-z0-9\-_.+]{1,253}:[^\n]*$/;
/** What stands between the values of an option whose assignments add up. */
const LIST_SEPARATOR = "\n";

/** The value after another assignment to an option whose assignments add up. */
export function addToList(before: string | null, added: string | null): string | null {
  return before === null || added === null ? added : before + LIST_SEPARATOR + added;
}

/** The values of an option whose assignments add up. */
export function listOf(value: string | null): string[] {
  return value === null ? [] : value.split(LIST_SEPARATOR);
}

// Octets that are not UTF-8 are kept one character per octet behind a mark that no text begins with; `optionBytes` undoes it.
const BINARY = "\ufdd0";

function bytesToOption(spec: OptionSpec<unknown>, value: Uint8Array): string {
  const text = toText(value);
  if (spec.kind !== "bytes" || !(text.includes("\ufffd") || text.startsWith(BINARY))) return text;
  return binaryForm(value);
}

// A text that begins with the mark must not be taken for octets.
function marked(text: string): string {
  return text.startsWith(BINARY) ? binaryForm(fromText(text)) : text;
}

function binaryForm(value: Uint8Array): string {
  let binary = BINARY;
  for (const octet of value) binary += String.fromCharCode(octet);
  return binary;
}

/** The octets of a text or bytes option; empty when null. */
export function optionBytes(value: string | null): Uint8Array {
  if (value === null) return EMPTY;
  if (!value.startsWith(BINARY)) return fromText(value);
  return Uint8Array.from(value.slice(1), (character) => character.charCodeAt(0));
}

/** What reading an option gives: octets that are no text come one character per octet. */
export function readOption(settings: Settings, name: OptionName): Settings[OptionName] {
  if (isSecurityOption(name)) return readSecurity(settings.security, name);
  const value = settings[name];
  return typeof value === "string" && value.startsWith(BINARY) ? value.slice(1) : value;
}

function wrong(name: string, expected: string, value: unknown): ZmqError {
  return new ZmqError("invalid-option", `Option "${name}" must be ${expected}, got ${describe(value)}`);
}
