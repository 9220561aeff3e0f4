// @ts-check
// Whether the packed package works where it is installed: npm packs it, installs it with --ignore-scripts into an empty project, and a runtime
// runs a program there that imports it, and one that requires it. What is installed is the same for all runtimes.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./common.mjs";

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

const BODY = `
  const pull = new zmtp.Pull();
  const push = new zmtp.Push();
  const endpoints = ["tcp://127.0.0.1:*", "ws://127.0.0.1:*", "inproc://x"];
  const keyPair = zmtp.curveKeyPair();
  const secure = new zmtp.Pull({ curve: { keyPair, allow: "any" } });
  const sender = new zmtp.Push({ curve: { serverKey: keyPair.publicKey } });
  (async () => {
    for (const endpoint of endpoints) {
      await pull.bind(endpoint);
      push.connect(pull.lastEndpoint);
      await push.send("packed");
      console.log(String(await pull.receive()));
      push.disconnect(pull.lastEndpoint);
    }
    await secure.bind("tcp://127.0.0.1:*");
    sender.connect(secure.lastEndpoint);
    await sender.send("sealed");
    console.log(String(await secure.receive()));
    for (const socket of [pull, push, secure, sender]) await socket.end(0);
  })();
`;

/** @type {Readonly<Record<string, string>>} */
const PROGRAMS = {
  "program.mjs": `import * as zmtp from "zmtp";${BODY}`,
  "program.cjs": `const zmtp = require("zmtp");${BODY}`,
};

/** Installs the package. The result says for a program and the arguments before a script what is wrong, or nothing. */
export async function installPackage() {
  const shell = process.platform === "win32"; // npm is a .cmd file there
  const project = mkdtempSync(join(tmpdir(), "zmtp-installed-"));
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
    cwd: root,
    shell,
  });
  const [{ filename }] = JSON.parse(stdout);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, join(project, filename)], { cwd: project, shell });
  for (const [file, text] of Object.entries(PROGRAMS)) writeFileSync(join(project, file), text);

  return {
    /**
     * @param {string} program
     * @param {readonly string[]} args
     * @returns {Promise<string[]>}
     */
    async problems(program, args) {
      /** @type {string[]} */
      const problems = [];
      for (const file of Object.keys(PROGRAMS)) {
        const expected = "packed\npacked\npacked\nsealed\n";
        const outcome = await run(program, [...args, file], { cwd: project, timeout: TIMEOUT_MS }).catch((error) => error);
        if (outcome.stdout !== expected) problems.push(`${file}: ${outcome.stdout}${outcome.stderr}`.slice(0, 300));
      }
      return problems;
    },
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
}
