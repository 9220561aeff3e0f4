// The page of specifications: what a row shows, and which rows stop `npm run check`.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSupport, rfcSupport } from "../../../tools/rfc-support.mjs";

const HEAD = "# comment\nfeature CURVE | not yet\nfeature ws | spec/ws, interop/ws\n## 26/CURVE | Keys.";

const make = (...rows: string[]): { page: string; faults: string[] } =>
  rfcSupport(parseSupport([HEAD, ...rows].join("\n")), (name) => ["spec/ws", "interop/ws", "spec/a"].includes(name));

const last = (row: string): string => make(row).page.trimEnd().split("\n").at(-1) ?? "";

describe("rfc-support", () => {
  it("shows the test files of a row, or those of the feature it needs", () => {
    assert.equal(last("frames | as written | spec/a"), "| frames | as written | `spec/a` |");
    assert.equal(last("frames | as libzmq | | needs ws"), "| frames | as libzmq | `spec/ws`, `interop/ws` |");
    assert.equal(last("frames | as libzmq | spec/a | needs ws"), "| frames | as libzmq | `spec/a` |");
  });

  it("shows what is not there yet, with its tests or without, and what a whole section needs", () => {
    assert.equal(last("boxes | as written | spec/later | needs CURVE"), "| boxes | as written | not yet (CURVE) |");
    const section = make("## Boxes | All. | needs CURVE", "one | as written |");
    assert.deepEqual([section.faults, section.page.includes("| one | as written | not yet (CURVE) |")], [[], true]);
  });

  it("finds rows without a test file, with one that does not exist, with an unknown feature, with a never that says not why", () => {
    for (const [row, fault] of [
      ["a | as written |", /"a": there is no test file ""/],
      ["a | as written | spec/b", /there is no test file "spec\/b"/],
      ["a | as written | | needs crypto", /needs crypto, which is no feature/],
      ["a | later | never", /expected "never: reason"/],
    ] as const) {
      assert.match(make(row).faults.join(), fault);
    }
    assert.deepEqual(make("a | never: no runtime can | never").faults, []);
    assert.throws(() => parseSupport("row | x | y"), /before the first heading/);
  });
});
