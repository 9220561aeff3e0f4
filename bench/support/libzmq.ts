/**
 * The C side: compiles the programs `bench/peers/*.c` against the libzmq of this machine, once per change of their
 * sources.
 *
 * Where the compiler or the library is missing, says which by name; the bench then runs without the C side.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

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
  const path = (program: string): string => fileURLToPath(new URL(program, OUTPUT));
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
  const files = readdirSync(SOURCES);
  const headers = Math.max(...files.filter((file) => file.endsWith(".h")).map((file) => modified(new URL(file, SOURCES))));
  for (const file of files.filter((each) => each.endsWith(".c"))) {
    const program = file.slice(0, -2);
    const source = new URL(file, SOURCES);
    if (modified(path(program)) > Math.max(modified(source), headers)) continue;
    try {
      output("gcc", ["-O2", "-Wall", "-o", path(program), fileURLToPath(source), ...flags, "-lpthread"]);
    } catch (error) {
      return absent(`gcc could not compile ${file}: ${reasonOf(error)}`);
    }
  }
  return { version, missing: undefined, path };
}

function output(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

function modified(path: string | URL): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: string; stderr?: string; message: string };
  if (code === "ENOENT") return "the program is not installed";
  return stderr === undefined || stderr === "" ? message : stderr.trim().split("\n", 1)[0];
}
