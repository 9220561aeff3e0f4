/** What the model check does not ask of a ring: who is woken for nothing, and what is too large for its small rings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { direction, FRAME, HEAD, pairBytes, READ, TAIL } from "../../../src/ring/layout.ts";
import { MessageReader } from "../../../src/ring/message-reader.ts";
import { MessageWriter, SHARE_BYTES } from "../../../src/ring/message-writer.ts";
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
  const [writer, messages] = [new MessageWriter(ring, capacity / 4), new MessageReader(reader)];
  for (let i = 0; i < 2000; i++) {
    // One to five frames, from small ones to the most that is not sent in parts.
    const size = Math.floor(((capacity / 4) * ((i * 5) % 7) ** 3) / 6 ** 3 / (1 + (i % 5))) - 8;
    const sizes: number[] = Array(1 + (i % 5)).fill(Math.max(1, size));
    assert.ok(writer.write(sizes.map((size) => new Uint8Array(size).fill(i))), `message ${i}: ${sizes}`);
    while (writer.busy) assert.ok(writer.resume(), `message ${i}: ${sizes}`);
    ring.commit();
    const frames = messages.read() as Uint8Array[];
    assert.deepEqual(
      frames.map((frame) => [frame.length, frame[0], frame[frame.length - 1]]),
      sizes.map((size) => [size, i & 255, i & 255]),
    );
    reader.release();
  }
});

test("a large message goes record by record, and is read share by share", () => {
  const memory = direction(new SharedArrayBuffer(pairBytes(1 << 21)), 0);
  const [ring, reader] = [new RingWriter(memory), new RingReader(memory)];
  const [writer, messages] = [new MessageWriter(ring), new MessageReader(reader)];
  const body = Buffer.alloc(3 * SHARE_BYTES + 5, "large");
  assert.ok(writer.write([Buffer.from("first"), body]));
  assert.equal(ring.uncommitted, 0);
  const claimed: number[] = [];
  for (; writer.busy; claimed.push(ring.uncommitted)) assert.ok(writer.resume());
  assert.equal(claimed.length, 1 + 4);
  assert.equal(ring.commit(), false);
  let shares = 0;
  let message = messages.read(SHARE_BYTES);
  for (; message === undefined && shares < 10; shares++) {
    assert.ok(messages.isInside);
    assert.ok(reader.unreleased >= SHARE_BYTES);
    reader.release(true);
    assert.equal(reader.unreleased, 0);
    message = messages.read(SHARE_BYTES);
  }
  assert.equal(shares, 3);
  assert.ok(message !== undefined && body.equals(message[1]));
});

test("an empty ring that carries large records does not shrink to the room of one", () => {
  const memory = direction(new SharedArrayBuffer(pairBytes(1 << 21)), 0);
  const [ring, reader] = [new RingWriter(memory), new RingReader(memory)];
  for (let i = 0; i < 100; i++) {
    let fitting = 0;
    while (fitting < 7 && ring.claim(FRAME << 28, 100_000) >= 0) fitting++;
    assert.equal(fitting, 7, `round ${i}`);
    ring.commit();
    while (reader.next());
    reader.release();
    assert.ok(ring.claim(FRAME << 28, 100_000) >= 0); // Written while it was empty, and not read yet.
    ring.commit();
  }
});

for (const octets of [2 ** 31, 2 ** 32])
  test(`positions that pass ${octets} octets: order, sleep, room and loans are as before`, () => {
    const memory = direction(new SharedArrayBuffer(pairBytes(1024)), 0);
    for (const word of [HEAD, READ, TAIL]) memory.header[word] = octets - 512;
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const messages = new MessageReader(reader);
    const sender = new MessageWriter(writer);
    for (let i = 0; i < 16; i++) assert.ok(sender.write([Buffer.alloc(60, i)]), "the ring has room for 16 records of 64 octets");
    assert.ok(!sender.write([Buffer.alloc(60)]), "and not for one more");
    writer.commit();
    for (let i = 0; i < 16; i++) assert.equal(messages.read()?.[0][0], i);
    reader.release();
    for (let i = 0; i < 100; i++) {
      assert.equal(reader.sleep(), false);
      assert.ok(sender.write([Buffer.alloc(i % 60, i)]));
      assert.equal(writer.commit(), true, "the reader sleeps");
      assert.equal(reader.sleep(), true, "something is there");
      assert.ok(Buffer.alloc(i % 60, i).equals(messages.read()?.[0] as Uint8Array), `message ${i}`);
      const loan = reader.lend();
      assert.equal(reader.release(), false);
      assert.equal(reader.giveBack(loan), false);
      assert.ok(writer.drained);
    }
  });
