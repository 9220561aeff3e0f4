/**
 * Certificates in files, as CZMQ (`name.txt`, `name.txt_secret`) and pyzmq (`name.key`, `name.key_secret`) keep them, and
 * directories of them.
 *
 * Owns reading and writing. Does not own the text (security/certificate.ts). Invariants: a file with a secret key is
 * created readable for its owner only, never wider for a moment; a directory is looked at again with every question, and
 * only files that changed are read.
 */
import { open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { ZmqError } from "../base/errors.ts";
import { type Certificate, formatCertificate, parseCertificate } from "../security/certificate.ts";
import type { CertificateDirectories } from "./curve-allow.ts";

/** What CZMQ and pyzmq put behind the name of a file with a secret key. */
const SECRET_SUFFIX = "_secret";
/** A larger file is no certificate. */
const MOST_BYTES = 65536;

/**
 * Reads a certificate: the file with the secret key (`path_secret`) if it can be read, else `path` itself, whose
 * `secretKey` may be null. ENOENT when there is neither; EINVAL when it is no certificate.
 */
export async function loadCertificate(path: string): Promise<Certificate> {
  const names = path.endsWith(SECRET_SUFFIX) ? [path] : [path + SECRET_SUFFIX, path];
  for (const name of names) {
    const text = await tryRead(name);
    if (text !== undefined) return parseCertificate(text);
  }
  throw new ZmqError("path-not-found", `There is no certificate at ${names.join(" or ")}`);
}

/**
 * Writes `path` with the public half, and, if there is a secret key, `path_secret` with both, readable for its owner
 * only (mode 0600). Files that are there are replaced at once, never seen half written.
 */
export async function saveCertificate(path: string, certificate: Certificate): Promise<void> {
  if (certificate.secretKey !== null) await write(path + SECRET_SUFFIX, formatCertificate(certificate, "secret"), 0o600);
  await write(path, formatCertificate(certificate, "public"), 0o644);
}

async function write(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "wx", mode);
  try {
    await file.writeFile(text);
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await unlink(temporary);
    throw error;
  }
}

async function tryRead(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new ZmqError("invalid-certificate", `${path} has ${size} bytes: it is no CURVE certificate`);
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  }
}

interface KnownFile {
  /** Another version of the file has another stamp. */
  readonly stamp: string;
  /** Undefined: it is no certificate. */
  readonly certificate: Certificate | undefined;
}

/** The certificates of directories, each read again when it changed. */
export class CertificateStore implements CertificateDirectories {
  #directories = new Map<string, CertificateDirectory>();

  async find(directory: string, publicKey: string): Promise<Certificate | undefined> {
    let known = this.#directories.get(directory);
    if (known === undefined) {
      known = new CertificateDirectory(directory);
      this.#directories.set(directory, known);
    }
    await known.refresh();
    return known.byKey.get(publicKey);
  }
}

class CertificateDirectory {
  byKey = new Map<string, Certificate>();
  readonly #path: string;
  #files = new Map<string, KnownFile>();
  #refreshing: Promise<void> | null = null;
  #again: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Many questions at once share a look; one that came after it began shares the next. */
  refresh(): Promise<void> {
    if (this.#refreshing === null) {
      this.#refreshing = this.#look().finally(() => {
        this.#refreshing = null;
      });
      return this.#refreshing;
    }
    this.#again ??= this.#refreshing
      .catch(() => undefined)
      .then(() => {
        this.#again = null;
        return this.refresh();
      });
    return this.#again;
  }

  async #look(): Promise<void> {
    const files = new Map<string, KnownFile>();
    const byKey = new Map<string, Certificate>();
    for (const name of (await readdir(this.#path)).sort()) {
      const file = await this.#file(name);
      if (file === undefined) continue;
      files.set(name, file);
      if (file.certificate !== undefined) byKey.set(file.certificate.publicKey, file.certificate);
    }
    this.#files = files;
    this.byKey = byKey;
  }

  async #file(name: string): Promise<KnownFile | undefined> {
    const path = `${this.#path}/${name}`;
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path);
      const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      const before = this.#files.get(name);
      if (before?.stamp === stamp) return before;
      const text = await tryRead(path);
      return { stamp, certificate: text === undefined ? undefined : parseCertificate(text) };
    } catch {
      return undefined; // Gone meanwhile, a directory, or no certificate: it names nobody.
    }
  }
}
