// @ts-check
// A reporter beside node's own: at the end it names every test that was skipped and why, and gives the one line of
// counts. A file in which no test ran is a failure; node counts it as a test that passed.

/**
 * @typedef {object} TestEvent
 * @property {string} type
 * @property {{ name: string, file?: string, skip?: string | boolean, todo?: string | boolean,
 *   details?: { type?: string } }} data
 */

/** What node says of a test that `--test-name-pattern` left out. */
const NOT_SELECTED = /^test name does not match pattern/;

/** @param {AsyncIterable<TestEvent>} events */
export default async function* summary(events) {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes = [];
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") continue;
    if (type === "test:fail" && !data.todo) {
      failed++;
    } else if (data.skip !== undefined && data.skip !== false) {
      const reason = typeof data.skip === "string" && data.skip !== "" ? data.skip : "no reason given";
      if (NOT_SELECTED.test(reason)) continue;
      skipped++;
      notes.push(`skipped: ${data.name}: ${reason}`);
    } else if (data.name === data.file) {
      failed++;
      notes.push(`failed: ${data.file}: no test in it ran`);
    } else {
      passed++;
    }
  }
  if (passed + failed === 0) notes.push("failed: no test ran");
  if (failed > 0 || passed === 0) process.on("exit", () => (process.exitCode ||= 1));
  if (notes.length > 0) yield `\n${notes.join("\n")}\n`;
  yield `\n${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
