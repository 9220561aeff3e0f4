/** How long it takes to load a package, in a process that has loaded nothing: `import` it, or `require` it. */
import { createRequire } from "node:module";

const [name, how] = process.argv.slice(2).map((argument) => argument.split("=")[1]);

async function main(): Promise<void> {
  const require = createRequire(import.meta.url);
  const started = performance.now();
  if (how === "require()") require(name);
  else await import(name);
  process.stdout.write(`${JSON.stringify({ milliseconds: performance.now() - started })}\n`);
}

void main();
