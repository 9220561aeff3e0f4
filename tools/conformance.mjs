// @ts-check
// Which test of ours shows what a test of libzmq's shows. The lines are tools/libzmq-tests.txt; the answers are in the tests: one whose
// title carries the id of a line (test_hwm, unittest_mtrie, …) shows it, `notApplicable(title, reason)` says what of it is not to be had.
// Only string literals below test/ are read, comments are not, and nothing is run.
//
// A line that has neither, an id that no line has, and a reason that a test has overtaken are faults; generate-docs.mjs reports them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { listFiles, root } from "./common.mjs";

/**
 * @typedef {{ id: string, pins: string, without: string }} Line `without` is empty when only a test will do
 * @typedef {{ file: string, title: string, reason: string }} Proof a title; `reason` is empty when it is a test that runs
 */

/** Ids inside a title. A name that goes on with a hyphen or a dot is a file's, not a test's. */
const ID = /\b(?:unit)?test_[a-z0-9]+(?:_[a-z0-9]+)*\b(?![-.])/g;

const REASON = /^(never|comes with): \S/;

/** The other ids that a title begins with, when they stand there bare. */
const LED_BY = /^(?:,? ?(?:unit)?test_[a-z0-9_]+)*(?:: |,? (?=\()|$)/;

/** What tests of the tools themselves say about ids is no proof. */
const NOT_READ = "test/unit/tools/";

/**
 * @param {string} text of tools/libzmq-tests.txt
 * @returns {Line[]}
 */
export function parseLines(text) {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [id, pins, without = ""] = line.split(" | ");
      if (pins === undefined) throw new Error(`libzmq-tests.txt: "${line}": expected id | behaviour | reason`);
      return { id, pins, without };
    });
}

/**
 * The titles with an id of one test file.
 * @param {string} file
 * @param {string} text
 * @returns {Proof[]}
 */
export function proofsIn(file, text) {
  if (!/test_[a-z0-9]/.test(text)) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  /** @type {Proof[]} */
  const proofs = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText(source) === "notApplicable") {
      const [title, reason] = node.arguments.map((argument) => textOf(argument) ?? "");
      proofs.push({ file, title, reason });
      return;
    }
    const title = textOf(node);
    if (title !== undefined) {
      if (title.match(ID)) proofs.push({ file, title, reason: "" });
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return proofs;
}

/**
 * The text of a literal; what a template fills in is "…".
 * @param {ts.Node} node
 */
function textOf(node) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join("");
}

/**
 * @param {readonly Line[]} lines
 * @param {readonly Proof[]} proofs
 * @returns {{ page: string, faults: string[] }}
 */
export function conformance(lines, proofs) {
  /** @type {Map<string, Proof[]>} */
  const byId = new Map(lines.map(({ id }) => [id, []]));
  const faults = [];
  for (const proof of proofs) {
    for (const id of new Set(proof.title.match(ID))) {
      const of = byId.get(id);
      if (of) of.push(proof);
      else faults.push(`${proof.file}: "${proof.title}" names ${id}, which is no line of libzmq-tests.txt`);
    }
  }
  const rows = lines.map(({ id, pins, without }) => {
    const of = byId.get(id) ?? [];
    const runs = of.some(({ reason }) => reason === "");
    if (without !== "" && !REASON.test(without)) {
      faults.push(`${id}: "${without}" is no reason; expected "never: …" or "comes with: …"`);
    }
    if (of.length === 0 && without === "") faults.push(`${id} has no test and no reason`);
    if (runs && without.startsWith("never")) faults.push(`${id} has a test; its "${without}" is wrong`);
    const shown = of.map(({ file, title, reason }) =>
      reason === "" ? `${place(file)} ${short(title, id)}` : `not here: ${short(title, id)}: ${reason}`,
    );
    if (!runs && without !== "") shown.push(without.startsWith("never") ? without : `not yet; ${without}`);
    return `| ${id} | ${cell(pins)} | ${[...new Set(shown)].map(cell).join("<br>")} |`;
  });
  return { page: rows.join("\n"), faults };
}

/** @param {string} file */
const place = (file) => `\`${file.replace(/^test\//, "").replace(/(\.test)?\.ts$/, "")}\``;

/**
 * A title without the id that its row begins with.
 * @param {string} title
 * @param {string} id
 */
function short(title, id) {
  const rest = title.startsWith(id) ? title.slice(id.length).replace(/^,? (?=\()/, "") : title;
  return rest.replace(LED_BY, "") || "all of it";
}

/** @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("&lt;br>", "<br>");

/**
 * docs/conformance.md, from the files as they are.
 * @param {string} note
 * @returns {string}
 */
export function conformancePage(note) {
  const lines = parseLines(readFileSync(join(root, "tools/libzmq-tests.txt"), "utf8"));
  const files = listFiles("test").filter((path) => path.endsWith(".ts") && !path.startsWith(NOT_READ));
  const { page, faults } = conformance(
    lines,
    files.flatMap((path) => proofsIn(path, readFileSync(join(root, path), "utf8"))),
  );
  if (faults.length > 0) throw new Error(`conformance:\n  ${faults.join("\n  ")}`);
  return [
    "# Conformance with libzmq's own tests",
    "",
    note,
    "",
    "Each row is a test of libzmq 4.3.5, told in our words, with the tests of ours that show the same behaviour: file below `test/`, then title. Nothing of",
    "libzmq's tests is copied. *Not here* says what of a row JavaScript cannot have or we do otherwise, *never* why a whole row is left out, *not yet* which",
    "feature will bring it.",
    "",
    "| libzmq's test | what it pins down | shown by |",
    "| --- | --- | --- |",
    page,
    "",
  ].join("\n");
}
