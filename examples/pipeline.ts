/**
 * A pipeline: a ventilator hands out tasks, workers do them side by side, a sink collects the results.
 *
 *     ventilator PUSH ──▶ PULL worker PUSH ──▶ PULL sink        (any number of workers between)
 *
 * PUSH gives each message to one worker, in turn among those with room; a slow worker whose queue is full gets no more
 * until it has caught up.
 */
import assert from "node:assert/strict";
import { Pull, Push } from "zmtp";

const TASKS = 1000;
const WORKERS = 4;

/** Squares the numbers that come in until it is aborted; says how many there were. */
async function work(tasks: string, results: string, signal: AbortSignal): Promise<number> {
  const input = new Pull();
  const output = new Push();
  input.connect(tasks);
  output.connect(results);
  let done = 0;
  const task = input.drain(
    ([number]) => {
      done++;
      // Between the queues of two sockets `trySend` is enough when the second has room for everything; otherwise await
      // `send`.
      assert.ok(output.trySend(String(Number(number) ** 2)));
    },
    { signal },
  );
  await task.catch((error: unknown) => assert.equal(error, signal.reason));
  input.close();
  await output.end();
  return done;
}

const ventilator = new Push();
await ventilator.bind("tcp://127.0.0.1:*");
const sink = new Pull({ receiveHighWaterMark: TASKS });
await sink.bind("tcp://127.0.0.1:*");

const finished = new AbortController();
const workers = Array.from({ length: WORKERS }, () =>
  work(ventilator.lastEndpoint as string, sink.lastEndpoint as string, finished.signal),
);
await ventilator.connected(WORKERS); // Else the first worker to come would get most of the tasks.

for (let task = 1; task <= TASKS; task++) await ventilator.send(String(task));

let sum = 0;
for (let results = 0; results < TASKS; results++) {
  const [result] = await sink.receive({ timeout: 5000 });
  sum += Number(result);
}
finished.abort();
const shares = await Promise.all(workers);

console.log(`${TASKS} tasks, the sum of their squares is ${sum}`);
console.log(`each of ${WORKERS} workers did some: ${shares.every((share) => share > 0)}`);
assert.equal(sum, (TASKS * (TASKS + 1) * (2 * TASKS + 1)) / 6);
assert.equal(
  shares.reduce((a, b) => a + b),
  TASKS,
);

ventilator.close();
sink.close();
