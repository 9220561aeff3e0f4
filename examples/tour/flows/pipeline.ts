/**
 * A pipeline over ipc: PUSH here, two workers in child processes, PULL here. Workers are side by side, so order is not
 * promised.
 */
import { join } from "node:path";
import { Pull, Push } from "zmtp";
import { Child } from "../child-process.ts";
import { breathe, type Exchange, type Surroundings } from "../flow.ts";
import { Ledger, stamp } from "../stamp.ts";

const WORKERS = 2;

export async function pipeline({ folder, sabotage }: Surroundings): Promise<Exchange> {
  const ventilator = new Push();
  await ventilator.bind(`ipc://${join(folder, "tasks")}`);
  const sink = new Pull();
  await sink.bind(`ipc://${join(folder, "results")}`);
  const workers = Array.from(
    { length: WORKERS },
    (_, i) => new Child("worker", ventilator.lastEndpoint as string, sink.lastEndpoint as string, i === 0 ? sabotage : "none"),
  );
  await Promise.all(workers.map((worker) => worker.ready));
  await Promise.race([ventilator.connected(WORKERS), ...workers.map((worker) => worker.failed)]);

  const ledger = new Ledger(false);
  const collected = sink.drain(([result]) => ledger.accept(result));
  let sent = 0;
  const stopping = new AbortController();
  const send = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await ventilator.send(stamp(sent), { signal: stopping.signal });
        await breathe(++sent, 60);
      } catch (error) {
        if (!stopping.signal.aborted) throw error;
      }
    }
  };
  return {
    flows: [
      {
        transport: "ipc",
        pattern: "pipeline",
        partner: `${WORKERS} worker processes`,
        counts: () => ({ sent, received: ledger.received, lost: ledger.lost, changed: ledger.changed }),
      },
    ],
    run: () =>
      Promise.race([
        send(),
        collected.then(() => new Promise<never>(() => undefined)),
        ...workers.map((worker) => worker.failed),
      ]),
    stop: () => stopping.abort(),
    close() {
      ventilator.close();
      sink.close();
      for (const worker of workers) worker.end();
    },
  };
}
