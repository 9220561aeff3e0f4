// The conversations of the language matrix with C, Python and Node's native binding; `npm run test:languages` holds them with all.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { capability } from "../../src/node.ts";
import { CONVERSATIONS, Table } from "../languages/conversations.ts";
import { failure } from "../languages/matrix.ts";
import { LIBZMQ, ourselves } from "../support/peers.ts";

for (const kind of LIBZMQ) {
  for (const binder of ["a", "b"] as const) {
    const who = binder === "a" ? "we bind" : "they bind";
    describe(`the conversations of the language matrix: ${kind.name}, ${who}`, { skip: kind.missing }, () => {
      const table = new Table(ourselves, kind, binder);
      after(() => table.end());
      for (const conversation of CONVERSATIONS) {
        const secured = conversation.needs !== undefined;
        const unanswered = conversation.needs?.[binder] === "plain server";
        const skip =
          secured && !capability.curve
            ? "this version has no security mechanism"
            : unanswered && "libzmq's PLAIN server wants somebody who answers ZAP, which this peer does not";
        it(conversation.title, { skip }, async () => {
          const failed = await failure(table, conversation);
          if (failed !== undefined) await table.end(); // The processes may be in the middle of anything; the next begin anew.
          assert.equal(failed, undefined);
        });
      }
    });
  }
}
