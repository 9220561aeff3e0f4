// The implementations and bindings of the matrix: what each is, how its program is made and started, and why one may be missing.
//
// Owns: names, versions, builds. Programs that need a compiler are built once for each of their texts, into build/languages/.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LIBZMQ, type PeerKind } from "../support/peers.ts";

/** What a binding may lack. */
export type Ability = "plain" | "curve";

export interface LanguageKind extends PeerKind {
  readonly group: "independent implementations" | "bindings of libzmq";
  /** What it has; the others are marked as lacking in the table, with the reason that `lacks` gives. */
  readonly abilities: readonly Ability[];
}

const here = fileURLToPath(new URL("./peers/", import.meta.url));
const output = fileURLToPath(new URL("../../languages/", import.meta.url));

/** Versions that are fetched from their registries; tools/install-languages.sh has the same. */
export const JEROMQ = "0.6.0";
const JNACL = "1.0.0";
const maven = (group: string, name: string, version: string): string =>
  join(homedir(), ".m2/repository", group, name, version, `${name}-${version}.jar`);
const jeromqJars = [maven("org/zeromq", "jeromq", JEROMQ), maven("eu/neilalexander", "jnacl", JNACL)];
const debianJar = (name: string): string => `/usr/share/java/${name}.jar`;
const python = join(output, "python/bin/python");

const ALL: readonly Ability[] = ["plain", "curve"];

const independent = (
  name: string,
  abilities: readonly Ability[],
  missing: () => string | false,
  command: () => string[],
): LanguageKind => kind("independent implementations", name, abilities, missing, command);
const binding = (
  name: string,
  abilities: readonly Ability[],
  missing: () => string | false,
  command: () => string[],
): LanguageKind => kind("bindings of libzmq", name, abilities, missing, command);

/** Made when asked for: what is missing here is looked up then. */
export function languages(): LanguageKind[] {
  const [node, c, debianPython] = LIBZMQ;
  return [
    independent(
      `JeroMQ ${JEROMQ} (Java)`,
      ALL,
      () => lacksTool("javac") || lacksFiles(...jeromqJars),
      () => java("jeromq-new", jeromqJars),
    ),
    independent(
      "JeroMQ 0.3.6 (Java, Debian)",
      [],
      () => lacksTool("javac") || lacksFiles(debianJar("jeromq")),
      () => java("jeromq-old", [debianJar("jeromq")]),
    ),
    independent("zeromq 0.7 (Rust)", [], () => lacksTool("cargo"), rust),
    { ...independent("go-zeromq/zmq4 0.17 (Go)", ["plain"], () => lacksTool("go"), go), asksZap: false },
    { ...c, name: "libzmq (C)", group: "bindings of libzmq", abilities: ALL },
    binding(
      "cppzmq (C++)",
      ALL,
      () => lacksTool("g++") || lacksFiles("/usr/include/zmq_addon.hpp"),
      () => compiled("g++", "peer.cpp", ["-std=c++17"], ["libzmq"]),
    ),
    binding(
      "CZMQ (C)",
      ALL,
      () => lacksTool("gcc") || lacksFiles("/usr/include/czmq.h"),
      () => compiled("gcc", "czmq.c", [], ["libczmq", "libzmq"]),
    ),
    { ...debianPython, name: "pyzmq (Python, Debian)", group: "bindings of libzmq", abilities: ALL },
    binding(
      "pyzmq (Python, newest of PyPI)",
      ALL,
      () => (works(python, "-c", "import zmq") ? false : "pyzmq of PyPI is not installed in build/languages/python"),
      () => [python, join(here, "../../interop/peers/peer.py")],
    ),
    binding(
      "ffi-rzmq (Ruby)",
      ALL,
      () => lacksScript("ruby", "-e", 'require "ffi-rzmq"'),
      () => ["ruby", join(here, "peer.rb")],
    ),
    binding(
      "jzmq 3.1.0 (Java)",
      [],
      () => lacksTool("javac") || lacksFiles(debianJar("zmq")),
      () => java("jzmq", [debianJar("zmq")], `-Djava.library.path=${jniFolder()}`),
    ),
    binding(
      "ZMQ::FFI (Perl)",
      ALL,
      () => lacksScript("perl", "-MZMQ::FFI", "-e", "1"),
      () => ["perl", join(here, "peer.pl")],
    ),
    binding(
      "php-zmq (PHP)",
      [],
      () => lacksScript("php", "-r", "exit(extension_loaded('zmq') ? 0 : 1);"),
      () => ["php", join(here, "peer.php")],
    ),
    { ...node, name: "npm zeromq (Node.js)", group: "bindings of libzmq", abilities: ALL },
  ];
}

