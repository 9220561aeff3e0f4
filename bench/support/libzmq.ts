/**
 * The C side: compiles the programs `bench/peers/libzmq_*.c` against the libzmq of this machine, once per change of
 * their sources.
 *
 * Where the compiler or the library is missing, says which by name; the bench then runs without the C side.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAMS = ["throughput", "inproc", "round_trip", "idle"] as const;
const SOURCES = new URL("../peers/", import.meta.url);
const OUTPUT = new URL("../../native-peers/", import.meta.url);

export interface LibzmqPrograms {
  /** Version of the library, or undefined when it cannot be measured. */
  readonly version: string | undefined;
  /** Why it cannot be measured. */
  readonly missing: string | undefined;
  path(program: string): string;
}

export function compileLibzmq(): LibzmqPrograms {
  const path = (program: string): string => fileURLToPath(new URL(`libzmq_${program}`, OUTPUT));
  const absent = (missing: string): LibzmqPrograms => ({ version: undefined, missing, path });
  let version: string;
  let flags: string[];
  try {
    version = output("pkg-config", ["--modversion", "libzmq"]);
    flags = output("pkg-config", ["--cflags", "--libs", "libzmq"]).split(/\s+/).filter(Boolean);
  } catch (error) {
    return absent(`pkg-config does not find libzmq (Debian: libzmq3-dev, pkg-config): ${reasonOf(error)}`);
  }
  mkdirSync(OUTPUT, { recursive: true });
  const header = new URL("libzmq_common.h", SOURCES);
  for (const program of PROGRAMS) {
    const source = new URL(`libzmq_${program}.c`, SOURCES);
    if (modified(path(program)) > Math.max(modified(fileURLToPath(source)), modified(fileURLToPath(header)))) continue;
    try {
      output("gcc", ["-O2", "-Wall", "-o", path(program), fileURLToPath(source), ...flags, "-lpthread"]);
    } catch (error) {
      return absent(`gcc could not compile libzmq_${program}.c: ${reasonOf(error)}`);
    }
  }
  return { version, missing: undefined, path };
}

function output(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: string; stderr?: string; message: string };
  if (code === "ENOENT") return "the program is not installed";
  return stderr === undefined || stderr === "" ? message : stderr.trim().split("\n", 1)[0];
}
