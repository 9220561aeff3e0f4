// @ts-check
// `npm run example:web`: builds what is stale and serves the live page of examples/web, on the port given or 8080.

import { buildIfStale } from "./build.mjs";
import { run } from "./common.mjs";
import { compile } from "./compile.mjs";

const code = (await buildIfStale()) || (await compile());
process.exitCode = code || (await run(process.execPath, ["build/examples/web/server.js", ...process.argv.slice(2)]));
