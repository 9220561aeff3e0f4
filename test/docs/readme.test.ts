// Every program in the README runs, and prints what its comments say.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const programs = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);

test("the README has programs", () => assert.ok(programs.length > 0));

programs.forEach((program, index) => {
  test(`README program ${index + 1}: ${program.split("\n", 1)[0]}`, async () => {
    const folder = join(root, "build", "readme");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `program-${index + 1}.mjs`);
    writeFileSync(file, (await transform(program, { loader: "ts", format: "esm" })).code);
    const expected = [...program.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((match) => match[1]);
    assert.ok(expected.length > 0, "the program prints something");
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 });
    assert.deepEqual(stdout.trim().split("\n"), expected);
  });
});
