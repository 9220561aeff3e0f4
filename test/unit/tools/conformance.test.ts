// The table of libzmq's tests and ours: what is read out of a test file, and the three faults that stop `npm run check`.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conformance, parseLines, proofsIn } from "../../../tools/conformance.mjs";

const LINES = parseLines(
  [
    "# a comment",
    "test_hwm | marks | ",
    "test_wss | TLS | comes with: WebSocket",
    "test_fork | forks | never: nobody forks",
  ].join("\n"),
);

const faults = (text: string): string[] => conformance(LINES, proofsIn("test/a.test.ts", text)).faults;
const page = (text: string): string => conformance(LINES, proofsIn("test/a.test.ts", text)).page;

describe("conformance", () => {
  it("takes ids from titles, whole or with parts filled in, wherever the title stands", () => {
    const titles = (text: string): string[] => proofsIn("test/a.test.ts", text).map(({ title }) => title);
    assert.deepEqual(titles('check("test_hwm: a", () => {});'), ["test_hwm: a"]);
    assert.deepEqual(titles('each(SCHEMES, "test_hwm: b", () => {});'), ["test_hwm: b"]);
    assert.deepEqual(titles("test(`test_hwm over $" + "{over}: c`, () => {});"), ["test_hwm over …: c"]);
    assert.deepEqual(titles('for (const [title] of [["unittest_mtrie"]]) test(title, () => {});'), ["unittest_mtrie"]);
  });

  it("takes nothing from comments, nor from names of files", () => {
    assert.deepEqual(proofsIn("test/a.test.ts", '// test_hwm\n/** test_hwm */ check("other", () => {});'), []);
    assert.deepEqual(proofsIn("test/a.test.ts", 'import "./test_hwm.ts"; run("test_hwm-1");'), []);
  });

  it("is content when each line has a test or a reason", () => {
    assert.deepEqual(faults('check("test_hwm: a", () => {});'), []);
    assert.deepEqual(faults('notApplicable("test_hwm", "no marks");'), []);
    assert.deepEqual(faults('check("test_hwm, test_wss: a test overtakes «comes with»", () => {});'), []);
  });

  it("fails on a line that has neither, on an unknown id, on a test of what was said to be impossible, on a reason that is none", () => {
    assert.match(faults("").join(), /test_hwm has no test and no reason/);
    assert.match(faults('check("test_hwm", f); check("test_hwn: typo", f);').join(), /test_hwn, which is no line/);
    assert.match(faults('check("test_hwm, test_fork", f);').join(), /test_fork has a test; its "never: nobody forks" is wrong/);
    assert.match(conformance(parseLines("test_a | b | later"), []).faults.join(), /"later" is no reason/);
    assert.throws(() => parseLines("test_a"), /expected id/);
  });

  it("shows file and title without the ids in front; reasons; what is to come", () => {
    const text = 'check("test_hwm, test_wss: all arrive", f); notApplicable("test_hwm (threads)", "there are none");';
    assert.equal(
      page(text),
      [
        "| test_hwm | marks | `a` all arrive<br>not here: (threads): there are none |",
        "| test_wss | TLS | `a` all arrive |",
        "| test_fork | forks | never: nobody forks |",
      ].join("\n"),
    );
    assert.match(
      page('notApplicable("test_hwm", "no marks");'),
      /not here: all of it: no marks \|\n.*not yet; comes with: WebSocket/,
    );
  });
});
