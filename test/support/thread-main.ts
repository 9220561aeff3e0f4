/** What a worker of the tests runs: the text of a function, with the library, its argument and a port to the test. */
import { parentPort, workerData } from "node:worker_threads";
import * as zmtp from "../../src/node.ts";
import type { ThreadProgram } from "./thread.ts";

const { text, argument } = workerData as { text: string; argument: unknown };
const program = new Function(`return (${text});`)() as ThreadProgram<unknown>;
const port = parentPort as NonNullable<typeof parentPort>;
port.unref(); // Only the program keeps the thread alive.
void program({ zmtp, argument, tell: (value) => port.postMessage(value) }).then(() => port.postMessage(DONE));

const DONE = "thread: done";
