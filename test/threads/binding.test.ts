/** Threads that bind one name at the same moment: exactly one has it, the others hear EADDRINUSE. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { anyEndpoint, check } from "../support/harness.ts";
import { thread } from "../support/thread.ts";

const ROUNDS = 100;
const program = fileURLToPath(new URL("../support/contest.js", import.meta.url));

check("two threads that bind one name at the same moment, again and again: exactly one succeeds", async (t) => {
  const argument = { endpoint: anyEndpoint("inproc"), memory: new SharedArrayBuffer(4), rounds: ROUNDS };
  const contenders = Array.from({ length: 2 }, () =>
    thread(
      t,
      async ({ zmtp, argument: { endpoint, memory, rounds }, tell }) => {
        const pull = new zmtp.Pull();
        const gate = new Int32Array(memory);
        // Both leave it at the same moment.
        const meet = (): void => {
          const until = (Atomics.add(gate, 0, 1) | 1) + 1;
          while (Atomics.load(gate, 0) < until);
        };
        const results: string[] = [];
        for (let i = 0; i < rounds; i++) {
          meet();
          const result = await pull.bind(endpoint).then(
            () => "bound",
            (error) => error.code,
          );
          results.push(result);
          meet();
          if (result === "bound") await pull.unbind(endpoint);
        }
        tell(results);
      },
      argument,
    ),
  );
  const [ours, theirs] = await Promise.all(contenders.map((each) => each.told<string[]>()));
  for (let i = 0; i < ROUNDS; i++) assert.deepEqual([ours[i], theirs[i]].sort(), ["EADDRINUSE", "bound"], `round ${i}`);
});

check("threads that inherited nothing, and bind the same names at the same moment: each name is one thread's", async () => {
  const args = process.versions.deno !== undefined ? ["run", "--allow-all", program] : [program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 8000 });
  assert.equal(stdout, "50 names\n");
});
