// @ts-check
// docs/rfc-support.md: how we stand to each specification, from tools/rfc-support.txt (whose head says what its lines mean).
//
// What the page claims is tied to the tests: a row that is there names a test file that exists, one that needs a feature which is not
// there yet is shown so. Anything else is a fault, which generate-docs.mjs reports.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles, root } from "./common.mjs";

const NOT_YET = "not yet";
const NEVER = "never";

/**
 * @typedef {{ clause: string, stand: string, tests: string, needs: string }} Row
 * @typedef {{ heading: string, introduction: string, rows: Row[] }} Section
 * @typedef {{ features: Map<string, string>, sections: Section[] }} Support `features` maps to "not yet" or to test files
 */

/**
 * @param {string} text
 * @returns {Support}
 */
export function parseSupport(text) {
  /** @type {Support} */
  const support = { features: new Map(), sections: [] };
  let needed = "";
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# ") || line.startsWith("#  ")) continue;
    const [first, second = "", third = "", fourth = ""] = line.split("|").map((field) => field.trim());
    const need = (/** @type {string} */ field) => /^needs (.+)$/.exec(field)?.[1] ?? "";
    if (first.startsWith("feature ")) support.features.set(first.slice("feature ".length), second);
    else if (first.startsWith("## ")) {
      support.sections.push({ heading: first.slice(3), introduction: second, rows: [] });
      needed = need(third);
    } else {
      const section = support.sections.at(-1);
      if (section === undefined) throw new Error(`rfc-support.txt: "${line}" stands before the first heading`);
      section.rows.push({ clause: first, stand: second, tests: third, needs: need(fourth) || needed });
    }
  }
  return support;
}

/**
 * @param {Support} support
 * @param {(name: string) => boolean} exists whether test/NAME.test.ts does
 * @returns {{ page: string, faults: string[] }}
 */
export function rfcSupport({ features, sections }, exists) {
  /** @type {string[]} */
  const faults = [];
  /** @param {Row} row */
  const shown = ({ clause, stand, tests, needs }) => {
    const feature = needs === "" ? "" : features.get(needs);
    if (feature === undefined) faults.push(`"${clause}" needs ${needs}, which is no feature`);
    if (feature === NOT_YET) return `not yet (${needs})`;
    if (tests === NEVER) {
      if (!stand.startsWith(`${NEVER}: `)) faults.push(`"${clause}": never, but why? expected "never: reason"`);
      return "";
    }
    const names = (tests || feature || "").split(",").map((name) => name.trim());
    for (const name of names) if (!exists(name)) faults.push(`"${clause}": there is no test file "${name}"`);
    return names.map((name) => `\`${name}\``).join(", ");
  };
  const parts = sections.flatMap(({ heading, introduction, rows }) => [
    `## ${heading}`,
    "",
    introduction,
    "",
    "| clause | how we stand | shown by |",
    "| --- | --- | --- |",
    ...rows.map((row) => `| ${row.clause} | ${row.stand} | ${shown(row)} |`),
    "",
  ]);
  return { page: parts.join("\n"), faults };
}

/**
 * docs/rfc-support.md, from the files as they are.
 * @param {string} note
 * @returns {string}
 */
export function rfcSupportPage(note) {
  const tests = new Set(listFiles("test").map((path) => path.replace(/^test\//, "").replace(/\.test\.ts$/, "")));
  const { page, faults } = rfcSupport(parseSupport(readFileSync(join(root, "tools/rfc-support.txt"), "utf8")), (name) =>
    tests.has(name),
  );
  if (faults.length > 0) throw new Error(`rfc-support:\n  ${faults.join("\n  ")}`);
  return [
    "# Specifications and what is here of them",
    "",
    note,
    "",
    "The specifications are those of [rfc.zeromq.org](https://rfc.zeromq.org), and RFC 3208. *As written* is the specification's way; *as libzmq* is the way of",
    "libzmq 4.3.5 where it differs, because that is what peers are used to. The last column names the test files, below `test/`. What libzmq's own tests pin",
    "down is in [conformance.md](conformance.md).",
    "",
    page,
  ].join("\n");
}
