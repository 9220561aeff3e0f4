// UDP by hand: sockets of the system beside ours.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";

/** A bare socket on 127.0.0.1, and what it has received. */
export interface RawUdp {
  readonly socket: Socket;
  readonly port: number;
  readonly received: Buffer[];
  send(port: number, bytes: Uint8Array): Promise<void>;
  /** The next datagram that was not asked for yet. */
  next(): Promise<Buffer>;
}

export async function rawUdp(t: TestContext): Promise<RawUdp> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  const received: Buffer[] = [];
  const waiting: ((bytes: Buffer) => void)[] = [];
  let asked = 0;
  socket.on("message", (bytes) => {
    received.push(bytes);
    waiting.shift()?.(bytes);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    socket,
    port: socket.address().port,
    received,
    send: (port, bytes) =>
      new Promise((resolve, reject) =>
        socket.send(bytes, port, "127.0.0.1", (error) => (error === null ? resolve() : reject(error))),
      ),
    next: () => {
      const bytes = received[asked++];
      return bytes !== undefined ? Promise.resolve(bytes) : new Promise((resolve) => waiting.push(resolve));
    },
  };
}
