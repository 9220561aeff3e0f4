// Load balancing: whole messages in turn, full pipes left out until they have room, ended ones forgotten.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { LoadBalancer } from "../../../src/patterns/load-balancer.ts";
import { type Ends, frames, Owner, pipes, readAll } from "../../support/pipes.ts";

/** A balancer over pipes with this mark; a pipe that has room again activates itself, as a socket does. */
function balanced(count: number, mark = 0): { balancer: LoadBalancer; ends: Ends[] } {
  const balancer = new LoadBalancer();
  const ends = Array.from({ length: count }, () => {
    const ownerA = new Owner();
    ownerA.react = (what, pipe) => {
      if (what === "writable") balancer.activated(pipe);
      if (what === "closed") balancer.detach(pipe);
    };
    return pipes(mark, { ownerA });
  });
  for (const { a } of ends) balancer.attach(a);
  return { balancer, ends };
}

describe("LoadBalancer", () => {
  it("without a pipe there is no room", () => {
    const { balancer } = balanced(0);
    assert.deepEqual([balancer.send(frames("x")), balancer.hasRoom(), balancer.last], [false, false, null]);
  });

  it("gives each pipe one message in turn", () => {
    const { balancer, ends } = balanced(3);
    for (let i = 0; i < 9; i++) assert.equal(balancer.send(frames(String(i))), true);
    assert.deepEqual(
      ends.map(({ b }) => readAll(b)),
      [
        ["0", "3", "6"],
        ["1", "4", "7"],
        ["2", "5", "8"],
      ],
    );
  });

  it("keeps the frames of a message together and says who got it", () => {
    const { balancer, ends } = balanced(2);
    balancer.send(frames("a", "b", "c"));
    assert.equal(balancer.last, ends[0].a);
    assert.deepEqual(readAll(ends[0].b), ["a|b|c"]);
  });

  it("leaves a full pipe out, and takes it back when it has room", () => {
    const { balancer, ends } = balanced(2, 2);
    for (let i = 0; i < 4; i++) assert.equal(balancer.send(frames(String(i))), true);
    assert.deepEqual([balancer.hasRoom(), balancer.send(frames("no"))], [false, false]);
    ends[1].b.read();
    assert.equal(balancer.hasRoom(), true);
    assert.equal(balancer.send(frames("5")), true);
    assert.equal(balancer.last, ends[1].a);
    assert.equal(balancer.send(frames("no")), false);
  });

  it("a message that was refused is untouched", () => {
    const { balancer } = balanced(1, 1);
    balancer.send(frames("1"));
    const message = frames("a", "b");
    assert.equal(balancer.send(message), false);
    assert.deepEqual(message.map(String), ["a", "b"]);
  });

  it("forgets a pipe that is detached, wherever it stands, and harmlessly one that is no member", () => {
    for (let gone = 0; gone < 3; gone++) {
      const { balancer, ends } = balanced(3);
      balancer.send(frames("0"));
      balancer.detach(ends[gone].a);
      balancer.detach(ends[gone].a);
      assert.equal(ends[gone].a.outSlot, -1);
      for (let i = 0; i < 4; i++) balancer.send(frames("x"));
      const counts = ends.map(({ b }) => readAll(b).filter((each) => each === "x").length);
      assert.deepEqual(
        counts,
        [0, 1, 2].map((i) => (i === gone ? 0 : 2)),
        `without ${gone}`,
      );
    }
  });

  it("last is forgotten with its pipe", () => {
    const { balancer, ends } = balanced(2);
    balancer.send(frames("x"));
    balancer.detach(ends[1].a);
    assert.equal(balancer.last, ends[0].a);
    balancer.detach(ends[0].a);
    assert.equal(balancer.last, null);
  });

  it("a pipe whose other end closed gets nothing", () => {
    const { balancer, ends } = balanced(2);
    ends[0].b.close();
    for (let i = 0; i < 3; i++) assert.equal(balancer.send(frames("x")), true);
    assert.equal(readAll(ends[1].b).length, 3);
  });

  it("activated for a pipe that is active already changes nothing", () => {
    const { balancer, ends } = balanced(3);
    for (const { a } of ends) balancer.activated(a);
    for (let i = 0; i < 6; i++) balancer.send(frames("x"));
    assert.deepEqual(
      ends.map(({ b }) => readAll(b).length),
      [2, 2, 2],
    );
  });

  it("a pipe is attached once", () => {
    const { balancer, ends } = balanced(1);
    assert.throws(() => balancer.attach(ends[0].a), /invariant/);
  });

  it("whatever comes and goes: nothing is lost or doubled, and it refuses only when all are full", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const mark = 1 + random.next(4);
      const { balancer, ends } = balanced(4, mark);
      const members = [...ends];
      let sent = 0;
      let received = 0;
      for (let step = 0; step < 3000; step++) {
        const action = random.next(100);
        if (action < 50) {
          if (balancer.send(frames(String(sent)))) sent++;
          else for (const { a } of members) assert.equal(a.hasRoom(), false, `seed ${seed}`);
        } else if (action < 97 && members.length > 0) {
          if (members[random.next(members.length)].b.read() !== undefined) received++;
        } else if (action < 99) {
          const ownerA = new Owner();
          ownerA.react = (what, pipe) => {
            if (what === "writable") balancer.activated(pipe);
          };
          const more = pipes(mark, { ownerA });
          members.push(more);
          balancer.attach(more.a);
        } else if (members.length > 0) {
          const [gone] = members.splice(random.next(members.length), 1);
          balancer.detach(gone.a);
          received += readAll(gone.b).length;
        }
      }
      for (const { b } of members) received += readAll(b).length;
      assert.equal(received, sent, `seed ${seed}`);
    }
  });
});
