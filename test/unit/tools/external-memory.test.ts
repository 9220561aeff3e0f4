// Electron refuses memory outside of V8's heap that a native addon hands over (external buffers). No source makes any: the one addon that may be
// there is asked to work in buffers of ours, and what would bring memory of its own is not used.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../../../src/", import.meta.url));

const ADDONS = /dlopen|createRequire|\.node["'`]|import\(["'](?!libsodium|ws|socks|commander|\.|node:)/;
/** What gives memory that the addon has allocated. */
const EXTERNAL = /sodium_malloc|sodium_allocarray|sodium_free|secure/;

const sources = (readdirSync(SOURCE, { recursive: true }) as string[])
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(SOURCE, path), "utf8") }));

test("one file loads a native addon", () => {
  const loading = sources.filter(({ text }) => ADDONS.test(text)).map(({ path }) => path);
  assert.deepEqual(loading, ["security/native-box.ts"]);
});

test("and takes no memory of it", () => {
  const { text } = sources.find(({ path }) => path === "security/native-box.ts") as { readonly text: string };
  assert.match(text, /sodium-native/);
  assert.doesNotMatch(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""), EXTERNAL);
});
