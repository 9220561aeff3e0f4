/**
 * Two sockets that talk to each other, either of which may live in another thread: a conversation is written once, against `Side`, and
 * held with either of them in the worker. What a side is to do is given as the text of a function there, so it may use
 * nothing but its parameters.
 */
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import * as zmtp from "../../src/node.ts";
import { own } from "./harness.ts";
import { Thread } from "./thread.ts";

/** The name of a class of sockets. */
export type SocketName = {
  [Name in keyof typeof zmtp]: (typeof zmtp)[Name] extends new (...options: never[]) => zmtp.Socket ? Name : never;
}[keyof typeof zmtp];
type SocketOf<Name extends SocketName> = InstanceType<(typeof zmtp)[Name]>;

export type Options = Readonly<Record<string, unknown>>;

/** Does something with a socket, where the socket is; argument and result are copied. */
export type Side<Name extends SocketName> = <Result, Argument = undefined>(
  what: (socket: SocketOf<Name>, argument: Argument) => Result | Promise<Result>,
  argument?: Argument,
) => Promise<Result>;

/** A socket of this thread. */
export function nearSide<Name extends SocketName>(t: TestContext, type: Name, options: Options = {}): Side<Name> {
  const types = new Map<string, unknown>(Object.entries(zmtp));
  const make = types.get(type) as new (options: Options) => SocketOf<Name>;
  const socket = own(t, new make(options));
  return async (what, argument) => what(socket, argument as never);
}

/** What the worker does. */
interface Task {
  readonly text: string;
  readonly socket: number;
  readonly argument: unknown;
}

/** A worker that has sockets and does with them what it is told, one thing after the other. */
export class FarThread {
  #thread: Thread | null = null;
  #sockets = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** A socket of the worker; it is closed with its test. */
  side<Name extends SocketName>(t: TestContext, type: Name, options: Options = {}): Side<Name> {
    const socket = this.#sockets++;
    const made = this.#do({ text: "(make) => make()", socket, argument: { type, options } });
    t.after(() => this.#do({ text: "(socket) => socket.end(0)", socket, argument: undefined }));
    return async <Result>(what: (...parameters: never[]) => unknown, argument?: unknown) => {
      await made;
      return (await this.#do({ text: what.toString(), socket, argument })) as Result;
    };
  }

  #do(task: Task): Promise<unknown> {
    const worker = (this.#thread ??= start());
    const done = this.#last.then(async () => {
      worker.worker.ref();
      worker.worker.postMessage(task);
      const { result, error } = await worker.told<{ result: unknown; error?: string }>();
      worker.worker.unref();
      if (error !== undefined) throw new Error(`in the other thread: ${error}`);
      return result;
    });
    this.#last = done.catch(() => undefined); // Whoever asked hears of it.
    return done;
  }
}

// Made when first needed; it keeps the process alive only while it has something to do.
function start(): Thread {
  const program = async ({ zmtp: library, tell }: { zmtp: object; tell: (value: unknown) => void }): Promise<void> => {
    const { parentPort } = process.getBuiltinModule("node:worker_threads");
    const sockets = new Map<number, unknown>();
    parentPort?.on("message", async ({ text, socket, argument }) => {
      const make = (): void => {
        const types = library as Record<string, new (options: unknown) => unknown>;
        sockets.set(socket, new types[argument.type](argument.options));
      };
      try {
        tell({ result: await new Function(`return (${text});`)()(sockets.get(socket) ?? make, argument) });
      } catch (error) {
        tell({ error: (error as Error).stack });
      }
    });
    await new Promise(() => setInterval(() => undefined, 1e6)); // It goes on until the test ends it.
  };
  const workerData = { text: program.toString(), argument: undefined };
  const started = new Thread(new Worker(new URL("./thread-main.js", import.meta.url), { workerData }));
  started.worker.unref();
  return started;
}
