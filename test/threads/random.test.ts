/** Random sizes, pauses and kills between threads, from a seed. */
import { test } from "node:test";
import { printSeed, seed } from "../support/seed.ts";
import { kills, storm } from "../support/thread-storm.ts";

printSeed();

test("a hundred thousand messages of up to 1 KiB from four threads", { timeout: 60_000 }, (t) =>
  storm(t, { seed, writers: 4, messages: 25_000, maxBytes: 1024 }),
);

test("a hundred messages of up to 16 MiB from two threads", { timeout: 60_000 }, (t) =>
  storm(t, { seed, writers: 2, messages: 50, maxBytes: 16 << 20 }),
);

test("fifty threads that are killed while they send", { timeout: 60_000 }, (t) =>
  kills(t, { seed, writers: 5, messages: 1e9, maxBytes: 3000 }, 50),
);
