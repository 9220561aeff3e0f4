/** The threads of a page as a star, all in this one: who hears what, and how often, of a thread that lives, is over, or was never there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Centre, type Exchange, type Locks, Spoke } from "../../../src/transports/exchange.ts";
import { FakeChannel, type FakePort } from "../../support/fake-port.ts";

/** Who asked for a lock, and what to call when it is theirs. */
class FakeLocks implements Locks {
  readonly asked = new Map<string, () => Promise<void> | undefined>();

  request(name: string, callback: () => Promise<void> | undefined): Promise<unknown> {
    this.asked.set(name, callback);
    return new Promise(() => undefined);
  }
}

const FORBIDDEN: Locks = { request: () => Promise.reject(new DOMException("opaque origin", "SecurityError")) };

/** A page and its workers; what each heard. */
class Star {
  readonly locks = new FakeLocks();
  readonly centre = new Centre(this.locks);
  readonly heard: string[] = [];
  readonly ports: FakePort[] = [];

  constructor() {
    this.#listen(this.centre);
  }

  /** Lets a worker in, by way of `through`. */
  admit(id: number, through: Exchange = this.centre): Spoke {
    const { port1, port2 } = new FakeChannel();
    this.ports.push(port1, port2);
    const spoke = new Spoke(id, port2);
    this.#listen(spoke);
    through.admit(id, `lock ${id}`, port1);
    this.settle();
    return spoke;
  }

  /** A worker that has its lock. */
  async lock(spoke: Spoke): Promise<void> {
    const locks = new FakeLocks();
    const begun = spoke.begin(locks, `lock ${spoke.id}`);
    void locks.asked.get(`lock ${spoke.id}`)?.();
    await begun;
    this.settle();
  }

  /** Until nobody has anything to say; what was heard meanwhile. */
  settle(): string[] {
    while (this.ports.map((port) => port.carry()).some((count) => count > 0));
    return this.heard.splice(0);
  }

  #listen(exchange: Exchange): void {
    exchange.onTold = (from, message) => void this.heard.push(`${exchange.id} heard ${message} of ${from}`);
    exchange.onGone = (id) => void this.heard.push(`${exchange.id} lost ${id}`);
  }
}

test("what is told to one comes to that one, in order, and what is told to all comes to all others", () => {
  const star = new Star();
  const [one, two] = [star.admit(1), star.admit(2)];
  one.tell(2, "a");
  one.tell(2, "b");
  one.tell(0, "c");
  star.centre.tell(1, "d");
  assert.deepEqual(star.settle().sort(), ["0 heard c of 1", "1 heard d of 0", "2 heard a of 1", "2 heard b of 1"]);
  two.tellAll("e");
  assert.deepEqual(star.settle(), ["0 heard e of 2", "1 heard e of 2"]);
  star.centre.tellAll("f");
  assert.deepEqual(star.settle(), ["1 heard f of 0", "2 heard f of 0"]);
});

test("a worker's worker has its port to the centre, and outlives the worker", () => {
  const star = new Star();
  const one = star.admit(1);
  const inner = star.admit(2, one);
  star.ports[0].vanish();
  assert.deepEqual(star.settle(), ["0 lost 1", "2 lost 1"]);
  inner.tell(0, "a");
  assert.deepEqual(star.settle(), ["0 heard a of 2"]);
});

test("a thread that is over is told once, whatever tells it first, and nothing more is heard of it or said to it", async () => {
  const star = new Star();
  const [one, two] = [star.admit(1), star.admit(2)];
  await star.lock(one);
  one.tell(2, "too late");
  one.tellAll("too late");
  void star.locks.asked.get("lock 1")?.();
  star.ports[0].vanish();
  assert.equal(star.ports[0].closed, true);
  assert.deepEqual(star.settle(), ["0 lost 1", "2 lost 1"]);
  two.tell(1, "nobody is there");
  star.centre.tell(1, "nobody is there");
  star.centre.tellAll("who is there?");
  assert.deepEqual(star.settle(), ["2 heard who is there? of 0"]);
});

test("a port that was for a thread that is over is closed, so that whoever has its other end hears of it", () => {
  const star = new Star();
  const [one] = [star.admit(1), star.admit(2)];
  const { port1, port2 } = new FakeChannel();
  one.tell(2, "an offer", port1);
  star.ports[2].vanish();
  assert.equal(port1.closed, false);
  star.settle();
  assert.equal(port1.closed, true);
  star.centre.tell(2, "an offer", port2);
  assert.equal(port2.closed, true);
});

test("a thread's lock is asked for only when the thread has it: asked for before, it would be had at once", async () => {
  const star = new Star();
  const one = star.admit(1);
  const locks = new FakeLocks();
  const begun = one.begin(locks, "lock 1");
  star.settle();
  assert.deepEqual([...star.locks.asked.keys()], []);
  const held = locks.asked.get("lock 1")?.();
  await begun;
  star.settle();
  assert.deepEqual([...star.locks.asked.keys()], ["lock 1"]);
  const first = await Promise.race([held, new Promise((resolve) => setImmediate(resolve, "still held"))]);
  assert.equal(first, "still held");
});

test("where there are no locks, or none may be had, a thread joins all the same, and its port tells its end", async () => {
  for (const locks of [undefined, FORBIDDEN]) {
    const star = new Star();
    await star.admit(1).begin(locks, "lock 1");
    star.settle();
    assert.deepEqual([...star.locks.asked.keys()], []);
    star.ports[0].vanish();
    assert.deepEqual(star.settle(), ["0 lost 1"]);
  }
});
