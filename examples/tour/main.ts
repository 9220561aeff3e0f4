/**
 * The tour, run by `npm start`: sockets of several types in this process and in child processes, over inproc, ipc and
 * tcp, one peer of them libzmq.
 *
 * Every message carries a sequence number and a checksum. The tour ends by itself after ten seconds (`--seconds=N` for
 * another time), or by Ctrl-C, and fails when a message was lost or changed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { endChildren } from "./child-process.ts";
import { type Exchange, type Flow, type Surroundings, sumOf } from "./flow.ts";
import { pipeline } from "./flows/pipeline.ts";
import { publishSubscribe } from "./flows/publish-subscribe.ts";
import { requestReplyInproc, requestReplyLibzmq } from "./flows/request-reply.ts";
import { routerDealer } from "./flows/router-dealer.ts";
import { number, settledLoss, Table } from "./table.ts";

/** Messages under way when the time is over have arrived when nothing more came for so long. */
const QUIET_MS = 2000;

const STARTS: readonly ((surroundings: Surroundings) => Promise<Exchange>)[] = [
  requestReplyInproc,
  pipeline,
  publishSubscribe,
  routerDealer,
];

interface Options {
  readonly seconds: number;
  readonly sabotage: Surroundings["sabotage"];
}

function options(): Options {
  const { values } = parseArgs({ options: { seconds: { type: "string" }, sabotage: { type: "string" } } });
  const seconds = Number(values.seconds ?? 10);
  if (!(seconds > 0)) throw new Error(`--seconds takes a number above 0, got "${values.seconds}"`);
  const { sabotage = "none" } = values;
  if (sabotage !== "none" && sabotage !== "change" && sabotage !== "lose") throw new Error(`no such sabotage: ${sabotage}`);
  return { seconds, sabotage };
}

/** Waits for `work`, so long and no longer. */
async function within(work: Promise<unknown>, milliseconds: number, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  const signals = signal === undefined ? [over.signal] : [over.signal, signal];
  const time = delay(milliseconds, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
  try {
    await Promise.race([work, time]);
  } finally {
    over.abort(); // The timer would keep the process alive.
  }
}

/** libzmq takes part by the addon npm `zeromq`, a development dependency. */
function hasLibzmq(): boolean {
  try {
    createRequire(import.meta.url).resolve("zeromq");
    return true;
  } catch {
    console.log("npm zeromq is not installed: the tour runs without libzmq.");
    return false;
  }
}

/** Waits until everything that was sent has arrived, or nothing comes any more. */
async function settle(flows: readonly Flow[]): Promise<void> {
  let progress = -1;
  for (let quiet = 0; quiet < QUIET_MS; quiet += 50) {
    const { received } = sumOf(flows);
    if (received !== progress) quiet = 0;
    progress = received;
    await delay(50);
    // A child's last report of what it sent may still be on its way when its counts agree.
    if (quiet >= 200 && flows.every((flow) => flow.counts().sent === flow.counts().received)) return;
  }
}

function judge(flows: readonly Flow[], interrupted: boolean): number {
  const { received, changed } = sumOf(flows);
  const lost = flows.reduce((sum, flow) => sum + settledLoss(flow.counts()), 0);
  const idle = flows.filter((flow) => flow.counts().received === 0);
  for (const { transport, pattern, partner } of idle) console.log(`Nothing came by ${transport}, ${pattern} (${partner}).`);
  const what = `${number(received)} messages, ${lost} lost, ${changed} changed`;
  if (lost > 0 || changed > 0 || (idle.length > 0 && !interrupted)) {
    console.log(`FAILED: ${what}.`);
    return 1;
  }
  console.log(`${interrupted ? "Interrupted" : "All is well"}: ${what}; each was checked.`);
  return interrupted ? 130 : 0;
}

async function tour({ seconds, sabotage }: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "zmtp-tour-"));
  const exchanges: Exchange[] = [];
  const interrupt = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(130); // The second time somebody is in a hurry.
    interrupt.abort();
  };
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("exit", removeFolder);
  try {
    console.log("Opening sockets here and in child processes …");
    const libzmq = hasLibzmq();
    const starts = libzmq ? [...STARTS, requestReplyLibzmq] : STARTS;
    for (const start of starts) exchanges.push(await start({ folder, libzmq, sabotage }));
    const flows = exchanges.flatMap((exchange) => exchange.flows);
    const table = new Table(flows);
    table.start();
    try {
      const running = Promise.all(exchanges.map((exchange) => exchange.run()));
      await within(running, seconds * 1000, interrupt.signal);
      for (const exchange of exchanges) exchange.stop();
      table.stopClock();
      await within(running, QUIET_MS);
      await settle(flows);
    } finally {
      table.finish();
    }
    return judge(flows, interrupt.signal.aborted);
  } finally {
    for (const exchange of exchanges) exchange.close();
    endChildren();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("exit", removeFolder);
    removeFolder();
  }
}

Promise.resolve()
  .then(() => tour(options()))
  .then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
