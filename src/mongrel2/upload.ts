/**
 * Uploads: a body larger than Mongrel2's `limits.content_length` goes into a temporary file, and the request names it.
 *
 * Owns: which file a request may name. Does not own: reading it.
 *
 *     first notice  x-mongrel2-upload-start: FILE                       nothing to do yet (`upload-start`)
 *     second notice x-mongrel2-upload-start: FILE, …-upload-done: FILE  the file is whole; the request's body is empty
 *
 * Invariant: these headers look like the client's, and a client can send them itself. So a file counts only if both headers
 * agree, it was made from the configured template, is a regular file and no link, and has exactly the announced length.
 */
import { statSync } from "node:fs";
import { lstat, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { ZmqError } from "../node.ts";
import type { Mongrel2Request } from "./request.ts";

/** Where this machine finds the files that Mongrel2 writes. */
export interface UploadOptions {
  /** Mongrel2's setting `upload.temp_store`, for example `/tmp/upload.XXXXXX`. */
  readonly template: string;
  /** The directory that Mongrel2 calls `/` (its `chroot`); default: none. */
  readonly root?: string;
}

/** A body in a file. Whoever handles the request removes it, or moves it elsewhere. */
export class Upload {
  /** Where it is, in this process's eyes. */
  readonly path: string;
  /** Its length in octets. */
  readonly size: number;

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  /** All of it. Cost: its size in memory. */
  read(): Promise<Buffer> {
    return readFile(this.path);
  }

  /** Its bytes as a web stream. */
  stream(): ReadableStream<Uint8Array> {
    const chunks = async function* (path: string): AsyncGenerator<Uint8Array> {
      const file = await open(path, "r");
      yield* file.createReadStream(); // Closes the file at its end, and when the reader goes away.
    };
    return Readable.toWeb(Readable.from(chunks(this.path))) as ReadableStream<Uint8Array>;
  }

  /** Deletes the file; harmless when it is gone. */
  remove(): Promise<void> {
    return rm(this.path, { force: true });
  }
}

/** Whether a request says that its body is in a file. */
export function namesUpload(request: Mongrel2Request): boolean {
  return request.kind === "http" && request.headers["x-mongrel2-upload-done"] !== undefined;
}

/** The file of a request that names one. Rejects with ZmqError `upload-refused` if it may not, or the file is not there. */
export async function openUpload(request: Mongrel2Request, options: UploadOptions | undefined): Promise<Upload> {
  const done = request.headers["x-mongrel2-upload-done"];
  if (options === undefined) throw refused("the handler has no option `uploads`");
  if (typeof done !== "string" || done !== request.headers["x-mongrel2-upload-start"]) throw refused("its two headers differ");
  if (request.body.length > 0) throw refused("it has a body of its own");
  if (!fits(done, options.template)) throw refused("the file is not of the configured template");
  const path = options.root === undefined ? done : join(options.root, done);
  const length = request.headers["content-length"];
  if (typeof length !== "string" || !/^\d{1,15}$/.test(length)) throw refused("it has no Content-Length");
  const stats = await lstat(path).catch((cause: unknown) => {
    throw refused("the file cannot be examined", cause);
  });
  if (!stats.isFile()) throw refused("it is no regular file");
  if (stats.size !== Number(length)) throw refused(`the file has ${stats.size} octets, the request announced ${length}`);
  return new Upload(path, stats.size);
}

/** Throws EINVAL for a template that Mongrel2 could not use. */
export function checkUploads(options: UploadOptions): void {
  if (!/^[^\0]*XXXXXX$/.test(options.template) || options.template.includes(".."))
    throw new ZmqError(
      "invalid-argument",
      `An upload template is a path that ends in XXXXXX, got ${JSON.stringify(options.template)}`,
    );
  if (options.root === undefined) return;
  const stats = statSync(options.root, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true)
    throw new ZmqError("invalid-argument", `The root of uploads is a directory, got ${JSON.stringify(options.root)}`);
}

// As mkstemp fills the template in: six letters or digits.
function fits(path: string, template: string): boolean {
  const prefix = template.slice(0, -6);
  return path.startsWith(prefix) && /^[A-Za-z0-9]{6}$/.test(path.slice(prefix.length));
}

function refused(what: string, cause?: unknown): ZmqError {
  return new ZmqError("upload-refused", `A request that names an uploaded file was refused: ${what}`, { cause });
}
