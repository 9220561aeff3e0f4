/**
 * Certificates: a CURVE key pair, or its public half, with properties, as text in ZPL (RFC 4), the form that CZMQ and
 * pyzmq write.
 *
 *     metadata
 *         name = "Alice"
 *     curve
 *         public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
 *         secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
 *
 * Owns the text. Does not own files. Invariant: a text that is no certificate gives an error that shows nothing of it.
 */
import { ZmqError } from "../base/errors.ts";
import { decode } from "../base/z85.ts";

/** A key pair with properties. */
export interface Certificate {
  /** 40 characters of Z85. */
  readonly publicKey: string;
  /** 40 characters of Z85; null in a public certificate. */
  readonly secretKey: string | null;
  /** Properties such as a name or an address; for those who read them, ZeroMQ gives them no meaning. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What the secret key is in a certificate that has none, as CZMQ writes it. */
const NO_SECRET = "0".repeat(40);
/** Deeper than this is no certificate of anybody's. */
const MOST_LINES = 10_000;

/** The certificate in a text. EINVAL when it has no public key, or a key that is none. */
export function parseCertificate(text: string): Certificate {
  const values = parseZpl(text);
  const publicKey = checkKey(values.get("curve/public-key"), "public");
  if (publicKey === null) throw invalid('it has no "public-key" in its section "curve"');
  const secretKey = checkKey(values.get("curve/secret-key"), "secret");
  const metadata = new Map<string, string>();
  for (const [path, value] of values) if (path.startsWith("metadata/")) metadata.set(path.slice("metadata/".length), value);
  return { publicKey, secretKey, metadata };
}

/** The text of a certificate: of the whole one, or of its public half. */
export function formatCertificate({ publicKey, secretKey, metadata }: Certificate, half: "public" | "secret"): string {
  const lines = half === "public" ? PUBLIC_BANNER : SECRET_BANNER;
  const quoted = ([name, value]: readonly [string, string]): string => `    ${name} = ${quote(value)}`;
  const keys = [`    public-key = "${publicKey}"`];
  if (half === "secret") keys.push(`    secret-key = "${secretKey ?? NO_SECRET}"`);
  return [...lines, "", "metadata", ...[...metadata].map(quoted), "curve", ...keys, ""].join("\n");
}

const PUBLIC_BANNER = [
  "#   ZeroMQ CURVE Public Certificate",
  "#   Exchange securely, or use a secure mechanism to verify the contents",
  "#   of this file after exchange.",
];
const SECRET_BANNER = [
  "#   ZeroMQ CURVE **Secret** Certificate",
  "#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its permissions.",
];

/** ZPL has no escapes: a value has one kind of quote at most, and no line ends. */
function quote(value: string): string {
  if (/[\r\n]/.test(value) || (value.includes('"') && value.includes("'")))
    throw new ZmqError("invalid-argument", "A certificate's property cannot have line ends, nor both kinds of quotes");
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}

const LINE = /^( *)([A-Za-z0-9$\-_@.&+/]+)\s*(?:=\s*(.*))?$/;

/** The values of a ZPL text by their path, `section/name`; lines that are neither section nor value are an error. */
export function parseZpl(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const path: string[] = [];
  const lines = text.split(/\r?\n/, MOST_LINES);
  for (const [index, line] of lines.entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const found = LINE.exec(line);
    const level = (found?.[1].length ?? 0) / 4;
    if (found === null || !Number.isInteger(level) || level > path.length) throw invalid(`line ${index + 1} is not ZPL`);
    path.length = level;
    path.push(found[2]);
    if (found[3] !== undefined) values.set(path.join("/"), unquote(found[3], index + 1));
  }
  return values;
}

function unquote(value: string, line: number): string {
  const mark = value[0];
  if (mark !== '"' && mark !== "'") return value.replace(/\s+#.*$/, "").trimEnd();
  const end = value.indexOf(mark, 1);
  if (end < 0 || !/^\s*(#.*)?$/.test(value.slice(end + 1))) throw invalid(`the quotes of line ${line} do not end it`);
  return value.slice(1, end);
}

function checkKey(value: string | undefined, which: string): string | null {
  if (value === undefined || value === NO_SECRET) return null;
  try {
    if (decode(value).length === 32) return value;
  } catch {
    // The error of Z85 would show a part of the key.
  }
  throw invalid(`its ${which} key is not 40 characters of Z85`);
}

function invalid(why: string): ZmqError {
  return new ZmqError("invalid-certificate", `This is not a CURVE certificate: ${why}`);
}
