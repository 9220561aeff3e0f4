// zmtp perf against a C program of the same protocol over libzmq, in both directions, and its own programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/harness.ts";
import { compiled, libzmqC } from "../support/peers.ts";
import { start, startOther, zmtp } from "./command.ts";

const SOURCE = fileURLToPath(new URL("./peers/perf.c", import.meta.url));
const THROUGHPUT =
  /^message size: 20 \[B\]\nmessage count: 5000\nmean throughput: \d+ \[msg\/s\]\nmean throughput: \d+\.\d{3} \[Mb\/s\]\n$/;
const LATENCY = /^message size: 20 \[B\]\nroundtrip count: 200\naverage latency: \d+\.\d{3} \[us\]\n$/;
const options = { timeout: 25_000 };
const place = async (): Promise<string> => `tcp://127.0.0.1:${await freePort()}`;

for (const [local, remote] of [
  ["ours", "theirs"],
  ["theirs", "ours"],
  ["ours", "ours"],
] as const) {
  const skip = local === remote ? false : libzmqC.missing;
  test(`throughput: ${remote} sends, ${local} receives`, { ...options, skip }, async (t) => {
    const endpoint = await place();
    const run = (who: string, name: string) => {
      const args = [name, endpoint, "20", "5000"];
      return who === "ours" ? start(t, "perf", ...args) : startOther(t, compiled(SOURCE), ...args);
    };
    const receiving = run(local, "local_thr");
    const sent = await run(remote, "remote_thr").done;
    assert.deepEqual(sent, { code: 0, stdout: "", stderr: "" });
    const { code, stdout, stderr } = await receiving.done;
    assert.equal(code, 0, stderr);
    assert.match(stdout, THROUGHPUT);
  });

  test(`latency: ${remote} asks, ${local} answers`, { ...options, skip }, async (t) => {
    const endpoint = await place();
    const run = (who: string, name: string) => {
      const args = [name, endpoint, "20", "200"];
      return who === "ours" ? start(t, "perf", ...args) : startOther(t, compiled(SOURCE), ...args);
    };
    const answering = run(local, "local_lat");
    const { code, stdout, stderr } = await run(remote, "remote_lat").done;
    assert.equal(code, 0, stderr);
    assert.match(stdout, LATENCY);
    assert.equal((await answering.done).code, 0);
  });
}

test("within one process", options, async (t) => {
  for (const [name, count, lines] of [
    ["inproc_thr", "5000", THROUGHPUT],
    ["proxy_thr", "5000", THROUGHPUT],
    ["inproc_lat", "200", LATENCY],
  ] as const) {
    const { code, stdout, stderr } = await zmtp(t, ["perf", name, "20", count]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, lines, name);
  }
});

test("wrong use says how it is used", options, async (t) => {
  const wrong = await zmtp(t, ["perf", "local_thr", "tcp://127.0.0.1:1"]);
  assert.equal(wrong.code, 2);
  assert.equal(wrong.stderr, "zmtp: usage: zmtp perf local_thr <bind-to> <message-size> <message-count>\n");
  assert.match((await zmtp(t, ["perf", "fast"])).stderr, /There is no perf program "fast"; there are: local_thr/);
});
