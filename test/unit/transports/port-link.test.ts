/** A connection through a port, both sides in this thread: what is posted when, what counts as taken, and what the end of either side leaves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ZmqError } from "../../../src/base/errors.ts";
import type { Frame } from "../../../src/core/message.ts";
import { Peer } from "../../../src/core/peer.ts";
import { Pipe } from "../../../src/core/pipe.ts";
import type { Party } from "../../../src/core/transport.ts";
import { PortLink } from "../../../src/transports/port-link.ts";
import { FakePort } from "../../support/fake-port.ts";

class Side {
  readonly port = new FakePort();
  /** What happened to the socket's end, and to the link. */
  readonly told: string[] = [];
  readonly unsent: string[] = [];
  /** The socket's end. */
  readonly end: Pipe;
  readonly link: PortLink;
  readonly #turn: (() => void)[] = [];

  /** `before` is done with the socket's end while there is no link yet. */
  constructor(mark: number, otherMark: number, window: number, before: (end: Pipe) => void = () => undefined) {
    const tell = (what: string) => (): void => void this.told.push(what);
    const owner = {
      onReadable: () => undefined,
      onWritable: tell("writable"),
      onClosed: tell("closed"),
      onDrained: tell("drained"),
    };
    const [end, own] = Pipe.pair(
      { owner, peer: new Peer("inproc://x"), highWaterMark: mark },
      { owner, peer: new Peer("inproc://x"), highWaterMark: 0 },
    );
    end.addHighWaterMark(otherMark);
    const party = {
      onLost: (_end: Pipe, error: ZmqError) => void this.told.push(error.reason),
      onUnsent: (_end: Pipe, messages: Frame[][], reason: string) => {
        this.told.push(`unsent: ${reason}`);
        this.unsent.push(...messages.map(String));
      },
    };
    const host = { defer: (callback: () => void) => void this.#turn.push(callback), remove: tell("removed") };
    this.end = end;
    before(end);
    this.link = new PortLink(host, party as unknown as Party, own, this.port, window);
  }

  /** The end of a turn of the event loop. */
  turn(): void {
    for (const callback of this.#turn.splice(0)) callback();
  }

  send(...texts: string[]): number {
    return texts.filter((text) => this.end.write([Buffer.from(text)])).length;
  }

  take(count = 1): string[] {
    return Array.from({ length: count }, () => String(this.end.read()));
  }

  get batches(): number {
    return this.port.posted.filter((each) => each instanceof ArrayBuffer).length;
  }
}

/** Two sides that know each other, with marks of `mark` each. */
function pair(mark = 100): [Side, Side] {
  const [a, b] = [new Side(mark, mark, 2 * mark), new Side(mark, mark, 2 * mark)];
  a.port.other = b.port;
  b.port.other = a.port;
  for (const { link } of [a, b]) link.start();
  return [a, b];
}

/** Until nobody has anything to say. */
function settle(a: Side, b: Side): void {
  while (a.port.posted.length + b.port.posted.length > 0) {
    for (const side of [a, b]) {
      side.port.carry();
      side.turn();
    }
  }
}

test("the first message of a turn is posted at once, the others together at its end, at 64 KiB, or at the mark", () => {
  const [a, b] = pair(5);
  a.send("1", "2", "3");
  assert.equal(a.batches, 1);
  a.turn();
  assert.equal(a.batches, 2);
  a.send("x".repeat(40_000), "y".repeat(40_000));
  assert.equal(a.batches, 3, "gathered to 64 KiB and more");
  a.turn();
  a.send("6", "7", "8");
  a.turn();
  settle(a, b);
  assert.deepEqual(b.take(3), ["1", "2", "3"]);
  assert.equal(b.take(2).join("").length, 80_000);
  settle(a, b);
  b.take(3);
  settle(a, b);
  assert.equal(a.end.pending, 3, "three were taken behind what was told");
  assert.equal(a.send(..."abcdefghij"), 7);
  assert.equal(a.batches, 2, "the mark is reached: nothing is held back");
});

test("a small frame that has to wait may be used again", () => {
  const [a, b] = pair();
  const frame = Buffer.from("1");
  for (const text of ["1", "2", "3"]) {
    frame.write(text);
    a.end.write([frame]);
  }
  frame.write("x");
  a.turn();
  settle(a, b);
  assert.deepEqual(b.take(3), ["1", "2", "3"]);
});

test("what was taken is told in steps of half the window, and wakes a writer that waits", () => {
  const [a, b] = pair(4);
  assert.equal(a.send(..."abcdefghij"), 8);
  settle(a, b);
  b.take(3);
  settle(a, b);
  assert.deepEqual([a.end.pending, a.told], [8, []]);
  b.take(1);
  settle(a, b);
  assert.deepEqual([a.end.pending, a.told], [4, ["writable"]]);
});

test("another mark of the reader counts for the writer, and the reader then tells in steps of it", () => {
  const [a, b] = pair(100);
  b.end.other.taker?.onMark(2);
  settle(a, b);
  assert.equal(a.end.highWaterMark, 102);
  a.end.setHighWaterMark(1);
  assert.equal(a.send(..."abcdef"), 3);
  settle(a, b);
  assert.equal(a.send("d"), 0);
  const quiet = a.port.posted.length;
  assert.equal(a.send("d"), 0);
  assert.equal(a.port.posted.length, quiet, "the same window is told once");
  b.take(2);
  settle(a, b);
  assert.deepEqual([a.end.pending, a.told], [1, ["writable"]]);
  b.end.other.taker?.onMark(0);
  settle(a, b);
  assert.equal(a.send(..."x".repeat(1000)), 1000);
});

test("what was taken before a smaller window was told is told with it", () => {
  const [a, b] = pair(100);
  a.send("1", "2", "3");
  a.turn();
  settle(a, b);
  b.take(3);
  settle(a, b);
  assert.equal(a.end.pending, 3);
  a.end.addHighWaterMark(1);
  a.end.setHighWaterMark(2);
  assert.equal(a.send("4"), 0);
  settle(a, b);
  assert.deepEqual([a.end.pending, a.told], [0, ["writable"]]);
});

test("no limit of the writer's: the reader tells in the largest steps", () => {
  const [a, b] = pair(100);
  a.end.setHighWaterMark(1);
  a.end.addHighWaterMark(1);
  assert.equal(a.send("1", "2", "3"), 2);
  settle(a, b);
  b.take(2);
  settle(a, b);
  a.end.setHighWaterMark(0);
  a.end.other.taker?.relieve();
  settle(a, b);
  a.send(..."x".repeat(63));
  a.turn();
  settle(a, b);
  b.take(63);
  assert.equal(b.port.posted.length, 0);
});

test("a reader that closes: what it took is sent, all else is the writer's again, and nothing is posted behind the end", () => {
  const [a, b] = pair(100);
  a.send(...Array.from({ length: 80 }, (_, i) => String(i)));
  a.turn();
  settle(a, b);
  b.take(70);
  settle(a, b);
  b.take(5);
  a.send("80", "81", "82");
  b.end.close();
  assert.deepEqual(b.port.posted, [{ taken: 75 }]);
  b.end.other.taker?.onMark(7);
  a.end.addHighWaterMark(1);
  a.end.setHighWaterMark(1);
  a.link.relieve();
  a.port.carry();
  b.turn();
  assert.deepEqual(b.port.posted, [{ taken: 75 }]);
  settle(a, b);
  assert.deepEqual(a.unsent, ["75", "76", "77", "78", "79", "80", "81", "82"]);
  assert.deepEqual(a.told, ["removed", "closed", "drained", "unsent: peer-closed"]);
  assert.deepEqual([a.end.written, a.end.pending], [75, 0]);
  assert.ok(a.port.closed && b.port.closed);
});

test("a writer that closes: what it had sent can be read, then its peer is at the end", () => {
  const [a, b] = pair();
  a.send("1", "2", "3");
  a.end.close();
  assert.deepEqual(a.told, ["removed", "drained"]);
  settle(a, b);
  assert.deepEqual(b.told, ["removed", "closed"]);
  assert.deepEqual(b.take(3), ["1", "2", "3"]);
  assert.deepEqual(b.told, ["removed", "closed", "drained"]);
  assert.deepEqual([a.unsent, b.unsent], [[], []]);
  assert.ok(a.port.closed && b.port.closed);
});

test("a socket that was closed before the sides knew each other says so at once, behind what it had sent", () => {
  const lastWords = (end: Pipe): void => {
    end.write([Buffer.from("last words")]);
    end.close();
  };
  const [a, b] = [new Side(0, 0, 0, lastWords), new Side(0, 0, 0)];
  a.port.other = b.port;
  b.port.other = a.port;
  for (const { link } of [b, a]) link.start();
  settle(a, b);
  assert.deepEqual(b.take(), ["last words"]);
  assert.deepEqual(b.told, ["removed", "closed", "drained"]);
});

test("a thread that is ended: what was posted counts as sent, what was not is the writer's, and it is told once", () => {
  const [a, b] = pair();
  a.send("posted", "gathered 1", "gathered 2");
  b.send("heard");
  b.port.carry();
  a.port.vanish();
  a.link.orphan();
  assert.deepEqual(a.unsent, ["gathered 1", "gathered 2"]);
  assert.deepEqual(a.told, ["thread-ended", "removed", "closed", "unsent: thread-ended"]);
  assert.deepEqual([a.end.written, a.end.pending], [1, 1]);
  assert.deepEqual(a.take(), ["heard"]);
});

test("the end of a thread is no loss for a socket that was closed before", () => {
  const [a] = pair();
  a.send("1");
  a.end.close();
  a.link.orphan();
  assert.deepEqual(a.told, ["removed", "drained"]);
});
