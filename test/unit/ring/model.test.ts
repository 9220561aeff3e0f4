/** Every order of the steps of a writer and a reader on a small ring: nothing is lost, doubled or torn, and nobody sleeps for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { direction, pairBytes, type RingMemory } from "../../../src/ring/layout.ts";
import { RingReader, RingWriter } from "../../../src/ring/spsc-ring.ts";
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

function writerOf({ steps, ring, bells }: Model, bodies: readonly number[], perCommit = 1): () => void {
  return () => {
    const writer = new RingWriter(ring);
    const publish = (): void => {
      if (writer.commit()) Atomics.store(bells, WAKE_READER, 1);
    };
    for (const [index, words] of bodies.entries()) {
      let at = writer.claim(0, words * 4);
      while (at < 0) {
        publish();
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

function explore(title: string, capacity: number, bodies: readonly number[], perCommit = 1, perRelease = 1): void {
  test(`unittest_ypipe: ${title}`, (t) => {
    const tried = model(capacity);
    const { steps, ring } = tried;
    const programs = [writerOf(tried, bodies, perCommit), readerOf(tried, bodies, perRelease)];
    const { states, ends } = steps.explore(programs, () => assert.ok(new RingWriter(ring).drained));
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
