// The pipe: marks and credit, waking, taking and giving back, conflation, and the order of its end.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { Pipe } from "../../../src/core/pipe.ts";
import { frames, Owner, pipes, readAll, said } from "../../support/pipes.ts";

describe("Pipe: order and waking", () => {
  it("keeps order in both directions, independently", () => {
    const { a, b } = pipes();
    for (let i = 0; i < 20; i++) {
      assert.equal(a.write(frames(`to b ${i}`)), true);
      assert.equal(b.write(frames(`to a ${i}`)), true);
    }
    assert.deepEqual(
      readAll(b),
      Array.from({ length: 20 }, (_, i) => `to b ${i}`),
    );
    assert.deepEqual(
      readAll(a),
      Array.from({ length: 20 }, (_, i) => `to a ${i}`),
    );
  });

  it("wakes a reader that found nothing once, and again only after it found nothing again", () => {
    const { a, b, ownerB } = pipes();
    a.write(frames("1"));
    a.write(frames("2"));
    assert.deepEqual(ownerB.take(), ["readable"]);
    assert.equal(said(b.read()), "1");
    a.write(frames("3"));
    assert.equal(said(b.read()), "2");
    assert.equal(said(b.read()), "3");
    assert.deepEqual(ownerB.take(), [], "it never found nothing");
    assert.equal(b.read(), undefined);
    a.write(frames("4"));
    assert.deepEqual(ownerB.take(), ["readable"]);
  });

  it("put does not wake, flush does, once", () => {
    const { a, ownerB } = pipes();
    a.put(frames("1"));
    a.put(frames("2"));
    assert.deepEqual(ownerB.take(), []);
    a.flush();
    a.flush();
    assert.deepEqual(ownerB.take(), ["readable"]);
    const empty = pipes();
    empty.a.flush();
    assert.deepEqual(empty.ownerB.take(), []);
  });

  it("a reader that reads from inside its waking gets the message", () => {
    const { a, ownerB } = pipes();
    const got: (string | undefined)[] = [];
    ownerB.react = (_, pipe) => got.push(said(pipe.read()), said(pipe.read()));
    a.write(frames("1"));
    a.write(frames("2"));
    assert.deepEqual(got, ["1", undefined, "2", undefined]);
  });

  it("counts what was written and taken", () => {
    const { a, b } = pipes();
    for (let i = 0; i < 5; i++) a.write(frames("x"));
    b.read();
    b.read();
    assert.deepEqual([a.written, a.pending, b.taken, b.waiting, [...b.waitingMessages].length], [5, 3, 2, 3, 3]);
  });
});

