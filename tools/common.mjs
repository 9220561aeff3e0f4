// @ts-check
// What the tools share: where the repository is, how a child process is run, whether inputs changed since
// the last time. Nothing here knows what a tool does.

import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, with the platform's separators. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Whether the module was started as a program, not imported.
 * @param {string} moduleUrl its `import.meta.url`
 */
export function isMain(moduleUrl) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);
}

/**
 * Runs a program in the root with our standard streams and waits for it. An interrupt from the terminal
 * reaches the child too, so we outlive it and pass on how it ended.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code; 128 and the signal's number if a signal ended it
 */
export function run(command, args) {
  return new Promise((resolve, reject) => {
    const ignore = () => {};
    process.on("SIGINT", ignore);
    const child = spawn(command, args, { cwd: root, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", ignore);
      resolve(code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGKILL" ? 9 : 15));
    });
  });
}

/**
 * Runs Node with a script of a dependency (its `bin`), without a shell and without npx.
 * @param {string} bin path inside node_modules, such as "typescript/bin/tsc"
 * @param {readonly string[]} args
 */
export function runBin(bin, args) {
  return run(process.execPath, [createRequire(import.meta.url).resolve(bin), ...args]);
}

/**
 * All files below a folder, as sorted paths relative to the root with "/" separators; none if it is missing.
 * @param {string} folder relative to the root
 * @returns {string[]}
 */
export function listFiles(folder) {
  const top = join(root, folder);
  if (statSync(top, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.includes("node_modules/"))
    .sort();
}

/**
 * A text that changes when a file is added, removed or written.
 * @param {readonly string[]} files relative to the root; missing ones count as missing
 */
function fingerprint(files) {
  const lines = files.map((file) => {
    const stat = statSync(join(root, file), { throwIfNoEntry: false });
    return stat === undefined ? `${file} missing` : `${file} ${stat.mtimeMs} ${stat.size}`;
  });
  return `${process.version}\n${lines.join("\n")}\n`;
}

/**
 * Does the work unless neither inputs nor outputs changed since it last succeeded.
 * @param {string} stamp file in build/ that remembers the inputs
 * @param {() => string[]} inputs read before the work, so that what changes meanwhile counts as changed
 * @param {() => Promise<number>} work gives an exit code
 * @param {readonly string[]} outputs must exist, else the work is done again
 * @returns {Promise<number>} the exit code; 0 if there was nothing to do
 */
export async function unlessFresh(stamp, inputs, work, outputs = []) {
  const path = join(root, stamp);
  const now = fingerprint(inputs());
  const fresh =
    statSync(path, { throwIfNoEntry: false }) !== undefined &&
    readFileSync(path, "utf8") === now &&
    outputs.every((output) => statSync(join(root, output), { throwIfNoEntry: false }) !== undefined);
  if (fresh) return 0;
  rmSync(path, { force: true });
  const code = await work();
  if (code === 0) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, now);
  }
  return code;
}
