/** Connections through a ring, both sides in this thread: that neither side waits for the other to be done with all it has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Peer } from "../../../src/core/peer.ts";
import { Pipe } from "../../../src/core/pipe.ts";
import type { Party } from "../../../src/core/transport.ts";
import { direction, HEAD, pairBytes, TAIL } from "../../../src/ring/layout.ts";
import { RingReader, RingWriter } from "../../../src/ring/spsc-ring.ts";
import { RingLink } from "../../../src/transports/ring-link.ts";
import { RING_BYTES } from "../../../src/transports/thread-offers.ts";

const BODY = Buffer.alloc(100_000, "x");

class Side {
  readonly end: Pipe;
  readonly link: RingLink;
  /** Called when the other side is rung. */
  onRing: () => void = () => undefined;

  constructor(memory: SharedArrayBuffer, side: 0 | 1, conflate = false) {
    const owner = {
      onReadable: () => undefined,
      onWritable: () => undefined,
      onClosed: () => undefined,
      onDrained: () => undefined,
    };
    const [end, own] = Pipe.pair(
      { owner, peer: new Peer("inproc://x"), highWaterMark: 0 },
      { owner, peer: new Peer("inproc://x"), highWaterMark: 0 },
    );
    if (conflate) own.conflate();
    const ring = (): void => this.onRing();
    const host = { holds: false, wake: ring, ask: ring, defer: () => undefined, remove: () => undefined };
    const rings = {
      memory,
      side,
      out: new RingWriter(direction(memory, side)),
      in: new RingReader(direction(memory, side === 0 ? 1 : 0)),
    };
    this.end = end;
    this.link = new RingLink(host, { settings: {} } as Party, own, rings, { window: Number.POSITIVE_INFINITY, lends: false });
    this.link.start();
  }

  take(): number {
    let count = 0;
    while (this.end.read() !== undefined) count++;
    return count;
  }
}

function pair(conflate = false): { readonly writer: Side; readonly reader: Side; readonly memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(pairBytes(RING_BYTES));
  return { writer: new Side(memory, 0), reader: new Side(memory, 1, conflate), memory };
}

test("a large message is handed over while it is still written", () => {
  const { writer, reader, memory } = pair();
  const { header } = direction(memory, 0);
  const handedOver: number[] = [];
  writer.onRing = () => void handedOver.push(header[TAIL]);
  writer.end.write([Buffer.alloc(1_000_000)]);
  assert.ok(handedOver[0] <= 150_000, `${handedOver[0]} octets of ${header[TAIL]} when the reader was woken`);
  reader.link.attend();
  assert.equal(reader.take(), 1);
});

test("a reader gives room while it goes on reading, and of what it reads only a part lies in the pipe", () => {
  const { writer, reader } = pair();
  for (let i = 0; i < 30; i++) writer.end.write([BODY]);
  const takenWhenRung: number[] = [];
  let taken = 0;
  reader.onRing = () => void takenWhenRung.push(taken);
  reader.link.attend();
  assert.ok(reader.end.waiting >= 1 && reader.end.waiting <= 8, `${reader.end.waiting} messages`);
  while (reader.end.read() !== undefined) taken++;
  assert.equal(taken, 20, "what the ring had");
  assert.ok(takenWhenRung[0] <= 12, `the writer was woken when ${takenWhenRung} were taken`);
});

test("a writer with a backlog that was given room goes on with its next message, whether it has heard the doorbell or not", () => {
  const { writer, reader } = pair();
  for (let i = 0; i < 30; i++) writer.end.write([BODY]);
  reader.link.attend();
  assert.equal(reader.take(), 20);
  reader.link.attend();
  assert.equal(reader.take(), 0);
  writer.end.write([BODY]);
  reader.link.attend();
  assert.equal(reader.take(), 11);
});

test("of a message that is larger than the ring room is given while it is read", () => {
  const { writer, reader, memory } = pair();
  const { header } = direction(memory, 0);
  writer.end.write([Buffer.alloc(5_000_000, "large")]);
  const free: number[] = [];
  reader.onRing = () => void free.push(header[HEAD]);
  reader.link.attend();
  assert.ok(free.length > 0 && free[0] < RING_BYTES * 0.7, `the writer was woken when ${free} octets were read`);
  for (let i = 0; i < 20 && reader.end.waiting === 0; i++) for (const side of [writer, reader]) side.link.attend();
  assert.equal(reader.end.read()?.[0].length, 5_000_000);
});

test("a reader is rung when its program has nothing left to take, not for what it finds by itself", () => {
  const { writer, reader } = pair();
  let rung = 0;
  writer.onRing = () => void rung++;
  for (let i = 0; i < 3; i++) writer.end.write([Buffer.from([i])]);
  assert.equal(rung, 1, "it slept, and is woken once");
  reader.link.attend();
  writer.end.write([Buffer.from([3])]);
  assert.equal(rung, 1, "its program has three to take");
  assert.deepEqual(
    [...Array(5)].map(() => reader.end.read()?.[0][0]),
    [0, 1, 2, 3, undefined],
  );
  writer.end.write([Buffer.from([4])]);
  assert.equal(rung, 2, "it slept again");
});

test("a reader that keeps only the newest message is rung also while its program takes none", () => {
  const { writer, reader } = pair(true);
  writer.onRing = () => reader.link.attend();
  for (let i = 0; i < 10; i++) writer.end.write([Buffer.from([i])]);
  assert.equal(reader.end.read()?.[0][0], 9);
  assert.equal(reader.end.read(), undefined);
});
