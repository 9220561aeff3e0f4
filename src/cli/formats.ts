/**
 * Messages as lines of text and back: the formats of `zmtp cat`.
 *
 * Owns the lines. A frame that is no text is shown so that it can be read back: `quoted` escapes it, `hex` and `json` have
 * every octet. Frames of one message stand on one line, with a tab between them.
 */
import { wrongUse } from "./failure.ts";

export type Format = "text" | "quoted" | "hex" | "json" | "raw";
export const FORMATS: readonly Format[] = ["text", "quoted", "hex", "json", "raw"];

export function format(text: string): Format {
  if ((FORMATS as readonly string[]).includes(text)) return text as Format;
  throw wrongUse(`--format must be one of ${FORMATS.join(", ")}, got "${text}"`);
}

/** How lines are written and read. */
export interface LineOptions {
  readonly format: Format;
  /** Between the frames of a message; null when a line is one frame. Written always. */
  readonly separator: string | null;
  /** The end of a line: a newline, or NUL. */
  readonly end: string;
}

/** One message as a line, its end included. `raw` has none. */
export function toLine(frames: readonly Uint8Array[], { format, separator, end }: LineOptions): Uint8Array {
  if (format === "raw") return Buffer.concat(frames);
  if (format === "json") return Buffer.from(`${JSON.stringify(frames.map(toJson))}${end}`);
  const between = Buffer.from(separator ?? "\t");
  const parts = frames.flatMap((frame, index) => (index === 0 ? [shown(frame, format)] : [between, shown(frame, format)]));
  return Buffer.concat([...parts, Buffer.from(end)]);
}

function shown(frame: Uint8Array, format: Format): Uint8Array {
  if (format === "text") return frame;
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  return Buffer.from(format === "hex" ? bytes.toString("hex") : quoted(bytes));
}

const ESCAPES: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", '"': '\\"' };

/** Printable ASCII as it is, the rest escaped as in C and JavaScript. */
export function quoted(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes) {
    const character = String.fromCharCode(octet);
    text += ESCAPES[character] ?? (octet >= 0x20 && octet < 0x7f ? character : `\\x${octet.toString(16).padStart(2, "0")}`);
  }
  return text;
}

function unquoted(text: string): Uint8Array {
  const octets: number[] = [];
  for (const [, escape, other] of text.matchAll(/\\(x[0-9a-fA-F]{2}|.)|([\s\S])/gu)) {
    if (other !== undefined) octets.push(...Buffer.from(other));
    else if (escape.startsWith("x") && escape.length === 3) octets.push(Number.parseInt(escape.slice(1), 16));
    else octets.push(...Buffer.from(Object.keys(ESCAPES).find((key) => ESCAPES[key] === `\\${escape}`) ?? escape));
  }
  return Buffer.from(octets);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Octets that are no UTF-8 go as an object.
function toJson(frame: Uint8Array): string | { base64: string } {
  try {
    return decoder.decode(frame);
  } catch {
    return { base64: Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("base64") };
  }
}

/** The message that a line is. Refuses lines that are not of the format. */
export function fromLine(line: Uint8Array, { format, separator }: LineOptions): Uint8Array[] {
  if (format === "raw") return [line];
  if (format === "json") return fromJson(Buffer.from(line).toString());
  const frames = separator === null ? [line] : split(line, Buffer.from(separator));
  if (format === "text") return frames;
  return frames.map((frame) =>
    format === "hex" ? fromHex(Buffer.from(frame).toString()) : unquoted(Buffer.from(frame).toString()),
  );
}

function split(line: Uint8Array, separator: Buffer): Uint8Array[] {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const frames: Uint8Array[] = [];
  let at = 0;
  for (let next = bytes.indexOf(separator); next >= 0; next = bytes.indexOf(separator, at)) {
    frames.push(bytes.subarray(at, next));
    at = next + separator.length;
  }
  return [...frames, bytes.subarray(at)];
}

function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "");
  if (!/^([0-9a-fA-F]{2})*$/.test(digits))
    throw wrongUse(`A line of --format hex has pairs of hexadecimal digits, got "${text.slice(0, 40)}"`);
  return Buffer.from(digits, "hex");
}

function fromJson(text: string): Uint8Array[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongUse(`A line of --format json is an array of frames or one string, got "${text.slice(0, 40)}" (${String(error)})`);
  }
  return (Array.isArray(value) ? value : [value]).map((frame) => {
    if (typeof frame === "string") return Buffer.from(frame);
    if (frame === null) return Buffer.alloc(0);
    const { base64 } = Object(frame) as { base64?: unknown };
    if (typeof base64 === "string") return Buffer.from(base64, "base64");
    throw wrongUse(`A frame in --format json is a string, null, or {"base64": "…"}, got ${JSON.stringify(frame)}`);
  });
}
