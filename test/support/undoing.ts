// What the tests of a suite leave behind, undone after each of them, in the order it came. As `t.after`, which Deno 2.9 never calls for a test
// inside `describe`.

import { afterEach } from "node:test";

/** To be called inside `describe`; what it gives takes what has to be undone when the test that runs is over. */
export function undoing(): (undo: () => unknown) => void {
  const left: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of left.splice(0)) await undo();
  });
  return (undo) => void left.push(undo);
}