describe("Pipe: high-water mark", () => {
  it("takes exactly so many messages, then refuses and leaves them alone", () => {
    for (const mark of [1, 2, 3, 10]) {
      const { a, b } = pipes(mark);
      for (let i = 0; i < mark; i++) assert.equal(a.write(frames("x")), true);
      const refused = frames("y");
      assert.equal(a.write(refused), false);
      assert.equal(a.hasRoom(), false);
      assert.deepEqual([a.pending, b.waiting, a.written], [mark, mark, mark]);
      assert.deepEqual(refused.map(String), ["y"]);
      assert.equal(a.highWaterMark, mark);
    }
  });

  it("0 is no mark", () => {
    const { a } = pipes(0);
    for (let i = 0; i < 5000; i++) assert.equal(a.write(frames("x")), true);
    assert.equal(a.highWaterMark, 0);
  });

  it("a refused writer is told when (mark + 1) / 2 messages were read, not before (libzmq's credit)", () => {
    for (const [mark, reads] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 3],
      [10, 5],
      [1000, 500],
    ]) {
      const { a, b, ownerA } = pipes(mark);
      while (a.write(frames("x")));
      for (let i = 1; i < reads; i++) b.read();
      assert.deepEqual(ownerA.take(), [], `mark ${mark}`);
      assert.equal(a.hasRoom(), false, "still refused until then");
      b.read();
      assert.deepEqual(ownerA.take(), ["writable"], `mark ${mark}`);
      assert.equal(a.hasRoom(), true);
      b.read();
      assert.deepEqual(ownerA.take(), [], "told once");
    }
  });

  it("a writer that was not refused is not told", () => {
    const { a, b, ownerA } = pipes(10);
    for (let i = 0; i < 10; i++) a.write(frames("x"));
    readAll(b);
    assert.deepEqual(ownerA.take(), []);
  });

  it("a writer may write from inside the notification", () => {
    const { a, b, ownerA } = pipes(4);
    while (a.write(frames("x")));
    let more = 3;
    ownerA.react = (_, pipe) => {
      while (more > 0 && pipe.write(frames("y"))) more--;
    };
    assert.deepEqual(readAll(b), ["x", "x", "x", "x", "y", "y", "y"]);
  });

  it("writeAnyway goes over the mark", () => {
    const { a, b } = pipes(2);
    for (let i = 0; i < 5; i++) a.writeAnyway(frames(String(i)));
    assert.deepEqual([a.pending, b.waiting], [5, 5]);
    assert.equal(a.write(frames("no")), false);
    assert.deepEqual(readAll(b), ["0", "1", "2", "3", "4"]);
  });

  it("put says whether there is room for more", () => {
    const { a } = pipes(3);
    assert.deepEqual([a.put(frames("1")), a.put(frames("2")), a.put(frames("3"))], [true, true, false]);
  });

  it("a mark raised, or taken away, wakes a refused writer at once", () => {
    for (const mark of [10, 0]) {
      const { a, ownerA } = pipes(4);
      while (a.write(frames("x")));
      a.setHighWaterMark(mark);
      assert.deepEqual(ownerA.take(), ["writable"]);
      assert.equal(a.write(frames("y")), true);
    }
  });

  it("a mark lowered counts what is under way", () => {
    const { a, b, ownerA } = pipes(10);
    for (let i = 0; i < 8; i++) a.write(frames("x"));
    a.setHighWaterMark(2);
    assert.equal(a.hasRoom(), false);
    for (let i = 0; i < 6; i++) b.read();
    assert.deepEqual(ownerA.take(), []);
    b.read();
    assert.deepEqual(ownerA.take(), ["writable"]);
  });

  it("over inproc the reader's mark is added; no limit if either has none (5 + 7 = 12)", () => {
    const { a } = pipes(5);
    a.addHighWaterMark(7);
    let count = 0;
    while (count < 100 && a.write(frames("x"))) count++;
    assert.deepEqual([count, a.highWaterMark], [12, 12]);
    a.addHighWaterMark(0);
    assert.deepEqual([a.highWaterMark, a.hasRoom()], [0, true]);
    const other = pipes(0).a;
    other.addHighWaterMark(7);
    assert.equal(other.highWaterMark, 0);
  });

  it("the two directions have marks of their own", () => {
    const { a, b } = pipes(1, { markB: 3 });
    let toB = 0;
    let toA = 0;
    while (a.write(frames("x"))) toB++;
    while (b.write(frames("x"))) toA++;
    assert.deepEqual([toB, toA], [1, 3]);
  });
});

