/** Where the messages of `zmtp cat` come from: an argument, a file, or the lines of standard input. */
import { createReadStream, fstatSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fromLine, type LineOptions } from "./formats.ts";
import { Progress } from "./terminal.ts";

/** What the flags say of the input. */
export interface InputFlags {
  readonly data?: string;
  readonly file?: string;
  readonly lines?: string;
}

/** The messages to send, in order. `data` comes again and again if `repeat`. */
export async function* messagesOf(flags: InputFlags, options: LineOptions, repeat: boolean): AsyncGenerator<Uint8Array[], void> {
  if (flags.data !== undefined) {
    do yield fromLine(Buffer.from(flags.data), options);
    while (repeat);
  } else if (flags.file !== undefined) {
    yield [await readFile(flags.file)];
  } else {
    const stream = flags.lines === undefined ? process.stdin : createReadStream(flags.lines);
    const progress = new Progress(process.stderr, sizeOf(flags.lines));
    const pieces = options.format === "raw" ? stream : linesOf(stream, options.end.charCodeAt(0), progress);
    for await (const piece of pieces) yield fromLine(piece as Uint8Array, options);
    progress.end();
  }
}

// Only a file says how much there is.
function sizeOf(path: string | undefined): number {
  const stat = path === undefined ? fstatSync(process.stdin.fd) : statSync(path);
  return stat.isFile() ? stat.size : 0;
}

/** Cuts a stream into lines; the last needs no end. */
async function* linesOf(stream: AsyncIterable<Buffer>, end: number, progress: Progress): AsyncGenerator<Buffer, void> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    let at = 0;
    for (let next = chunk.indexOf(end); next >= 0; next = chunk.indexOf(end, at)) {
      rest.push(chunk.subarray(at, next));
      yield rest.length === 1 ? rest[0] : Buffer.concat(rest);
      rest = [];
      at = next + 1;
    }
    if (at < chunk.length) rest.push(chunk.subarray(at));
    progress.add(chunk.length);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
