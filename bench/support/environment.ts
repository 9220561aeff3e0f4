/**
 * What every run needs from outside: how long to measure, where the peer programs are, a folder for ipc sockets.
 *
 * Owns the temporary folder. Does not own the peer processes: each run ends its own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LibzmqPrograms } from "./libzmq.ts";
import type { Implementation } from "./part.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

const PEERS: Readonly<Record<Exclude<Implementation, "libzmq">, string>> = {
  zmtp: "../peers/ours.js",
  zeromq: "../peers/native.js",
  "node:net": "../peers/node-net.js",
  "node:dgram": "../peers/node-dgram.js",
  ws: "../peers/web.js",
  jszmq: "../peers/web.js",
  postMessage: "../peers/threads.js",
};

/**
 * Of every JavaScript peer. Hot code is compiled at once, not by a thread that a busy machine may not run for long: what is
 * measured is compiled code either way, and so it is from the beginning.
 */
const FLAGS = ["--expose-gc", "--no-concurrent-recompilation"];

export class Environment {
  readonly seconds: number;
  readonly #libzmq: LibzmqPrograms;
  readonly #folder = mkdtempSync(join(tmpdir(), "zmtp-bench-"));
  #count = 0;

  constructor(seconds: number, libzmq: LibzmqPrograms) {
    this.seconds = seconds;
    this.#libzmq = libzmq;
  }

  /** How to start a peer program: `program` is the C program's name, the JavaScript peers have all roles in one. */
  command(implementation: Implementation, program: string): Command {
    if (implementation === "libzmq") return this.tool(`libzmq_${program}`);
    return { file: process.execPath, args: [...FLAGS, fileURLToPath(new URL(PEERS[implementation], import.meta.url))] };
  }

  /** A script of `bench/peers/` that is none of an implementation's. */
  script(name: string): Command {
    return { file: process.execPath, args: [fileURLToPath(new URL(`../peers/${name}.js`, import.meta.url))] };
  }

  /** A program in C by its own name. */
  tool(name: string): Command {
    return { file: this.#libzmq.path(name), args: [] };
  }

  /** An endpoint to bind: a free port of the loopback interface, or a fresh path. */
  endpoint(transport: "tcp" | "ws" | "ipc"): string {
    return transport !== "ipc" ? `${transport}://127.0.0.1:*` : `ipc://${join(this.#folder, String(++this.#count))}`;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