describe("Pipe: a taker", () => {
  function taking(mark: number, room: () => boolean): ReturnType<typeof pipes> & { taken: string[]; relieved: () => number } {
    const ends = pipes(mark);
    const taken: string[] = [];
    let relieved = 0;
    ends.b.taker = {
      take: (message) => {
        if (!room()) return false;
        taken.push(said(message) as string);
        return true;
      },
      onMark: () => undefined,
      relieve: () => {
        relieved++;
      },
    };
    return { ...ends, taken, relieved: () => relieved };
  }

  it("gets messages straight away; they count until they are acknowledged", () => {
    const { a, b, taken, ownerB } = taking(3, () => true);
    for (const each of ["1", "2", "3"]) assert.equal(a.write(frames(each)), true);
    assert.deepEqual([taken, a.pending, b.waiting, ownerB.take()], [["1", "2", "3"], 3, 0, []]);
    assert.equal(a.write(frames("4")), false);
    b.acknowledge(2);
    assert.equal(a.write(frames("4")), true);
  });

  it("once one had to wait, all later ones wait behind it", () => {
    let room = true;
    const { a, b, taken, ownerB } = taking(0, () => room);
    a.write(frames("1"));
    room = false;
    a.write(frames("2"));
    room = true;
    a.write(frames("3"));
    assert.deepEqual([taken, b.waiting, ownerB.take()], [["1"], 2, ["readable"]]);
    assert.deepEqual([said(b.takeWaiting()), said(b.takeWaiting()), b.takeWaiting()], ["2", "3", undefined]);
    assert.equal(a.pending, 3, "takeWaiting acknowledges nothing");
    a.write(frames("4"));
    assert.deepEqual(taken, ["1", "4"]);
  });

  it("is asked to relieve before a writer is refused, and what it acknowledges then counts", () => {
    const { a, b, relieved } = taking(2, () => true);
    a.write(frames("1"));
    a.write(frames("2"));
    assert.equal(relieved(), 0);
    assert.equal(a.write(frames("3")), false);
    assert.equal(relieved(), 1);
    const { taker } = b;
    assert.ok(taker !== null);
    taker.relieve = () => b.acknowledge(a.pending);
    assert.equal(a.write(frames("3")), true);
  });

  it("a small message that has to wait is a copy, a large one is not", () => {
    const { a, b } = taking(0, () => false);
    const small = Buffer.from("small");
    const large = Buffer.alloc(1000, "l");
    a.write([small, large]);
    small.fill("x");
    const [first, second] = b.takeWaiting() as Uint8Array[];
    assert.equal(String(first), "small");
    assert.equal(second, large);
  });

  it("putBack puts taken messages in front, in their order, and they are not counted again", () => {
    const { a, b } = taking(0, () => false);
    for (const each of ["1", "2", "3", "4"]) a.write(frames(each));
    const back = [b.takeWaiting() as Uint8Array[], b.takeWaiting() as Uint8Array[]];
    b.putBack(back);
    b.putBack([]);
    assert.deepEqual([a.pending, b.waiting], [4, 4]);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => said(b.takeWaiting())),
      ["1", "2", "3", "4"],
    );
  });

  it("takeAll removes what waits, as if it had not been written", () => {
    const { a, b, ownerA } = taking(3, () => false);
    while (a.write(frames("x")));
    assert.equal(b.takeAll().length, 3);
    assert.deepEqual([a.pending, a.written, b.waiting, ownerA.take()], [0, 0, 0, ["writable"]]);
  });
});

describe("Pipe: conflation", () => {
  it("only the newest message waits; the others are counted with the reader's peer", () => {
    const { a, b, peerOfB } = pipes(1, { conflate: true });
    for (const each of ["1", "2", "3"]) assert.equal(a.write(frames(each)), true);
    assert.deepEqual([b.waiting, a.pending, readAll(b)], [1, 1, ["3"]]);
    assert.equal(peerOfB.drops?.conflated, 2);
    a.write(frames("4"));
    assert.deepEqual(readAll(b), ["4"]);
  });

  it("can be switched on later, for one direction; its mark no longer counts", () => {
    const { a, b, ownerA } = pipes(2);
    while (a.write(frames("x")));
    a.conflate();
    assert.deepEqual(ownerA.take(), ["writable"]);
    for (const each of ["1", "2", "3"]) a.write(frames(each));
    for (const each of ["4", "5", "6"]) b.write(frames(each));
    assert.deepEqual([readAll(b), readAll(a)], [["3"], ["4", "5"]]);
  });
});

