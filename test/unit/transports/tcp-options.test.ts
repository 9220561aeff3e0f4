// Which of libzmq's tcp options reach the system's socket, on runtimes that can set them and on those that cannot.

import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { describe, it, test } from "node:test";
import { defaultSettings, type Settings } from "../../../src/core/options.ts";
import { Dealer, Router } from "../../../src/node.ts";
import { configure } from "../../../src/transports/tcp.ts";

function calls(changed: Partial<Settings>, newer = true): unknown[][] {
  const made: unknown[][] = [];
  const socket = {
    setKeepAlive: (...rest: unknown[]) => made.push(["keepalive", ...rest]),
    ...(newer ? { setTypeOfService: (value: number) => made.push(["tos", value]) } : {}),
  };
  configure(socket, { ...defaultSettings(), ...changed });
  return made;
}

describe("options of tcp connections", () => {
  it("by default leave everything to the system", () => {
    assert.deepEqual(calls({}), []);
    assert.deepEqual(calls({ tcpKeepaliveIdle: 5, tcpKeepaliveInterval: 5, tcpKeepaliveCount: 5 }), []);
  });

  it("keepalive is set with what is known, seconds become milliseconds", () => {
    assert.deepEqual(calls({ tcpKeepalive: 1 }), [["keepalive", true, 0, undefined, undefined]]);
    assert.deepEqual(calls({ tcpKeepalive: 1, tcpKeepaliveIdle: 60, tcpKeepaliveInterval: 10, tcpKeepaliveCount: 3 }), [
      ["keepalive", true, 60_000, 10_000, 3],
    ]);
    assert.deepEqual(calls({ tcpKeepalive: 0 }), [["keepalive", false, 0]]);
  });

  it("the type of service is set where the runtime can, and nothing happens where it cannot", () => {
    assert.deepEqual(calls({ typeOfService: 0x60 }), [["tos", 0x60]]);
    assert.deepEqual(calls({ typeOfService: 0x60 }, false), []);
  });
});

const canSet = "setTypeOfService" in Socket.prototype;
test("test_diffserv: the system has the type of service of a dialled connection", {
  skip: canSet ? false : `Node.js ${process.version} cannot set it; version 26 can`,
}, async () => {
  const dialled: Socket[] = [];
  const note = (message: unknown): void => void dialled.push((message as { socket: Socket }).socket);
  const router = new Router();
  const dealer = new Dealer({ typeOfService: 0x60 });
  channel("net.client.socket").subscribe(note);
  try {
    await router.bind("tcp://127.0.0.1:*");
    dealer.connect(router.lastEndpoint as string);
    await dealer.connected();
    const [socket] = dialled as unknown as { getTypeOfService(): number }[];
    assert.equal(socket.getTypeOfService(), 0x60);
  } finally {
    channel("net.client.socket").unsubscribe(note);
    dealer.close();
    router.close();
  }
});
