/** What the model check does not ask of a ring: who is woken for nothing, and what is too large for its small rings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { direction, FRAME, pairBytes } from "../../../src/ring/layout.ts";
import { MessageReader } from "../../../src/ring/message-reader.ts";
import { MessageWriter } from "../../../src/ring/message-writer.ts";
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

test("an empty ring takes every message of up to a quarter of it, wherever the last one ended", () => {
  const capacity = 1 << 21;
  const memory = direction(new SharedArrayBuffer(pairBytes(capacity)), 0);
  const [ring, reader] = [new RingWriter(memory), new RingReader(memory)];
  const [writer, messages] = [new MessageWriter(ring), new MessageReader(reader)];
  for (let i = 0; i < 2000; i++) {
    // One to five frames, from small ones to the most that is not sent in parts.
    const size = Math.floor(((capacity / 4) * ((i * 5) % 7) ** 3) / 6 ** 3 / (1 + (i % 5))) - 8;
    const sizes: number[] = Array(1 + (i % 5)).fill(Math.max(1, size));
    assert.ok(writer.write(sizes.map((size) => new Uint8Array(size).fill(i))), `message ${i}: ${sizes}`);
    assert.equal(writer.busy, false);
    ring.commit();
    const frames = messages.read() as Uint8Array[];
    assert.deepEqual(
      frames.map((frame) => [frame.length, frame[0], frame[frame.length - 1]]),
      sizes.map((size) => [size, i & 255, i & 255]),
    );
    reader.release();
  }
});
