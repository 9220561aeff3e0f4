// The implementations we talk to, how each is started, and why one may be missing here.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** One implementation. */
export interface PeerKind {
  readonly name: string;
  /** The program and its arguments. */
  command(): readonly string[];
  /** Why it cannot be talked to here, for `skip`; false if it can. */
  readonly missing: string | false;
  /** False if its PLAIN server lets everybody in, instead of asking a ZAP handler of its process. */
  readonly asksZap?: boolean;
}

/** Node.js runs the peers in JavaScript, also where the tests run on something else (tools/test-runtimes.mjs). */
const NODE = process.env.ZMTP_PEER_NODE ?? process.execPath;

/** Debian's interpreter: one that comes first in PATH does not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** Where a peer's program is. */
export const program = (name: string): string => fileURLToPath(new URL(`../interop/peers/${name}`, import.meta.url));

/** libzmq through npm `zeromq`. */
export const libzmqNode: PeerKind = {
  name: "libzmq (npm zeromq)",
  command: () => [NODE, program("peer.js"), "zeromq"],
  missing: missingAddon(),
};

/** The same, for the socket types that are a draft in libzmq. */
export const libzmqDraft: PeerKind = { ...libzmqNode, missing: libzmqNode.missing || missingDrafts() };

/** libzmq through a C program of ours. */
export const libzmqC: PeerKind = {
  name: "libzmq (C)",
  command: () => [compiled()],
  missing: missingCompiler(),
};

/** libzmq through pyzmq. */
export const libzmqPython: PeerKind = {
  name: "libzmq (Python)",
  command: () => [PYTHON, program("peer.py")],
  missing: works(PYTHON, "-c", "import zmq") ? false : `not checked: ${PYTHON} has no zmq (Debian: python3-zmq)`,
};

/** Our own library in a process that can be killed: not a peer to test against, but our side of such a test. */
export const ourselves: PeerKind = {
  name: "zmtp (child process)",
  command: () => [NODE, program("peer.js"), "zmtp"],
  missing: false,
};

export const LIBZMQ: readonly PeerKind[] = [libzmqNode, libzmqC, libzmqPython];

/** The first of these that is here; the last of them, with its reason to skip, if none is. */
export function anyOf(...kinds: readonly PeerKind[]): PeerKind {
  return kinds.find((kind) => kind.missing === false) ?? kinds[kinds.length - 1];
}

function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

function missingAddon(): string | false {
  // In a process of its own: the addon is never loaded into the tests', where it would hold threads and its own context.
  try {
    createRequire(import.meta.url).resolve("zeromq");
  } catch {
    return "not checked: npm zeromq is not installed";
  }
  const { status, stderr } = spawnSync(NODE, [program("peer.js"), "zeromq"], { input: "", encoding: "utf8" });
  return status === 0 ? false : `not checked: npm zeromq does not load here: ${stderr.trim().split("\n").at(-1)}`;
}

function missingDrafts(): string | false {
  const script = "process.exitCode = require('zeromq').capability.draft ? 0 : 1";
  const { status } = spawnSync(NODE, ["-e", script], { cwd: fileURLToPath(new URL(".", import.meta.url)) });
  return status === 0 ? false : "not checked: this build of npm zeromq has no draft socket types";
}

function missingCompiler(): string | false {
  const missing = ["gcc", "pkg-config"].filter((command) => !works(command, "--version"));
  if (missing.length === 0 && !works("pkg-config", "--exists", "libzmq")) missing.push("libzmq3-dev");
  return missing.length === 0 ? false : `not checked: no ${missing.join(", ")} here`;
}

/** A C program over libzmq; compiled when its source is new. A source that does not compile is a failure, not a missing peer. */
export function compiled(source = program("peer.c")): string {
  const flags = spawnSync("pkg-config", ["--cflags", "--libs", "libzmq"], { encoding: "utf8" }).stdout.trim().split(/\s+/);
  const version = spawnSync("pkg-config", ["--modversion", "libzmq"]).stdout;
  const hash = createHash("sha256").update(readFileSync(source)).update(version).digest("hex").slice(0, 12);
  const folder = fileURLToPath(new URL("../../peers/", import.meta.url));
  const output = `${folder}${basename(source, ".c")}-${hash}`;
  if (existsSync(output)) return output;
  mkdirSync(folder, { recursive: true });
  // Two test files may compile at the same time: a rename is all or nothing.
  const own = `${output}-${process.pid}`;
  const { status, stderr } = spawnSync("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", own, source, ...flags], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${source} does not compile:\n${stderr}`);
  renameSync(own, output);
  return output;
}
