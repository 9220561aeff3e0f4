// The socket types: names, libzmq's numbers, and the whole matrix of who may talk to whom.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { announcesIdentity, isCompatible, SOCKET_TYPES, type SocketTypeName } from "../../../src/zmtp/socket-type.ts";

const NUMBERS: Readonly<Record<string, number>> = {
  PAIR: 0,
  PUB: 1,
  SUB: 2,
  REQ: 3,
  REP: 4,
  DEALER: 5,
  ROUTER: 6,
  PULL: 7,
  PUSH: 8,
  XPUB: 9,
  XSUB: 10,
  STREAM: 11,
  SERVER: 12,
  CLIENT: 13,
  RADIO: 14,
  DISH: 15,
  GATHER: 16,
  SCATTER: 17,
  DGRAM: 18,
  PEER: 19,
  CHANNEL: 20,
};

/** As libzmq's `check_socket_type` has it. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  PAIR: ["PAIR"],
  PUB: ["SUB", "XSUB"],
  SUB: ["PUB", "XPUB"],
  REQ: ["REP", "ROUTER"],
  REP: ["REQ", "DEALER"],
  DEALER: ["REP", "DEALER", "ROUTER"],
  ROUTER: ["REQ", "DEALER", "ROUTER"],
  PULL: ["PUSH"],
  PUSH: ["PULL"],
  XPUB: ["SUB", "XSUB"],
  XSUB: ["PUB", "XPUB"],
  STREAM: [],
  SERVER: ["CLIENT"],
  CLIENT: ["SERVER"],
  RADIO: ["DISH"],
  DISH: ["RADIO"],
  SCATTER: ["GATHER"],
  GATHER: ["SCATTER"],
  DGRAM: ["DGRAM"],
  PEER: ["PEER"],
  CHANNEL: ["CHANNEL"],
};

const types = Object.keys(SOCKET_TYPES) as SocketTypeName[];

describe("socket types", () => {
  it("have libzmq's numbers", () => {
    for (const type of types) assert.equal(SOCKET_TYPES[type].number, NUMBERS[type], type);
  });

  it("talk to exactly those peers that libzmq lets them talk to", () => {
    for (const own of types) {
      for (const peer of Object.keys(NUMBERS))
        assert.equal(isCompatible(own, peer), PEERS[own].includes(peer), `${own} to ${peer}`);
    }
  });

  it("agree: if A accepts B, B accepts A", () => {
    for (const a of types) for (const b of types) assert.equal(isCompatible(a, b), isCompatible(b, a), `${a} and ${b}`);
  });

  it("accept a peer that does not say what it is", () => {
    for (const own of types) assert.equal(isCompatible(own, ""), true);
  });

  it("accept no name that differs in case or space, nor one of an object's own members", () => {
    for (const own of types) {
      for (const name of ["pair", "Pair", " PAIR", "PAIR ", "PAIR\0", "toString", "__proto__", "length", "0"]) {
        assert.equal(isCompatible(own, name), false, `${own} to ${JSON.stringify(name)}`);
      }
    }
  });

  it("announce an identity only as REQ, DEALER and ROUTER", () => {
    assert.deepEqual(types.filter(announcesIdentity).sort(), ["DEALER", "REQ", "ROUTER"]);
  });
});
