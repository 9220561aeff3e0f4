// @ts-check
// `npm start`: builds what is stale and runs the tour of the library, with the arguments given. `node tools/start.mjs NAME` runs
// another example, `examples/NAME.ts`.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { root, run } from "./common.mjs";
import { compile } from "./compile.mjs";

const TOUR = "tour/main";

async function main() {
  const code = (await buildIfStale()) || (await compile());
  if (code !== 0) return code;
  const [first = TOUR, ...rest] = process.argv.slice(2);
  const named = !first.startsWith("-");
  const program = `build/examples/${named ? first : TOUR}.js`;
  if (!existsSync(join(root, program))) {
    console.error(`start: there is no ${program.replace("build/", "").replace(/js$/, "ts")}`);
    return 1;
  }
  return run(process.execPath, ["--enable-source-maps", program, ...(named ? rest : process.argv.slice(2))]);
}

process.exitCode = await main();
