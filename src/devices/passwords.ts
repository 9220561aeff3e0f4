/**
 * Names and passwords of PLAIN: in memory, or in a file that is read again when it changed.
 *
 *     # a comment           one `name=password` a line; what stands before the first = is the name
 *     admin=s3same
 *
 * Invariant: the time of an answer does not tell how much of a password was right.
 */
import { readFile, stat } from "node:fs/promises";
import { equalSecrets, fromText } from "../base/bytes.ts";
import { describe, ZmqError } from "../base/errors.ts";

/** Passwords by name, or the file that has them. */
export type PasswordSource = Readonly<Record<string, string>> | ReadonlyMap<string, string> | { readonly file: string };

export class Passwords {
  #file: string | null = null;
  #stamp = "";
  #known: ReadonlyMap<string, string>;

  constructor(source: PasswordSource) {
    if (typeof source !== "object" || source === null)
      throw new ZmqError("invalid-argument", `Passwords must be an object, a Map or { file }, got ${describe(source)}`);
    if (source instanceof Map) this.#known = source;
    else if (isFile(source)) {
      this.#file = source.file;
      this.#known = new Map();
    } else this.#known = new Map(Object.entries(source as Readonly<Record<string, string>>));
  }

  /** Whether this is the password of the name. Rejects when the file cannot be read. */
  async has(name: string, password: Uint8Array): Promise<boolean> {
    if (this.#file !== null) await this.#refresh(this.#file);
    const right = this.#known.get(name);
    // A name that is not known takes as long as one that is.
    return equalSecrets(fromText(right ?? ""), password) && right !== undefined;
  }

  async #refresh(file: string): Promise<void> {
    const { mtimeMs, ctimeMs, size, ino } = await stat(file);
    const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    if (stamp === this.#stamp) return;
    this.#known = parsePasswords(await readFile(file, "utf8"));
    this.#stamp = stamp;
  }
}

export function parsePasswords(text: string): Map<string, string> {
  const known = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf("=");
    if (at > 0 && !line.startsWith("#")) known.set(line.slice(0, at), line.slice(at + 1));
  }
  return known;
}

// An object of passwords may have a user named "file"; only `{ file }` alone is a file.
function isFile(source: object): source is { readonly file: string } {
  return Object.keys(source).length === 1 && typeof (source as { file?: unknown }).file === "string";
}
