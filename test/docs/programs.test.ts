// Every program in the README, in docs/security.md, docs/from-rbzmq.md and docs/mongrel2.md, and in the pages of docs/sockets, docs/guide and
// docs/migrating ends by itself and prints what its comments say.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const output = join(root, "build", "programs");

/** More at a time would make their timeouts wait for the processor. */
const CONCURRENCY = 4;
const TIMEOUT_MS = 20_000;

const SECTIONS = ["What it is for", "Talks to", "Sending", "Receiving", "Options of its own", "Errors", "An example", "See also"];

interface Program {
  readonly page: string;
  readonly number: number;
  readonly text: string;
}

const folders = ["docs/sockets", "docs/guide", "docs/migrating"];
const pages = [
  "README.md",
  "docs/security.md",
  "docs/from-rbzmq.md",
  "docs/mongrel2.md",
  ...folders.flatMap((folder) => pagesOf(folder).map((name) => `${folder}/${name}`)),
];

function pagesOf(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .sort();
}

function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

function programsOf(page: string): Program[] {
  const blocks = [...read(page).matchAll(/```ts\n([\s\S]*?)```/g)];
  return blocks.map(([, text], index) => ({ page, number: index + 1, text }));
}

/** The lines that `console.log(…); // line` promises, in the order of the source. */
function promised(program: string): string[] {
  return [...program.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((match) => match[1]);
}

async function run({ page, number, text }: Program): Promise<void> {
  const file = join(output, `${page.replace(/\W+/g, "-")}-${number}.mjs`);
  writeFileSync(file, (await transform(text, { loader: "ts", format: "esm" })).code);
  const expected = promised(text);
  assert.ok(expected.length > 0, "the program prints something");
  assert.equal(text.match(/console\.log\(/g)?.length, expected.length, "each line it prints stands in a comment");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { timeout: TIMEOUT_MS });
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trim().split("\n"), expected);
}

mkdirSync(output, { recursive: true });

describe("programs in the documentation", { concurrency: CONCURRENCY }, () => {
  for (const program of pages.flatMap(programsOf)) test(`${program.page}, program ${program.number}`, () => run(program));
});

describe("pages of the documentation", () => {
  test("the README has programs", () => assert.ok(programsOf("README.md").length > 0));

  test("each socket type has a page, and the index knows it", () => {
    const exported = [...read("src/api.ts").matchAll(/from "\.\/sockets\/(\w+)\.ts"/g)].map((match) => `${match[1]}.md`);
    const present = pagesOf("docs/sockets").filter((name) => name !== "README.md");
    assert.deepEqual(present, exported.sort());
    for (const name of present) assert.ok(read("docs/sockets/README.md").includes(`](${name})`), name);
  });

  for (const page of pages.filter((each) => /^docs\/sockets\/[a-z]/.test(each))) {
    test(`${page} has the sections of a socket type, and one program`, () => {
      const headings = [...read(page).matchAll(/^## (.*)$/gm)].map((match) => match[1]);
      assert.deepEqual(headings, SECTIONS);
      assert.equal(programsOf(page).length, 1);
    });
  }

  for (const page of pages) {
    test(`${page} links to what exists`, () => {
      for (const [, target] of read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const path = join(root, page, "..", target);
        assert.doesNotThrow(() => (target.endsWith("/") ? readdirSync(path) : readFileSync(path)), `${target} is missing`);
      }
    });
  }
});
