// `npm run test:languages`: the matrix of languages, printed, and written into docs/languages.md between its two marks.
//
// Arguments: names of languages, or parts of them, to hold only those (then nothing is written).

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../src/node.ts";
import { type LanguageKind, languages } from "./kinds.ts";
import { holdAll, type Row } from "./matrix.ts";
import { type Absent, isOurs, markdown, summary } from "./table.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const PAGE = join(root, "docs", "languages.md");
const BEGIN = "<!-- written by npm run test:languages: begin -->";
const END = "<!-- written by npm run test:languages: end -->";

async function main(wanted: readonly string[]): Promise<number> {
  const started = performance.now();
  const chosen = languages().filter(
    ({ name }) => wanted.length === 0 || wanted.some((each) => name.toLowerCase().includes(each.toLowerCase())),
  );
  const absent: Absent[] = [];
  const rows = new Map<string, Row>();
  const waiting = chosen.filter((language) => {
    const reason = language.missing || notBuilt(language);
    if (reason !== false) {
      absent.push({ language, reason });
      console.log(`${language.name}: not held: ${reason}`);
    }
    return reason === false;
  });
  const worker = async (): Promise<void> => {
    for (let language = waiting.shift(); language !== undefined; language = waiting.shift()) {
      const row = await holdAll(language);
      rows.set(language.name, row);
      console.log(summary(row));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  const ordered = chosen.flatMap(({ name }) => rows.get(name) ?? []);
  const text = markdown(
    ordered,
    absent,
    `Held on ${process.platform} ${process.arch}, Node.js ${process.version}, against libzmq ${version} of npm \`zeromq\` as the judge.`,
  );
  console.log(`\n${text}\n`);
  if (wanted.length === 0) write(text);
  console.log(`languages: ${ordered.length} held, ${absent.length} not, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return ordered.length === 0 || ordered.some(isOurs) ? 1 : 0;
}

/** Its program is built here, before the first conversation: builds hold the whole process. What does not build is as good as missing. */
function notBuilt(language: LanguageKind): string | false {
  try {
    language.command();
    return false;
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .split("\n")
      .slice(0, 4)
      .join(" ");
  }
}

function write(text: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has lost its marks "${BEGIN}" and "${END}"`);
  writeFileSync(PAGE, `${page.slice(0, from + BEGIN.length)}\n\n${text}\n\n${page.slice(to)}`);
}

process.exitCode = await main(process.argv.slice(2));
