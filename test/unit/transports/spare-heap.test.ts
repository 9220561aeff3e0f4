// The spare block: once, and only in a process that moves large bodies. What it does to page faults depends on the system's
// malloc and is measured by the bench.

import assert from "node:assert/strict";
import { it } from "node:test";
import { LARGE_TRAFFIC_BYTES, noteLarge, SPARE_BYTES } from "../../../src/transports/spare-heap.ts";

/** Octets of array buffers that a call adds. */
function allocatedBy(call: () => void): number {
  const before = process.memoryUsage().arrayBuffers;
  call();
  return process.memoryUsage().arrayBuffers - before;
}

it("allocates one spare block when enough was moved, and never again", () => {
  assert.ok(allocatedBy(() => noteLarge(LARGE_TRAFFIC_BYTES - 1)) < SPARE_BYTES);
  assert.ok(allocatedBy(() => noteLarge(1)) >= SPARE_BYTES);
  assert.ok(allocatedBy(() => noteLarge(LARGE_TRAFFIC_BYTES)) < SPARE_BYTES);
});
