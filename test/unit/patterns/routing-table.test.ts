// Routing ids.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../src/base/random.ts";
import { RoutingTable } from "../../../src/patterns/routing-table.ts";
import { hex, text, toHexText } from "../../support/bytes.ts";
import { pipes } from "../../support/pipes.ts";

const table = (first = 0): RoutingTable => new RoutingTable({ next: () => first });

describe("RoutingTable", () => {
  it("finds a pipe by the bytes of its id, whatever array they are in", () => {
    const routes = table();
    const { a } = pipes();
    routes.add(text("id"), a);
    assert.equal(routes.find(Buffer.from("id")), a);
    assert.equal(routes.find(new Uint8Array([0x69, 0x64])), a);
    for (const other of ["", "i", "id ", "ID", "idx"]) assert.equal(routes.find(text(other)), undefined);
    assert.equal(toHexText(routes.idOf(a) as Uint8Array), "6964");
  });

  it("ids of any octets are told apart", () => {
    const routes = table();
    const ids = ["00", "0000", "ff", "fffd", "efbfbd", "c3a4", "e4", "5f5f70726f746f5f5f"];
    const ends = ids.map(() => pipes().a);
    ids.forEach((id, i) => {
      routes.add(hex(id), ends[i]);
    });
    ids.forEach((id, i) => {
      assert.equal(routes.find(hex(id)), ends[i], id);
    });
    assert.equal(routes.size, ids.length);
  });

  it("whoever had an id loses it to the newcomer", () => {
    const routes = table();
    const [first, second] = [pipes().a, pipes().a];
    routes.add(text("id"), first);
    routes.add(text("id"), second);
    assert.deepEqual([routes.find(text("id")) === second, routes.idOf(first), routes.size], [true, undefined, 1]);
    routes.remove(first);
    assert.equal(routes.find(text("id")), second, "the loser's end does not take it away");
  });

  it("a pipe has one id at a time", () => {
    const routes = table();
    const { a } = pipes();
    routes.add(text("old"), a);
    routes.add(text("new"), a);
    assert.deepEqual([routes.find(text("old")), routes.find(text("new")) === a, routes.size], [undefined, true, 1]);
  });

  it("removes a pipe with its id, harmlessly one that has none", () => {
    const routes = table();
    const { a, b } = pipes();
    routes.add(text("id"), a);
    routes.remove(b);
    routes.remove(a);
    routes.remove(a);
    assert.deepEqual([routes.find(text("id")), routes.size, [...routes.pipes()]], [undefined, 0, []]);
  });

  it("remembers who was displaced, the latest first, until they are gone or have an id", () => {
    const routes = table();
    const { a, b } = pipes();
    const id = text("id");
    assert.equal(routes.heirOf(id), undefined);
    routes.add(id, a);
    routes.displace(a);
    routes.add(id, b);
    routes.displace(b);
    routes.displace(b);
    assert.deepEqual([routes.find(id), routes.heirOf(text("other")), routes.heirOf(id) === b], [undefined, undefined, true]);
    routes.remove(b);
    assert.equal(routes.heirOf(id) === a, true);
    routes.add(id, a);
    assert.deepEqual([routes.heirOf(id), routes.find(id) === a], [undefined, true]);
  });

  it("makes ids of a zero and a counter of four octets, which wraps around", () => {
    const routes = table(0xfffffffe);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => toHexText(routes.generate())),
      ["00fffffffe", "00ffffffff", "0000000000", "0000000001"],
    );
  });

  it("begins at random, and made ids do not share memory", () => {
    const first = new RoutingTable(seededRandom(1)).generate();
    assert.notEqual(toHexText(first), toHexText(new RoutingTable(seededRandom(2)).generate()));
    const routes = table();
    const one = routes.generate();
    const before = toHexText(one);
    routes.generate().fill(0xff);
    assert.equal(toHexText(one), before);
  });
});
