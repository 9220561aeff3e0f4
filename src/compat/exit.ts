/**
 * The line that the original writes when a program that is over waits for its last messages.
 *
 * Owns when it is written: once, after half a second of waiting, and only while an open socket still has something to send. The
 * waiting itself is our context's.
 */
import { writeSync } from "node:fs";
import { context } from "./context.ts";
import { openStates } from "./state.ts";

const PATIENCE_MS = 500;
const STANDARD_ERROR = 2;

let told = false;

// The timer does not hold the process: it fires only if something else does, which after the end of the program is the linger.
process.on("beforeExit", () => {
  if (!told) setTimeout(tell, PATIENCE_MS).unref();
});

function tell(): void {
  if (told || ![...openStates()].some(({ inner }) => inner.stats().sending > 0)) return;
  told = true;
  const remedy = context.blocky ? " Set 'context.blocky = false' to change this behaviour." : "";
  writeSync(STANDARD_ERROR, `(node:${process.pid}) WARNING: Waiting for queued ZeroMQ messages to be delivered.${remedy}\n`);
}
