// The session's states: the table of transitions is the picture in the file's header.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SESSION_TRANSITIONS, type SessionState } from "../../../src/core/session.ts";

const SOURCE = new URL("../../../../src/core/session.ts", import.meta.url);

test("the table of transitions is the picture in the header", () => {
  const header = readFileSync(SOURCE, "utf8").split("*/")[0];
  const picture = header.split("\n").filter((line) => line.includes("─▶"));
  assert.equal(picture.length, 2, "the header has a picture of two lines");
  const names = (text: string): SessionState[] =>
    [...text.matchAll(/\b(idle|dialing|waiting|handshaking|ready|closed)\b/g)].map(([name]) => name as SessionState);
  const [dialled, loss] = picture[0].split("any loss");
  const expected = Object.fromEntries(Object.keys(SESSION_TRANSITIONS).map((state) => [state, new Set<string>()]));
  const follow = (chain: readonly string[]): void => {
    for (let i = 1; i < chain.length; i++) expected[chain[i - 1]].add(chain[i]);
  };
  follow(names(dialled));
  // An accepted link begins at the handshake.
  assert.deepEqual(names(picture[1]).slice(0, 1), ["handshaking"]);
  follow(["idle", "handshaking"]);
  // Any loss of a dialled session: to waiting, from there to the next attempt.
  assert.deepEqual(names(loss), ["waiting", "dialing"]);
  follow(names(loss));
  for (const state of ["dialing", "handshaking", "ready"]) follow([state, "waiting"]);
  for (const state of Object.keys(expected)) if (state !== "closed") follow([state, "closed"]);
  const actual = Object.fromEntries(Object.entries(SESSION_TRANSITIONS).map(([state, next]) => [state, new Set<string>(next)]));
  assert.deepEqual(actual, expected);
});
