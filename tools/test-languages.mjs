// @ts-check
// `npm run test:languages`: installs what the registries give, compiles, and holds the matrix of languages. Arguments: names of
// languages, to hold only those.

import { run } from "./common.mjs";
import { compile } from "./compile.mjs";

async function main() {
  const compiled = await compile();
  if (compiled !== 0) return compiled;
  if (process.platform !== "win32") await run("bash", ["tools/install-languages.sh"]);
  return run(process.execPath, ["--enable-source-maps", "build/test/languages/main.js", ...process.argv.slice(2)]);
}

process.exitCode = await main();
