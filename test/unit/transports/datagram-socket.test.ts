// What waits to be sent goes out in order, all of it before the socket closes, and the socket is `blocked` meanwhile: where the runtime cannot tell what
// waits (Deno), and where it does.

import assert from "node:assert/strict";
import { Socket } from "node:dgram";
import { type TestContext, test } from "node:test";
import { type DatagramSink, DatagramSocket } from "../../../src/transports/datagram-socket.ts";
import { eventually } from "../../support/harness.ts";
import { rawUdp } from "../../support/udp.ts";

const COUNT = 50;

/** A runtime that has no such function, while the test lasts. */
function withoutCount(t: TestContext): void {
  const { prototype } = Socket as unknown as { prototype: { getSendQueueCount?: unknown } };
  const usual = prototype.getSendQueueCount;
  prototype.getSendQueueCount = undefined;
  t.after(() => {
    prototype.getSendQueueCount = usual;
  });
}

async function opened(to: { address: string; port: number } | undefined, onFree: () => void): Promise<DatagramSocket> {
  const setup = {
    family: 4,
    address: "127.0.0.1",
    port: 0,
    shared: false,
    via: null,
    sendBufferSize: -1,
    receiveBufferSize: -1,
  } as const;
  return new Promise((resolve, reject) => {
    const sink: DatagramSink = {
      onOpen: () => resolve(socket),
      onError: reject,
      onDatagram: () => undefined,
      onFree,
      onSendError: reject,
      onReceiveError: reject,
    };
    const socket: DatagramSocket = new DatagramSocket({ ...setup, ...(to === undefined ? {} : { to }) }, sink);
  });
}

for (const connected of [true, false])
  test(`${connected ? "send" : "sendTo"}: in order, blocked until all are out, and closing waits for them`, async (t) => {
    withoutCount(t);
    const raw = await rawUdp(t);
    const to = { address: "127.0.0.1", port: raw.port };
    let free = 0;
    const socket = await opened(connected ? to : undefined, () => free++);
    const give = (i: number): void => {
      const bytes = Buffer.from(`${i}`);
      if (connected) socket.send(bytes);
      else socket.sendTo(bytes, to.address, to.port);
    };
    give(0);
    assert.equal(socket.blocked, true);
    await eventually(() => free === 1);
    assert.equal(socket.blocked, false);
    for (let i = 1; i < COUNT; i++) give(i);
    await new Promise<void>((resolve) => socket.close(resolve));
    await eventually(() => raw.received.length === COUNT);
    assert.deepEqual(
      raw.received.map(String),
      Array.from({ length: COUNT }, (_, i) => `${i}`),
    );
    assert.equal(free, 1, "nothing is told after the close");
  });

test("what waits in the runtime goes out before the socket closes", async (t) => {
  const { prototype } = Socket as unknown as { prototype: { send: (...args: unknown[]) => void; getSendQueueCount(): number } };
  const { send, getSendQueueCount } = prototype;
  // A system whose buffer is full: what is sent waits until `release`.
  let waiting: (() => void)[] = [];
  prototype.send = function (this: Socket, ...args) {
    waiting.push(() => send.apply(this as never, args as never));
  };
  prototype.getSendQueueCount = () => waiting.length;
  t.after(() => Object.assign(prototype, { send, getSendQueueCount }));
  const raw = await rawUdp(t);
  const socket = await opened({ address: "127.0.0.1", port: raw.port }, () => assert.fail("told after the close"));
  for (let i = 0; i < COUNT; i++) socket.send(Buffer.from(`${i}`));
  assert.equal(socket.blocked, true);
  const closed = new Promise<void>((resolve) => socket.close(resolve));
  const released = waiting;
  waiting = [];
  for (const release of released) release();
  await closed;
  await eventually(() => raw.received.length === COUNT);
  assert.deepEqual(
    raw.received.map(String),
    Array.from({ length: COUNT }, (_, i) => `${i}`),
  );
});
