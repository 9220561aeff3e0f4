// The conversations of the language matrix with C, Python and Node's native binding; `npm run test:languages` holds them with all.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
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
        it(conversation.title, async () => {
          const failed = await failure(table, conversation);
          if (failed !== undefined) await table.end(); // The processes may be in the middle of anything; the next begin anew.
          assert.equal(failed, undefined);
        });
      }
    });
  }
}