function kind(
  group: LanguageKind["group"],
  name: string,
  abilities: readonly Ability[],
  missing: () => string | false,
  command: () => string[],
): LanguageKind {
  return { group, name, abilities, missing: missing(), command };
}

function works(command: string, ...words: string[]): boolean {
  return spawnSync(command, words, { stdio: "ignore" }).status === 0;
}

function lacksTool(command: string): string | false {
  return works("sh", "-c", `command -v ${command}`) ? false : `there is no ${command} here`;
}

function lacksFiles(...paths: string[]): string | false {
  const missing = paths.filter((path) => !existsSync(path));
  return missing.length === 0 ? false : `${missing.map((path) => path.replace(homedir(), "~")).join(", ")} is not there`;
}

function lacksScript(command: string, ...words: string[]): string | false {
  return lacksTool(command) || (works(command, ...words) ? false : `${command} has no ZeroMQ here`);
}

/** The result of a build, made anew when its sources or its command have changed. A source that does not build is a failure. */
function built(name: string, sources: readonly string[], build: (folder: string) => readonly [string, ...string[]]): string {
  const hash = createHash("sha256").update(String(build));
  for (const source of sources) hash.update(source).update(readFileSync(join(here, source)));
  const folder = join(output, `${name}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const own = `${folder}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  const [command, ...words] = build(own);
  const { status, stderr } = spawnSync(command, words, {
    cwd: own,
    encoding: "utf8",
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  if (status !== 0) {
    rmSync(own, { recursive: true, force: true });
    throw new Error(`${name} does not build:\n${stderr}`);
  }
  renameSync(own, folder);
  return folder;
}

function compiled(compiler: string, source: string, flags: readonly string[], libraries: readonly string[]): string[] {
  const found = spawnSync("pkg-config", ["--cflags", "--libs", ...libraries], { encoding: "utf8" })
    .stdout.trim()
    .split(/\s+/);
  const folder = built(source.replace(".", "-"), [source], () => [
    compiler,
    ...flags,
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-o",
    "peer",
    join(here, source),
    ...found,
  ]);
  return [join(folder, "peer")];
}

function java(name: string, jars: readonly string[], ...flags: string[]): string[] {
  const path = jars.join(":");
  const folder = built(name, ["java/Peer.java"], () => [
    "javac",
    "-nowarn",
    "-d",
    ".",
    "-cp",
    path,
    join(here, "java/Peer.java"),
  ]);
  return ["java", "-XX:TieredStopAtLevel=1", ...flags, "-cp", `${folder}:${path}`, "Peer", name];
}

function rust(): string[] {
  const folder = built("rust", ["rust/Cargo.toml", "rust/src/main.rs"], (own) => {
    cpSync(join(here, "rust"), own, { recursive: true });
    return [
      "cargo",
      "build",
      "--release",
      "--quiet",
      "--target-dir",
      join(output, "cargo"),
      "--config",
      `build.target-dir="${join(output, "cargo")}"`,
    ];
  });
  return [join(output, "cargo/release/peer"), folder.slice(-12)];
}

function go(): string[] {
  const folder = built("go", ["go/go.mod", "go/go.sum", "go/peer.go"], (own) => {
    cpSync(join(here, "go"), own, { recursive: true });
    return ["go", "build", "-o", "peer", "."];
  });
  return [join(folder, "peer"), "0.17"];
}

/** Where Debian keeps libjzmq.so: it depends on the machine's kind. */
function jniFolder(): string {
  const folders = ["/usr/lib/jni", ...readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/jni`)];
  return folders.find((folder) => existsSync(`${folder}/libjzmq.so`)) ?? "/usr/lib/jni";
}
