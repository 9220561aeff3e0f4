/** What a run finds on this machine: who can be measured and who is missing, by name and reason. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { version } from "zmtp";
import type { LibzmqPrograms } from "./libzmq.ts";
import type { Implementation } from "./part.ts";

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Undefined: cannot be measured here. */
  readonly versions: Readonly<Record<Implementation, string | undefined>>;
  readonly missing: readonly string[];
  /** How many files a peer may have open; each raises its limit so far. */
  readonly openFiles: number;
}

export function survey(libzmq: LibzmqPrograms): Machine {
  const missing: string[] = [];
  if (libzmq.missing !== undefined) missing.push(`libzmq (C) is not measured: ${libzmq.missing}`);
  const versionOf = (name: string): string | undefined => {
    try {
      const path = createRequire(import.meta.url).resolve(`${name}/package.json`);
      return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    } catch {
      missing.push(`npm ${name} is not measured: it is not installed (npm ci)`);
      return undefined;
    }
  };
  return {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    versions: {
      zmtp: version,
      libzmq: libzmq.version,
      zeromq: versionOf("zeromq"),
      "node:net": process.versions.node,
      "node:dgram": process.versions.node,
      ws: versionOf("ws"),
      jszmq: versionOf("jszmq"),
      postMessage: process.versions.node,
    },
    missing,
    openFiles: openFileLimit(),
  };
}

/** The hard limit; unlimited where there is none (Windows) or no shell to ask. */
function openFileLimit(): number {
  try {
    const limit = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return limit === "unlimited" ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}
