// The packed tarball, installed into an empty project without scripts: ESM, CommonJS and TypeScript programs use it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "zmtp-package-"));
after(() => rmSync(project, { recursive: true, force: true }));

const PROGRAM = `
  const pull = new Pull();
  const push = new Push();
  pull.bind("tcp://127.0.0.1:*").then(async () => {
    push.connect(pull.lastEndpoint);
    await push.send("packed");
    console.log(String(await pull.receive()));
    await push.end();
    await pull.end();
  });
`;

test("the package installs without scripts, and so does what it depends on", { timeout: 60_000 }, async () => {
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], { cwd: root });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  const paths = files.map((each) => each.path);
  for (const path of ["dist/node.js", "dist/node.cjs", "dist/node.d.cts", "dist/types/node.d.ts", "LICENSE", "README.md"]) {
    assert.ok(paths.includes(path), `${path} is packed`);
  }
  assert.ok(!paths.some((path) => path.startsWith("src/") || path.startsWith("test/")), "neither source nor tests are packed");
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await run("npm", ["install", "--ignore-scripts", "--offline", "--no-audit", "--no-fund", join(project, filename)], {
    cwd: project,
  });
  const manifest = (name: string): { dependencies?: Record<string, string>; scripts?: Record<string, string> } =>
    JSON.parse(readFileSync(join(project, "node_modules", name, "package.json"), "utf8"));
  const names = ["zmtp"];
  for (const name of names) {
    const { dependencies = {}, scripts = {} } = manifest(name);
    names.push(...Object.keys(dependencies).filter((each) => !names.includes(each)));
    for (const script of ["preinstall", "install", "postinstall"]) assert.equal(scripts[script], undefined, `${name}: ${script}`);
  }
  assert.deepEqual(Object.keys(manifest("zmtp").dependencies ?? {}).sort(), ["commander", "libsodium", "socks", "ws"]);
});

for (const [kind, file, head] of [
  ["ESM", "program.mjs", 'import { Pull, Push } from "zmtp";'],
  ["CommonJS", "program.cjs", 'const { Pull, Push } = require("zmtp");'],
] as const) {
  test(`a program in ${kind} runs on it and ends by itself`, { timeout: 20_000 }, async () => {
    writeFileSync(join(project, file), head + PROGRAM);
    const { stdout } = await run(process.execPath, [file], { cwd: project, timeout: 15_000 });
    assert.equal(stdout, "packed\n");
  });
}

for (const [kind, file, head] of [
  ["ESM", "testing.mjs", 'import { Pull } from "zmtp"; import { Simulation } from "zmtp/testing";'],
  ["CommonJS", "testing.cjs", 'const { Pull } = require("zmtp"); const { Simulation } = require("zmtp/testing");'],
] as const) {
  test(`zmtp/testing in ${kind} takes the sockets of zmtp`, { timeout: 20_000 }, async () => {
    const body = `const process = new Simulation().process("a"); new Pull({ context: process.context }).close(); console.log(process.name);`;
    writeFileSync(join(project, file), `${head}\n${body}\n`);
    const { stdout } = await run(process.execPath, [file], { cwd: project, timeout: 15_000 });
    assert.equal(stdout, "a\n");
  });
}

for (const [kind, file, head] of [
  ["ESM", "mongrel2.mjs", 'import { ZmqError } from "zmtp"; import { tnetstring } from "zmtp/mongrel2";'],
  ["CommonJS", "mongrel2.cjs", 'const { ZmqError } = require("zmtp"); const { tnetstring } = require("zmtp/mongrel2");'],
] as const) {
  test(`zmtp/mongrel2 in ${kind} throws the errors of zmtp`, { timeout: 20_000 }, async () => {
    const body = `try { tnetstring.decode(Buffer.from("x")); } catch (error) { console.log(error instanceof ZmqError); }`;
    writeFileSync(join(project, file), `${head}\n${body}\n`);
    const { stdout } = await run(process.execPath, [file], { cwd: project, timeout: 15_000 });
    assert.equal(stdout, "true\n");
  });
}

test("its types serve both kinds of modules", { timeout: 60_000 }, async () => {
  const body = `${PROGRAM.replaceAll("pull.lastEndpoint", "pull.lastEndpoint!")}\n// @ts-expect-error PULL cannot send\npull.send("x");\n`;
  const simulated = `import { Simulation } from "zmtp/testing";\nvoid new Simulation({ seed: 1 }).process("a").socket(Push, { linger: 0 }).send("x");\n`;
  writeFileSync(join(project, "esm.mts"), `import { Pull, Push } from "zmtp";${simulated}${body}`);
  writeFileSync(join(project, "common.cts"), `import { Pull, Push } from "zmtp";${body}`);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2023,esnext.disposable"];
  const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, ...options, ...types, "esm.mts", "common.cts"], { cwd: project }).catch((error) =>
    assert.fail(error.stdout),
  );
});
