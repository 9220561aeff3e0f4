/** The random traffic of test/threads, a hundred times as long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { printSeed, seed } from "../support/seed.ts";
import { kills, storm } from "../support/thread-storm.ts";

printSeed();

test("ten million messages of up to 1 KiB from four threads", { timeout: 1_200_000 }, (t) =>
  storm(t, { seed, writers: 4, messages: 2_500_000, maxBytes: 1024 }),
);

test("ten thousand messages of up to 16 MiB from two threads", { timeout: 1_200_000 }, (t) =>
  storm(t, { seed, writers: 2, messages: 5_000, maxBytes: 16 << 20 }),
);

test("a thousand threads that are killed while they send", { timeout: 1_200_000 }, (t) =>
  kills(t, { seed, writers: 5, messages: 1e9, maxBytes: 3000 }, 1000),
);

test("threads that are killed leave no memory behind", { timeout: 1_200_000 }, async (t) => {
  const settings = { seed, writers: 5, messages: 1e9, maxBytes: 3000 };
  const resident = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  };
  await kills(t, settings, 200); // As many as it takes until the used rings that are kept, and malloc, have what they need.
  const before = resident();
  await kills(t, settings, 400);
  const growth = resident() - before;
  t.diagnostic(`${growth} octets more after 400 threads`);
  assert.ok(growth < 100_000_000, `${growth} octets after 400 threads`);
});
