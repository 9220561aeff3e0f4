// Distribution: one message to the marked pipes, once each; a full one loses it and is reported.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pipe, PipeTaker } from "../../../src/core/pipe.ts";
import { SharedRun } from "../../../src/core/shared-run.ts";
import { SlabPool } from "../../../src/core/slab.ts";
import { Distributor } from "../../../src/patterns/distributor.ts";
import { type Ends, frames, pipes, readAll, said } from "../../support/pipes.ts";

function distributed(
  count: number,
  mark = 0,
): { distributor: Distributor; ends: Ends[]; full: Pipe[]; send: (text: string) => void } {
  const distributor = new Distributor(new SharedRun(new SlabPool()));
  const ends = Array.from({ length: count }, () => pipes(mark));
  for (const { a } of ends) distributor.attach(a);
  const full: Pipe[] = [];
  return { distributor, ends, full, send: (text) => distributor.send(frames(text, "body"), (pipe) => full.push(pipe)) };
}

const heard = (ends: readonly Ends[]): number[] => ends.map(({ b }) => readAll(b).length);

describe("Distributor", () => {
  it("sends to the marked pipes only, and unmarks them", () => {
    const { distributor, ends, send } = distributed(3);
    distributor.mark(ends[0].a);
    distributor.mark(ends[2].a);
    send("x");
    assert.deepEqual(heard(ends), [1, 0, 1]);
    send("y");
    assert.deepEqual(heard(ends), [0, 0, 0]);
  });

  it("a pipe marked twice gets it once", () => {
    const { distributor, ends, send } = distributed(1);
    for (let i = 0; i < 3; i++) distributor.mark(ends[0].a);
    send("x");
    assert.deepEqual(heard(ends), [1]);
  });

  it("markAll, clear and invert", () => {
    const { distributor, ends, send } = distributed(3);
    distributor.markAll();
    send("all");
    assert.deepEqual(heard(ends), [1, 1, 1]);
    distributor.markAll();
    distributor.clear();
    send("none");
    assert.deepEqual(heard(ends), [0, 0, 0]);
    distributor.mark(ends[1].a);
    distributor.invert();
    send("the others");
    assert.deepEqual(heard(ends), [1, 0, 1]);
    distributor.invert();
    send("all, for none was marked");
    assert.deepEqual(heard(ends), [1, 1, 1]);
  });

  it("each pipe gets an array of its own, the frames are shared", () => {
    const { distributor, ends, send } = distributed(3);
    distributor.markAll();
    send("x");
    const got = ends.map(({ b }) => b.read() as Uint8Array[]);
    assert.equal(new Set(got).size, 3);
    assert.equal(new Set(got.map((message) => message[0])).size, 1);
    got[0].length = 0;
    assert.equal(said(got[1]), "x|body");
  });

  it("links are given one array; where one has to wait it has an array of its own", () => {
    const { distributor, ends, send } = distributed(4);
    const seen: Uint8Array[][] = [];
    const taker = (takes: boolean): PipeTaker => ({
      take: (message) => seen.push(message) > 0 && takes,
      relieve: () => undefined,
      onMark: () => undefined,
    });
    for (const [i, takes] of [true, true, false].entries()) ends[i].b.taker = taker(takes);
    distributor.markAll();
    send("x");
    assert.equal(new Set(seen).size, 1);
    const waiting = [ends[2].b.takeWaiting(), ends[3].b.read()] as Uint8Array[][];
    for (const message of waiting) assert.equal(said(message), "x|body");
    assert.equal(new Set([seen[0], ...waiting]).size, 3);
  });

  it("a full pipe loses the message and is reported; the others get it", () => {
    const { distributor, ends, full, send } = distributed(2, 1);
    distributor.mark(ends[0].a);
    send("1");
    distributor.markAll();
    send("2");
    assert.deepEqual([full, heard(ends)], [[ends[0].a], [1, 1]]);
    distributor.markAll();
    send("3");
    assert.deepEqual([full.length, heard(ends)], [1, [1, 1]]);
  });

  it("a pipe whose other end closed is not reported as full", () => {
    const { distributor, ends, full, send } = distributed(2);
    ends[0].b.close();
    distributor.markAll();
    send("x");
    assert.deepEqual([full, readAll(ends[1].b).length], [[], 1]);
  });

  it("allHaveRoom asks each marked pipe, so that each full one reports when it has room", () => {
    const { distributor, ends, send } = distributed(3, 1);
    distributor.markAll();
    send("1");
    distributor.mark(ends[0].a);
    distributor.mark(ends[1].a);
    assert.equal(distributor.allHaveRoom(), false);
    heard(ends);
    assert.deepEqual(
      ends.map(({ ownerA }) => ownerA.take()),
      [["writable"], ["writable"], []],
    );
    assert.equal(distributor.allHaveRoom(), true);
    distributor.clear();
    assert.equal(distributor.allHaveRoom(), true, "none is marked");
  });

  it("allHaveRoom does not wait for one that is gone", () => {
    const { distributor, ends } = distributed(1, 1);
    ends[0].b.close();
    distributor.markAll();
    assert.equal(distributor.allHaveRoom(), true);
  });

  it("a detached pipe is not marked by markAll and invert; detaching twice is harmless", () => {
    const { distributor, ends, send } = distributed(2);
    distributor.detach(ends[0].a);
    distributor.detach(ends[0].a);
    distributor.markAll();
    send("x");
    distributor.invert();
    send("y");
    assert.deepEqual([heard(ends), distributor.pipes.size], [[0, 2], 1]);
  });
});
