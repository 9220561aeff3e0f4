// The bench runs, and judges by its floors. What it measures is not judged here: that depends on the machine.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chart } from "../../bench/support/chart.ts";
import { judge } from "../../bench/support/floors.ts";
import { growthOf } from "../../bench/support/growth.ts";
import type { Machine } from "../../bench/support/machine.ts";
import type { Floor, Part } from "../../bench/support/part.ts";
import type { CaseResult } from "../../bench/support/runner.ts";
import { compact, summarize } from "../../bench/support/statistics.ts";

const program = fileURLToPath(new URL("../../bench/main.js", import.meta.url));
const run = promisify(execFile);

interface Output {
  readonly machine: { readonly missing: readonly string[] };
  readonly parts: readonly { readonly name: string; readonly cases: readonly CaseResult[] }[];
}

test("a short run measures every contestant and prints JSON", { timeout: 90_000 }, async () => {
  const parts = ["tcp-throughput", "inproc-throughput", "pipelined"];
  const options = ["--rounds=1", "--seconds=0.05", "--case=10 B", "--json"];
  const { stdout } = await run(process.execPath, ["--expose-gc", program, ...parts, ...options]);
  const output = JSON.parse(stdout) as Output;
  assert.deepEqual(
    output.parts.map((part) => part.name),
    parts,
  );
  const contestants = output.parts.flatMap((part) => part.cases).flatMap((each) => each.contestants);
  for (const { label, failure, rounds } of contestants) {
    assert.equal(failure, undefined, `${label}: ${failure}`);
    assert.ok(
      Object.values(rounds[0]).every((figure) => figure > 0),
      `${label}: ${JSON.stringify(rounds[0])}`,
    );
  }
  // Without libzmq or npm zeromq on this machine the run says so, instead of leaving them out silently.
  const measured = ["libzmq", "zeromq"].filter((name) => contestants.some((each) => each.label === name));
  assert.equal(measured.length + output.machine.missing.length, 2);
});

test("the list names every part with its floors, and needs nothing to be there", async () => {
  const { stdout } = await run(process.execPath, [program, "--list"]);
  assert.match(stdout, /^tcp-throughput: PUSH to PULL over tcp, two processes\n {2}10 B, 100 B, 1 kB, 10 kB, 100 kB, 1 MB$/m);
  assert.match(stdout, /^ {4}tcp-throughput 10 B: zmtp batches\(\) rate \/ libzmq: at least 1\.5$/m);
});

test("a part that does not exist is refused with the names of those that do", async () => {
  await assert.rejects(run(process.execPath, [program, "nothing"]), (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /there is no part "nothing"; the parts are tcp-throughput, /);
    return true;
  });
});

test("summaries", () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, least: 1, most: 3, spread: 1 });
  assert.deepEqual(summarize([1, 2, 3, 4]).median, 2.5);
  assert.deepEqual([0, 0.001, 1.234, 12.34, 1234, 5.6e6].map(compact), ["0", "0.0010", "1.23", "12.3", "1.23 k", "5.60 M"]);
});

test("growth: the exponents of the cost, where three scales were measured", () => {
  const part: Part = {
    name: "p",
    title: "",
    metrics: [{ name: "rate", unit: "msg/s", better: "higher" }],
    cases: [10, 100, 1000].map((scale) => ({ name: `${scale}`, scale, contestants: [] })),
    floors: [],
    growth: { of: "octets", metrics: ["rate"] },
  };
  const results = (...rates: number[]): CaseResult[] =>
    rates.map((rate, i) => ({
      name: part.cases[i].name,
      contestants: [{ label: "zmtp", summaries: { rate: summarize([rate]) }, rounds: [{ rate }], failure: undefined }],
    }));
  const [linear] = growthOf(part, results(100, 10, 1));
  assert.deepEqual([linear.exponent.toFixed(3), linear.last.toFixed(3)], ["1.000", "1.000"]);
  const [late] = growthOf(part, results(100, 100, 1));
  assert.deepEqual([late.exponent.toFixed(3), late.last.toFixed(3)], ["1.000", "2.000"]);
  assert.deepEqual(growthOf(part, results(100, 10)), []);
});

test("a chart has a bar for each figure, and well-formed text", () => {
  const part: Part = {
    name: "a & b",
    title: "<t>",
    metrics: [{ name: "rate", unit: "msg/s", better: "higher" }],
    cases: [],
    floors: [],
  };
  const of = (label: string, rate: number) => ({
    label,
    summaries: { rate: summarize([rate]) },
    rounds: [{ rate }],
    failure: undefined,
  });
  const machine: Machine = {
    node: "v0",
    cpu: "cpu",
    cores: 2,
    versions: {
      zmtp: "1",
      libzmq: "4",
      zeromq: undefined,
      "node:net": "0",
      "node:dgram": "0",
      ws: "8",
      jszmq: undefined,
      postMessage: "20",
    },
    missing: [],
    openFiles: 1,
  };
  const svg = chart(machine, [{ part, cases: [{ name: "10 B", contestants: [of("zmtp batches()", 30), of("libzmq", 10)] }] }]);
  assert.match(svg, /^<svg [^>]+>[\s\S]*<\/svg>\n$/);
  assert.match(svg, /a &amp; b/);
  assert.match(svg, />30\.0 \(3\.00 of libzmq's\)</);
  assert.equal(svg.match(/<rect /g)?.length, 3); // The background too.
});

test("floors: pass, fail, not judged", () => {
  const of = (label: string, rate: number) => ({
    label,
    summaries: { rate: summarize([rate]) },
    rounds: [{ rate }],
    failure: undefined,
  });
  const results: CaseResult[] = [{ name: "10 B", contestants: [of("zmtp", 40), of("zeromq", 10)] }];
  const floor = (rest: Partial<Floor>): Floor => ({ case: "10 B", contestant: "zmtp", metric: "rate", ...rest });
  const outcome = (rest: Partial<Floor>): string => {
    const part: Part = { name: "p", title: "", metrics: [], cases: [], floors: [floor(rest)] };
    return judge(part, results)[0].outcome;
  };
  assert.equal(outcome({ against: "zeromq", least: 4 }), "pass");
  assert.equal(outcome({ against: "zeromq", least: 5 }), "FAIL");
  assert.equal(outcome({ most: 39 }), "FAIL");
  assert.equal(outcome({ most: 40 }), "pass");
  assert.equal(outcome({ against: "libzmq", least: 1 }), "not judged");
});