describe("Pipe: the end", () => {
  it("an end that closes empty: the other hears closed, then drained, and can write no more", () => {
    const { a, b, ownerA, ownerB } = pipes();
    assert.equal(a.close(), 0);
    assert.deepEqual(ownerB.take(), ["closed", "drained"]);
    assert.deepEqual(
      [a.closed, b.closed, b.write(frames("x")), a.write(frames("x")), b.hasRoom()],
      [true, false, false, false, false],
    );
    assert.deepEqual(ownerA.take(), []);
  });

  it("what was written before the close can be read; drained comes with the last of it, once", () => {
    const { a, b, ownerB } = pipes();
    a.write(frames("1"));
    a.write(frames("2"));
    ownerB.take();
    a.close();
    assert.deepEqual(ownerB.take(), ["closed"]);
    assert.equal(said(b.read()), "1");
    assert.deepEqual(ownerB.take(), []);
    assert.equal(said(b.read()), "2");
    assert.equal(b.read(), undefined);
    assert.equal(b.read(), undefined);
    assert.deepEqual(ownerB.take(), ["drained"]);
  });

  it("closing drops what waits here and says how much; with keepReading it stays readable", () => {
    for (const keep of [false, true]) {
      const { a, b } = pipes();
      for (let i = 0; i < 3; i++) b.write(frames(String(i)));
      assert.equal(a.close(keep), keep ? 0 : 3);
      assert.deepEqual(readAll(a), keep ? ["0", "1", "2"] : []);
    }
  });

  it("closing twice is harmless", () => {
    const { a, ownerB } = pipes();
    a.close();
    ownerB.take();
    assert.equal(a.close(), 0);
    assert.deepEqual(ownerB.take(), []);
  });

  it("both ends closed: each with keepReading reads what the other wrote, then is drained", () => {
    const { a, b, ownerA, ownerB } = pipes();
    a.write(frames("to b"));
    b.write(frames("to a"));
    a.close(true);
    b.close(true);
    ownerA.take();
    ownerB.take();
    assert.deepEqual([readAll(a), readAll(b)], [["to a"], ["to b"]]);
    assert.deepEqual([ownerA.take(), ownerB.take()], [["drained"], ["drained"]]);
  });

  it("a refused writer whose reader closed hears closed, and never writable", () => {
    const { a, b, ownerA } = pipes(2);
    while (a.write(frames("x")));
    b.close(true);
    readAll(b);
    assert.deepEqual(ownerA.take().includes("writable"), false);
  });

  it("written after a close is nowhere, and nothing is counted", () => {
    const { a, b } = pipes();
    b.close();
    a.writeAnyway(frames("x"));
    assert.equal(a.put(frames("y")), false);
    assert.deepEqual([a.written, a.pending, b.waiting], [0, 0, 0]);
  });

  it("an owner may close its end from inside any notification", () => {
    for (const when of ["readable", "closed", "drained"]) {
      const { a, b, ownerB } = pipes();
      ownerB.react = (what, pipe) => {
        if (what === when) pipe.close();
      };
      a.write(frames("x"));
      a.close();
      b.read();
      b.read();
      assert.equal(b.closed, true, when);
    }
  });
});

describe("Pipe: whatever is done to it", () => {
  it("loses, doubles and reorders nothing, and its counts agree", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const mark = random.next(6);
      const ownerA = new Owner();
      const { a, b } = pipes(mark, { ownerA });
      const takes = seed % 2 === 0;
      const inHand: Uint8Array[][] = [];
      let room = true;
      if (takes) {
        b.taker = {
          take: (message) => {
            if (room) inHand.push(message);
            return room;
          },
          onMark: () => undefined,
          relieve: () => undefined,
        };
      }
      let next = 0;
      let expected = 0;
      for (let step = 0; step < 2000; step++) {
        const action = random.next(10);
        if (action < 5) {
          const before = a.pending;
          const written = a.write(frames(String(next)));
          if (written) next++;
          else assert.ok(mark > 0 && before > 0, "an empty pipe refuses nothing");
        } else if (!takes) {
          const got = said(b.read());
          if (got !== undefined) assert.equal(got, String(expected++));
        } else if (action < 7) {
          if (inHand.length > 0) {
            assert.equal(said(inHand.shift()), String(expected++));
            b.acknowledge(1);
          }
        } else if (action < 8) room = !room;
        else if (action < 9) {
          const got = b.takeWaiting();
          if (got !== undefined) inHand.push(got);
        } else b.putBack(inHand.splice(0));
        const inside = takes ? inHand.length + b.waiting : b.waiting;
        assert.equal(a.pending, inside, `seed ${seed}`);
        assert.equal(next, expected + inside, `seed ${seed}`);
        if (mark > 0) assert.ok(a.pending <= mark);
      }
    }
  });
});

it("Pipe.pair joins the ends to each other", () => {
  const { a, b } = pipes();
  assert.ok(a instanceof Pipe);
  assert.deepEqual([a.other === b, b.other === a], [true, true]);
});
