/** Every order of the steps of a writer and a reader on a small ring: nothing is lost, doubled or torn, and nobody sleeps for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { direction, HEAD, pairBytes, READ, type RingMemory, TAIL, TAIL_AWAITED } from "../../../src/ring/layout.ts";
import { type Loan, RingReader, RingWriter } from "../../../src/ring/spsc-ring.ts";
import { Interleavings } from "../../support/interleavings.ts";

// Tokens that stand for the doorbells, in the words of the pair that no ring uses.
const WAKE_READER = 8;
const WAKE_WRITER = 9;

interface Model {
  readonly steps: Interleavings;
  readonly ring: RingMemory;
  readonly bells: Int32Array;
}

function model(capacity: number): Model {
  const memory = new SharedArrayBuffer(pairBytes(capacity));
  const all = new Int32Array(memory);
  const steps = new Interleavings(all);
  const { header, words, bytes } = direction(memory, 0);
  return { steps, ring: { header, words: steps.watch(words), bytes }, bells: all };
}

// `late`: whether the reader sleeps is asked only where the writer would wait, and at the end.
function writerOf({ steps, ring, bells }: Model, bodies: readonly number[], perCommit = 1, late = false): () => void {
  return () => {
    const writer = new RingWriter(ring);
    const wake = (): void => {
      if (writer.isReaderAsleep()) Atomics.store(bells, WAKE_READER, 1);
    };
    const publish = (): void => {
      if (late) writer.publish();
      else if (writer.commit()) Atomics.store(bells, WAKE_READER, 1);
    };
    for (const [index, words] of bodies.entries()) {
      let at = writer.claim(0, words * 4);
      while (at < 0) {
        publish();
        if (late) wake();
        if (!writer.wantRoom())
          steps.block(
            () => bells[WAKE_WRITER] === 1,
            () => (bells[WAKE_WRITER] = 0),
          );
        at = writer.claim(0, words * 4);
      }
      if (words > 0) ring.words[(at >> 2) + words - 1] = index + 1;
      if ((index + 1) % perCommit === 0) publish();
    }
    publish();
    if (late) wake();
  };
}

function readerOf({ steps, ring, bells }: Model, bodies: readonly number[], perRelease = 1): () => void {
  return () => {
    const reader = new RingReader(ring);
    const release = (): void => {
      if (reader.release()) Atomics.store(bells, WAKE_WRITER, 1);
    };
    for (const [index, words] of bodies.entries()) {
      while (!reader.next()) {
        release();
        if (!reader.sleep())
          steps.block(
            () => bells[WAKE_READER] === 1,
            () => (bells[WAKE_READER] = 0),
          );
      }
      assert.equal(reader.bodyBytes, words * 4);
      if (words > 0) assert.equal(ring.words[(reader.at >> 2) + words - 1], index + 1, `message ${index}`);
      if ((index + 1) % perRelease === 0) release();
    }
    release();
  };
}

// As above, but each record is lent, and given back when a second one was read: before what was read is released the first of them
// (`early`), else after it both, the newer one first.
function borrowerOf({ steps, ring, bells }: Model, bodies: readonly number[], early: boolean): () => void {
  return () => {
    const reader = new RingReader(ring);
    const lent: { readonly loan: Loan; readonly index: number; readonly at: number }[] = [];
    const wake = (isWanted: boolean): void => {
      if (isWanted) Atomics.store(bells, WAKE_WRITER, 1);
    };
    const look = (at: number, index: number): void => {
      if (bodies[index] > 0) assert.equal(ring.words[(at >> 2) + bodies[index] - 1], index + 1, `message ${index}`);
    };
    const giveBack = (count: number): void => {
      for (const { loan, index, at } of lent.splice(0, count).reverse()) {
        look(at, index);
        wake(reader.giveBack(loan));
      }
    };
    for (const index of bodies.keys()) {
      while (!reader.next()) {
        wake(reader.release());
        if (!reader.sleep())
          steps.block(
            () => bells[WAKE_READER] === 1,
            () => (bells[WAKE_READER] = 0),
          );
      }
      look(reader.at, index);
      lent.push({ loan: reader.lend(), index, at: reader.at });
      if (lent.length === 1) continue;
      if (early) giveBack(1);
      wake(reader.release());
      if (!early) giveBack(2);
    }
    wake(reader.release());
    giveBack(2);
  };
}

function explore(
  title: string,
  capacity: number,
  bodies: readonly number[],
  perCommit = 1,
  perRelease: number | "lent" | "lent, and back early" = 1,
  late = false,
): void {
  test(`unittest_ypipe: ${title}`, (t) => {
    const tried = model(capacity);
    const { steps, ring } = tried;
    const reader =
      typeof perRelease === "number"
        ? readerOf(tried, bodies, perRelease)
        : borrowerOf(tried, bodies, perRelease === "lent, and back early");
    const programs = [writerOf(tried, bodies, perCommit, late), reader];
    const { header } = ring;
    const { states, ends } = steps.explore(
      programs,
      () => assert.ok(new RingWriter(ring).drained),
      () => {
        const [head, read, tail] = [header[HEAD], header[READ], header[TAIL] & ~TAIL_AWAITED];
        assert.ok(
          head <= read && read <= tail && tail <= head + capacity,
          `${head} <= ${read} <= ${tail} <= ${head} + ${capacity}`,
        );
      },
    );
    t.diagnostic(`${states} states, ${ends} ends`);
    assert.ok(ends > 0);
  });
}

explore("one record, and a reader that sleeps or not", 32, [1]);
explore("records that fill the ring to its last octet, and one more", 16, [1, 1, 1]);
explore("records that skip the end of the ring", 32, [1, 2, 2], 2, 2);
explore("records of half a ring", 32, [3, 3, 3], 1, 2);
explore("several records in one commit, released together", 32, [1, 0, 1, 1], 2, 2);
explore("a reader that gives room back late", 16, [1, 0, 1], 1, 2);
explore("a writer that wakes late", 32, [1, 0, 1], 1, 1, true);
explore("a writer that wakes late, and has to wait for room", 16, [1, 1, 1], 1, 1, true);
explore("a reader that lends what the writer needs to go on", 16, [1, 1, 1], 1, "lent");
explore("records that are lent before the end of the ring is skipped", 32, [1, 2, 2], 2, "lent");
explore("a record that is given back before it is released", 32, [1, 1, 2, 1], 2, "lent, and back early");
