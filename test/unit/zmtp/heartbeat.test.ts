// The three deadlines of a heartbeat, in numbers; the wire is in spec/rfc37.test.ts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Heartbeat, MAX_TTL_TENTHS } from "../../../src/zmtp/heartbeat.ts";

const NEVER = Number.POSITIVE_INFINITY;

describe("Heartbeat", () => {
  it("announces no more than 655 tenths, for libzmq multiplies in 16 bits", () => {
    assert.equal(MAX_TTL_TENTHS, 655);
    assert.ok(MAX_TTL_TENTHS * 100 < 65_536 && (MAX_TTL_TENTHS + 1) * 100 > 65_536);
  });

  it("has nothing to do before start, nor with interval 0", () => {
    const before = new Heartbeat({ intervalMs: 100, timeoutMs: 100, ttlTenths: 0 });
    assert.deepEqual([before.deadline, before.tick(1e9)], [NEVER, undefined]);
    const off = new Heartbeat({ intervalMs: 0, timeoutMs: 100, ttlTenths: 0 });
    off.start(0);
    assert.deepEqual([off.deadline, off.tick(1e9)], [NEVER, undefined]);
  });

  it("interval 200, timeout 500, a silent peer: the table of libzmq", () => {
    const heartbeat = new Heartbeat({ intervalMs: 200, timeoutMs: 500, ttlTenths: 0 });
    heartbeat.start(0);
    const table: [number, "ping" | "heartbeat-timeout" | undefined, number][] = [
      [199, undefined, 200],
      [200, "ping", 400],
      [400, "ping", 600],
      [600, "ping", 700],
      [699, undefined, 700],
      [700, "heartbeat-timeout", 700],
    ];
    for (const [now, due, deadline] of table) {
      assert.equal(heartbeat.tick(now), due, `at ${now}`);
      assert.equal(heartbeat.deadline, deadline, `after ${now}`);
    }
  });

  it("what is heard stops the timeout and leaves the rhythm of PINGs", () => {
    const heartbeat = new Heartbeat({ intervalMs: 200, timeoutMs: 100, ttlTenths: 0 });
    heartbeat.start(0);
    for (let now = 200; now < 2000; now += 200) {
      assert.equal(heartbeat.tick(now), "ping");
      assert.equal(heartbeat.deadline, now + 100);
      heartbeat.heard();
      assert.equal(heartbeat.deadline, now + 200);
    }
  });

  it("a late tick sends one PING, not all that were missed", () => {
    const heartbeat = new Heartbeat({ intervalMs: 10, timeoutMs: 0, ttlTenths: 0 });
    heartbeat.start(0);
    assert.equal(heartbeat.tick(1000), "ping");
    assert.equal(heartbeat.tick(1000), undefined);
    assert.equal(heartbeat.deadline, 1010);
  });

  it("timeout 0 never ends it", () => {
    const heartbeat = new Heartbeat({ intervalMs: 10, timeoutMs: 0, ttlTenths: 0 });
    heartbeat.start(0);
    for (let now = 10; now < 10_000; now += 10) assert.equal(heartbeat.tick(now), "ping");
  });

  it("the peer's time to live counts from its PING, is stopped by anything, and 0 is none", () => {
    const heartbeat = new Heartbeat({ intervalMs: 0, timeoutMs: 0, ttlTenths: 0 });
    heartbeat.start(0);
    heartbeat.announced(0, 5);
    assert.equal(heartbeat.deadline, NEVER);
    heartbeat.announced(300, 100);
    assert.deepEqual([heartbeat.deadline, heartbeat.tick(399), heartbeat.tick(400)], [400, undefined, "ttl-expired"]);
    heartbeat.heard();
    assert.equal(heartbeat.deadline, NEVER);
    heartbeat.announced(300, 1000);
    heartbeat.announced(100, 1100);
    assert.equal(heartbeat.deadline, 1200);
  });
});
