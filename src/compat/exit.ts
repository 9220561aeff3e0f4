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

/** From now on the line is written when it is due. The timer does not hold the process: only a linger does, after the end of a program. */
export function watchExit(): void {
  process.on("beforeExit", () => {
    if (!told) setTimeout(tell, PATIENCE_MS).unref();
  });
}

function tell(): void {
  if (told || ![...openStates()].some(({ inner }) => inner.stats().sending > 0)) return;
  told = true;
  const remedy = context.blocky ? " Set 'context.blocky = false' to change this behaviour." : "";
  writeSync(STANDARD_ERROR, `(node:${process.pid}) WARNING: Waiting for queued ZeroMQ messages to be delivered.${remedy}\n`);
}
