/** What the model check does not ask of a ring: who is woken for nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { direction, FRAME, pairBytes } from "../../../src/ring/layout.ts";
import { RingReader, RingWriter } from "../../../src/ring/spsc-ring.ts";

test("a commit of nothing wakes no reader, and leaves it to the next one", () => {
  const memory = direction(new SharedArrayBuffer(pairBytes(1024)), 0);
  const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
  assert.equal(reader.sleep(), false);
  assert.equal(writer.commit(), false);
  writer.claim(FRAME << 28, 5);
  assert.equal(writer.commit(), true);
  assert.equal(writer.commit(), false);
  assert.ok(reader.next());
});
