// What is written on a ws connection leaves at once: Nagle's algorithm is off. Listeners have that from Node's http servers; those who dial have not.
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { Pull, Push } from "../../../src/node.ts";
import { own } from "../../support/harness.ts";

test("the dialled socket of a ws connection sends without delay", async (t) => {
  const without = new Set<Socket>();
  const { setNoDelay } = Socket.prototype;
  t.mock.method(Socket.prototype, "setNoDelay", function (this: Socket, on = true) {
    if (on) without.add(this);
    else without.delete(this);
    return setNoDelay.call(this, on);
  });
  const [pull, push] = [own(t, new Pull()), own(t, new Push())];
  await pull.bind("ws://127.0.0.1:*");
  push.connect(pull.lastEndpoint as string);
  await Promise.all([push.connected(), pull.connected()]);
  const dialled = [...without].filter(({ remotePort }) => pull.lastEndpoint?.endsWith(`:${remotePort}`));
  assert.equal(dialled.length, 1);
});
