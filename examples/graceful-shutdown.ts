/**
 * Ending in good order: stop taking work, finish what there is, send what waits.
 *
 * An AbortSignal ends calls that wait. `close()` lets what was sent go out in the background; `end()` also waits for it
 * and says how many messages went out and how many were lost. In a service the signal would be aborted by SIGTERM:
 * `process.once("SIGTERM", () => stopping.abort())`.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Pull, Push } from "zmtp";

const stopping = new AbortController();
const source = new Push();
await source.bind("tcp://127.0.0.1:*");

async function worker(jobsDone: (count: number) => void): Promise<void> {
  const jobs = new Pull();
  jobs.connect(source.lastEndpoint as string);
  let done = 0;
  try {
    for (;;) {
      const [job] = await jobs.receive({ signal: stopping.signal });
      await delay(5); // The job itself.
      assert.equal(job.toString(), `job ${++done}`);
      jobsDone(done);
    }
  } catch (error) {
    assert.equal(error, stopping.signal.reason); // An abort rejects with the signal's reason, here the one given below.
    console.log(`worker: ${error}`);
  } finally {
    await jobs.end();
    console.log(`worker: did ${done} jobs`);
  }
}

let working: Promise<void> | undefined;
const tenJobs = new Promise<void>((resolve) => {
  working = worker((count) => {
    if (count === 10) resolve();
  });
});
for (let i = 1; i <= 10; i++) await source.send(`job ${i}`);
await tenJobs;
stopping.abort("stopping, no more jobs");
await working;

// With time to linger `end` waits until the messages are with the network …
const receiver = new Pull();
await receiver.bind("tcp://127.0.0.1:*");
const patient = new Push();
patient.connect(receiver.lastEndpoint as string);
for (let i = 0; i < 1000; i++) await patient.send(`${i}`);
const well = await patient.end(2000);
console.log(`end with a peer: ${well.dropped} lost`);
assert.equal(well.dropped, 0);
for (let i = 0; i < 1000; i++) assert.equal(String(await receiver.receive({ timeout: 2000 })), `${i}`);

// … and without a peer it gives up when the time is over, and says what was lost.
const lonely = new Push();
lonely.connect("tcp://127.0.0.1:1");
await lonely.send("is anybody there?");
const badly = await lonely.end(50);
console.log(`end without a peer: ${badly.dropped} lost`);
assert.equal(badly.dropped, 1);

receiver.close();
await source.end(0);
