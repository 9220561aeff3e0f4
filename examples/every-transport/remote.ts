/** What a worker thread or a child process runs: parties, ordered about by messages. A process ends when its parent is gone. */
import { parentPort } from "node:worker_threads";
import { Parties } from "./party.ts";
import type { Answer, Order } from "./place.ts";

const parties = new Parties();

async function obey({ call, verb, job, id }: Order): Promise<Answer> {
  try {
    if (verb === "run") return { call, tally: await parties.run(id) };
    await (verb === "open" && job !== undefined ? parties.open(job) : parties.close(id));
    return { call };
  } catch (error) {
    return { call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

if (parentPort !== null) {
  const port = parentPort;
  port.on("message", (order: Order) => void obey(order).then((answer) => port.postMessage(answer)));
} else {
  process.on("SIGINT", () => undefined); // The terminal sends it to us as well; the parent ends us.
  process.on("disconnect", () => process.exit());
  process.on("message", (order: Order) => {
    void obey(order).then((answer) => process.connected && process.send?.(answer));
  });
}
