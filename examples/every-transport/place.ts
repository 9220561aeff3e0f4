/** Where parties live: a worker thread or a child process, which runs `remote.ts` and is spoken to by messages. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Desk, Job, Tally } from "./party.ts";

export interface Order {
  readonly call: number;
  readonly verb: "open" | "run" | "close";
  readonly id: number;
  readonly job?: Job;
}

export interface Answer {
  readonly call: number;
  readonly tally?: Tally;
  readonly error?: string;
}

const PROGRAM = new URL("./remote.js", import.meta.url);

/** A desk at a distance. */
export class Place implements Desk {
  readonly #tell: (order: Order) => void;
  readonly #calls = new Map<number, { resolve(tally: Tally | undefined): void; reject(error: Error): void }>();
  #count = 0;
  /** Ends the thread or process at once. */
  readonly end: () => void;

  constructor(kind: "thread" | "process") {
    if (kind === "thread") {
      const worker = new Worker(PROGRAM);
      worker.on("message", this.#hear).on("error", this.#fail).on("exit", this.#fail);
      this.#tell = (order) => worker.postMessage(order);
      this.end = () => void worker.terminate();
    } else {
      const child = fork(fileURLToPath(PROGRAM));
      child.on("message", this.#hear).on("error", this.#fail).on("exit", this.#fail);
      this.#tell = (order) => child.send(order);
      this.end = () => child.kill("SIGKILL");
    }
  }

  async open(job: Job): Promise<void> {
    await this.#call({ verb: "open", id: job.id, job });
  }

  async run(id: number): Promise<Tally> {
    return (await this.#call({ verb: "run", id })) as Tally;
  }

  async close(id: number): Promise<void> {
    await this.#call({ verb: "close", id });
  }

  #call(order: Omit<Order, "call">): Promise<Tally | undefined> {
    const call = this.#count++;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#tell({ call, ...order });
    });
  }

  #hear = ({ call, tally, error }: Answer): void => {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (error === undefined) waiting?.resolve(tally);
    else waiting?.reject(new Error(error));
  };

  #fail = (reason: unknown): void => {
    for (const { reject } of this.#calls.values()) {
      reject(reason instanceof Error ? reason : new Error(`it ended with ${reason}`));
    }
    this.#calls.clear();
  };
}
